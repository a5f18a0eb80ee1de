"""Virtual stacks: frames that stay in the HDF5 files that they lie in, under one name."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import h5py
import numpy as np

from darfix_core.engine.joined_frames import ComputedSource
from darfix_core.engine.scratch import stored_part
from darfix_core.io.hdf5_file import read_hdf5
from darfix_core.io.hdf5_source import Hdf5Source
from darfix_core.model.arrays import IntArray
from darfix_core.model.frame_sources import Region
from darfix_core.model.frames import Frames
from darfix_core.model.joined_source import JoinedSource

_Piece = tuple[Hdf5Source, IntArray, slice, slice]


def new_virtual_stack(group: h5py.Group, name: str, frames: Frames, path: Path) -> h5py.Dataset:
    """Stack that points to where frames lie, cropped and selected ones included; nothing is copied.

    Parameters
    ----------
    group : h5py.Group
    name : str
    frames : Frames
    path : Path
        The file of `group`. Files below its folder are named from there, so that all can be moved together.

    Returns
    -------
    h5py.Dataset

    Raises
    ------
    ValueError
        If the frames do not lie in HDF5 files as they are.
    """
    layout = h5py.VirtualLayout(frames.shape, frames.dtype)
    start = 0
    for source, numbers, rows, columns in stored_pieces(frames):
        file, inside, first = source.place
        with read_hdf5(file) as opened:
            stored = opened[inside]
            virtual = h5py.VirtualSource(_named_from(path.parent, file), inside, stored.shape, stored.dtype)
        # Frames that follow each other in the file are one entry of the virtual stack.
        for run in np.split(numbers, np.flatnonzero(np.diff(numbers) != 1) + 1):
            stop = start + run.size
            layout[start:stop] = virtual[first + run[0] : first + run[-1] + 1, rows, columns]
            start = stop
    stack = group.create_virtual_dataset(name, layout)
    stack.attrs["interpretation"] = "image"
    return stack


def stored_pieces(frames: Frames) -> Iterator[_Piece]:
    """Where frames lie, in their order: source, numbers of the frames in it, rows and columns.

    Raises
    ------
    ValueError
        If they do not lie in HDF5 files as they are.
    """
    n_frames, ny, nx = frames.shape
    return _pieces(frames, Region(np.arange(n_frames), slice(0, ny), slice(0, nx)))


def _pieces(frames: Frames, region: Region) -> Iterator[_Piece]:
    if len(stored_part(frames).operations) < len(frames.operations):
        raise ValueError("virtual must be False for frames that earlier steps compute: they lie in no file")
    for operation in reversed(frames.operations):
        region = operation.input_region(region, frames.source.shape)
    source, wanted = frames.source, region.frames
    numbers = np.arange(wanted.start, wanted.stop) if isinstance(wanted, slice) else wanted
    if isinstance(source, Hdf5Source):
        yield source, numbers, region.rows, region.columns
    elif isinstance(source, ComputedSource):
        yield from _pieces(source.frames, Region(numbers, region.rows, region.columns))
    elif isinstance(source, JoinedSource):
        holders = np.searchsorted(source.bounds, numbers, side="right") - 1
        for run in np.split(np.arange(numbers.size), np.flatnonzero(np.diff(holders)) + 1):
            number = holders[run[0]]
            held = Region(numbers[run] - source.bounds[number], region.rows, region.columns)
            yield from _pieces(Frames(source.parts[number]), held)
    else:
        where = "in memory" if source.in_memory else "in files of another kind"
        raise ValueError(f"virtual must be False for frames that are not in HDF5 files, these are {where}")


def _named_from(folder: Path, file: str) -> str:
    """Name of a file for a virtual stack in a folder."""
    target = os.path.abspath(file)
    return os.path.relpath(target, folder) if Path(target).is_relative_to(folder) else target
