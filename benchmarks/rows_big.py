"""A scan of 2048 x 2048 frames that does not fit into the memory budget: ``python -m benchmarks big --folder DIR``.

Every measurement is a process of its own, on a file that the system has been told to drop from its cache: what is
measured is the disk as well, for both sides. Where the disk is faster than that, or the system keeps the file all
the same, both sides have it from memory.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import hdf5plugin
import numpy as np

from benchmarks import processes
from benchmarks.row import Conditions, Measured, Row
from benchmarks.scans import FRAMES, write_scan

_SIDE = 2048
_FRAME_BYTES = 2 * _SIDE * _SIDE
_NOISES = 8
#: What is promised of scans that exceed the memory.
MOST_MEMORY = 1500.0  # MB
MOST_TIME = 1.5  # times that of h5py

_READ = """
import json, sys, time
import h5py, hdf5plugin, numpy as np
start = time.perf_counter()
with h5py.File(sys.argv[1]) as file:
    data = file[sys.argv[2]]
    frames = slice(*map(int, sys.argv[3:5]))
    rows, columns = slice(*map(int, sys.argv[5:7])), slice(*map(int, sys.argv[7:9]))
    block = np.empty((8, rows.stop - rows.start, columns.stop - columns.start), data.dtype)
    for first in range(frames.start, frames.stop, 8):
        n = min(8, frames.stop - first)
        data.read_direct(block, np.s_[first : first + n, rows, columns], np.s_[:n])
print(json.dumps({"seconds": time.perf_counter() - start, "peak": peak()}))
"""
_MOMENTS = """
import json, sys, time, warnings
warnings.simplefilter("ignore")
import numpy as np
import darfix_core as dc
# Imports and kernels are no matter of the size: the group "start" measures them.
tiny = dc.Dataset.from_array(np.ones((9, 8, 8), np.uint16), {"mu": np.arange(9.0)})
dc.moments(dc.define_dimensions(tiny))
start = time.perf_counter()
dataset = dc.load(sys.argv[1], frames=tuple(map(int, sys.argv[2:4])))
top, bottom, left, right = map(int, sys.argv[4:8])
if (bottom - top, right - left) != dataset.frame_shape:
    dataset = dc.roi(dataset, origin=(top, left), shape=(bottom - top, right - left))
maps = dc.moments(dc.define_dimensions(dataset))
print(json.dumps({"seconds": time.perf_counter() - start, "peak": peak()}))
"""
_CHAIN = """
import json, sys, time, warnings
warnings.simplefilter("ignore")
import numpy as np
import darfix_core as dc
from darfix_core.engine.pool import run_in_order

def cleaned(dataset, every):
    dataset = dc.subtract_background(dataset, every=every)
    return dc.threshold(dc.remove_hot_pixels(dataset.replace(noise=dc.NoiseModel(1.0, 0.0, 1.0))), bottom=-50.0)

tiny = dc.define_dimensions(dc.Dataset.from_array(np.ones((9, 8, 8), np.uint16), {"mu": np.arange(9.0)}))
dc.moments(cleaned(tiny, 1))
"""
#: Cleaned and mapped: background of 101 frames, hot pixels, a threshold, moments.
_CLEANED = (
    _CHAIN
    + """
