"""Operations on frames: the links of the lazy chain that stands on a source."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np

from darfix_core.model.arrays import AnyArray, IntArray
from darfix_core.model.frame_sources import Region, Storage, compact


class FrameOperation(Protocol):
    """One link of the chain: how it changes the shape and type, what it needs, what it does."""

    def output_shape(self, shape: tuple[int, int, int]) -> tuple[int, int, int]:
        """Shape of the stack behind the operation."""

    def output_dtype(self, dtype: np.dtype[Any]) -> np.dtype[Any]:
        """Type of the counts behind the operation."""

    def output_storage(self, storage: Storage) -> Storage:
        """What is best read together behind the operation."""

    def input_region(self, region: Region, shape: tuple[int, int, int]) -> Region:
        """What must be read before the operation (from a stack of `shape`) to give `region`."""

    def apply(self, block: AnyArray, needed: Region, region: Region) -> AnyArray:
        """Give `region` from the `block` that was read for the `needed` region."""


@dataclass(frozen=True, eq=False)
class PerPixel:
    """State of a frame operation that has one value a pixel, shape (ny, nx)."""

    values: AnyArray


@dataclass(frozen=True, eq=False)
class PerFrame:
    """State of a frame operation that has one value (or row of values) a frame, shape (n_frames, ...)."""

    values: AnyArray


@dataclass(frozen=True)
class Crop:
    """Keep a rectangle of every frame; only that part is read."""

    origin: tuple[int, int]
    shape: tuple[int, int]

    def output_shape(self, shape: tuple[int, int, int]) -> tuple[int, int, int]:
        """Shape of the stack behind the operation."""
        return shape[0], *self.shape

    def output_dtype(self, dtype: np.dtype[Any]) -> np.dtype[Any]:
        """Unchanged."""
        return dtype

    def output_storage(self, storage: Storage) -> Storage:
        """The same blocks, of which the first may be cut."""
        return replace(storage, rows_before=(storage.rows_before + self.origin[0]) % storage.rows)

    def input_region(self, region: Region, shape: tuple[int, int, int]) -> Region:
        """The same pixels, counted from the corner of the larger frame."""
        y, x = self.origin
        return Region(
            region.frames,
            slice(region.rows.start + y, region.rows.stop + y),
            slice(region.columns.start + x, region.columns.stop + x),
        )

    def apply(self, block: AnyArray, needed: Region, region: Region) -> AnyArray:
        """Nothing left to do: only the rectangle was read."""
        return block


@dataclass(frozen=True, eq=False)
class SelectFrames:
    """Keep some frames, in the order given."""

    indices: IntArray

    def output_shape(self, shape: tuple[int, int, int]) -> tuple[int, int, int]:
        """Shape of the stack behind the operation."""
        return self.indices.size, *shape[1:]

    def output_dtype(self, dtype: np.dtype[Any]) -> np.dtype[Any]:
        """Unchanged."""
        return dtype

    def output_storage(self, storage: Storage) -> Storage:
        """The same blocks where the frames are consecutive, else single frames."""
        kept = compact(self.indices)
        if isinstance(kept, slice):
            return replace(storage, before=(storage.before + kept.start) % storage.frames)
        return replace(storage, frames=1, before=0)

    def input_region(self, region: Region, shape: tuple[int, int, int]) -> Region:
        """The selected frames under their old numbers."""
        return Region(compact(self.indices[region.frames]), region.rows, region.columns)

    def apply(self, block: AnyArray, needed: Region, region: Region) -> AnyArray:
        """Nothing left to do: only the selected frames were read."""
        return block


@dataclass(frozen=True, eq=False)
class BinPixels:
    """Combine neighbouring pixels. Rows and columns at the end that fill no bin are left out.

    Parameters
    ----------
    function : callable
        ``function(block, factor) -> block``, with block of shape (frames, rows, columns) and rows and columns that are
        multiples of those of `factor`. It must not write to its arguments.
    factor : (int, int)
        Rows and columns of a bin.
    dtype : numpy.dtype
        Type of the result.
    """

    function: Callable[..., AnyArray]
    factor: tuple[int, int]
    dtype: np.dtype[Any]

    def output_shape(self, shape: tuple[int, int, int]) -> tuple[int, int, int]:
        """Whole bins only."""
        return shape[0], shape[1] // self.factor[0], shape[2] // self.factor[1]

    def output_dtype(self, dtype: np.dtype[Any]) -> np.dtype[Any]:
        """The stated type."""
        return self.dtype

    def output_storage(self, storage: Storage) -> Storage:
        """The same blocks, counted in bins; one that holds parts of bins is rounded down."""
        rows = self.factor[0]
        return replace(storage, rows=max(1, storage.rows // rows), rows_before=storage.rows_before // rows)

    def input_region(self, region: Region, shape: tuple[int, int, int]) -> Region:
        """The pixels of the bins."""
        y, x = self.factor
        return Region(
            region.frames,
            slice(region.rows.start * y, region.rows.stop * y),
            slice(region.columns.start * x, region.columns.stop * x),
        )

    def apply(self, block: AnyArray, needed: Region, region: Region) -> AnyArray:
        """Call the function on the block."""
        return self.function(block, self.factor).astype(self.dtype, copy=False)


@dataclass(frozen=True, eq=False)
class MapFrames:
    """Apply a function to every frame.

    Parameters
    ----------
    function : callable
        ``function(block, **state) -> block``, with block of shape (frames, rows, columns). It must not
        write to its arguments, and a frame of its result must depend on that frame alone.
    dtype : numpy.dtype
        Type of the result.
    halo : int
        Number of rows and columns around a pixel that the function looks at.
    state : mapping
        Keyword arguments; those wrapped in `PerPixel` or `PerFrame` are cut to the block.
    """

    function: Callable[..., AnyArray]
    dtype: np.dtype[Any]
    halo: int
    state: Mapping[str, Any]

    def output_shape(self, shape: tuple[int, int, int]) -> tuple[int, int, int]:
        """Unchanged."""
        return shape

    def output_dtype(self, dtype: np.dtype[Any]) -> np.dtype[Any]:
        """The stated type."""
        return self.dtype

    def output_storage(self, storage: Storage) -> Storage:
        """Unchanged."""
        return storage

    def input_region(self, region: Region, shape: tuple[int, int, int]) -> Region:
        """The region with its halo, as far as the frame goes."""
        return Region(
            region.frames, _widened(region.rows, self.halo, shape[1]), _widened(region.columns, self.halo, shape[2])
        )

    def apply(self, block: AnyArray, needed: Region, region: Region) -> AnyArray:
        """Call the function on the block and cut its halo off."""
        arguments: dict[str, Any] = {}
        for name, value in self.state.items():
            if isinstance(value, PerPixel):
                arguments[name] = value.values[needed.rows, needed.columns]
            elif isinstance(value, PerFrame):
                arguments[name] = value.values[needed.frames]
            else:
                arguments[name] = value
        result = self.function(block, **arguments)
        top, left = region.rows.start - needed.rows.start, region.columns.start - needed.columns.start
        height, width = region.rows.stop - region.rows.start, region.columns.stop - region.columns.start
        return result[:, top : top + height, left : left + width].astype(self.dtype, copy=False)


def _widened(item: slice, halo: int, size: int) -> slice:
    return slice(max(0, item.start - halo), min(size, item.stop + halo))
