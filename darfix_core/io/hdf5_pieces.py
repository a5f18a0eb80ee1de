"""The pieces of a stack: the files that a virtual dataset, or one with external raw data, takes its frames from."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass

import h5py

from darfix_core.errors import DataFileError
from darfix_core.io.hdf5_file import expected, find_external, get_item, read_hdf5, resolve
from darfix_core.io.hdf5_partial import is_partial, missing_part
from darfix_core.model.frame_sources import SourceFile


@dataclass(frozen=True)
class Piece:
    """A file that holds some of the frames of a stack.

    Parameters
    ----------
    file : str
        Path, absolute.
    path : str
        Path inside; empty for raw data.
    frames : range
        The frames that it holds.
    first : int
        Which one of its own is the first of them.
    """

    file: str
    path: str
    frames: range
    first: int = 0


def pieces(dataset: h5py.Dataset, frames: tuple[int, int] | None = None) -> list[Piece]:
    """Files that a virtual dataset, or one with external raw data, takes its frames from; else none.

    Parameters
    ----------
    dataset : h5py.Dataset
    frames : (int, int), optional
        First frame that is wanted, and the one behind the last; files of other frames are left out. None: all.

    Returns
    -------
    list of Piece

    Raises
    ------
    DataFileError
        If one of the files is missing: HDF5 would give zeros for its frames.
    """
    found = announced_pieces(dataset)
    if frames is not None:
        found = [piece for piece in found if piece.frames.start < frames[1] and piece.frames.stop > frames[0]]
    for piece in found:
        if "%b" not in piece.file and not os.path.exists(piece.file):
            raise DataFileError(
                f"the external file {piece.file} is missing", file=dataset.file.filename, path=dataset.name
            )
    return found


def announced_pieces(dataset: h5py.Dataset) -> list[Piece]:
    """As `pieces`, with those whose files are missing."""
    owner = dataset.file.filename
    if not dataset.is_virtual:
        folder, all_frames = os.path.dirname(os.path.abspath(owner)), range(dataset.shape[0])
        return [Piece(os.path.join(folder, name), "", all_frames) for name, _, _ in dataset.external or ()]
    found: list[Piece] = []
    files: dict[str, str] = {}
    for source in dataset.virtual_sources():
        name = source.file_name
        if name not in files:
            # Names with a pattern stand for a file of each block, known to HDF5 alone.
            files[name] = name if "%b" in name else find_external(owner, name) or expected(owner, name)
        frames, taken = _first_axis(source.vspace, dataset.shape), _first_axis(source.src_space, (0,))
        found.append(Piece(files[name], source.dset_name, frames, taken.start))
    return found


def _first_axis(selection: h5py.h5s.SpaceID, shape: tuple[int, ...]) -> range:
    """Range of frames that a selection reaches over."""
    try:
        first, last = selection.get_select_bounds()
    except (RuntimeError, ValueError):
        # A selection without an end.
        return range(shape[0])
    return range(int(first[0]), int(last[0]) + 1)


def check_piece(piece: Piece) -> None:
    """Make sure that the data of a piece exist: HDF5 gives zeros for what is not there.

    Raises
    ------
    DataFileError
        If they do not; the message names the file.
    """
    if not piece.path or "%b" in piece.file:
        return
    with read_hdf5(piece.file) as file:
        if is_partial(file):
            raise missing_part(piece.file)
        item = get_item(file, piece.path)
        if not isinstance(item, h5py.Dataset):
            raise DataFileError("the file has no such dataset", file=piece.file, path=piece.path)
        for below in pieces(item):
            check_piece(below)


def missing_frames(stored: list[Piece], frames: range) -> range | None:
    """First range of frames that no piece holds, None where all are held."""
    reached = frames.start
    for piece in sorted(stored, key=lambda piece: piece.frames.start):
        if piece.frames.start > reached:
            return range(reached, min(piece.frames.start, frames.stop))
        reached = max(reached, piece.frames.stop)
    return range(reached, frames.stop) if reached < frames.stop else None


def source_files(file: h5py.File, path: str, stored: list[Piece]) -> tuple[SourceFile, ...]:
    """The files behind a dataset: the one that was opened, the one it lies in, and its pieces."""
    urls = [(os.path.abspath(file.filename), path), resolve(file, path)]
    urls += [(piece.file, piece.path) for piece in stored if "%b" not in piece.file]
    return tuple(_source_files(dict.fromkeys(urls)))


def _source_files(urls: dict[tuple[str, str], None]) -> Iterator[SourceFile]:
    for name, inside in urls:
        status = os.stat(name)
        yield SourceFile(f"{name}::{inside}" if inside else name, status.st_size, status.st_mtime)
