"""Dark subtraction."""

from __future__ import annotations

from typing import Literal

from darfix_core.engine.registry import step
from darfix_core.model.dataset import Dataset
from darfix_core.model.frames import Frames
from darfix_core.steps.frame_statistics import combine_frames
from darfix_core.steps.same_pixels import check_same_pixels
from darfix_core.steps.subtract_background import subtract_image


@step(
    "subtract_dark",
    version=1,
    title="Dark Subtraction",
    widget="orangecontrib.dfxm.widgets.owdark.OWDark",
)
def subtract_dark(
    dataset: Dataset, dark: Dataset | None = None, *, method: Literal["mean", "median"] = "mean"
) -> Dataset:
    """Subtract the image that the detector gives without light.

    The dark frames are those of the scan, or the frames of a second dataset. The result is signed: the noise of
    unlit pixels scatters around zero. The subtraction itself is lazy.

    Parameters
    ----------
    dataset : Dataset
        Any scan.
    dark : Dataset, optional
        Scan whose frames were taken without light, on the same pixels and with the same exposure. Without it the dark
        frames of the dataset are taken.
    method : {"mean", "median"}
        How the dark frames are combined, pixel by pixel. The mean has less noise; the median is not moved by single
        bright values, as cosmic rays leave them.

    Returns
    -------
    Dataset
        Counts above the dark level: float32 where it holds them exactly (counts of up to 16 bits), else float64. It
        has no dark frames any more, so that nothing is subtracted twice. The offset of the noise model is lowered by
        the dark level. Values of the dark frames that are NaN or infinite are left out; a pixel that has no other
        becomes NaN.

    Raises
    ------
    ValueError
        If there are no dark frames, or those of the second dataset are not on the same pixels.
    """
    frames = _dark_frames(dataset, dark)
    image = combine_frames(frames, 50.0 if method == "median" else None)
    return subtract_image(dataset, image).replace(dark=None)


def _dark_frames(dataset: Dataset, dark: Dataset | None) -> Frames:
    if dark is not None:
        check_same_pixels(dataset, dark, "dark")
        return dark.frames
    if dataset.dark is None:
        raise ValueError(
            "dark frames are needed, and the dataset has none: load it with dark=..., or give a dark dataset as the "
            "second input. None are left where they have been subtracted before"
        )
    return dataset.dark
