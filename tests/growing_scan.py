"""A BLISS scan that another process records, step by step as the test asks, for tests of reading while it grows.

Use ``with recorder(path) as record: record("frames 5")``; every order is done, and flushed, when the call returns.
Run as a program it is the recorder. Nothing here uses darfix_core.
"""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import h5py
import numpy as np

NY, NX = 6, 8
N_FRAMES = 101


def frame(number: int) -> np.ndarray:
    """Counts of a frame, none of them 0."""
    return (100 * number + np.arange(1, NY * NX + 1)).reshape(NY, NX).astype(np.uint16)


def position(number: int) -> float:
    """Position of mu at a frame, deg."""
    return 0.5 + number / 100


@contextlib.contextmanager
def recorder(path: Path, *options: str) -> Iterator[Callable[[str], None]]:
    """Start a process that records a scan; a function that gives it an order and waits until that is done.

    Parameters
    ----------
    path : Path
    options : str
        ``preallocated``: all datasets have the size of the whole scan from the start, filled with zeros;
        ``nan``: so, but filled with NaN; ``plain``: not in SWMR mode; ``lima``: the frames in a file of their own,
        behind an external link; ``virtual``: so, behind a virtual dataset; ``npoints``: the scan tells its length.
    """
    command = [sys.executable, str(Path(__file__)), str(path), *options]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdin is not None
    assert process.stdout is not None

    def order(words: str) -> None:
        process.stdin.write(words + "\n")
        process.stdin.flush()
        assert process.stdout.readline() == "done\n"

    try:
        assert process.stdout.readline() == "done\n"
        yield order
    finally:
        process.stdin.close()
        process.wait(timeout=20)
        process.stdout.close()


def _datasets(path: Path, options: set[str]) -> tuple[list[h5py.File], dict[str, h5py.Dataset]]:
    file = h5py.File(path, "w", libver=None if "plain" in options else "latest")
    files = [file]
    entry = file.create_group("1.1")
    entry["title"] = f"ascan mu 0.5 1.5 {N_FRAMES - 1} 0.5"
    entry["start_time"] = "2025-02-03T03:50:08.270686+01:00"
    if "npoints" in options:
        entry["instrument/fscan_parameters/npoints"] = N_FRAMES
    size = N_FRAMES if options & {"preallocated", "nan"} else 0
    growth = None if size == 0 else N_FRAMES

    def column(name: str) -> h5py.Dataset:
        fill = np.nan if "nan" in options else 0.0
        return entry.create_dataset(name, (size,), "f8", maxshape=(growth,), chunks=(64,), fillvalue=fill)

    found = {"mu": column("instrument/mu/value"), "monitor": column("instrument/monitor/data")}
    entry["instrument/positioners/mu"] = h5py.SoftLink("/1.1/instrument/mu/value")
    for name in ("mu", "monitor"):
        entry[f"measurement/{name}"] = h5py.SoftLink(found[name].name)
    detector = entry.create_group("instrument/pco_ff")
    detector["type"] = "lima"
    parent, name = detector, "data"
    if options & {"lima", "virtual"}:
        files.append(h5py.File(path.parent / "lima.h5", "w", libver="latest"))
        parent, name = files[-1], "entry_0000/data"
    found["frames"] = parent.create_dataset(
        name, (size, NY, NX), "u2", maxshape=(growth, NY, NX), chunks=(1, NY, NX), compression="gzip"
    )
    if "virtual" in options:
        layout = h5py.VirtualLayout((N_FRAMES, NY, NX), "u2")
        layout[:] = h5py.VirtualSource("lima.h5", name, (N_FRAMES, NY, NX), "u2", (N_FRAMES, NY, NX))
        detector.create_virtual_dataset("data", layout)
    elif "lima" in options:
        detector["data"] = h5py.ExternalLink("lima.h5", name)
    entry["measurement/pco_ff"] = h5py.SoftLink("/1.1/instrument/pco_ff/data")
    return files, found


def _main(path: str, options: set[str]) -> None:
    files, datasets = _datasets(Path(path), options)
    for file in files:
        file.flush()
        if "plain" not in options:
            file.swmr_mode = True
    written = dict.fromkeys(datasets, 0)
    print("done", flush=True)
    for line in sys.stdin:
        what, _, count = line.strip().partition(" ")
        if what == "end":
            _end(Path(path), files)
        else:
            dataset, start = datasets[what], written[what]
            stop = written[what] = start + int(count)
            if stop > len(dataset):
                dataset.resize(stop, axis=0)
            value = {"frames": frame, "mu": position}.get(what, float)
            dataset[start:stop] = np.array([value(number) for number in range(start, stop)])
            for file in files:
                file.flush()
        print("done", flush=True)


def _end(path: Path, files: list[h5py.File]) -> None:
    """SWMR allows no new datasets: BLISS, too, writes the end of a scan otherwise."""
    for file in files:
        file.close()
    with h5py.File(path, "a") as file:
        file["1.1/end_time"] = "2025-02-03T03:51:36.416778+01:00"
        file["1.1/end_reason"] = "SUCCESS"


if __name__ == "__main__":
    _main(sys.argv[1], set(sys.argv[2:]))
