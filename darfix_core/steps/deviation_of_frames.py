"""Standard deviation of the counts of each frame."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from darfix_core.engine.folding import fold_frames
from darfix_core.model.arrays import AnyArray, FloatArray
from darfix_core.model.frames import Frames


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
    fold = _FrameSums(len(frames))
    fold_frames(frames, fold, what=what)
    number, total, squares = fold.result()
    with np.errstate(invalid="ignore"):
        mean = total / number
        deviation: FloatArray = np.sqrt(np.maximum(squares / number - mean**2, 0.0))
    return deviation


class _FrameSums:
    """Number, sum and sum of squares of the finite pixels of each frame. Each stripe of rows has sums of its own."""

    def __init__(self, n_frames: int) -> None:
        self._n_frames = n_frames
        self._stripes = dict[int, FloatArray]()

    def start(self, n_rows: int, n_columns: int) -> FloatArray:
        return np.zeros((3, self._n_frames))

    def part(self, accumulator: FloatArray, rows: slice) -> FloatArray:
        return self.start(0, 0)

    def add(self, accumulator: FloatArray, block: AnyArray, frames: slice) -> None:
        finite = np.isfinite(block)
        values = np.where(finite, block, 0).astype(np.float64, copy=False)
        accumulator[0, frames] += finite.sum(axis=(1, 2))
        accumulator[1, frames] += values.sum(axis=(1, 2))
        accumulator[2, frames] += np.square(values).sum(axis=(1, 2))

    def merge(self, accumulator: FloatArray, other: FloatArray) -> None:
        accumulator += other

    def finish(self, accumulator: FloatArray, rows: slice) -> Mapping[str, AnyArray]:
        self._stripes[rows.start] = accumulator
        return {}

    def result(self) -> FloatArray:
        """Sums over all stripes, from the first to the last, whoever was ready first."""
        total: FloatArray = np.sum([self._stripes[row] for row in sorted(self._stripes)], axis=0)
        return total
