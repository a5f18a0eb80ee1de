"""Two datasets that belong to the same pixels of the detector."""

from __future__ import annotations

from darfix_core.model.dataset import Dataset


def check_same_pixels(dataset: Dataset, other: Dataset, name: str) -> None:
    """Refuse a second dataset whose frames are not those of the same pixels.

    Parameters
    ----------
    dataset, other : Dataset
    name : str
        What the other one is, for the message: ``"background"``.

    Raises
    ------
    ValueError
        If shape or origin differ.
    """
    if other.frame_shape != dataset.frame_shape:
        raise ValueError(
            f"{name} frames must have the shape {dataset.frame_shape} of the data, got {other.frame_shape}"
        )
    if other.origin != dataset.origin:
        raise ValueError(
            f"{name} frames must begin at the same pixel of the detector, {dataset.origin} of the data, got "
            f"{other.origin}: take the same ROI of both"
        )
