"""Memory of a canvas of eight wired widgets, against the size of the stack that they show."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import hdf5plugin
import numpy as np

from benchmarks.processes import run
from benchmarks.row import Conditions, Measured, Row
from benchmarks.scans import write_scan
from benchmarks.stacks import stack_a


def rows(conditions: Conditions) -> Iterator[Row]:
    """None where Orange is not installed."""
    if find_spec("Orange") is None:
        return
    a = stack_a()
    scan, tiny = conditions.folder / "canvas.h5", conditions.folder / "tiny.h5"
    write_scan(scan, (a.frames[:],), a.positions["mu"], {"chunks": (1, 1024, 1024), **hdf5plugin.Bitshuffle()})
    write_scan(tiny, (a.frames[:, :64, :64],), a.positions["mu"], {})
    del a
    yield Row(
        "eight wired widgets, stack A in a file: largest growth of the memory",
        lambda: _growth(scan, tiny, "peak"),
        most=2.0,  # the stack, and the maps at the end
        repeats=3,
    )
    yield Row(
        "eight wired widgets, stack A in a file: growth of the memory when all have run",
        lambda: _growth(scan, tiny, "held"),
        most=1.0,
        repeats=3,
    )
    scan.unlink()


def _growth(scan: Path, tiny: Path, what: str) -> Measured:
    done = run([sys.executable, "-m", "benchmarks.canvas_chain", str(scan), str(tiny)])
    found = json.loads(done.stdout.splitlines()[-1])
    return Measured(float(np.round(found[what] / found["stack"], 3)), "stacks")
