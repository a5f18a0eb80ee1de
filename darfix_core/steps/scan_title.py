"""What the control system says about a scan: its title, and the parameters of continuous scans.

Used to check what was found from the positions, never instead of them: motors are renamed, macros keep the
title of an inner scan, and interrupted scans have fewer frames than announced.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from darfix_core.model.dimension import Dimension


@dataclass(frozen=True)
class ScanAxis:
    """Motors that move together, and the number of their positions.

    Parameters
    ----------
    motors : tuple of str
    n_positions : int
    """

    motors: tuple[str, ...]
    n_positions: int


@dataclass(frozen=True)
class ScanCommand:
    """A scan as it was asked for.

    Parameters
    ----------
    name : str
        Name of the command: ``"amesh"`` ...
    axes : tuple of ScanAxis
        Slow to fast; empty where no motor is scanned (``loopscan``).
    """

    name: str
    axes: tuple[ScanAxis, ...]

    @property
    def motors(self) -> tuple[str, ...]:
        """All motors, those of slow axes first."""
        return tuple(motor for axis in self.axes for motor in axis.motors)

    def __str__(self) -> str:
        axes = " x ".join(f"{' and '.join(axis.motors)} ({axis.n_positions})" for axis in self.axes)
        return f"{self.name} {axes}".strip()


_WITHOUT_MOTORS = frozenset(["loopscan", "timescan", "ftimescan", "ct", "sct"])
_LINE = re.compile(r"[ad](?P<n>\d?)scan")
_MESH = re.compile(r"[ad]?mesh")


def parse_scan(title: str, parameters: Mapping[str, Any] | None = None) -> ScanCommand | None:
    """Read the title of a scan, or else its parameters.

    Parameters
    ----------
    title : str
        As BLISS or SPEC write it: ``"ascan mu 0 1 10 0.1"``, ``"fscan2d chi 0 0.01 31 mu 7.8 0.001 61 0.5"``.
    parameters : mapping, optional
        ``fscan_parameters`` of a continuous scan.

    Returns
    -------
    ScanCommand or None
        None for a scan that is not known, and for a title that is incomplete.
    """
    words = re.split(r"[\s,()]+", title.strip().strip("()"))
    name, rest = words[0], [word.removeprefix("axis:").strip("'\"") for word in words[1:]]
    try:
        found = _read(name, rest)
    except (IndexError, ValueError):
        found = None
    return found or _from_parameters(parameters or {})


def _read(name: str, words: list[str]) -> ScanCommand | None:
    """Scan of a command and its arguments; IndexError or ValueError where these do not fit."""
    if name in _WITHOUT_MOTORS:
        return ScanCommand(name, ())
    line = _LINE.fullmatch(name)
    if line:
        n_motors = int(line["n"] or 1)
        return ScanCommand(name, (ScanAxis(tuple(words[0 : 3 * n_motors : 3]), int(words[3 * n_motors]) + 1),))
    if _MESH.fullmatch(name):
        # motor start stop intervals for each axis, the fast one first
        axes = [_axis(words[i], int(words[i + 3]) + 1) for i in range(0, len(words) - 3, 4)]
        return ScanCommand(name, tuple(reversed(axes))) if axes else None
    if name == "fscan":
        return ScanCommand(name, (_axis(words[0], int(words[3])),))
    if name == "f2scan":
        return ScanCommand(name, (ScanAxis((words[0], words[3]), int(words[6])),))
    if name == "fscan2d":
        return ScanCommand(name, (_axis(words[0], int(words[3])), _axis(words[4], int(words[7]))))
    return None


def _axis(motor: str, n_positions: int) -> ScanAxis:
    return ScanAxis((motor,), n_positions)


def _from_parameters(parameters: Mapping[str, Any]) -> ScanCommand | None:
    """Scan of the parameters that continuous scans write beside the data."""
    given = {key: value.decode() if isinstance(value, bytes) else value for key, value in parameters.items()}
    name = str(given.get("scan_name", given.get("scan_type", "fscan")))
    try:
        if "fast_motor" in given and "slow_motor" in given:
            slow, fast = (_axis(str(given[f"{k}_motor"]), int(given[f"{k}_npoints"])) for k in ("slow", "fast"))
            return ScanCommand(name, (slow, fast))
        if "motor" in given:
            motors = tuple(str(given[key]) for key in ("motor", "slave_motor") if key in given)
            return ScanCommand(name, (ScanAxis(motors, int(given["npoints"])),))
    except (KeyError, TypeError, ValueError):
        return None
    return None


def disagreement(command: ScanCommand | None, dimensions: Iterable[Dimension]) -> str:
    """In what the title and the dimensions differ.

    Parameters
    ----------
    command : ScanCommand or None
        None: nothing to compare with.
    dimensions : iterable of Dimension

    Returns
    -------
    str
        A sentence for the user; empty where they agree.
    """
    if command is None:
        return ""
    found = {name: dimension.size for dimension in dimensions for name in (dimension.name, *dimension.along)}
    asked = {motor: axis.n_positions for axis in command.axes for motor in axis.motors}
    text = ", ".join(f"{name} ({size})" for name, size in found.items())
    if set(found) != set(asked):
        return f"The scan was announced as {command}, but the positions show a scan of {text}."
    if found != asked:
        return f"The scan was announced as {command}, but the positions show {text}: was it interrupted?"
    return ""
