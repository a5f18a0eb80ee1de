"""Backgrounds: images of many frames in memory, and of a compressed scan that exceeds the memory budget."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import hdf5plugin
import numpy as np

import darfix_core as dc
from benchmarks import processes
from benchmarks.row import Conditions, Measured, Row
from benchmarks.scans import FRAMES, write_scan
from benchmarks.stacks import stack_a
from darfix_core.steps.frame_statistics import combine_frames

_N_FRAMES, _SIDE = 600, 1024
#: Of the 1.26 GB of the scan.
_BUDGET = 400 * 10**6

_OURS = """
import json, sys, time
import numpy as np
import darfix_core as dc
from darfix_core.steps.frame_statistics import combine_frames
frames = dc.load(sys.argv[1]).frames
# Imports and kernels are no matter of the size.
combine_frames(frames.crop((0, 0), (8, 64)), 50.0)
start, before = time.perf_counter(), peak()
with dc.execution(memory=int(sys.argv[3])):
    combine_frames(frames, 50.0)
print(json.dumps({"seconds": time.perf_counter() - start, "peak": peak() - before}))
"""
_NUMPY = """
import json, sys, time
import h5py, hdf5plugin
import numpy as np
start, before = time.perf_counter(), peak()
with h5py.File(sys.argv[1]) as file:
    data = file[sys.argv[2]]
    n_frames, ny, nx = data.shape
    # As many rows of all frames as a quarter of the budget holds: numpy.median works on a copy.
    rows = int(sys.argv[3]) // (4 * n_frames * nx * data.dtype.itemsize)
    for top in range(0, ny, rows):
        np.median(data[:, top : top + rows], axis=0)
print(json.dumps({"seconds": time.perf_counter() - start, "peak": peak() - before}))
"""


def rows(conditions: Conditions) -> Iterator[Row]:
    """In memory, then from a file."""
    yield from _rows_in_memory()
    path = write_scan(
        conditions.folder / "background.h5",
        _blocks(),
        np.linspace(-1, 1, _N_FRAMES),
        {"chunks": (1, _SIDE, _SIDE), **hdf5plugin.Bitshuffle()},
    )
    yield from _rows_of_file(path)
    path.unlink()


def _rows_in_memory() -> Iterator[Row]:
    a = stack_a()
    counts = a.frames[:]
    yield Row(
        "median over the frames, 128 rows of stack A",
        lambda: combine_frames(dc.roi(a, origin=(0, 0), shape=(128, 1024)).frames, 50.0),
        lambda: np.median(counts[:, :128], axis=0),
        "numpy",
        most=0.0125,
        repeats=5,
    )
    yield Row("exact background median of 101 frames, stack A", lambda: combine_frames(a.frames, 50.0), most=0.1)
    yield Row(
        "mean over the frames, stack A",
        lambda: combine_frames(a.frames, None),
        lambda: counts.mean(axis=0),
        "numpy",
        repeats=5,
    )


def _blocks() -> Iterator[np.ndarray]:
    """Rocking curves with Poisson noise of the background, a frame at a time."""
    rng = np.random.default_rng(3)
    noises = rng.poisson(100, (8, _SIDE, _SIDE)).astype(np.uint16)
    y, x = np.mgrid[:_SIDE, :_SIDE].astype(np.float32) / _SIDE
    centre, width = 0.5 * np.sin(5 * x) * np.cos(4 * y), 0.1 + 0.05 * y
    for number, mu in enumerate(np.linspace(-1, 1, _N_FRAMES, dtype=np.float32)):
        noise = np.roll(noises[number % 8], tuple(rng.integers(_SIDE, size=2)), (0, 1))
        yield (noise + 400 * np.exp(-(((mu - centre) / width) ** 2) / 2)).astype(np.uint16)[None]


def _rows_of_file(path: Path) -> Iterator[Row]:
    name = f"exact background median of {_N_FRAMES} compressed frames, {_BUDGET // 10**6} MB budget"

    def ours() -> dict[str, float]:
        return processes.python(_OURS, path, FRAMES, _BUDGET)

    def other() -> dict[str, float]:
        return processes.python(_NUMPY, path, FRAMES, _BUDGET)

    yield Row(
        f"{name}: time",
        lambda: Measured(ours()["seconds"], "s"),
        lambda: Measured(other()["seconds"], "s"),
        "h5py and numpy, by rows",
        ratio=2.0,
        repeats=2,
    )
    yield Row(f"{name}: memory", lambda: Measured(ours()["peak"], "MB"), most=_BUDGET / 1e6, repeats=1)
