"""Sums over the pixels of each frame."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping

import numpy as np

from darfix_core.engine.folding import fold_frames
from darfix_core.model.arrays import AnyArray, FloatArray
from darfix_core.model.frames import Frames


class FrameSums(ABC):
    """Fold over some sums of each frame, shape (n_sums, n_frames), which a concrete class adds to in `add`.

    Each stripe of rows has sums of its own; added up in their order, they do not depend on who was ready first.

    Parameters
    ----------
    n_sums : int
    n_frames : int
    """

    def __init__(self, n_sums: int, n_frames: int) -> None:
        self._shape = n_sums, n_frames
        self._stripes = dict[int, FloatArray]()

    def start(self, n_rows: int, n_columns: int) -> FloatArray:
        """No sums yet."""
        return np.zeros(self._shape)

    def part(self, accumulator: FloatArray, rows: slice) -> FloatArray:
        """Sums of its own for some rows."""
        return np.zeros(self._shape)

    @abstractmethod
    def add(self, accumulator: FloatArray, block: AnyArray, frames: slice) -> None:
        """Add the counts of some frames to their sums."""

    def merge(self, accumulator: FloatArray, other: FloatArray) -> None:
        """Add the sums of other frames or rows."""
        accumulator += other

    def finish(self, accumulator: FloatArray, rows: slice) -> Mapping[str, AnyArray]:
        """Keep the sums of a stripe; there is no image."""
        self._stripes[rows.start] = accumulator
        return {}

    def of(self, frames: Frames, *, what: str) -> FloatArray:
        """Read the frames once.

        Returns
        -------
        ndarray of float64, shape (n_sums, n_frames)

        Raises
        ------
        Cancelled
            If the computation was cancelled.
        """
        fold_frames(frames, self, what=what)
        total: FloatArray = np.sum([self._stripes[row] for row in sorted(self._stripes)], axis=0)
        return total
