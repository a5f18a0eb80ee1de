"""Scan quality: the look through all frames, and the whole step, against reading them from a file."""

from __future__ import annotations

from collections.abc import Iterator

import h5py

import darfix_core as dc
from benchmarks.row import Conditions, Row
from benchmarks.stacks import stack_a
from darfix_core.io.hdf5_source import Hdf5Source
from darfix_core.model.frames import Frames
from darfix_core.steps.quality_pass import observe

_INSIDE = "/entry/data"


def rows(conditions: Conditions) -> Iterator[Row]:
    """Stack A in an uncompressed file that is in the cache of the system."""
    a = stack_a()
    path = conditions.folder / "quality.h5"
    with h5py.File(path, "w") as file:
        file.create_dataset(_INSIDE, data=a.frames[:], chunks=(1, 1024, 1024))
    stored = a.replace(frames=Frames(Hdf5Source(str(path), _INSIDE)))
    reading = (lambda: stored.frames[:], "reading all frames")
    yield Row("look through stack A for its quality, HDF5 raw", lambda: observe(stored), *reading)
    yield Row("scan quality of stack A, HDF5 raw", lambda: dc.scan_quality(stored), *reading, repeats=3)
    path.unlink()
