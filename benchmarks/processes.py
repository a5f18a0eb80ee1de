"""Programs in processes of their own: how long they take, and how much memory."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from benchmarks.row import Measured

ROOT = Path(__file__).parents[1]

_ENVIRONMENT = {"QT_QPA_PLATFORM": "offscreen", "QT_API": "pyqt5", "MPLBACKEND": "Agg"}

# Told by the program itself, as the system knows only the peak of all its children together. What getrusage tells
# counts the memory of the one that measures, too, since the process began as a copy of it.
_PEAK = """
def peak():
    lines = open("/proc/self/status").read().splitlines()
    return next(1024 * int(line.split()[1]) / 1e6 for line in lines if line.startswith("VmHWM"))
"""


def run(command: list[str], **options: Any) -> subprocess.CompletedProcess[str]:
    """Run a command; its output is shown if it fails."""
    environment = {**os.environ, **_ENVIRONMENT}
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=environment, check=False, **options)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)[:200]} has failed:\n{done.stdout}{done.stderr}")
    return done


def python(program: str, *arguments: object) -> dict[str, float]:
    """Run a Python program that prints a JSON object as its last line.

    Parameters
    ----------
    program : str
        It can call ``peak()``: the largest memory that it has had so far, MB.
    *arguments
        Its ``sys.argv[1:]``.

    Returns
    -------
    dict
        What it has printed.
    """
    done = run([sys.executable, "-c", _PEAK + program, *map(str, arguments)])
    return json.loads(done.stdout.splitlines()[-1])


def seconds(found: dict[str, float]) -> Measured:
    """Time that a program has measured."""
    return Measured(found["seconds"], "s")


def darfix_core(*arguments: object) -> list[str]:
    """Command line of the installed command."""
    return [str(Path(sys.executable).with_name("darfix-core")), *map(str, arguments)]
