"""The stack of detector frames: a source and the lazy chain of operations that stands on it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import DTypeLike

from darfix_core.model.arrays import AnyArray, IntArray, readonly


@dataclass(frozen=True)
class SourceFile:
    """A file that data came from, as it was when it was opened.

    Parameters
    ----------
    url : str
        Absolute path, with the path inside the file behind ``::``.
    size : int
        Bytes.
    mtime : float
        Time of the last change, seconds since the epoch.
    """

    url: str
    size: int
    mtime: float


@dataclass(frozen=True)
class Region:
    """A part of a stack: which frames, rows and columns.

    Slices are normalised: start and stop given, step 1 (frames may also be an index array).
    """

    frames: slice | IntArray
    rows: slice
    columns: slice

    @property
    def n_frames(self) -> int:
        """Number of frames in the region."""
        return self.frames.stop - self.frames.start if isinstance(self.frames, slice) else self.frames.size


class FrameSource(Protocol):
    """Where frames come from: an array, a file, a simulation."""

    @property
    def shape(self) -> tuple[int, int, int]:
        """(n_frames, ny, nx)."""

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the counts."""

    @property
    def in_memory(self) -> bool:
        """True where reading is a view: no file, no decoding."""

    @property
    def chunk_frames(self) -> int:
        """Number of frames that are stored, and so best read, together."""

    @property
    def files(self) -> tuple[SourceFile, ...]:
        """The files behind the source; empty for arrays."""

    def read(self, region: Region) -> AnyArray:
        """Counts of a region, shape (frames, rows, columns). Must not be written to."""


class FrameOperation(Protocol):
    """One link of the chain: how it changes the shape and type, what it needs, what it does."""

    def output_shape(self, shape: tuple[int, int, int]) -> tuple[int, int, int]:
        """Shape of the stack behind the operation."""

    def output_dtype(self, dtype: np.dtype[Any]) -> np.dtype[Any]:
        """Type of the counts behind the operation."""

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


