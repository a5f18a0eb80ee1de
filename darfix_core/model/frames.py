"""The stack of detector frames: a source and the lazy chain of operations that stands on it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from darfix_core.model.arrays import AnyArray
from darfix_core.model.frame_operations import (
    BinPixels,
    Crop,
    FrameOperation,
    MapFrames,
    PerFrame,
    PerPixel,
    SelectFrames,
)
from darfix_core.model.frame_sources import ArraySource, FrameSource, Region, Storage, WindowSource, compact


class Frames:
    """A stack of frames, read when asked for.

    Operations are added with :meth:`crop`, :meth:`select` and :meth:`map`: each returns a new `Frames`,
    costs nothing and copies nothing. Indexing, :meth:`read` and ``numpy.asarray`` compute.

    Parameters
    ----------
    source : FrameSource
        Where the counts come from.
    operations : tuple of FrameOperation
        The chain, first to last.
    """

    def __init__(self, source: FrameSource, operations: tuple[FrameOperation, ...] = ()) -> None:
        self.source = source
        self.operations = operations
        shapes, dtype, storage = [source.shape], np.dtype(source.dtype), source.storage
        for operation in operations:
            shapes.append(operation.output_shape(shapes[-1]))
            dtype = operation.output_dtype(dtype)
            storage = operation.output_storage(storage)
        self._shapes = shapes
        self._dtype = dtype
        self._storage = storage

    @classmethod
    def from_array(cls, array: AnyArray) -> Frames:
        """Frames of an array of shape (n_frames, ny, nx), which is not copied and must not change."""
        return cls(ArraySource(array))

    @property
    def shape(self) -> tuple[int, int, int]:
        """(n_frames, ny, nx)."""
        return self._shapes[-1]

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the counts."""
        return self._dtype

    @property
    def storage(self) -> Storage:
        """What of the stack is stored, and so best read, together."""
        return self._storage

    ndim = 3

    @property
    def nbytes(self) -> int:
        """Bytes of the stack when computed."""
        return int(np.prod(self.shape, dtype=np.int64)) * self.dtype.itemsize

    @property
    def read_per_count(self) -> float:
        """Counts of the source that are read for each of these: 4 behind bins of 2 x 2, for most chains 1."""
        n_frames, ny, nx = self.shape
        whole = self._needed(Region(slice(0, n_frames), slice(0, ny), slice(0, nx)))[0]
        rows, columns = whole.rows.stop - whole.rows.start, whole.columns.stop - whole.columns.start
        ratio: float = whole.n_frames * rows * columns / (n_frames * ny * nx)
        return ratio

    def __len__(self) -> int:
        return self.shape[0]

    def crop(self, origin: tuple[int, int], shape: tuple[int, int]) -> Frames:
        """Rectangle of every frame.

        Raises
        ------
        ValueError
            If the rectangle is empty or does not lie in the frame.
        """
        (y, x), (height, width), (_, ny, nx) = origin, shape, self.shape
        if height < 1 or width < 1 or y < 0 or x < 0 or y + height > ny or x + width > nx:
            raise ValueError(
                f"rectangle with origin {(y, x)} and shape {(height, width)} does not lie in the frame of {ny} x {nx}"
            )
        return self._then(Crop((y, x), (height, width)))

    def select(self, indices: Any) -> Frames:
        """Frames with the given numbers, in that order.

        Raises
        ------
        IndexError
            If a number is outside the stack.
        ValueError
            If no frame would be left.
        """
        array = np.array(indices, dtype=np.int64).reshape(-1)
        n_frames = self.shape[0]
        if array.size == 0:
            raise ValueError("at least one frame must be selected")
        if array.min() < 0 or array.max() >= n_frames:
            raise IndexError(f"frame numbers must be in 0 to {n_frames - 1}, got {array.min()} to {array.max()}")
        return self._then(SelectFrames(array))

    def map(
        self, function: Callable[..., AnyArray], *, dtype: DTypeLike | None = None, halo: int = 0, **state: Any
    ) -> Frames:
        """Function applied to every frame; see `MapFrames`.

        Raises
        ------
        ValueError
            If state of pixels or frames has another shape than these.
        """
        for name, value in state.items():
            expected = self.shape[1:] if isinstance(value, PerPixel) else self.shape[:1]
            if isinstance(value, PerPixel | PerFrame) and value.values.shape[: len(expected)] != expected:
                raise ValueError(f"{name} must have the shape {expected}, got {value.values.shape}")
        return self._then(MapFrames(function, np.dtype(self.dtype if dtype is None else dtype), halo, state))

    def bin(self, function: Callable[..., AnyArray], factor: tuple[int, int], dtype: DTypeLike) -> Frames:
        """Neighbouring pixels combined by a function; see `BinPixels`.

        Raises
        ------
        ValueError
            If the frame does not hold a single bin.
        """
        _, ny, nx = self.shape
        if min(factor) < 1 or factor[0] > ny or factor[1] > nx:
            raise ValueError(f"factor must be two numbers from 1 to the size of the frame, {(ny, nx)}, got {factor}")
        return self._then(BinPixels(function, factor, np.dtype(dtype)))

    def read(self, frames: Any = None, rows: slice | None = None, columns: slice | None = None) -> AnyArray:
        """Computed counts of a part of the stack.

        Parameters
        ----------
        frames : slice, array of int, or None
            Which frames; None: all.
        rows, columns : slice or None
            Which part of each; step 1. None: all.

        Returns
        -------
        ndarray, shape (frames, rows, columns)
            Must not be written to: it may be a view of the source.
        """
        n_frames, ny, nx = self.shape
        wanted = _normal_slice(frames, n_frames) if frames is None or isinstance(frames, slice) else compact(frames)
        return self._read(Region(wanted, _normal_slice(rows, ny), _normal_slice(columns, nx)))

    def to_dask(self, frames_per_chunk: int = 16) -> Any:
        """The stack as a lazy `dask.array.Array`, chunked along the frames.

        Parameters
        ----------
        frames_per_chunk : int
            Rounded up to whole chunks of the file.

        Raises
        ------
        ImportError
            If dask is not installed.
        """
        import dask.array

        step = self.storage.frames
        chunk = min(len(self), -(-frames_per_chunk // step) * step)
        return dask.array.from_array(self, chunks=(chunk, *self.shape[1:]), name=False, asarray=False)

    def window(self, frames: slice, rows: slice | None = None) -> Frames:
        """The same stack, of which a range of frames (and rows) has been read from its source into memory.

        Only that range can be asked for. The chain of operations is still to be applied, so several
        threads can share that work.
        """
        region = Region(frames, _normal_slice(rows, self.shape[1]), slice(0, self.shape[2]))
        needed = self._needed(region)[0]
        array = self.source.read(needed)
        return Frames(WindowSource(array, needed, self.source.shape, self.source.dtype), self.operations)

    def _then(self, operation: FrameOperation) -> Frames:
        return Frames(self.source, (*self.operations, operation))

    def _needed(self, region: Region) -> list[Region]:
        """Regions before each operation, and `region` itself at the end."""
        regions = [region]
        for operation, shape in zip(reversed(self.operations), reversed(self._shapes[:-1]), strict=True):
            regions.append(operation.input_region(regions[-1], shape))
        return regions[::-1]

    def _read(self, region: Region) -> AnyArray:
        regions = self._needed(region)
        block = self.source.read(regions[0])
        for operation, needed, given in zip(self.operations, regions[:-1], regions[1:], strict=True):
            block = operation.apply(block, needed, given)
        return block

    def __getitem__(self, key: Any) -> AnyArray:
        items = _full_key(key)
        drop: list[int] = []
        for axis, size in enumerate(self.shape):
            if isinstance(items[axis], int | np.integer):
                number = int(items[axis]) + (size if items[axis] < 0 else 0)
                if not 0 <= number < size:
                    raise IndexError(f"index {int(items[axis])} is out of range for axis {axis} with size {size}")
                drop.append(axis)
                items[axis] = slice(number, number + 1)
        # Frames are read in any order; of rows and columns a range is read, and other choices made afterwards.
        frames = items[0] if _is_range(items[0]) else np.arange(self.shape[0])[items[0]]
        rows, columns = (item if _is_range(item) else None for item in items[1:])
        block = self.read(frames, rows, columns)
        for axis in (1, 2):
            if not _is_range(items[axis]):
                block = block[(slice(None),) * axis + (items[axis],)]
        return block.squeeze(axis=tuple(drop)) if drop else block

    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> AnyArray:
        block = self.read()
        if copy or (dtype is not None and block.dtype != dtype):
            return np.array(block, dtype=dtype)
        return block

    def __repr__(self) -> str:
        n_frames, ny, nx = self.shape
        kind = type(self.source).__name__
        return f"Frames({n_frames} x {ny} x {nx} {self.dtype}, {kind}, {len(self.operations)} operations)"


def _full_key(key: Any) -> list[Any]:
    """Index of each of the three axes, an Ellipsis expanded."""
    items = list(key) if isinstance(key, tuple) else [key]
    dots = [place for place, item in enumerate(items) if item is Ellipsis]
    if len(items) - len(dots) > 3 or len(dots) > 1:
        raise IndexError(f"a stack has three axes, got the index {key!r}")
    place = dots[0] if dots else len(items)
    items[place : place + len(dots)] = [slice(None)] * (3 - len(items) + len(dots))
    arrays = 0
    for axis, item in enumerate(items):
        if isinstance(item, slice | int | np.integer) and not isinstance(item, bool):
            continue
        array = np.asarray(item)
        if item is None or array.ndim != 1 or array.dtype.kind not in "iub":
            raise IndexError(f"a stack is indexed by integers, slices and lists of integers, got {item!r}")
        items[axis], arrays = array, arrays + 1
    if arrays > 1:
        raise IndexError("only one axis of a stack can be indexed by a list")
    return items


def _is_range(item: Any) -> bool:
    return isinstance(item, slice) and item.step in (None, 1)


def _normal_slice(item: slice | None, size: int) -> slice:
    start, stop, step = (item or slice(None)).indices(size)
    if step != 1:
        raise ValueError(f"only ranges with step 1 can be read, got step {step}")
    return slice(start, max(start, stop))
