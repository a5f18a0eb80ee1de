"""Paired, repeated measurements and their table."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Row:
    """One measurement: ours, and what users have otherwise, taken in turns in the same run.

    Parameters
    ----------
    name : str
        What is computed, on what.
    aim : str
        The figure that we set ourselves.
    ours : callable
    other : callable or None
        The stock library's way, giving the same numbers.
    other_name : str
    repeats : int
        Runs of ours; the other runs at most three times.
    """

    name: str
    aim: str
    ours: Callable[[], object]
    other: Callable[[], object] | None = None
    other_name: str = ""
    repeats: int = 9


def _timed(function: Callable[[], object]) -> float:
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def measure(row: Row) -> str:
    """Run one measurement and give its line of the table."""
    row.ours()
    ours, others = [], []
    for turn in range(row.repeats):
        ours.append(_timed(row.ours))
        if row.other is not None and turn < 3:
            others.append(_timed(row.other))
    middle, low, high = (1e3 * value for value in (np.median(ours), min(ours), max(ours)))
    against = (
        f"{1e3 * np.median(others):.0f} ms ({row.other_name}) | {np.median(others) / np.median(ours):.1f}"
        if others
        else "- | -"
    )
    return f"| {row.name} | {middle:.1f} ms | {low:.1f} - {high:.1f} ms | {row.aim} | {against} |"


def heading() -> str:
    """Head of the table, with the machine."""
    machine = (
        f"{platform.processor() or platform.machine()}, {os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}"
    )
    columns = "| measurement | median | range | aim | otherwise | ratio |\n|---|---|---|---|---|---|"
    return f"Measured on {machine}, Python {platform.python_version()}, numpy {np.__version__}.\n\n{columns}"
