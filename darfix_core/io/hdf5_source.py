"""Frames of an HDF5 dataset, read when asked for."""

from __future__ import annotations

import contextlib
import functools
import os
import threading
from collections.abc import Iterator
from typing import Any

import h5py
import numpy as np

from darfix_core.engine.execution import Execution, current_execution
from darfix_core.engine.pool import run_all
from darfix_core.engine.spare_memory import new_block
from darfix_core.errors import DataFileError
from darfix_core.io.hdf5_chunks import Request, StoredChunk
from darfix_core.io.hdf5_file import NOT_FOUND, get_item, naming_damage, open_hdf5, read_hdf5
from darfix_core.io.hdf5_partial import check_still_there
from darfix_core.io.hdf5_pieces import Piece, check_piece, missing_frames, pieces, source_files
from darfix_core.io.hdf5_virtual import frame_pieces, read_frames, stored_frames
from darfix_core.model.arrays import AnyArray
from darfix_core.model.frame_sources import Region, SourceFile, Storage, checked_range, counts_type

# Chunks of several frames are kept for the runs that one read is made of, up to this size; slots: a prime.
_MAX_CHUNK_CACHE = 64 * 2**20
_CACHE_SLOTS = 10007
# What HDF5 reads at once.
_READ_BYTES = 64 * 2**20


