"""Which of the grids that the read-backs allow is the scan, and when that cannot be told.

The best grid is taken where it beats every other one clearly. With few frames it may not: then the title may
confirm one of them, or all but one need motors that rather tremble than move. Else the choice is left to the user.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from darfix_core.errors import AmbiguousDimensionsError, DimensionError
from darfix_core.model.arrays import FloatArray, IntArray
from darfix_core.steps.grid_search import MARGIN, NOTHING_SCANNED, GridCandidate, alike, find_grids
from darfix_core.steps.motor_levels import Levels, listed_positions
from darfix_core.steps.scan_title import ScanCommand

#: Closing words of every error about dimensions that cannot be found.
BY_HAND = "Define the dimensions by hand: name, size, start and stop of each, slow to fast."

#: A motor that covers this many times less than another one rather trembles than moves.
TREMBLE = 30.0
# What it adds, in bits, when all motors outside a grid tremble: it shows how far motors move that were not scanned.
_STILL = 6.0
# Below this score the frames are too few to trust a grid while other motors move as far.
_WEAK = 6.0
# With fewer frames than this any motors move in step.
_FEWEST_IN_STEP = 5
# Motors that drift through few levels stay equally long on each with a probability of 2 to the power of minus this.
_BY_CHANCE = 9.0
_MAX_LISTED = 6


@dataclass(frozen=True, eq=False)
class ReadBacks:
    """What is known about the motors that move during a scan.

    Parameters
    ----------
    moving : mapping
        Motor -> read-back of every frame, shape (n_frames,).
    levels : tuple of Levels
        Every way to see them as a few positions.
    tolerance : float, fraction of a step
        How far a read-back was allowed to deviate.
    command : ScanCommand or None
        The scan that was announced.
    warnings : list of str
        Collects what the user should know.
    """

    moving: Mapping[str, FloatArray]
    levels: tuple[Levels, ...]
    tolerance: float
    command: ScanCommand | None
    warnings: list[str] = field(default_factory=list)

    @property
    def n_frames(self) -> int:
        """Number of frames."""
        return next(iter(self.moving.values())).size

    def range(self, motor: str) -> float:
        """Distance between the outermost read-backs of a motor."""
        return float(np.ptp(self.moving[motor]))

    def in_step(self, levels: Levels) -> list[Levels]:
        """The levels of all motors that step with the given ones, these included."""
        own = alike(levels.labels, levels.size)
        group = [
            entry for entry in self.levels if entry.regular == levels.regular and alike(entry.labels, entry.size) == own
        ]
        return group or [levels]

    def too_few(self) -> None:
        """Warn that the ranges of the motors decided."""
        text = (
            f"The {self.n_frames} frames are too few to tell a scan from motors that tremble; the motors that move "
            "least were taken to stand still."
        )
        if text not in self.warnings:
            self.warnings.append(text)


def choose_grid(candidates: list[GridCandidate], known: ReadBacks) -> GridCandidate:
    """The grid of the scan.

    Parameters
    ----------
    candidates : list of GridCandidate
        Best first.
    known : ReadBacks
        Takes the warnings.

    Returns
    -------
    GridCandidate

    Raises
    ------
    DimensionError
        If no grid explains the read-backs.
    AmbiguousDimensionsError
        If several do; the message lists them.
    """
    if not candidates or not _explains(candidates[0], known):
        listed = _listed(known)
        if listed is None:
            raise DimensionError(_why_not(known))
        known.warnings.append(f"The positions of {listed.motors[0]} are not equally spaced; they are taken as a list.")
        return listed
    best = candidates[0]
    near = [other for other in candidates if other.score > best.score - MARGIN]
    rivals = [other for other in near if not other.same_grid(best) and not other.shares_places(best)]
    announced = [one for one in (best, *rivals) if _is_announced(one, known)]
    if len(announced) == 1:
        if rivals:
            known.warnings.append(
                f"The positions fit {1 + len(rivals)} scans equally well. The title decided for {announced[0]}."
            )
        return announced[0]
    if rivals:
        best = _by_range([best, *rivals], known)
    _check_other_motors(best, known)
    _check_no_levels_are_merged(best, known)
    return best


def _explains(grid: GridCandidate, known: ReadBacks) -> bool:
    """True for a grid that is likelier than that nothing was scanned."""
    beside = [known.range(name) for name in known.moving if name not in grid.motors]
    bonus = _STILL if beside and min(entry.span for entry in grid.levels) > TREMBLE * max(beside) else 0.0
    return grid.score + bonus >= NOTHING_SCANNED + MARGIN


def _is_announced(grid: GridCandidate, known: ReadBacks) -> bool:
    """True where motors and sizes are those of the title."""
    if known.command is None or len(known.command.axes) != len(grid.levels):
        return False
    found = [({entry.motor for entry in known.in_step(one)}, one.size) for one in grid.levels]
    return all(
        any(size == axis.n_positions and motors.issuperset(axis.motors) for motors, size in found)
        for axis in known.command.axes
    )


def _by_range(contenders: list[GridCandidate], known: ReadBacks) -> GridCandidate:
    """Of grids that fit equally well, the one whose motors do more than tremble.

    Raises
    ------
    AmbiguousDimensionsError
        If there is none.
    """

    def dominates(one: GridCandidate, other: GridCandidate) -> bool:
        spans, others = ({alike(entry.labels, entry.size): entry.span for entry in g.levels} for g in (one, other))
        mine, theirs = spans.keys() - others.keys(), others.keys() - spans.keys()
        if not mine or not theirs:
            return False
        # A motor that trembles is enough to refute a scan that is odd in other ways as well.
        worst = (max if other.is_plain else min)(others[key] for key in theirs)
        return min(spans[key] for key in mine) > TREMBLE * worst

    for one in contenders:
        if one.is_plain and all(other is one or dominates(one, other) for other in contenders):
            known.too_few()
            return one
    listed = "".join(f"\n  {one}" for one in contenders[:_MAX_LISTED])
    more = f"\n  and {len(contenders) - _MAX_LISTED} more" if len(contenders) > _MAX_LISTED else ""
    raise AmbiguousDimensionsError(f"The positions fit several scans equally well:{listed}{more}\n{BY_HAND}")


def _check_other_motors(grid: GridCandidate, known: ReadBacks) -> None:
    """No motor beside the grid may move as if it was scanned too.

    Raises
    ------
    AmbiguousDimensionsError
        If one does.
    """
    n = known.n_frames
    in_step = {entry.motor for one in grid.levels for entry in known.in_step(one)}
    explained = in_step if n >= _FEWEST_IN_STEP else set(grid.motors)
    beside = [name for name in known.moving if name not in explained]
    least = min(entry.span for entry in grid.levels)
    if beside and (grid.score < _WEAK or 4 * grid.n_duplicated > n):
        far = [name for name in beside if known.range(name) * TREMBLE > least]
        if far:
            raise AmbiguousDimensionsError(
                f"The {n} frames do not tell which of {', '.join([*grid.motors, *far])} were scanned, and which "
                f"tremble. The positions fit this scan, but {', '.join(far)} should stand still in it:\n  {grid}\n"
                f"{BY_HAND}"
            )
        if grid.score < _WEAK:
            known.too_few()
    if len(grid.levels) > 1:
        return
    # A motor that drifts evenly looks like a scan while one axis of the real scan was not recognized.
    for entry in known.levels:
        if entry.motor not in in_step and _steps_evenly(entry.labels, entry.size):
            raise AmbiguousDimensionsError(
                f"The positions fit this scan:\n  {grid}\nbut {entry.motor} steps evenly through {entry.size} "
                f"positions as well, and no other motor fits the steps between. {BY_HAND}"
            )


def _check_no_levels_are_merged(grid: GridCandidate, known: ReadBacks) -> None:
    """Frames may share a grid point only where no finer levels tell them apart.

    Read-backs that hardly deviate fit steps twice as long, too, and where half of the frames are missing, saying
    which are there takes more than merging neighbouring levels saves.

    Raises
    ------
    AmbiguousDimensionsError
        If finer levels fit more than twice as well.
    """
    for coarse in grid.levels if grid.n_duplicated else ():
        for fine in known.levels:
            same = fine.motor == coarse.motor and fine.regular
            if same and fine.size > coarse.size and fine.max_residual < coarse.max_residual / 2:
                raise AmbiguousDimensionsError(
                    f"The positions fit this scan:\n  {grid}\nbut {coarse.motor} fits {fine.size} positions better, "
                    f"with a largest deviation of {fine.max_residual:.2f} step. {BY_HAND}"
                )


def _steps_evenly(labels: IntArray, size: int) -> bool:
    """True for a motor that steps through all its levels over and over, or stays on each equally long."""
    n = labels.size
    first = int(np.argmax(labels != labels[0]))
    if size < 3 or n < 2 * size or first == 0:
        return False
    by_chance = (math.lgamma(n) - math.lgamma(size) - math.lgamma(n - size + 1)) / math.log(2)
    if by_chance < _BY_CHANCE:
        return False
    pattern = (np.arange(n) // first) % size
    back_and_forth = np.where((np.arange(n) // (first * size)) % 2 == 1, size - 1 - pattern, pattern)
    return any(np.array_equal(labels, p) for q in (pattern, back_and_forth) for p in (q, size - 1 - q))


def _listed(known: ReadBacks) -> GridCandidate | None:
    """Scan of a single motor through a list of positions, where nothing else comes into question."""
    regular = {
        entry.motor for entry in known.levels if entry.regular and np.unique(entry.labels).size == known.n_frames
    }
    lists = {
        name: entry
        for name, array in known.moving.items()
        if name not in regular and (entry := listed_positions(name, array)) is not None
    }
    if not lists:
        return None
    largest = max(lists.values(), key=lambda entry: entry.span)
    others = [known.range(name) for name in known.moving if name != largest.motor]
    if others and largest.span < TREMBLE * max(others):
        return None
    grids = find_grids([largest], 1)
    return grids[0] if grids else None


def _why_not(known: ReadBacks) -> str:
    """Message for positions that fit no grid."""
    sizes: dict[str, set[int]] = {name: set() for name in known.moving}
    for entry in known.levels:
        sizes[entry.motor].add(entry.size)
    texts = []
    furthest = sorted(known.moving, key=lambda name: -known.range(name))
    for name in furthest[:_MAX_LISTED]:
        seen = sizes[name]
        fits = "fits no positions" if not seen else f"may have {min(seen)} positions" if len(seen) == 1 else "fits many"
        texts.append(f"{name} (range {known.range(name):.3g}, {fits})")
    more = f" and {len(furthest) - _MAX_LISTED} more" if len(furthest) > _MAX_LISTED else ""
    return (
        f"No scan can be recognized: either nothing was scanned, or the read-backs of the {known.n_frames} frames lie "
        f"on no grid within {known.tolerance:g} of a step. Motors that move: {', '.join(texts)}{more}. {BY_HAND}"
    )
