"""Paired, repeated measurements."""

from __future__ import annotations

import gc
import importlib
import pkgutil
import time
from collections.abc import Callable, Iterator

import benchmarks
from benchmarks.row import Conditions, Measured, Result, Row, Work

_PREFIX = "rows_"


def groups() -> dict[str, Callable[[Conditions], Iterator[Row]]]:
    """Name of a group -> function that makes its rows: ``rows`` of each module ``benchmarks/rows_<name>.py``."""
    names = sorted(entry.name for entry in pkgutil.iter_modules(benchmarks.__path__) if entry.name.startswith(_PREFIX))
    return {name.removeprefix(_PREFIX): importlib.import_module(f"benchmarks.{name}").rows for name in names}


def measure(row: Row, repeats: int | None = None) -> Result:
    """Figures of one row.

    Ours and the other take turns, and take turns at being the first, so that what else the machine does, and what
    one leaves in its caches, falls on both.

    Parameters
    ----------
    row : Row
    repeats : int, optional
        Instead of those of the row.

    Returns
    -------
    Result
    """
    sides = [row.ours] if row.other is None else [row.ours, row.other]
    found: dict[Work, list[float]] = {side: [] for side in sides}
    unit = "s"
    for turn in range((repeats or row.repeats) + 1):
        for side in sides if turn % 2 else sides[::-1]:
            figure = _measure_once(side, row.before)
            unit = figure.unit
            if turn:  # the first pair fills caches and compiles
                found[side].append(figure.value)
    other = [] if row.other is None else found[row.other]
    return Result(row.name, unit, found[row.ours], other, row.other_name, row.most, row.ratio)


def _measure_once(work: Work, before: Work | None) -> Measured:
    if before is not None:
        before()
    gc.collect()
    start = time.perf_counter()
    result = work()
    seconds = time.perf_counter() - start
    return result if isinstance(result, Measured) else Measured(seconds, "s")
