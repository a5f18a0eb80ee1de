"""The grid of a scan, found from the read-back positions of its motors.

The grid that explains the read-backs best is taken where it beats every other one clearly; else the choice is
left to the user. What the title says is compared with it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from darfix_core.errors import DimensionError
from darfix_core.model.arrays import FloatArray, IntArray, per_frame_values, readonly
from darfix_core.model.dimension import Dimension
from darfix_core.steps.grid_choice import choose_grid
from darfix_core.steps.grid_search import MARGIN, NOTHING_SCANNED, GridCandidate, find_grids
from darfix_core.steps.motor_levels import MAX_TOLERANCE, TOLERANCE, Levels, find_levels, irregular_levels, moves
from darfix_core.steps.read_backs import BY_HAND, TREMBLE, ReadBacks
from darfix_core.steps.scan_title import ScanCommand, disagreement, parse_scan

# Levels are not equally spaced where the means of their read-backs lie, as a root mean square, this part of a step and
# this many times the scatter of single read-backs beside equal ones, with this many read-backs to spare.
_BESIDE = 0.1
_CLEARLY = 5.0
_ENOUGH = 10


@dataclass(frozen=True)
class MotorFit:
    """How well the read-backs of a motor fit the positions of its dimension.

    Parameters
    ----------
    name : str
        The motor.
    unit : str
        Unit of the positions; empty when unknown.
    size : int
        Number of positions.
    step : float
        Distance between neighbouring positions, the smallest one where they are not equally spaced, in `unit`.
    regular : bool
        True for equally spaced positions.
    max_fraction, rms_fraction : float
        Largest and root-mean-square deviation of the read-backs, in fractions of the step.
    """

    name: str
    unit: str
    size: int
    step: float
    regular: bool
    max_fraction: float
    rms_fraction: float

    @property
    def max_residual(self) -> float:
        """Largest deviation, in `unit`."""
        return self.max_fraction * self.step

    @property
    def rms_residual(self) -> float:
        """Root-mean-square deviation, in `unit`."""
        return self.rms_fraction * self.step


@dataclass(frozen=True, eq=False)
class ScanGrid:
    """Where each frame sits in the scan, and how well that fits.

    Parameters
    ----------
    dimensions : tuple of Dimension
        Slow to fast.
    grid_index : ndarray of int, shape (n_frames,)
        Place of each frame in the flattened (C order) grid.
    fits : tuple of MotorFit
        One for each motor of each dimension.
    n_missing : int
        Grid points without a frame.
    n_duplicated : int
        Frames beyond the first at their grid point.
    warnings : tuple of str
        What the user should know.
    candidates : tuple of GridCandidate
        The grids that were considered, best first.
    """

    dimensions: tuple[Dimension, ...]
    grid_index: IntArray
    fits: tuple[MotorFit, ...]
    n_missing: int
    n_duplicated: int
    warnings: tuple[str, ...] = ()
    candidates: tuple[GridCandidate, ...] = field(default=(), repr=False)

    @property
    def shape(self) -> tuple[int, ...]:
        """Sizes, slow to fast."""
        return tuple(dimension.size for dimension in self.dimensions)

    @property
    def occupancy(self) -> float:
        """Share of the grid points that have a frame."""
        return 1 - self.n_missing / math.prod(self.shape)


def find_dimensions(
    positions: Mapping[str, Any],
    units: Mapping[str, str] | None = None,
    title: str = "",
    scan_parameters: Mapping[str, Any] | None = None,
    tolerance: float | None = None,
) -> ScanGrid:
    """Find the grid of a scan from the read-back positions.

    Parameters
    ----------
    positions : mapping
        Motor -> read-back of every frame, shape (n_frames,). Motors that stand still may be among them.
    units : mapping, optional
        Motor -> unit.
    title : str
        Title of the scan (``"amesh mu 0 1 10 chi 0 1 10 0.5"``). It is compared with what is found. Beyond that it
        only confirms: one of several grids that fit equally well, motors that move together, a scan of few frames.
    scan_parameters : mapping, optional
        Parameters of a continuous scan (``fscan_parameters``), used like the title.
    tolerance : float, fraction of a step, optional
        Largest deviation of a read-back from its position: greater than 0, at most 0.4; default 0.3.

    Returns
    -------
    ScanGrid

    Raises
    ------
    ValueError
        If the tolerance is not allowed, or the motors have different numbers of positions.
    DimensionError
        If no grid fits, or nothing was scanned.
    AmbiguousDimensionsError
        If several grids fit; the message lists them.
    """
    limit = TOLERANCE if tolerance is None else float(tolerance)
    if not 0 < limit <= MAX_TOLERANCE:
        raise ValueError(
            f"tolerance must be greater than 0 and at most {MAX_TOLERANCE} step to find dimensions, got {tolerance!r}"
        )
    command = parse_scan(title, scan_parameters)
    moving, warnings = _moving(positions)
    if not moving:
        raise DimensionError(f"No motor moves during the scan. {BY_HAND}")
    levels = tuple(entry for name, array in moving.items() for entry in find_levels(name, array, limit))
    candidates = find_grids(levels, len(moving))
    known = ReadBacks(moving, levels, limit, command, warnings)
    if command is not None and not command.axes:
        raise DimensionError(_not_a_scan(command, candidates))
    return _describe(choose_grid(candidates, known), candidates, known, units or {})


def _moving(positions: Mapping[str, Any]) -> tuple[dict[str, FloatArray], list[str]]:
    """Motors that move, and warnings about those whose positions cannot be used."""
    if not positions:
        return {}, []
    n_frames = np.asarray(next(iter(positions.values()))).size
    values = per_frame_values(positions, n_frames, "positions")
    broken = [name for name, array in values.items() if not np.isfinite(array).all()]
    warnings = [f"Not all positions of {', '.join(broken)} are numbers: not used."] if broken else []
    return {name: array for name, array in values.items() if name not in broken and moves(array)}, warnings


def _not_a_scan(command: ScanCommand, candidates: list[GridCandidate]) -> str:
    """Message for a title such as ``loopscan``."""
    text = f"No motor was scanned: the title says {command.name}."
    if candidates and candidates[0].score > NOTHING_SCANNED + MARGIN:
        text += f" The positions would fit this scan:\n  {candidates[0]}\n"
    return f"{text.rstrip(' ')} {BY_HAND}".replace("\n ", "\n")


def _describe(
    chosen: GridCandidate, candidates: list[GridCandidate], known: ReadBacks, units: Mapping[str, str]
) -> ScanGrid:
    """Dimensions of a grid, and what there is to say about them."""
    dimensions: list[Dimension] = []
    fits: list[MotorFit] = []
    for axis, entry in enumerate(chosen.levels):
        group = [_as_read(one, known) for one in _moving_together(entry, known)]
        main = group[0]
        turned = not np.array_equal(main.labels, entry.labels)
        values = main.values[::-1] if chosen.order.reversed_axes[axis] ^ turned else main.values
        along = tuple(other.motor for other in group[1:])
        dimensions.append(Dimension(main.motor, values, units.get(main.motor, ""), along))
        fits.extend(_fit(one, units) for one in group)
    n_missing = chosen.order.n_points - chosen.order.n_visited
    if n_missing:
        known.warnings.append(f"{n_missing} of the {chosen.order.n_points} grid points have no frame.")
    if chosen.n_duplicated:
        known.warnings.append(
            f"{chosen.n_duplicated} of the {known.n_frames} frames lie at a grid point that another frame has already; "
            "such frames are averaged."
        )
    text = disagreement(known.command, dimensions)
    return ScanGrid(
        tuple(dimensions),
        readonly(chosen.order.grid_index),
        tuple(fits),
        n_missing,
        chosen.n_duplicated,
        (*known.warnings, *([text] if text else [])),
        tuple(candidates) or (chosen,),
    )


def _as_read(levels: Levels, known: ReadBacks) -> Levels:
    """Levels at the mean of their read-backs where a motor clearly stood beside equally spaced ones.

    A tolerance that is meant for read-backs that scatter also takes in layers at 0.10, 0.12 and 0.20 mm.
    """
    positions = known.moving[levels.motor]
    free = positions.size - levels.size
    if not levels.regular or levels.size < 3 or free < _ENOUGH or np.unique(levels.labels).size < levels.size:
        return levels
    uneven = irregular_levels(levels.motor, positions, levels.labels)
    beside = math.sqrt(float(np.mean((uneven.values - levels.values) ** 2)))
    scatter = math.sqrt(float(np.sum((positions - uneven.values[levels.labels]) ** 2)) / free)
    if beside < _BESIDE * levels.step or scatter > beside / _CLEARLY:
        return levels
    known.warnings.append(f"The positions of {levels.motor} are not equally spaced; they are taken as they were read.")
    return uneven


def _moving_together(levels: Levels, known: ReadBacks) -> list[Levels]:
    """Motors that step with the given one, the one that names the dimension first."""
    group = known.in_step(levels)
    if len(group) < 2:
        return group
    named = known.command.motors if known.command is not None else ()
    largest = max(one.span for one in group)
    by_chance = math.log2(len(known.moving)) + MARGIN

    def trembles(one: Levels) -> bool:
        return one.span * TREMBLE < largest

    def rank(one: Levels) -> tuple[int, bool]:
        return (named.index(one.motor) if one.motor in named else len(named), trembles(one))

    kept = [
        one
        for one in group
        if one.motor in named or one.evidence > by_chance or (not trembles(one) and not set(named) & _motors(group))
    ]
    kept.sort(key=rank)
    names = [one.motor for one in kept]
    if len(kept) > 1 and not set(names) <= set(named):
        known.warnings.append(f"{', '.join(names)} move together; the dimension is named after {names[0]}.")
    dropped = sorted(_motors(group) - set(names))
    if dropped:
        known.warnings.append(f"{', '.join(dropped)} move in step with {names[0]} too, but rather drift.")
    return kept


def _motors(levels: Iterable[Levels]) -> set[str]:
    return {entry.motor for entry in levels}


def _fit(levels: Levels, units: Mapping[str, str]) -> MotorFit:
    return MotorFit(
        levels.motor,
        units.get(levels.motor, ""),
        levels.size,
        levels.step,
        levels.regular,
        levels.max_residual,
        levels.rms_residual,
    )
