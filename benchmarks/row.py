"""What a row of the table of measurements is, and what was measured for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal


@dataclass(frozen=True)
class Measured:
    """A figure that a function has found itself, where the time that it took does not count.

    Parameters
    ----------
    value : float
    unit : {"s", "MB", "stacks"}
    """

    value: float
    unit: Literal["s", "MB", "stacks"]


Work = Callable[[], object]


@dataclass(frozen=True)
class Row:
    """One measurement: ours, and what users have otherwise, taken in turns in the same run.

    Parameters
    ----------
    name : str
        What is computed, on what.
    ours : callable
        It is timed, unless it gives a `Measured`.
    other : callable, optional
        The stock library's way to the same result.
    other_name : str
        Which library, and how it is used.
    most : float, optional
        Aim: our figure at most, in its unit.
    ratio : float, optional
        Aim: how many times the other's figure is ours, at least.
    repeats : int
        Pairs that are measured, after one pair that is not.
    before : callable, optional
        Called before each measurement, ours and the other, and not measured.
    """

    name: str
    ours: Work
    other: Work | None = None
    other_name: str = ""
    most: float | None = None
    ratio: float | None = None
    repeats: int = 9
    before: Work | None = None


@dataclass(frozen=True)
class Conditions:
    """What the rows are made with.

    Parameters
    ----------
    folder : Path
        For files; nothing else is in it.
    size : int, bytes
        Of the scan of the big group.
    """

    folder: Path
    size: int = 20 * 10**9


@dataclass(frozen=True)
class Result:
    """Figures of a row, in the order in which they were measured.

    Parameters
    ----------
    name : str
        That of the row.
    unit : str
        See `Measured`.
    ours, other : list of float
        Pairs; `other` is empty where there is none.
    other_name : str
    most, ratio : float or None
        The aims.
    """

    name: str
    unit: str
    ours: list[float]
    other: list[float] = field(default_factory=list)
    other_name: str = ""
    most: float | None = None
    ratio: float | None = None

    @property
    def ratios(self) -> list[float]:
        """The other's figure over ours, of each pair."""
        return [other / ours for ours, other in zip(self.ours, self.other, strict=False)]
