"""What the control system says about a scan: its title, and the parameters of continuous scans.

Used to check what was found from the positions, never instead of them: motors are renamed, macros keep the
title of an inner scan, and interrupted scans have fewer frames than announced.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from darfix_core.model.dimension import Dimension


@dataclass(frozen=True)
class Course:
    """The way of one motor, as it was asked for.

    Parameters
    ----------
    start, stop : float
        First and last position, in the unit of the motor; of relative commands the distances from where it stood.
    rounding : float
        How exactly the title tells them.
    """

    start: float
    stop: float
    rounding: float = 0.0


@dataclass(frozen=True)
class ScanAxis:
    """Motors that move together, and the number of their positions.

    Parameters
    ----------
    motors : tuple of str
    n_positions : int
    courses : tuple of Course
        One for each motor.
    """

    motors: tuple[str, ...]
    n_positions: int
    courses: tuple[Course, ...] = ()


@dataclass(frozen=True)
class ScanCommand:
    """A scan as it was asked for.

    Parameters
    ----------
    name : str
        Name of the command: ``"amesh"`` ...
    axes : tuple of ScanAxis
        Slow to fast, without those of a single position; empty where no motor is scanned (``loopscan``).
    """

    name: str
    axes: tuple[ScanAxis, ...]

    @property
    def relative(self) -> bool:
        """True for commands whose positions count from where the motors stood (``dscan``, ``dmesh`` ...)."""
        return self.name.startswith("d")

    @property
    def motors(self) -> tuple[str, ...]:
        """All motors, those of slow axes first."""
        return tuple(motor for axis in self.axes for motor in axis.motors)

    def __str__(self) -> str:
        axes = " x ".join(f"{' and '.join(axis.motors)} ({axis.n_positions})" for axis in self.axes)
        return f"{self.name} {axes}".strip()


_WITHOUT_MOTORS = frozenset(["loopscan", "timescan", "ftimescan", "limatake", "ct", "sct"])
_LINE = re.compile(r"[ad](?P<n>\d?)scan")
_MESH = re.compile(r"[ad]?\d?mesh")


# A little more than a step, for what read-backs deviate.
_ONE_STEP = 1.1


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
        # motor start stop for each motor, then the intervals
        end = 3 * int(line["n"] or 1)
        courses = [_course(words[i + 1], words[i + 2]) for i in range(0, end, 3)]
        return _command(name, [_axis(words[0:end:3], int(words[end]) + 1, courses)])
    if _MESH.fullmatch(name):
        # motor start stop intervals for each axis, the fast one first
        axes = [
            _axis(words[i : i + 1], int(words[i + 3]) + 1, [_course(words[i + 1], words[i + 2])])
            for i in _by_four(words)
        ]
        return _command(name, axes[::-1]) if axes else None
    if name == "fscan":
        return _command(name, [_stepped_axis(words[3], words[0:3])])
    if name == "f2scan":
        # motor start step for both motors, then the number of positions
        return _command(name, [_stepped_axis(words[6], words[0:3], words[3:6])])
    if name == "fscan2d":
        # motor start step positions for each axis, the slow one first
        return _command(name, [_stepped_axis(words[i + 3], words[i : i + 3]) for i in (0, 4)])
    return None


def _by_four(words: Sequence[str]) -> range:
    """Where the axes of a mesh begin; the counting time stands behind them."""
    return range(0, len(words) - 3, 4)


def _command(name: str, axes: Iterable[ScanAxis]) -> ScanCommand:
    return ScanCommand(name, tuple(axis for axis in axes if axis.n_positions > 1))


def _axis(motors: Iterable[str], n_positions: int, courses: Iterable[Course]) -> ScanAxis:
    return ScanAxis(tuple(motors), n_positions, tuple(courses))


def _course(start: str, stop: str) -> Course:
    """Way between two positions that a title tells, both with as many decimals as the longer one has."""
    return Course(float(start), float(stop), min(_last_place(start), _last_place(stop)) / 2)


def _last_place(word: str) -> float:
    """Value of the last digit of a number: 0.01 for ``"7.25"``."""
    try:
        exponent = Decimal(word).as_tuple().exponent
    except InvalidOperation:
        raise ValueError(f"{word!r} is no number") from None
    return 10.0 ** int(exponent)


def _stepped_axis(n_positions: str, *motors: Sequence[str]) -> ScanAxis:
    """Axis of a continuous scan, whose motors have a start and a step."""
    n = int(n_positions)
    courses = [
        Course(float(start), float(start) + (n - 1) * float(step), _last_place(start) / 2) for _, start, step in motors
    ]
    return _axis([motor for motor, _, _ in motors], n, courses)


def _from_parameters(parameters: Mapping[str, Any]) -> ScanCommand | None:
    """Scan of the parameters that continuous scans write beside the data."""
    given = {key: value.decode() if isinstance(value, bytes) else value for key, value in parameters.items()}
    name = str(given.get("scan_name", given.get("scan_type", "fscan")))
    try:
        if "fast_motor" in given and "slow_motor" in given:
            return _command(name, [_recorded_axis(given, [prefix], prefix) for prefix in ("slow_", "fast_")])
        if "motor" in given:
            prefixes = [prefix for prefix in ("", "slave_") if f"{prefix}motor" in given]
            return _command(name, [_recorded_axis(given, prefixes, "")])
    except (KeyError, TypeError, ValueError):
        return None
    return None


def _recorded_axis(given: Mapping[str, Any], prefixes: Sequence[str], of_axis: str) -> ScanAxis:
    """Axis of the motors whose parameters begin with the prefixes."""
    n = int(given[f"{of_axis}npoints"])
    courses = []
    for prefix in prefixes:
        start, step = (given.get(f"{prefix}{name}") for name in ("start_pos", "step_size"))
        if start is not None and step is not None:
            courses.append(Course(float(start), float(start) + (n - 1) * float(step)))
    motors = [str(given[f"{prefix}motor"]) for prefix in prefixes]
    return _axis(motors, n, courses if len(courses) == len(motors) else ())


def disagreement(command: ScanCommand | None, dimensions: Sequence[Dimension]) -> str:
    """In what the title and the dimensions differ.

    Parameters
    ----------
    command : ScanCommand or None
        None: nothing to compare with.
    dimensions : sequence of Dimension

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
    return " ".join(filter(None, (_elsewhere(command, dimension) for dimension in dimensions)))


def _elsewhere(command: ScanCommand, dimension: Dimension) -> str:
    """In what the way of a motor differs from the one that was announced."""
    courses = {motor: course for axis in command.axes for motor, course in zip(axis.motors, axis.courses, strict=False)}
    course = courses.get(dimension.name)
    if course is None:
        return ""
    values, unit = dimension.values, f" {dimension.unit}" if dimension.unit else ""
    low, high = float(values.min()), float(values.max())
    asked_low, asked_high = sorted((course.start, course.stop))
    # Continuous scans are recorded up to a step beside: at the start, centre or end of each exposure.
    allowed = _ONE_STEP * abs(dimension.step) + course.rounding
    if command.relative:
        if abs((high - low) - (asked_high - asked_low)) <= 2 * allowed:
            return ""
        announced, shown = f"over {asked_high - asked_low:.6g}{unit}", f"over {high - low:.6g}{unit}"
    else:
        if abs(low - asked_low) <= allowed and abs(high - asked_high) <= allowed:
            return ""
        announced, shown = f"from {asked_low:.6g} to {asked_high:.6g}{unit}", f"from {low:.6g} to {high:.6g}{unit}"
    return f"The scan of {dimension.name} was announced {announced}, but the positions reach {shown}."
