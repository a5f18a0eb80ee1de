"""Reading stack A from HDF5 files that are in the cache of the system, against h5py."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import h5py
import hdf5plugin
import numpy as np

from benchmarks import stock
from benchmarks.row import Conditions, Row
from benchmarks.stacks import stack_a
from darfix_core.io.hdf5_source import Hdf5Source
from darfix_core.model.frames import Frames

INSIDE = "/entry/data"
FRAME = (1, 1024, 1024)
STORAGES: dict[str, tuple[dict[str, Any], float | None]] = {
    "raw": ({}, None),
    "raw, a chunk a frame": ({"chunks": FRAME}, None),
    "bitshuffle/LZ4, a chunk a frame": ({"chunks": FRAME, **hdf5plugin.Bitshuffle()}, 1.7),
    "bitshuffle/LZ4, chunks of 19 x 128 x 128": ({"chunks": (19, 128, 128), **hdf5plugin.Bitshuffle()}, 1.7),
    "gzip, a chunk a frame": ({"chunks": FRAME, "compression": "gzip", "compression_opts": 1}, None),
}


def write(path: Path, stack: np.ndarray, options: dict[str, Any]) -> None:
    """File with nothing but a stack."""
    with h5py.File(path, "w") as file:
        file.create_dataset(INSIDE, data=stack, **options)


def rows(conditions: Conditions) -> Iterator[Row]:
    """Whole stacks, and parts."""
    stack = stack_a().frames[:]
    for number, (name, (options, ratio)) in enumerate(STORAGES.items()):
        path = conditions.folder / f"reading_{number}.h5"
        write(path, stack, options)
        frames = Frames(Hdf5Source(str(path), INSIDE))
        yield Row(
            f"read stack A, HDF5 {name}",
            lambda frames=frames: frames[:],
            lambda path=path: stock.read(path, INSIDE),
            "h5py read_direct",
            ratio=ratio,
        )
        part = np.s_[20:60, 400:528, 400:528]
        yield Row(
            f"read 40 frames of 128 x 128 pixels, HDF5 {name}",
            lambda frames=frames, part=part: frames.read(part[0], part[1], part[2]),
            lambda path=path, part=part: stock.read(path, INSIDE, part),
            "h5py",
        )
        path.unlink()
