"""Frames that are each made of several frames of another stack, when they are read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from darfix_core.engine.cutting import bytes_of_count, ranges
from darfix_core.engine.execution import check_cancelled
from darfix_core.model.arrays import AnyArray, FloatArray, IntArray, lowest
from darfix_core.model.frame_sources import Region, SourceFile, Storage, compact
from darfix_core.model.frames import Frames

# Frames are read, and added up, in pieces of about this size, however many make one.
_PIECE_BYTES = 64 * 2**20


@dataclass(frozen=True, eq=False)
class CombinedSource:
    """Weighted sums, or maxima, over groups of frames.

    Parameters
    ----------
    frames : Frames, shape (n_frames, ny, nx)
        What is combined.
    group : ndarray of int64, shape (n_frames,)
        Number of the combined frame that each frame belongs to; each number from 0 to the largest is there.
    weights : ndarray of float64, shape (n_frames,), or None
        Factors of the frames in the sums, which are exact where all are 1. None: the maximum is taken.
    dtype : numpy.dtype
        Type of the result.
    """

    frames: Frames
    group: IntArray
    weights: FloatArray | None
    dtype: np.dtype[Any]

    in_memory = False

    @property
    def shape(self) -> tuple[int, int, int]:
        """(number of groups, ny, nx)."""
        return (int(self.group.max()) + 1, *self.frames.shape[1:])

    @property
    def storage(self) -> Storage:
        """Rows as they are stored, and together the groups that have frames in one stored block."""
        stored = self.frames.storage
        groups = np.unique(self.group[: stored.frames - stored.before]).size
        return Storage(frames=max(1, groups), rows=stored.rows, rows_before=stored.rows_before)

    @property
    def files(self) -> tuple[SourceFile, ...]:
        """The files behind the frames that are combined."""
        return self.frames.source.files

    def read(self, region: Region) -> AnyArray:
        """Counts of a region. Of the frames behind it a few at a time are in memory.

        Raises
        ------
        Cancelled
            If the computation was cancelled.
        """
        wanted = np.arange(self.shape[0])[region.frames]
        groups, place = np.unique(wanted, return_inverse=True)
        ny, nx = region.rows.stop - region.rows.start, region.columns.stop - region.columns.start
        result = np.empty((groups.size, ny, nx), self.dtype)
        # Groups that share stored blocks are added up together: each block is decoded once.
        step = max(_at_once(8 * ny * nx), self.storage.frames)
        for part in ranges(groups.size, step) if result.size else []:
            result[part] = self._combined(groups[part], region)
        return result if groups.size == wanted.size and np.array_equal(groups, wanted) else result[place]

    def _combined(self, groups: IntArray, region: Region) -> AnyArray:
        """Some groups, in ascending order, in the rows and columns of a region."""
        from darfix_core.kernels.frame_sums import add_to_groups, raise_to_groups

        shape = (groups.size, region.rows.stop - region.rows.start, region.columns.stop - region.columns.start)
        if self.weights is None:
            result = np.full(shape, lowest(self.dtype), self.dtype)
            for numbers, block in self._blocks(groups, region):
                raise_to_groups(block, np.searchsorted(groups, self.group[numbers]), result)
            return result
        totals = np.zeros(shape)
        for numbers, block in self._blocks(groups, region):
            add_to_groups(block, np.searchsorted(groups, self.group[numbers]), self.weights[numbers], totals)
        return totals

    def _blocks(self, groups: IntArray, region: Region) -> Iterator[tuple[IntArray, AnyArray]]:
        """Numbers of the frames of some groups with their counts, piece by piece."""
        from darfix_core.kernels.layout import row_major_view

        members = np.flatnonzero(np.isin(self.group, groups))
        pixels = (region.rows.stop - region.rows.start) * (region.columns.stop - region.columns.start)
        for piece in ranges(members.size, _at_once(pixels * bytes_of_count(self.frames))):
            check_cancelled()
            numbers = members[piece]
            yield numbers, row_major_view(self.frames.read(compact(numbers), region.rows, region.columns))


def _at_once(frame_bytes: int) -> int:
    return max(1, _PIECE_BYTES // max(1, frame_bytes))
