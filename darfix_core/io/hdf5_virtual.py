"""Virtual datasets whose files hold whole frames, which can be read from the files themselves."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import h5py
import numpy as np

from darfix_core.io.hdf5_chunks import ChunkLayout, Request, StoredChunk, chunk_layout, read_chunks
from darfix_core.io.hdf5_file import find_external, get_item, read_hdf5

# Longer chains of virtual datasets than anybody makes.
_MOST_LEVELS = 8


@dataclass(frozen=True)
class Part:
    """Frames of a virtual dataset that are consecutive frames of another one.

    Parameters
    ----------
    file, path : str
        Of the other dataset.
    frames : range
        Their numbers in the virtual dataset.
    first : int
        Number of the first of them in the other one.
    """

    file: str
    path: str
    frames: range
    first: int


def parts_of(dataset: h5py.Dataset, frames: range | None = None) -> tuple[Part, ...]:
    """The datasets that frames of a virtual one come from, in their order; none where HDF5 has to join them.

    Parameters
    ----------
    dataset : h5py.Dataset
        Of three axes.
    frames : range, optional
        The frames that are wanted, by default all; what holds others does not matter.
    """
    if not dataset.is_virtual:
        return ()
    frames = range(dataset.shape[0]) if frames is None else frames
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
        found.append(Part(file, source.dset_name, held, taken.start))
    found.sort(key=lambda part: part.frames.start)
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
    dataset: h5py.Dataset, parts: tuple[Part, ...], dtype: np.dtype[Any], levels: int = _MOST_LEVELS
) -> tuple[ChunkLayout, int] | None:
    """How the frames of a dataset, or of the first of its parts, are stored, and with which frame of it it begins.

    Parameters
    ----------
    dataset : h5py.Dataset
    parts : tuple of Part
        See `parts_of`.
    dtype : numpy.dtype
        Type in which counts are wanted.
    levels : int
        Virtual datasets of virtual datasets that are followed.

    Returns
    -------
    (ChunkLayout, int) or None
        None where HDF5 has to read the frames.
    """
    if not parts:
        layout = chunk_layout(dataset, dtype)
        return None if layout is None else (layout, 0)
    with read_hdf5(parts[0].file) as handle:
        item = get_item(handle, parts[0].path)
        if not levels or not _holds(item, parts[0], dataset.shape):
            return None
        taken = range(parts[0].first, parts[0].first + len(parts[0].frames))
        found = stored_frames(item, parts_of(item, taken), dtype, levels - 1)
    return None if found is None else (found[0], found[1] + parts[0].first - parts[0].frames.start)


def read_frames(
    dataset: h5py.Dataset, parts: tuple[Part, ...], request: Request, levels: int = _MOST_LEVELS
) -> Iterator[list[StoredChunk] | Request]:
    """Chunks that a request touches, those of the parts of a virtual dataset included.

    A file is open until the last of its chunks is given out.

    Parameters
    ----------
    dataset : h5py.Dataset
    parts : tuple of Part
        See `parts_of`.
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
    if not parts:
        layout = chunk_layout(dataset, request.block.dtype)
        yield from [request] if layout is None else read_chunks(dataset, layout, request)
        return
    holders = np.searchsorted([part.frames.start for part in parts], request.frames, side="right") - 1
    for part in (parts[number] for number in np.unique(holders)):
        wanted = request.part(part.frames.start, part.frames.stop)
        yield from _read_part(part, wanted, dataset.shape, levels)


def _read_part(
    part: Part, wanted: Request, shape: tuple[int, ...], levels: int
) -> Iterator[list[StoredChunk] | Request]:
    inside = replace(wanted, frames=wanted.frames - part.frames.start + part.first, file=part.file, path=part.path)
    with read_hdf5(part.file) as handle:
        item = get_item(handle, part.path)
        if not levels or not _holds(item, part, shape):
            yield wanted
            return
        taken = range(int(inside.frames[0]), int(inside.frames[-1]) + 1)
        for found in read_frames(item, parts_of(item, taken), inside, levels - 1):
            if isinstance(found, Request):
                yield wanted
                return
            yield found


def _holds(item: Any, part: Part, shape: tuple[int, ...]) -> bool:
    """True where an object is a dataset of whole frames that has all that are taken from it."""
    if not isinstance(item, h5py.Dataset) or item.ndim != 3:
        return False
    return bool(item.shape[1:] == shape[1:] and item.shape[0] >= part.first + len(part.frames))
