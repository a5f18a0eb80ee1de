"""Virtual datasets whose files hold whole frames, which can be read from the files themselves."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import h5py
import numpy as np

from darfix_core.io.hdf5_chunks import ChunkLayout, Request, StoredChunk, chunk_layout, read_chunks
from darfix_core.io.hdf5_file import find_external, get_item, read_hdf5
from darfix_core.io.hdf5_pieces import Piece

# Longer chains of virtual datasets than anybody makes.
_MOST_LEVELS = 8


def frame_pieces(dataset: h5py.Dataset, frames: range) -> tuple[Piece, ...]:
    """The datasets that frames of a virtual one come from, in their order; none where HDF5 has to join them.

    Parameters
    ----------
    dataset : h5py.Dataset
        Of three axes.
    frames : range
        The frames that are wanted; what holds others does not matter.

    Returns
    -------
    tuple of Piece
    """
    if not dataset.is_virtual:
        return ()
    files: dict[str, str | None] = {}
    found = []
    for source in dataset.virtual_sources():
        held = _whole_frames(source.vspace, dataset.shape[1:])
        if held is not None and (held.start >= frames.stop or held.stop <= frames.start):
            continue
        name = source.file_name
        if name not in files:
            files[name] = None if "%b" in name else find_external(dataset.file.filename, name)
        file, taken = files[name], held and _taken(source.src_space, held, dataset.shape[1:])
        if file is None or held is None or taken is None or len(taken) != len(held):
            return ()
        found.append(Piece(file, source.dset_name, held, taken.start))
    found.sort(key=lambda piece: piece.frames.start)
    # One after the other, without a gap, which HDF5 would fill, and without frames that two of them hold.
    joined = all(one.frames.stop == other.frames.start for one, other in zip(found, found[1:], strict=False))
    covered = found and found[0].frames.start <= frames.start and found[-1].frames.stop >= frames.stop
    return tuple(found) if joined and covered else ()


def _taken(selection: h5py.h5s.SpaceID, frames: range, shape: tuple[int, ...]) -> range | None:
    """Frames that are taken from a source."""
    if selection.get_select_type() == h5py.h5s.SEL_ALL:
        return range(len(frames))
    return _whole_frames(selection, shape)


def _whole_frames(selection: h5py.h5s.SpaceID, shape: tuple[int, ...]) -> range | None:
    """Consecutive frames that a selection is made of, None where it is anything else."""
    try:
        first, last = selection.get_select_bounds()
        n_selected = selection.get_select_npoints()
    except (RuntimeError, ValueError):
        # A selection without an end.
        return None
    box = [int(stop) - int(start) + 1 for start, stop in zip(first, last, strict=True)]
    whole = len(box) == 3 and tuple(box[1:]) == shape and not any(first[1:]) and n_selected == np.prod(box)
    return range(int(first[0]), int(first[0]) + box[0]) if whole else None


def stored_frames(
    dataset: h5py.Dataset, pieces: tuple[Piece, ...], dtype: np.dtype[Any], levels: int = _MOST_LEVELS
) -> tuple[ChunkLayout, int] | None:
    """How the frames of a dataset, or of the first of its pieces, are stored, and with which frame of it it begins.

    Parameters
    ----------
    dataset : h5py.Dataset
    pieces : tuple of Piece
        See `frame_pieces`.
    dtype : numpy.dtype
        Type in which counts are wanted.
    levels : int
        Virtual datasets of virtual datasets that are followed.

    Returns
    -------
    (ChunkLayout, int) or None
        None where HDF5 has to read the frames.
    """
    if not pieces:
        layout = chunk_layout(dataset, dtype)
        return None if layout is None else (layout, 0)
    with read_hdf5(pieces[0].file) as handle:
        item = get_item(handle, pieces[0].path)
        if not levels or not _holds(item, pieces[0], dataset.shape):
            return None
        taken = range(pieces[0].first, pieces[0].first + len(pieces[0].frames))
        found = stored_frames(item, frame_pieces(item, taken), dtype, levels - 1)
    return None if found is None else (found[0], found[1] + pieces[0].first - pieces[0].frames.start)


def read_frames(
    dataset: h5py.Dataset, pieces: tuple[Piece, ...], request: Request, levels: int = _MOST_LEVELS
) -> Iterator[list[StoredChunk] | Request]:
    """Chunks that a request touches, those of the pieces of a virtual dataset included.

    A file is open until the last of its chunks is given out.

    Parameters
    ----------
    dataset : h5py.Dataset
    pieces : tuple of Piece
        See `frame_pieces`.
    request : Request
    levels : int
        Virtual datasets of virtual datasets that are followed.

    Yields
    ------
    list of StoredChunk or Request
        Chunks to be decoded; or what is left to HDF5, to be read from `dataset`.

    Raises
    ------
    DataFileError
        If a file is missing, or a chunk cannot be read.
    """
    if not pieces:
        layout = chunk_layout(dataset, request.block.dtype)
        yield from [request] if layout is None else read_chunks(dataset, layout, request)
        return
    holders = np.searchsorted([piece.frames.start for piece in pieces], request.frames, side="right") - 1
    for piece in (pieces[number] for number in np.unique(holders)):
        wanted = request.part(piece.frames.start, piece.frames.stop)
        yield from _read_piece(piece, wanted, dataset.shape, levels)


def _read_piece(
    piece: Piece, wanted: Request, shape: tuple[int, ...], levels: int
) -> Iterator[list[StoredChunk] | Request]:
    inside = replace(wanted, frames=wanted.frames - piece.frames.start + piece.first, file=piece.file, path=piece.path)
    with read_hdf5(piece.file) as handle:
        item = get_item(handle, piece.path)
        if not levels or not _holds(item, piece, shape):
            yield wanted
            return
        taken = range(int(inside.frames[0]), int(inside.frames[-1]) + 1)
        for found in read_frames(item, frame_pieces(item, taken), inside, levels - 1):
            if isinstance(found, Request):
                yield wanted
                return
            yield found


def _holds(item: Any, piece: Piece, shape: tuple[int, ...]) -> bool:
    """True where an object is a dataset of whole frames that has all that are taken from it."""
    if not isinstance(item, h5py.Dataset) or item.ndim != 3:
        return False
    return bool(item.shape[1:] == shape[1:] and item.shape[0] >= piece.first + len(piece.frames))
