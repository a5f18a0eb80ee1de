"""Standard deviation of the counts of each frame."""

from __future__ import annotations

import numpy as np

from darfix_core.model.arrays import AnyArray, FloatArray
from darfix_core.model.frames import Frames
from darfix_core.steps.frame_sums import FrameSums


def deviation_of_frames(frames: Frames, *, what: str = "deviation of the frames") -> FloatArray:
    """Standard deviation over the pixels of each frame.

    Parameters
    ----------
    frames : Frames, shape (n_frames, ny, nx)
        Of differences: the squares are added up as they are, and counts far from zero would lose precision.
    what : str
        Shown with the progress.

    Returns
    -------
    ndarray of float64, shape (n_frames,)
        Of the pixels that hold a finite number; NaN for a frame without one.

    Raises
    ------
    Cancelled
        If the computation was cancelled.
    """
    number, total, squares = _Squares(3, len(frames)).of(frames, what=what)
    with np.errstate(invalid="ignore"):
        mean = total / number
        deviation: FloatArray = np.sqrt(np.maximum(squares / number - mean**2, 0.0))
    return deviation


class _Squares(FrameSums):
    """Number, sum and sum of squares of the finite pixels of each frame."""

    def add(self, accumulator: FloatArray, block: AnyArray, frames: slice) -> None:
        """Add the finite pixels of some frames."""
        finite = np.isfinite(block)
        values = np.where(finite, block, 0).astype(np.float64, copy=False)
        accumulator[0, frames] += finite.sum(axis=(1, 2))
        accumulator[1, frames] += values.sum(axis=(1, 2))
        accumulator[2, frames] += np.square(values).sum(axis=(1, 2))
