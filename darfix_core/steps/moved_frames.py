"""The frame operation that moves every frame by its own shift."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np

from darfix_core.engine.execution import check_cancelled
from darfix_core.model.arrays import AnyArray, FloatArray
from darfix_core.model.frame_sources import Region, Storage

Interpolation: TypeAlias = Literal["linear", "cubic", "fourier"]

# Pixels before and behind the two that enclose a place, at which an interpolation looks.
_REACH = {"linear": 0, "cubic": 1}


@dataclass(frozen=True, eq=False)
class MoveFrames:
    """Take the shift of every frame back: the result at (y, x) is the frame at (y + dy, x + dx).

    Of a frame that is read from a file only that part is needed which comes to lie in the wanted region. A frame that
    is moved by whole pixels is not interpolated.

    Parameters
    ----------
    values : ndarray, shape (n_frames, 2), px
        (dy, dx) of each frame.
    interpolation : {"linear", "cubic", "fourier"}
    """

    values: FloatArray
    interpolation: Interpolation

    def output_shape(self, shape: tuple[int, int, int]) -> tuple[int, int, int]:
        """Unchanged."""
        return shape

    def output_dtype(self, dtype: np.dtype[Any]) -> np.dtype[Any]:
        """Type that holds the counts exactly, and parts of them: float32 for counts of up to 16 bits, else float64."""
        return np.result_type(dtype, np.float32)

    def output_storage(self, storage: Storage) -> Storage:
        """Unchanged."""
        return storage

    def input_region(self, region: Region, shape: tuple[int, int, int]) -> Region:
        """Where the region lies in the frames before they are moved; all of them for Fourier interpolation."""
        if self.interpolation == "fourier":
            return Region(region.frames, slice(0, shape[1]), slice(0, shape[2]))
        reach, values = _REACH[self.interpolation], self.values[region.frames]
        if not len(values):
            return region
        rows, columns = (
            _moved(wanted, values[:, axis], reach, size)
            for axis, (wanted, size) in enumerate(zip((region.rows, region.columns), shape[1:], strict=True))
        )
        return Region(region.frames, rows, columns)

    def apply(self, block: AnyArray, needed: Region, region: Region) -> AnyArray:
        """Interpolate; NaN where the place lies outside the frame, or beside a pixel that is NaN."""
        dtype, values = self.output_dtype(block.dtype), self.values[region.frames]
        # Of whole frames, one at a time becomes floating-point numbers: there may be many, for a few rows of each.
        step = 1 if self.interpolation == "fourier" else max(1, len(block))
        parts = [
            self._move(
                block[start : start + step].astype(dtype, copy=False), values[start : start + step], needed, region
            )
            for start in range(0, max(1, len(block)), step)
        ]
        return parts[0] if len(parts) == 1 else np.concatenate(parts)

    def _move(self, block: AnyArray, values: FloatArray, needed: Region, region: Region) -> AnyArray:
        first = [region.rows.start - needed.rows.start, region.columns.start - needed.columns.start]
        shape = region.rows.stop - region.rows.start, region.columns.stop - region.columns.start
        moved = _interpolated(block, values, first, shape, cubic=self.interpolation == "cubic")
        if self.interpolation == "fourier":
            for frame, result, shift in zip(block, moved, values, strict=True):
                check_cancelled()
                _refine(frame, result, shift, region)
        return moved


def _moved(wanted: slice, shifts: FloatArray, reach: int, size: int) -> slice:
    """Rows or columns that are needed, at least one, for wanted ones that are moved."""
    start = wanted.start + math.floor(shifts.min()) - reach
    stop = wanted.stop + math.ceil(shifts.max()) + reach
    start = min(max(start, 0), size - 1)
    return slice(start, max(start + 1, min(stop, size)))


def _interpolated(
    block: AnyArray, values: FloatArray, first: list[int], shape: tuple[int, int], *, cubic: bool
) -> AnyArray:
    """Frames (n, *shape) whose first pixel lies at `first` plus the shift in those of the block."""
    from darfix_core.kernels.layout import row_major_view
    from darfix_core.kernels.warp import interpolation_weights, move_frames

    whole = np.floor(values)
    weights = interpolation_weights(values - whole).astype(block.dtype)
    moved = np.empty((len(block), *shape), block.dtype)
    move_frames(row_major_view(block), *block.shape[1:], whole.astype(np.int64) + first, weights, cubic, moved)
    return moved


def _refine(frame: AnyArray, result: AnyArray, shift: FloatArray, region: Region) -> None:
    """Put the values of Fourier interpolation in place of those that linear interpolation has found."""
    from darfix_core.kernels.cosine_series import move_frame

    known = np.isfinite(frame)
    if not known.any() or not (shift % 1).any():
        return
    if not known.all():
        # Every pixel has a say in every other one: pixels without a number get that of their neighbours.
        places = np.flatnonzero(known)
        frame = np.interp(np.arange(frame.size), places, frame.ravel()[places]).reshape(frame.shape)
    series = move_frame(frame, (shift[0], shift[1]), region.rows)[:, region.columns]
    np.copyto(result, series, where=np.isfinite(result), casting="same_kind")
