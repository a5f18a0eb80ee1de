"""Where frames come from, and which part of a stack is meant."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

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

    @property
    def path(self) -> str:
        """Absolute path of the file itself."""
        return self.url.partition("::")[0]


@dataclass(frozen=True)
class Storage:
    """What of a stack is stored, and so has to be read and decoded, together.

    Parameters
    ----------
    frames : int
        Frames of a stored block.
    rows : int
        Rows that cost as much to read as one of them: those of a compressed chunk, 1 where any row can be read.
    before : int
        Frames of the first block that lie before the stack, as in a range of frames.
    rows_before : int
        Rows of the first block that lie above the stack, as in a region of interest.
    """

    frames: int = 1
    rows: int = 1
    before: int = 0
    rows_before: int = 0


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


def checked_range(frames: tuple[int, int], n_frames: int) -> tuple[int, int]:
    """A range of frames that lies in the stack.

    Raises
    ------
    ValueError
        If it does not.
    """
    first, stop = frames
    if not 0 <= first < stop <= n_frames:
        raise ValueError(f"frames must be (first, stop) with 0 <= first < stop <= {n_frames}, got {(first, stop)}")
    return first, stop


def counts_type(dtype: np.dtype[Any]) -> np.dtype[Any] | None:
    """Type in which stored counts are given, in the byte order of this machine.

    Parameters
    ----------
    dtype : numpy.dtype
        As they are stored.

    Returns
    -------
    numpy.dtype or None
        Half precision comes as single precision, which HDF5 converts to and arithmetic is made for. None for what
        is no counts: integers, or floats of up to 64 bits.
    """
    if dtype.kind not in "uif" or dtype.itemsize > 8:
        return None
    return np.dtype(np.float32) if dtype.kind == "f" and dtype.itemsize < 4 else dtype.newbyteorder("=")


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
    def storage(self) -> Storage:
        """What is stored, and so best read, together."""

    @property
    def files(self) -> tuple[SourceFile, ...]:
        """The files behind the source; empty for arrays."""

    def read(self, region: Region) -> AnyArray:
        """Counts of a region, shape (frames, rows, columns). Must not be written to."""


@dataclass(frozen=True, eq=False)
class ArraySource:
    """Frames in memory, not copied unless they are in the byte order of another machine.

    Parameters
    ----------
    array : ndarray, shape (n_frames, ny, nx)
        Integers, or floats of 32 or 64 bits.
    files : tuple of SourceFile
        Where the array came from, if it was read.
    """

    array: AnyArray
    files: tuple[SourceFile, ...] = ()

    def __post_init__(self) -> None:
        array = np.asarray(self.array)
        if array.ndim != 3 or 0 in array.shape:
            raise ValueError(f"frames must have the shape (n_frames, ny, nx) and not be empty, got {array.shape}")
        if array.dtype.kind not in "uif" or array.dtype.itemsize > 8 or array.dtype == np.float16:
            raise TypeError(f"frames must hold integers, or floats of 32 or 64 bits, got {array.dtype}")
        native = array.astype(array.dtype.newbyteorder("="), copy=False)
        object.__setattr__(self, "array", readonly(native))

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
    storage = Storage()

    def read(self, region: Region) -> AnyArray:
        """View of a region."""
        return self.array[region.frames, region.rows, region.columns]


@dataclass(frozen=True, eq=False)
class WindowSource:
    """Part of another source, already read, that answers in that source's coordinates."""

    array: AnyArray
    window: Region
    shape: tuple[int, int, int]
    dtype: np.dtype[Any]

    in_memory = True
    storage = Storage()
    files = ()

    def read(self, region: Region) -> AnyArray:
        """View, or copy, of a region that lies in the window."""
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


def _frame_array(frames: slice | IntArray) -> IntArray:
    return np.arange(frames.start, frames.stop) if isinstance(frames, slice) else frames


def compact(indices: Any) -> slice | IntArray:
    """Frame numbers; a run of consecutive ones as a slice, which sources read without a copy."""
    array = np.asarray(indices, dtype=np.int64).reshape(-1)
    if array.size and array[-1] - array[0] == array.size - 1 and np.all(np.diff(array) == 1):
        return slice(int(array[0]), int(array[-1]) + 1)
    return array