@dataclass(frozen=True, eq=False)
class ArraySource:
    """Frames in memory, not copied."""

    array: AnyArray
    files: tuple[SourceFile, ...] = ()

    def __post_init__(self) -> None:
        array = np.asarray(self.array)
        if array.ndim != 3 or 0 in array.shape:
            raise ValueError(f"frames must have the shape (n_frames, ny, nx) and not be empty, got {array.shape}")
        if array.dtype.kind not in "uif":
            raise TypeError(f"frames must hold integers or floats, got {array.dtype}")
        object.__setattr__(self, "array", readonly(array))

    @property
    def shape(self) -> tuple[int, int, int]:
        """(n_frames, ny, nx)."""
        n_frames, ny, nx = self.array.shape
        return n_frames, ny, nx

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the counts."""
        return self.array.dtype

    in_memory = True
    chunk_frames = 1

    def read(self, region: Region) -> AnyArray:
        """View of a region."""
        return self.array[region.frames, region.rows, region.columns]


@dataclass(frozen=True, eq=False)
class _WindowSource:
    """Part of another source, already read, that answers in that source's coordinates."""

    array: AnyArray
    window: Region
    shape: tuple[int, int, int]
    dtype: np.dtype[Any]

    in_memory = True
    chunk_frames = 1
    files = ()

    def read(self, region: Region) -> AnyArray:
        rows = slice(region.rows.start - self.window.rows.start, region.rows.stop - self.window.rows.start)
        start = self.window.columns.start
        columns = slice(region.columns.start - start, region.columns.stop - start)
        frames: slice | IntArray
        if isinstance(self.window.frames, slice):
            first = self.window.frames.start
            if isinstance(region.frames, slice):
                frames = slice(region.frames.start - first, region.frames.stop - first)
            else:
                frames = region.frames - first
        else:
            wanted = _frame_array(region.frames)
            order = np.argsort(self.window.frames, kind="stable")
            frames = order[np.searchsorted(self.window.frames, wanted, sorter=order)]
        return self.array[frames, rows, columns]


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

    def input_region(self, region: Region, shape: tuple[int, int, int]) -> Region:
        """The selected frames under their old numbers."""
        return Region(_compact(self.indices[region.frames]), region.rows, region.columns)

    def apply(self, block: AnyArray, needed: Region, region: Region) -> AnyArray:
        """Nothing left to do: only the selected frames were read."""
        return block


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
        shapes, dtype = [source.shape], np.dtype(source.dtype)
        for operation in operations:
            shapes.append(operation.output_shape(shapes[-1]))
            dtype = operation.output_dtype(dtype)
        self._shapes = shapes
        self._dtype = dtype

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

    ndim = 3

    @property
    def nbytes(self) -> int:
        """Bytes of the stack when computed."""
        return int(np.prod(self.shape, dtype=np.int64)) * self.dtype.itemsize

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
        """Function applied to every frame; see `MapFrames`."""
        for name, value in state.items():
            expected = self.shape[1:] if isinstance(value, PerPixel) else self.shape[:1]
            if isinstance(value, PerPixel | PerFrame) and value.values.shape[: len(expected)] != expected:
                raise ValueError(f"{name} must have the shape {expected}, got {value.values.shape}")
        return self._then(MapFrames(function, np.dtype(self.dtype if dtype is None else dtype), halo, state))

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
        wanted = _normal_slice(frames, n_frames) if frames is None or isinstance(frames, slice) else _compact(frames)
        return self._read(Region(wanted, _normal_slice(rows, ny), _normal_slice(columns, nx)))

    def window(self, frames: slice) -> Frames:
        """The same stack, of which a range of frames has been read from its source into memory.

        Only that range can be asked for. The chain of operations is still to be applied, so several
        threads can share that work.
        """
        region = Region(frames, slice(0, self.shape[1]), slice(0, self.shape[2]))
        needed = self._needed(region)[0]
        array = self.source.read(needed)
        return Frames(_WindowSource(array, needed, self.source.shape, self.source.dtype), self.operations)

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
        keys = key if isinstance(key, tuple) else (key,)
        if len(keys) > 3:
            raise IndexError(f"a stack has three axes, got {len(keys)} indices")
        parts: list[Any] = []
        drop: list[int] = []
        for axis, size in enumerate(self.shape):
            item = keys[axis] if axis < len(keys) else slice(None)
            if isinstance(item, int | np.integer):
                number = int(item) + (size if item < 0 else 0)
                if not 0 <= number < size:
                    raise IndexError(f"index {int(item)} is out of range for axis {axis} with size {size}")
                drop.append(axis)
                item = slice(number, number + 1)
            parts.append(item)
        frames, rows, columns = parts
        strided: list[Any] = [slice(None)] * 3
        if isinstance(frames, slice) and frames.step not in (None, 1):
            frames = np.arange(*frames.indices(self.shape[0]))
        elif not isinstance(frames, slice):
            frames = np.arange(self.shape[0])[frames]
        for axis, item in ((1, rows), (2, columns)):
            if not isinstance(item, slice) or item.step not in (None, 1):
                strided[axis] = item
        block = self.read(
            frames,
            rows if strided[1] == slice(None) else None,
            columns if strided[2] == slice(None) else None,
        )
        for axis in (1, 2):
            if strided[axis] != slice(None):
                block = block[(slice(None),) * axis + (strided[axis],)]
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


def _normal_slice(item: slice | None, size: int) -> slice:
    start, stop, step = (item or slice(None)).indices(size)
    if step != 1:
        raise ValueError(f"only ranges with step 1 can be read, got step {step}")
    return slice(start, max(start, stop))


def _widened(item: slice, halo: int, size: int) -> slice:
    return slice(max(0, item.start - halo), min(size, item.stop + halo))


def _frame_array(frames: slice | IntArray) -> IntArray:
    return np.arange(frames.start, frames.stop) if isinstance(frames, slice) else frames


def _compact(indices: Any) -> slice | IntArray:
    """A run of consecutive numbers as a slice, which sources read without a copy."""
    array = np.asarray(indices, dtype=np.int64).reshape(-1)
    if array.size and array[-1] - array[0] == array.size - 1 and np.all(np.diff(array) == 1):
        return slice(int(array[0]), int(array[-1]) + 1)
    return array