class Hdf5Source:
    """A stack in an HDF5 file.

    The file is open only while something is read, and once for all threads that read at the time. So it can
    be written again, moved, or opened by a viewer with other flags, while datasets of it are at hand; opening
    costs less than a millisecond of a read. The source holds paths, no handles, and can be pickled.

    Parameters
    ----------
    file : str
        Path of the file.
    path : str
        Path of the dataset, shape (n_frames, ny, nx), links and virtual datasets included.
    frames : (int, int), optional
        First frame, and the one behind the last; default: all.

    Raises
    ------
    DataFileError
        If there is no such dataset, it holds no counts, or a file that it refers to is missing.
    ValueError
        If `frames` does not lie in the stack.
    """

    in_memory = False

    def __init__(self, file: str, path: str, frames: tuple[int, int] | None = None) -> None:
        self._file, self._path = file, path
        self._start_sharing()
        with read_hdf5(file) as handle, naming_damage(file, path):
            dataset = get_item(handle, path)
            if not isinstance(dataset, h5py.Dataset) or dataset.ndim != 3:
                raise DataFileError("there is no dataset of three axes (frames, rows, columns)", file=file, path=path)
            n_frames, ny, nx = dataset.shape
            dtype = counts_type(dataset.dtype)
            if dtype is None:
                raise DataFileError(
                    f"counts must be integers, or floats of 16 to 64 bits, got {dataset.dtype}", file=file, path=path
                )
            self._dtype: np.dtype[Any] = dtype
            self._first, stop = (0, n_frames) if frames is None else checked_range(frames, n_frames)
            self._shape = (stop - self._first, ny, nx)
            self._has_raw_data = bool(dataset.external)
            stored = pieces(dataset, (self._first, stop))
            self._files = source_files(handle, path, stored)
            self._pieces = stored
            self._check_covered()
            self._describe_storage(dataset, stop)

    def _describe_storage(self, dataset: h5py.Dataset, stop: int) -> None:
        """Find out in what the frames are stored, and who can read that."""
        held = frame_pieces(dataset, range(self._first, stop))
        found = stored_frames(dataset, held, self._dtype)
        self._frame_pieces = () if found is None else held
        self._state = _state_of(dataset.file.filename) if self._frame_pieces else None
        self._reader = "HDF5" if found is None else found[0].pipeline.name
        chunk = dataset.chunks or (1, 1, self._shape[2])
        compressed, before = dataset.id.get_create_plist().get_nfilters() > 0, self._first
        self._layer = chunk[0]
        layer_bytes = chunk[0] * self._shape[1] * self._shape[2] * dataset.dtype.itemsize
        self._cache_bytes = min(_MAX_CHUNK_CACHE, layer_bytes) if chunk[0] > 1 else 0
        if found is not None:
            chunk, compressed, before = found[0].shape, True, self._first + found[1]
        self._storage = Storage(chunk[0], chunk[1] if compressed else 1, before % chunk[0])

    def _start_sharing(self) -> None:
        self._lock, self._users = threading.Lock(), 0
        self._dataset: h5py.Dataset | None = None
        self._checked: set[Piece] = set()

    def __getstate__(self) -> dict[str, Any]:
        hidden = ("_lock", "_users", "_handle", "_dataset", "_checked")
        return {name: value for name, value in self.__dict__.items() if name not in hidden}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._start_sharing()

    @property
    def shape(self) -> tuple[int, int, int]:
        """(n_frames, ny, nx)."""
        return self._shape

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type in which the counts are given, in the byte order of this machine: float32 for half precision."""
        return self._dtype

    @property
    def storage(self) -> Storage:
        """What is stored, and so best read, together."""
        return self._storage

    @property
    def files(self) -> tuple[SourceFile, ...]:
        """The files behind the source, those that it refers to included."""
        return self._files

    def read(self, region: Region) -> AnyArray:
        """Counts of a region: nothing else is read but the chunks that it touches.

        Raises
        ------
        DataFileError
            If the file is gone or broken, or its compression is not known.
        """
        numbers = region.frames
        if isinstance(numbers, slice):
            frames, place = np.arange(numbers.start, numbers.stop), None
        else:
            # Frames in any order: each is read once, neighbours together.
            frames, place = np.unique(numbers, return_inverse=True)
        shape = (region.rows.stop - region.rows.start, region.columns.stop - region.columns.start)
        block = new_block((frames.size, *shape), self._dtype)
        if block.size:
            load_filters()
            run, wanted = current_execution(), frames + self._first
            request = Request(wanted, region.rows, region.columns, block, self._file, self._path)
            with naming_damage(self._file, self._path), self._open() as dataset:
                self._check_same(dataset)
                run_all(_decode, self._chunks(dataset, request, run), run)
                check_still_there(dataset)
        return block if place is None or np.array_equal(place, np.arange(frames.size)) else block[place]

    @property
    def place(self) -> tuple[str, str, int]:
        """File, path of the stack inside it, and number of the first frame there."""
        return self._file, self._path, self._first

    @property
    def reader(self) -> str:
        """Who decodes the counts: the name of a compression that is decoded here by several threads, or HDF5."""
        return self._reader

    def _chunks(self, dataset: h5py.Dataset, request: Request, run: Execution) -> Iterator[list[StoredChunk]]:
        """Chunks to be decoded; what HDF5 has to read is in the block already."""
        # What a virtual dataset is made of is known of the file as it was.
        same = self._state is None or self._state == _state_of(dataset.file.filename)
        for found in read_frames(dataset, self._frame_pieces if same else (), request):
            if isinstance(found, Request):
                self._read_by_hdf5(dataset, found, run)
            else:
                yield found

    def _read_by_hdf5(self, dataset: h5py.Dataset, request: Request, run: Execution) -> None:
        """Fill a block, in pieces of whole chunks, between which the computation can be cancelled."""
        self._check_pieces(int(request.frames[0]), int(request.frames[-1]) + 1)
        per_layer = self._layer * max(1, request.block[0].nbytes)
        for frames, block in request.runs(self._layer * max(1, _READ_BYTES // per_layer)):
            run.check_cancelled()
            try:
                dataset.read_direct(block, np.s_[frames, request.rows, request.columns])
            except (OSError, RuntimeError) as error:
                raise DataFileError(f"frames cannot be read: {error}", file=self._file, path=self._path) from error

    def _check_same(self, dataset: h5py.Dataset) -> None:
        """The dataset may be another one than when the source was made: files are replaced."""
        same = dataset.shape[1:] == self._shape[1:] and dataset.shape[0] >= self._first + self._shape[0]
        if not same or counts_type(dataset.dtype) != self._dtype:
            raise DataFileError(
                f"the dataset has changed since it was opened: it is now {dataset.shape} {dataset.dtype}",
                file=self._file,
                path=self._path,
            )
        if self._has_raw_data:
            # HDF5 gives zeros for what is no longer there.
            for file in self._files:
                if os.path.isfile(file.url) and os.path.getsize(file.url) < file.size:
                    raise DataFileError("the file has become shorter since it was opened", file=file.url)

    @contextlib.contextmanager
    def _open(self) -> Iterator[h5py.Dataset]:
        """Open dataset, shared by the threads that read at the same time, closed by the last of them."""
        with self._lock:
            if self._dataset is None:
                # Files of a virtual dataset may vanish between two reads, and HDF5 would then give zeros.
                self._checked.clear()
                self._handle = open_hdf5(self._file)
                try:
                    self._dataset = self._find(self._handle)
                except DataFileError:
                    self._handle.close()
                    raise
            self._users += 1
        try:
            yield self._dataset
        finally:
            with self._lock:
                self._users -= 1
                if self._users == 0:
                    self._dataset = None
                    self._handle.close()

    def _find(self, handle: h5py.File) -> h5py.Dataset:
        try:
            return h5py.Dataset(h5py.h5d.open(handle.id, self._path.encode(), self._access()))
        except NOT_FOUND:
            item = get_item(handle, self._path)
        if not isinstance(item, h5py.Dataset):
            raise DataFileError("there is no such dataset", file=self._file, path=self._path)
        return item

    def _access(self) -> h5py.h5p.PropDAID:
        """How the dataset is opened."""
        access = h5py.h5p.create(h5py.h5p.DATASET_ACCESS)
        access.set_chunk_cache(_CACHE_SLOTS, self._cache_bytes, 1.0)
        if self._has_raw_data:
            # Relative names of raw data are meant from the folder of the file, not from where the program runs.
            access.set_efile_prefix(b"${ORIGIN}")
        return access

    def _check_covered(self) -> None:
        """Frames that lie in no file would come as zeros."""
        if not self._pieces or not self._pieces[0].path:
            return
        stop = self._first + self._shape[0]
        lacking = missing_frames(self._pieces, range(self._first, stop))
        if lacking is not None:
            raise DataFileError(
                f"no file holds the frames {lacking.start} to {lacking.stop - 1} of this virtual dataset; "
                f"the others can be chosen with frames=(first, stop)",
                file=self._file,
                path=self._path,
            )
        for piece in {self._pieces[0], self._pieces[-1]}:
            self._check_piece(piece)

    def _check_pieces(self, start: int, stop: int) -> None:
        for piece in self._pieces:
            if piece.frames.start < stop and piece.frames.stop > start and piece not in self._checked:
                self._check_piece(piece)

    def _check_piece(self, piece: Piece) -> None:
        try:
            check_piece(piece)
        except DataFileError as error:
            raise DataFileError(f"{error}", file=self._file, path=self._path) from error
        self._checked.add(piece)

    def __repr__(self) -> str:
        return f"Hdf5Source({self._file!r}, {self._path!r})"


def _state_of(file: str) -> tuple[int, int, int]:
    """What changes when a file is written or replaced."""
    status = os.stat(file)
    return status.st_ino, status.st_size, status.st_mtime_ns


def _decode(chunks: list[StoredChunk]) -> None:
    for chunk in chunks:
        chunk.decode()


@functools.cache
def load_filters() -> None:
    """Register the compression filters of hdf5plugin with HDF5: bitshuffle, Blosc, LZ4, Zstandard ..."""
    import hdf5plugin  # noqa: F401
