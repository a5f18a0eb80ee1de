"""Flat-field correction."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from annotated_types import Ge, Lt

from darfix_core.engine.execution import part_of_progress, warn
from darfix_core.engine.registry import step
from darfix_core.model.arrays import AnyArray, BoolArray, FloatArray
from darfix_core.model.dataset import Dataset
from darfix_core.model.frame_operations import PerPixel
from darfix_core.steps.frame_statistics import combine_frames
from darfix_core.steps.same_pixels import check_same_pixels
from darfix_core.steps.subtract_background import subtract_image
from darfix_core.units import Unit

# Share of the pixels whose response is too weak from which on it is told.
_MANY = 0.01


@step(
    "divide_flat",
    version=1,
    title="Flat-Field Correction",
    widget="orangecontrib.dfxm.widgets.owflat.OWFlat",
)
def divide_flat(
    dataset: Dataset, flat: Dataset, *, min_response: Annotated[float, Ge(0), Lt(100), Unit("%")] = 10.0
) -> Dataset:
    r"""Divide every frame by the response of the pixels to even light.

    .. math:: I' = \frac{I - D}{R}, \qquad R = \frac{F - D_F}{\langle F - D_F \rangle}

    with the mean F of the frames of the flat field and the means D and D_F of the dark frames of data and flat field.
    Dark frames that either of the two still has are subtracted from it; where they have been subtracted before, none
    are left. The division itself is lazy.

    Parameters
    ----------
    dataset : Dataset
        Any scan.
    flat : Dataset
        Frames of even light on the same pixels, with their own dark frames unless these are subtracted already.
    min_response : float, %
        Pixels that respond with a smaller share of the mean, or not at all, are masked and become NaN.

    Returns
    -------
    Dataset
        Counts as all pixels would give them if they responded like the mean of those that are used: float32 where it
        holds the data exactly (counts of up to 16 bits), else float64. Pixels that are masked in the flat field are
        masked, too. It has no dark frames any more. The noise model follows, pixel by pixel.

    Raises
    ------
    ValueError
        If the flat field is not on the same pixels, or has no counts above its dark level.
    """
    check_same_pixels(dataset, flat, "flat")
    if dataset.dark is not None and flat.dark is None:
        warn(
            "the data have dark frames, the flat field has none: unless they have been subtracted from it, load it "
            "with dark=..., or its pedestal hides a part of the response"
        )
    with part_of_progress(0.0, 0.1):
        data = _without_dark(dataset)
    with part_of_progress(0.1, 0.2):
        light = _without_dark(flat)
    with part_of_progress(0.2, 1.0):
        image = combine_frames(light.frames, None)
    response, weak = _response(image, _either(dataset.mask, flat.mask, image.shape), min_response)
    lost = _either(weak, flat.mask, image.shape)
    response[lost] = np.nan
    mask = _either(dataset.mask, lost, image.shape)
    dtype = np.result_type(data.frames.dtype, np.float32)
    return data.map_frames(_divide, dtype=dtype, image=PerPixel(response.astype(dtype))).replace(
        mask=mask if mask.any() else dataset.mask,
        noise=None if data.noise is None else data.noise.scaled(1 / response),
    )


def _without_dark(dataset: Dataset) -> Dataset:
    if dataset.dark is None:
        return dataset
    return subtract_image(dataset, combine_frames(dataset.dark, None)).replace(dark=None)


def _either(first: BoolArray | None, second: BoolArray | None, shape: tuple[int, ...]) -> BoolArray:
    """True where one of two masks is."""
    both: BoolArray = np.zeros(shape, dtype=bool)
    for mask in (first, second):
        if mask is not None:
            both |= mask
    return both


def _response(image: FloatArray, masked: BoolArray, min_response: float) -> tuple[FloatArray, BoolArray]:
    """Response of the pixels, of mean 1 over those that are used, and where it is too weak."""
    used = ~masked & np.isfinite(image)
    mean = image[used].mean() if used.any() else 0.0
    if mean <= 0:
        raise ValueError(
            f"flat must have counts above its dark level in pixels that are not masked, got a mean of {mean:.6g}"
        )
    with np.errstate(invalid="ignore"):
        weak = ~((image > 0) & (image >= min_response / 100 * mean))
    share = weak[~masked].mean()
    if share > _MANY:
        warn(f"{share:.1%} of the pixels respond with less than {min_response:g} % of the mean: they are masked")
    response: FloatArray = image / image[used & ~weak].mean()
    return response, weak


def _divide(block: AnyArray, image: AnyArray) -> AnyArray:
    result: AnyArray = np.divide(block, image, dtype=image.dtype)
    return result
