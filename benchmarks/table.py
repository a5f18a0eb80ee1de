"""The table of measurements: as Markdown, as JSON, and beside an earlier one."""

from __future__ import annotations

import dataclasses
import json
import os
import platform
import time
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from benchmarks.row import Result

_PACKAGES = ("darfix-core", "numpy", "numba", "h5py", "hdf5plugin", "scipy")

HEADING = (
    "| measurement | ours | quartiles | otherwise | quartiles | ratio | quartiles | aim | met |\n"
    "|---|---|---|---|---|---|---|---|---|"
)


def machine() -> dict[str, Any]:
    """Where, when and with what is measured."""
    return {
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "memory_gb": round(psutil.virtual_memory().total / 1e9, 1),
        "system": platform.platform(),
        "load": round(psutil.getloadavg()[0], 2),
        "when": time.strftime("%Y-%m-%d %H:%M"),
        "versions": {"python": platform.python_version(), **{name: version(name) for name in _PACKAGES}},
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())


def head(of: dict[str, Any]) -> str:
    """Lines above the table."""
    versions = ", ".join(f"{name} {number}" for name, number in of["versions"].items())
    return (
        f"Measured on {of['when']} on {of['processor']}, {of['cores']} cores, {of['memory_gb']} GB, {of['system']}; "
        f"load at the start {of['load']}.\n{versions}.\n\n"
        "Ours and the stock library's way take turns in the same run; medians and quartiles. The ratio is the median "
        "over the pairs: how many times longer, or larger, the other way is.\n"
    )


def line(result: Result) -> str:
    """Row of the table."""
    cells = [result.name, *_median_and_quartiles(result.ours, result.unit)]
    if result.other:
        middle, spread = _median_and_quartiles(result.other, result.unit)
        low, ratio, high = np.percentile(result.ratios, [25, 50, 75])
        cells += [f"{middle} ({result.other_name})", spread, f"{ratio:.2f}", f"{low:.2f} - {high:.2f}"]
    else:
        cells += ["", "", "", ""]
    return "| " + " | ".join([*cells, aim(result), {True: "yes", False: "**no**", None: ""}[met(result)]]) + " |"


def aim(result: Result) -> str:
    """What the row is to reach."""
    texts = [f"<= {shown(result.most, result.unit)}"] if result.most is not None else []
    texts += [f"ratio >= {result.ratio:.3g}"] if result.ratio is not None else []
    return ", ".join(texts)


def met(result: Result) -> bool | None:
    """True where all aims are reached by the medians; None where there is none."""
    reached = []
    if result.most is not None:
        reached.append(bool(np.median(result.ours) <= result.most))
    if result.ratio is not None:
        reached.append(bool(result.other) and bool(np.median(result.ratios) >= result.ratio))
    return all(reached) if reached else None


def shown(value: float, unit: str) -> str:
    """``"15.2 ms"``, ``"3.41 s"``, ``"212 MB"``."""
    if unit == "s" and value < 1:
        return f"{1e3 * value:.3g} ms"
    return f"{value:.0f} {unit}" if value >= 1000 else f"{value:.3g} {unit}"


def _median_and_quartiles(figures: Sequence[float], unit: str) -> tuple[str, str]:
    low, middle, high = np.percentile(figures, [25, 50, 75])
    return shown(middle, unit), f"{shown(low, unit)} - {shown(high, unit)}"


def to_json(of: dict[str, Any], results: Sequence[Result]) -> str:
    """All figures, for later runs to be compared with."""
    return json.dumps({"machine": of, "results": [dataclasses.asdict(one) for one in results]}, indent=1) + "\n"


def from_json(text: str) -> tuple[dict[str, Any], list[Result]]:
    """What `to_json` has written."""
    read = json.loads(text)
    return read["machine"], [Result(**one) for one in read["results"]]


def comparison(before: Sequence[Result], now: Sequence[Result]) -> str:
    """Table of the rows that both runs have: a change counts where the quartiles do not overlap.

    Where there is another way to compare with, its figures tell how much of a change is the machine's.
    """
    lines = ["| measurement | before | now | now / before | of the other | |", "|---|---|---|---|---|---|"]
    earlier = {one.name: one for one in before}
    for one in now:
        old = earlier.get(one.name)
        if old is None or old.unit != one.unit:
            continue
        change = np.median(one.ours) / np.median(old.ours)
        other = f"{np.median(one.other) / np.median(old.other):.2f}" if one.other and old.other else ""
        (old_low, old_high), (low, high) = (np.percentile(each.ours, [25, 75]) for each in (old, one))
        verdict = "worse" if low > old_high else "better" if high < old_low else "same"
        figures = (shown(float(np.median(each.ours)), one.unit) for each in (old, one))
        lines.append(f"| {one.name} | {' | '.join(figures)} | {change:.2f} | {other} | {verdict} |")
    return "\n".join(lines)
