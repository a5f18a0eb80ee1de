"""Real commands in fresh processes, files and compiled kernels in the caches of the system."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from benchmarks.processes import darfix_core, run
from benchmarks.row import Conditions, Row
from darfix_core.workflow.demo import write_demo_scan


def rows(conditions: Conditions) -> Iterator[Row]:
    """Start of the package and of the commands."""
    python = [sys.executable, "-c"]
    yield Row(
        "python -c 'import darfix_core'",
        lambda: run([*python, "import darfix_core"]),
        lambda: run([*python, "pass"]),
        "python -c 'pass'",
        most=0.3,
    )
    scan, folder = write_demo_scan(conditions.folder / "scan.h5"), conditions.folder / "demo"
    yield Row(
        "darfix-core info",
        lambda: run(darfix_core("info", scan)),
        lambda: run([*python, "import h5py"]),
        "python -c 'import h5py'",
        most=1.0,
    )
    yield Row("darfix-core demo", lambda: run(darfix_core("demo", "--output", folder)), repeats=5)
    flow, out = folder / "mosaicity.ows", conditions.folder / "out"
    yield Row("darfix-core run --dry-run", lambda: run(darfix_core("run", flow, "--dry-run")), repeats=5)
    yield Row("darfix-core run", lambda: run(darfix_core("run", flow, "--output", out)), repeats=5)
