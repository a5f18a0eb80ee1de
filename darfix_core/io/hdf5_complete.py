"""Which frames of an HDF5 stack are there, while its file is still written or copied."""

from __future__ import annotations

import contextlib
import os
from typing import Any

import h5py
import numpy as np

from darfix_core.errors import DataFileError
from darfix_core.io.hdf5_file import get_item, read_hdf5
from darfix_core.io.hdf5_partial import IncompleteFileError, is_partial, missing_part
from darfix_core.io.hdf5_pieces import Piece, announced_pieces, missing_frames
from darfix_core.io.hdf5_virtual import frame_pieces
from darfix_core.model.arrays import IntArray


def located_frames(dataset: h5py.Dataset) -> tuple[int, tuple[str, str] | None]:
    """Number of complete frames of a stack, and where to read them.

    Parameters
    ----------
    dataset : h5py.Dataset, shape (n_frames, ny, nx)

    Returns
    -------
    int
        As of `complete_frames`.
    (str, str) or None
        File and path of the stack behind a virtual one, where HDF5 cannot read through that.

    Raises
    ------
    IncompleteFileError
        If a virtual dataset of several stacks lies in a file that is not wholly there: HDF5 cannot read it.
    """
    behind = single_source(dataset)
    if behind is not None:
        with read_hdf5(behind[0]) as file:
            item = get_item(file, behind[1])
            if isinstance(item, h5py.Dataset) and (is_growing(file) or is_partial(dataset)):
                return min(dataset.shape[0], complete_frames(item)), behind
    if dataset.is_virtual and is_partial(dataset):
        raise missing_part(dataset.file.filename)
    return complete_frames(dataset), None


def is_growing(item: h5py.Group | h5py.Dataset) -> bool:
    """True for what lies in a file that is being copied, or that another program has open for writing."""
    return is_partial(item) or bool(item.file.swmr_mode)


def complete_frames(dataset: h5py.Dataset) -> int:
    """Number of frames, or values, from the first on, that are written and lie whole in their files.

    Parameters
    ----------
    dataset : h5py.Dataset
        Of one axis or more; frames are counted along the first.

    Returns
    -------
    int
        Frames that were written as zeros count; those for which nothing has been stored do not.
    """
    if dataset.is_virtual:
        return _complete_pieces(dataset)
    n_frames = int(dataset.shape[0])
    if dataset.external:
        return min(n_frames, _raw_bytes(dataset) // _bytes_per_frame(dataset))
    layout = dataset.id.get_create_plist().get_layout()
    if layout == h5py.h5d.CHUNKED:
        return min(n_frames, _complete_chunks(dataset) * int(dataset.chunks[0]))
    if layout == h5py.h5d.CONTIGUOUS:
        return min(n_frames, _contiguous_bytes(dataset) // _bytes_per_frame(dataset))
    return n_frames


def _bytes_per_frame(dataset: h5py.Dataset) -> int:
    return max(1, int(np.prod(dataset.shape[1:], dtype=np.int64)) * int(dataset.id.get_type().get_size()))


def _contiguous_bytes(dataset: h5py.Dataset) -> int:
    offset = dataset.id.get_offset()
    return 0 if offset is None else max(0, os.path.getsize(dataset.file.filename) - int(offset))


def _complete_chunks(dataset: h5py.Dataset) -> int:
    """Number of layers of chunks, from the first on, of which every chunk is there."""
    there = os.path.getsize(dataset.file.filename)
    cells = [-(-size // chunk) for size, chunk in zip(dataset.shape, dataset.chunks, strict=True)]
    counts: IntArray = np.zeros(cells[0] + 1, dtype=np.int64)

    def count(chunk: Any) -> None:
        layer = chunk.chunk_offset[0] // dataset.chunks[0]
        if layer < cells[0] and chunk.byte_offset is not None and chunk.byte_offset + chunk.size <= there:
            counts[layer] += 1

    # Where the index is not wholly there, the chunks that it has told of are.
    with contextlib.suppress(IncompleteFileError):
        dataset.id.chunk_iter(count)
    # The last one, which no chunk belongs to, ends the search.
    return int(np.argmax(counts < np.prod(cells[1:], dtype=np.int64)))


def _raw_bytes(dataset: h5py.Dataset) -> int:
    """Bytes that the files of raw data hold, without a gap."""
    found = 0
    for piece, (_, offset, size) in zip(announced_pieces(dataset), dataset.external, strict=True):
        there = os.path.getsize(piece.file) - offset if os.path.exists(piece.file) else 0
        found += max(0, min(there, size))
        if there < size:
            break
    return found


def _complete_pieces(dataset: h5py.Dataset) -> int:
    """Frames of a virtual dataset, from the first on, that every piece of theirs holds."""
    stored, every = announced_pieces(dataset), range(dataset.shape[0])
    gaps = [gap for piece in stored if (gap := _gap(piece)) is not None]
    uncovered = missing_frames(stored, every)
    return min([len(every), *gaps, *([] if uncovered is None else [uncovered.start])])


def _gap(piece: Piece) -> int | None:
    """First frame that a piece should hold and does not; None where it holds all of them."""
    if "%b" in piece.file:
        return None
    held = 0
    with contextlib.suppress(DataFileError), read_hdf5(piece.file) as file:
        # HDF5 does not read files that still grow through a virtual dataset.
        item = None if is_growing(file) else get_item(file, piece.path)
        held = complete_frames(item) - piece.first if isinstance(item, h5py.Dataset) and item.ndim else 0
    return None if held >= len(piece.frames) else piece.frames.start + max(0, held)


def single_source(dataset: h5py.Dataset) -> tuple[str, str] | None:
    """File and path of the one stack that a virtual dataset shows as it is; None for any other.

    Parameters
    ----------
    dataset : h5py.Dataset

    Returns
    -------
    (str, str) or None
    """
    frames = range(dataset.shape[0])
    held = frame_pieces(dataset, frames)
    one = len(held) == 1 and held[0].frames == frames and held[0].first == 0
    return (held[0].file, held[0].path) if one else None
