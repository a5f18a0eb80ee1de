"""Chunks of an HDF5 dataset: the stored bytes are read in the calling thread, and decoded by the thread pool."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import product
from typing import Any, TypeAlias

import h5py
import numpy as np

from darfix_core.errors import DataFileError
from darfix_core.io.hdf5_codecs import Pipeline, pipeline_of
from darfix_core.model.arrays import AnyArray, IntArray

Corner: TypeAlias = "tuple[int, int, int]"

# Decoded bytes that are worth a task of their own.
_TASK_BYTES = 2**20

# HDF5 has decoded smaller chunks before they are handed on here: bytes. Gzip is slow.
_LEAST_BYTES = 2**16
_LEAST_BYTES_GZIP = 2**13

#: What h5py raises for frames that it cannot read; where nothing was ever written, it takes any number for their size.
NOT_READ = (OSError, RuntimeError, ValueError, MemoryError)


@dataclass(frozen=True, eq=False)
class Request:
    """What is wanted of a dataset, and where it belongs.

    Parameters
    ----------
    frames : ndarray of int
        Numbers of the frames, ascending, each once.
    rows, columns : slice
    block : ndarray, shape (frames, rows, columns)
        To be filled.
    file, path : str
        How errors name the dataset.
    """

    frames: IntArray
    rows: slice
    columns: slice
    block: AnyArray
    file: str
    path: str

    def part(self, start: int, stop: int) -> Request:
        """What is wanted of the frames with numbers from `start` to `stop`."""
        lo, hi = np.searchsorted(self.frames, (start, stop))
        return replace(self, frames=self.frames[lo:hi], block=self.block[lo:hi])

    def window(self, rows: slice, columns: slice) -> Request:
        """What is wanted of these rows and columns."""
        y, x = self.rows.start, self.columns.start
        block = self.block[:, rows.start - y : rows.stop - y, columns.start - x : columns.stop - x]
        return replace(self, rows=rows, columns=columns, block=block)

    def runs(self, most: int) -> Iterator[tuple[slice, AnyArray]]:
        """Ranges of consecutive frames, and their part of the block; none reaches over a multiple of `most`."""
        breaks = (np.diff(self.frames) > 1) | (np.diff(self.frames // most) > 0)
        for run in np.split(np.arange(self.frames.size), np.flatnonzero(breaks) + 1):
            numbers = self.frames[run]
            yield slice(int(numbers[0]), int(numbers[-1]) + 1), self.block[run[0] : run[-1] + 1]

    def error(self, problem: object) -> DataFileError:
        """Error that says what is wanted and why it cannot be had."""
        frames, rows, columns = self.frames, self.rows, self.columns
        which = f"frame {frames[0]}" if frames.size == 1 else f"frames {frames[0]} to {frames[-1]}"
        where = f"rows {rows.start} to {rows.stop - 1}, columns {columns.start} to {columns.stop - 1}"
        return DataFileError(f"frames cannot be read: {which}, {where}: {problem}", file=self.file, path=self.path)


@dataclass(frozen=True, eq=False)
class ChunkLayout:
    """How the frames of a dataset are stored, where they can be decoded here.

    Parameters
    ----------
    shape : (int, int, int)
        Of a chunk.
    dtype : numpy.dtype
        As the counts are stored.
    pipeline : Pipeline
    """

    shape: tuple[int, int, int]
    dtype: np.dtype[Any]
    pipeline: Pipeline

    @property
    def nbytes(self) -> int:
        """Bytes of a decoded chunk."""
        return int(np.prod(self.shape)) * self.dtype.itemsize


def chunk_layout(dataset: h5py.Dataset, dtype: np.dtype[Any]) -> ChunkLayout | None:
    """How the frames of a dataset are stored; None where HDF5 has to read them.

    Parameters
    ----------
    dataset : h5py.Dataset
        Of three axes.
    dtype : numpy.dtype
        Type in which counts are wanted.
    """
    stored = dataset.dtype
    # NumPy has to make of the counts what HDF5 makes of them.
    same = stored.newbyteorder("=") == dtype or (stored.kind == dtype.kind == "f" and stored.itemsize == 2)
    if dataset.chunks is None or not same or h5py.h5t.py_create(stored) != dataset.id.get_type():
        return None
    pipeline = pipeline_of(dataset)
    layout = None if pipeline is None else ChunkLayout(dataset.chunks, stored, pipeline)
    return None if layout is None or _is_small(layout) else layout


def _is_small(layout: ChunkLayout) -> bool:
    return layout.nbytes < (_LEAST_BYTES_GZIP if layout.pipeline.name == "gzip" else _LEAST_BYTES)


@dataclass(frozen=True, eq=False)
class StoredChunk:
    """A chunk as it is stored, and what it is needed for.

    Parameters
    ----------
    layout : ChunkLayout
    corner : tuple of int
        First frame, row and column.
    raw : bytes
    mask : int
        Filters that were not applied.
    request : Request
        What is wanted of the chunk.
    """

    layout: ChunkLayout
    corner: Corner
    raw: bytes
    mask: int
    request: Request

    def decode(self) -> None:
        """Give what is wanted: straight into the block where that is the whole chunk.

        Raises
        ------
        DataFileError
            If the chunk is damaged.
        """
        shape, dtype, block = self.layout.shape, self.layout.dtype, self.request.block
        whole = block.shape == shape and block.dtype == dtype and block.flags.c_contiguous
        chunk = block if whole else np.empty(shape, dtype)
        inside = self._inside()
        try:
            self.layout.pipeline.decode(self.raw, self.mask, chunk.reshape(-1).view(np.uint8), self._wanted(inside))
        except ValueError as error:
            raise self.request.error(f"the chunk is damaged: {error}") from error
        if not whole:
            block[...] = chunk[inside]

    def _inside(self) -> tuple[slice | IntArray, slice, slice]:
        """Index, in the chunk, of what is wanted."""
        frame, y, x = self.corner
        frames, rows, columns = self.request.frames, self.request.rows, self.request.columns
        first, last = int(frames[0]), int(frames[-1])
        run = last - first == frames.size - 1
        return (
            slice(first - frame, last - frame + 1) if run else frames - frame,
            slice(rows.start - y, rows.stop - y),
            slice(columns.start - x, columns.stop - x),
        )

    def _wanted(self, inside: tuple[slice | IntArray, slice, slice]) -> slice:
        """Bytes of the chunk from the first count that is wanted to the last."""
        _, rows, columns = inside
        first, last = (int(self.request.frames[end]) - self.corner[0] for end in (0, -1))
        _, height, width = self.layout.shape
        begin = (first * height + rows.start) * width + columns.start
        end = (last * height + rows.stop - 1) * width + columns.stop
        return slice(begin * self.layout.dtype.itemsize, end * self.layout.dtype.itemsize)


def read_chunks(dataset: h5py.Dataset, layout: ChunkLayout, request: Request) -> Iterator[list[StoredChunk]]:
    """Chunks that a request touches, each once, as they are stored.

    Parameters
    ----------
    dataset : h5py.Dataset
    layout : ChunkLayout
    request : Request

    Yields
    ------
    list of StoredChunk
        Enough of them to be worth a task. Chunks that were never written are not among them: what stands for
        them is in the block already.

    Raises
    ------
    DataFileError
        If a chunk cannot be read.
    """
    chunks: list[StoredChunk] = []
    size, whole = layout.nbytes, dataset.shape
    enough = max(1, _TASK_BYTES // size)
    for corner, part in _cut(layout.shape, request):
        try:
            mask, raw = dataset.id.read_direct_chunk(corner)
        except NOT_READ:
            _read_by_hdf5(dataset, part)
            continue
        if len(raw) == size and _reaches_out(corner, layout.shape, whole):
            # Files may say that chunks on the edge are not compressed, without a word in the chunk itself.
            _read_by_hdf5(dataset, part)
            continue
        chunks.append(StoredChunk(layout, corner, raw, mask, part))
        if len(chunks) >= enough:
            yield chunks
            chunks = []
    if chunks:
        yield chunks


def _cut(shape: tuple[int, int, int], request: Request) -> Iterator[tuple[Corner, Request]]:
    """First frame, row and column of each chunk, and what is wanted of it."""
    depth, height, width = shape
    rows, columns = request.rows, request.columns
    for layer in np.unique(request.frames // depth).tolist():
        part = request.part(layer * depth, (layer + 1) * depth)
        for y, x in product(
            range(rows.start // height * height, rows.stop, height),
            range(columns.start // width * width, columns.stop, width),
        ):
            yield (
                (layer * depth, y, x),
                part.window(
                    slice(max(rows.start, y), min(rows.stop, y + height)),
                    slice(max(columns.start, x), min(columns.stop, x + width)),
                ),
            )


def _reaches_out(corner: Corner, shape: tuple[int, int, int], whole: tuple[int, int, int]) -> bool:
    """True for a chunk of which a part lies outside of the dataset."""
    return any(start + size > end for start, size, end in zip(corner, shape, whole, strict=True))


def _read_by_hdf5(dataset: h5py.Dataset, part: Request) -> None:
    """Fill values, or the error of HDF5."""
    try:
        for frames, block in part.runs(dataset.shape[0]):
            block[...] = dataset[frames, part.rows, part.columns]
    except NOT_READ as error:
        raise part.error(error) from error
