"""Background subtraction."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from annotated_types import Ge, Le

from darfix_core.engine.registry import step
from darfix_core.model.arrays import AnyArray
from darfix_core.model.dataset import Dataset
from darfix_core.model.frame_operations import PerPixel
from darfix_core.model.frames import Frames
from darfix_core.steps.frame_statistics import combine_frames
from darfix_core.steps.same_pixels import check_same_pixels
from darfix_core.units import Unit


@step(
    "subtract_background",
    version=1,
    title="Background Subtraction",
    widget="orangecontrib.dfxm.widgets.owbackground.OWBackground",
)
def subtract_background(
    dataset: Dataset,
    background: Dataset | None = None,
    *,
    method: Literal["median", "mean", "percentile"] = "median",
    percentile: Annotated[float, Ge(0), Le(100), Unit("%")] = 10.0,
    source: Literal["data", "dark", "dataset"] = "data",
    every: Annotated[int, Ge(1), Unit("frames")] = 1,
    clip: bool = False,
) -> Dataset:
    """Subtract from every frame one background image, made from many frames.

    The result is signed: nothing wraps, and nothing is cut off at zero unless that is asked for, since it bends the
    moments of weak pixels. The subtraction itself is lazy. The median and the percentiles of integers are exact, of
    any number of frames.

    Parameters
    ----------
    dataset : Dataset
        Any scan.
    background : Dataset, optional
        Scan whose frames give the background, with ``source="dataset"``.
    method : {"median", "mean", "percentile"}
        How the background frames are combined, pixel by pixel. The median keeps peaks out of the background
        where a pixel is lit in fewer than half of the frames. Where it is lit in most of them, as in a scan
        that is hardly wider than the rocking curve, take a low percentile.
    percentile : float, %
        With ``method="percentile"``: 0 is the lowest count of each pixel, 50 the median.
    source : {"data", "dark", "dataset"}
        Frames that give the background: those of the scan itself, its dark frames, or the second input.
    every : int, frames
        Use every k-th of these frames.
    clip : bool
        Set counts below the background to zero. It leaves the positive half of the noise only, and so bends centres
        and widths.

    Returns
    -------
    Dataset
        Counts above background: float32 where it holds them exactly (counts of up to 16 bits), else float64. Of the
        background frames, values that are NaN or infinite are left out; a pixel that has no other becomes NaN. The
        offset of the noise model is lowered by the background, and the same is subtracted from the dark frames; with
        ``source="dark"`` no dark frames are left.

    Raises
    ------
    ValueError
        If the chosen frames do not exist or have another shape.
    """
    frames = _background_frames(dataset, background, source)
    if every > 1:
        frames = frames.select(np.arange(0, len(frames), every))
    image = combine_frames(frames, {"mean": None, "median": 50.0}.get(method, percentile))
    result = subtract_image(dataset, image, clip=clip)
    return result.replace(dark=None) if source == "dark" else result


def subtract_image(dataset: Dataset, image: AnyArray, *, clip: bool = False) -> Dataset:
    """Subtract an image from every frame and dark frame, lazily, and from the offset of the noise.

    Parameters
    ----------
    dataset : Dataset
    image : ndarray, shape (ny, nx), counts
        A pixel that is NaN becomes NaN in every frame.
    clip : bool
        Set negative counts of the frames to zero.

    Returns
    -------
    Dataset
        Counts of float32 where it holds those of the dataset exactly, else of float64.
    """

    def subtracted(frames: Frames, clip: bool) -> Frames:
        dtype = np.result_type(frames.dtype, np.float32)
        return frames.map(_subtract, dtype=dtype, image=PerPixel(image.astype(dtype)), clip=clip)

    return dataset.replace(
        frames=subtracted(dataset.frames, clip),
        dark=None if dataset.dark is None else subtracted(dataset.dark, False),
        noise=None if dataset.noise is None else dataset.noise.subtracted(image),
    )


def _subtract(block: AnyArray, image: AnyArray, clip: bool) -> AnyArray:
    # Counts that are infinite, as detectors may mark bad pixels, become NaN without a word.
    with np.errstate(invalid="ignore"):
        result: AnyArray = np.subtract(block, image, dtype=image.dtype)
    return np.maximum(result, 0, out=result) if clip else result


def _background_frames(dataset: Dataset, background: Dataset | None, source: str) -> Frames:
    if background is not None and source != "dataset":
        raise ValueError(f"source must be 'dataset' when a background dataset is given, got {source!r}")
    if source == "data":
        return dataset.frames
    if source == "dark":
        if dataset.dark is None:
            raise ValueError("source='dark' needs dark frames, and the dataset has none: load it with dark=...")
        return dataset.dark
    if background is None:
        raise ValueError("source='dataset' needs a background dataset as the second input")
    check_same_pixels(dataset, background, "background")
    return background.frames