start = time.perf_counter()
dataset = dc.define_dimensions(dc.load(sys.argv[1]))
maps = dc.moments(cleaned(dataset, max(1, dataset.n_frames // 101)))
print(json.dumps({"seconds": time.perf_counter() - start, "peak": peak()}))
"""
)
#: The slowest kernel of the chain alone, on a few frames in memory, for as many frames as the scan has.
_KERNEL = (
    _CHAIN
    + """
n, side = int(sys.argv[1]), int(sys.argv[2])
few = np.random.default_rng(1).normal(100, 10, (16, side, side)).astype(np.float32)
dataset = dc.Dataset.from_array(few).replace(noise=dc.NoiseModel(1.0, 0.0, 1.0))
frames = dc.remove_hot_pixels(dataset).frames
times = []
with dc.execution() as run:
    for _ in range(3):
        start = time.perf_counter()
        for _ in run_in_order(lambda k: frames.read(slice(k, k + 1)), range(len(few)), run):
            pass
        times.append(time.perf_counter() - start)
print(json.dumps({"seconds": min(times) * n / len(few), "peak": peak()}))
"""
)


def rows(conditions: Conditions) -> Iterator[Row]:
    """Raw, then compressed; one file on the disk at a time."""
    n = max(32, conditions.size // _FRAME_BYTES)
    mu = np.linspace(-1, 1, n)
    for name, options in (
        ("raw", {"chunks": (1, _SIDE, _SIDE)}),
        ("bitshuffle/LZ4", {"chunks": (1, _SIDE, _SIDE), **hdf5plugin.Bitshuffle()}),
    ):
        path = write_scan(conditions.folder / "big.h5", noisy_blocks(n, mu), mu, options)
        yield from _rows_of(path, f"{n * _FRAME_BYTES / 1e9:.3g} GB of 2048 x 2048 frames, {name}", n)
        path.unlink()


def noisy_blocks(n_frames: int, mu: np.ndarray) -> Iterator[np.ndarray]:
    """Frames of rocking curves with Poisson noise, quickly: the noise is that of few frames, shifted differently.

    No two frames are alike, and they compress as measured ones do.
    """
    rng = np.random.default_rng(7)
    noises = rng.poisson(100, (_NOISES, _SIDE, _SIDE)).astype(np.uint16)
    y, x = np.mgrid[:_SIDE, :_SIDE].astype(np.float32) / _SIDE
    centre, width = 0.5 * np.sin(5 * x) * np.cos(4 * y), 0.1 + 0.05 * y
    for number in range(n_frames):
        noise = noises[number % _NOISES]
        shifted = np.roll(noise, (int(rng.integers(_SIDE)), int(rng.integers(_SIDE))), (0, 1))
        signal = np.float32(400) * np.exp(-(((np.float32(mu[number]) - centre) / width) ** 2) / 2)
        # The noise of the signal: as relative as that of the background.
        yield (shifted + signal * (shifted * np.float32(0.01))).astype(np.uint16)[None]


def drop_from_cache(path: Path) -> None:
    """Tell the system that a file is not needed in its cache."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
        if hasattr(os, "posix_fadvise"):
            os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)
    finally:
        os.close(handle)


def _rows_of(path: Path, name: str, n: int) -> Iterator[Row]:
    everything, all_frames = (0, _SIDE, 0, _SIDE), (0, n)
    region, tenth = (900, 1156, 900, 1156), (n // 2, n // 2 + max(2, n // 10))
    for what, frames, where in (
        ("moments", all_frames, everything),
        ("moments of a region of 256 x 256", all_frames, region),
        ("moments of a tenth of the frames", tenth, everything),
    ):

        def ours(frames: tuple[int, int] = frames, where: tuple[int, ...] = where) -> dict[str, float]:
            return processes.python(_MOMENTS, path, *frames, *where)

        def other(frames: tuple[int, int] = frames, where: tuple[int, ...] = where) -> dict[str, float]:
            return processes.python(_READ, path, FRAMES, *frames, *where)

        yield Row(
            f"{what}, {name}: time",
            lambda ours=ours: Measured(ours()["seconds"], "s"),
            lambda other=other: Measured(other()["seconds"], "s"),
            "h5py, reading alone",
            ratio=1 / MOST_TIME,
            repeats=3,
            before=lambda: drop_from_cache(path),
        )
        if what == "moments":
            yield Row(
                f"{what}, {name}: memory",
                lambda ours=ours: Measured(ours()["peak"], "MB"),
                lambda other=other: Measured(other()["peak"], "MB"),
                "h5py, 8 frames at a time",
                most=MOST_MEMORY,
                repeats=1,
            )
            yield from _cleaned_rows(path, name, n, other)


def _cleaned_rows(path: Path, name: str, n: int, read: Callable[[], dict[str, float]]) -> Iterator[Row]:
    """Cleaned and mapped in one go, against reading the file and running the slowest kernel one after the other."""

    def ours() -> dict[str, float]:
        return processes.python(_CLEANED, path)

    def other() -> Measured:
        return Measured(read()["seconds"] + processes.python(_KERNEL, n, _SIDE)["seconds"], "s")

    yield Row(
        f"background, hot pixels, threshold, moments, {name}: time",
        lambda: Measured(ours()["seconds"], "s"),
        other,
        "h5py, reading alone, plus the slowest kernel alone",
        ratio=1 / MOST_TIME,
        repeats=3,
        before=lambda: drop_from_cache(path),
    )
    yield Row(
        f"background, hot pixels, threshold, moments, {name}: memory",
        lambda: Measured(ours()["peak"], "MB"),
        most=MOST_MEMORY,
        repeats=1,
    )
