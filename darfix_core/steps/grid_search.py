"""The grids that the read-backs of a scan allow, each with a score.

A grid is a choice of motors and of their levels. Its score is what it saves, in bits: the evidence for the levels
of its motors (`darfix_core.steps.motor_levels`), less what it takes to say where each frame sits in the grid
(`darfix_core.steps.frame_order`), less what makes such a scan unlikely beforehand.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from darfix_core.model.arrays import IntArray
from darfix_core.steps.frame_order import FrameOrder, follow
from darfix_core.steps.level_evidence import is_monotonic
from darfix_core.steps.motor_levels import Levels

MAX_AXES = 4
#: Bits by which a grid must beat every other one to be taken.
MARGIN = 8.0
#: Score of the case that nothing was scanned.
NOTHING_SCANNED = -15.0

# Bits against scans that are rare: with points missing in between, with points doubled, with frames in no order.
_RARE = 10.0
# Bits against levels that are not equally spaced.
_IRREGULAR = 5.0
_MAX_LEVELS = 64


@dataclass(frozen=True, eq=False)
class GridCandidate:
    """A grid that the read-backs allow.

    Parameters
    ----------
    levels : tuple of Levels
        Of its motors, slow to fast.
    order : FrameOrder
        The way of the frames through it.
    score : float, bits
        How well it explains the read-backs; higher is better.
    """

    levels: tuple[Levels, ...]
    order: FrameOrder
    score: float

    @property
    def motors(self) -> tuple[str, ...]:
        """Slow to fast."""
        return tuple(entry.motor for entry in self.levels)

    @property
    def shape(self) -> tuple[int, ...]:
        """Sizes, slow to fast."""
        return tuple(entry.size for entry in self.levels)

    @property
    def occupancy(self) -> float:
        """Share of the grid points that have a frame."""
        return self.order.n_visited / self.order.n_points

    @property
    def n_duplicated(self) -> int:
        """Frames beyond the first at their grid point."""
        return int(self.order.grid_index.size - self.order.n_visited)

    @property
    def is_plain(self) -> bool:
        """True for a complete scan in order."""
        return self.order.in_order and self.order.n_visited == self.order.n_points and not self.n_duplicated

    def same_grid(self, other: GridCandidate) -> bool:
        """True where every frame has the same place."""
        return self.shape == other.shape and np.array_equal(self.order.grid_index, other.order.grid_index)

    def shares_places(self, other: GridCandidate) -> bool:
        """True where frames lie side by side alike, and the grids differ in levels that have no frame."""
        return self.motors == other.motors and all(
            np.array_equal(_visited_levels(mine.labels), _visited_levels(theirs.labels))
            for mine, theirs in zip(self.levels, other.levels, strict=True)
        )

    def __str__(self) -> str:
        axes = " x ".join(f"{entry.motor} ({entry.size})" for entry in self.levels)
        deviations = ", ".join(f"{entry.max_residual:.2f}" for entry in self.levels)
        return (
            f"{axes}: {100 * self.occupancy:.0f} % of {self.order.n_points} points have a frame, "
            f"{self.n_duplicated} frames are doubled, the largest deviation is {deviations} step"
        )


def _visited_levels(labels: IntArray) -> IntArray:
    """Number of the level of each frame among those that have frames."""
    return np.unique(labels, return_inverse=True)[1]


def alike(labels: IntArray, size: int) -> bytes:
    """Key that is equal for motors that step together, in the same or opposite directions."""
    return min(labels.tobytes(), (size - 1 - labels).tobytes())


def find_grids(levels: Sequence[Levels], n_moving: int) -> list[GridCandidate]:
    """Every grid that may be the scan, best first.

    Parameters
    ----------
    levels : sequence of Levels
        Of all motors that move; those of one motor exclude each other.
    n_moving : int
        Number of motors that move: the more there are, the more easily some fit by chance.

    Returns
    -------
    list of GridCandidate
        Grids with more than half of the points visited and no more than two frames a point on average. Those
        that are far behind the best may be left out. Of motors that step together the one that moves furthest
        stands for all.
    """
    distinct = _one_of_each(levels)
    passed_once = [entry for entry in distinct if is_monotonic(entry.labels)]
    others = [entry for entry in distinct if not is_monotonic(entry.labels)]
    if len(others) > _MAX_LEVELS:
        others = sorted(others, key=_disorder)[:_MAX_LEVELS]
    chosen = sorted(passed_once[: 2 * _MAX_LEVELS] + others, key=lambda entry: -entry.size)
    per_axis = math.log2(n_moving) if n_moving else 0.0
    combinations = sorted(
        ((sum(entry.evidence - per_axis for entry in combination), i, combination))
        for i, combination in enumerate(_combinations(chosen))
    )
    found: list[GridCandidate] = []
    best = NOTHING_SCANNED
    for bound, _, combination in reversed(combinations):
        if bound < best - 3 * MARGIN:
            break
        order = follow([entry.labels for entry in combination], [entry.size for entry in combination])
        score = bound - _cost(order, combination)
        best = max(best, score)
        found.append(GridCandidate(tuple(combination[axis] for axis in order.axes), order, score))
    return sorted(found, key=lambda candidate: -candidate.score)


def _one_of_each(levels: Sequence[Levels]) -> list[Levels]:
    """One of the motors that step together, with the evidence of the best, by evidence."""
    groups: dict[bytes, list[Levels]] = {}
    for entry in levels:
        groups.setdefault(alike(entry.labels, entry.size), []).append(entry)
    found = []
    for group in groups.values():
        regular = [entry for entry in group if entry.regular] or group
        furthest = max(regular, key=lambda entry: entry.span)
        found.append(replace(furthest, evidence=max(entry.evidence for entry in regular)))
    return sorted(found, key=lambda entry: -entry.evidence)


def _combinations(levels: list[Levels]) -> Iterator[tuple[Levels, ...]]:
    """Levels of different motors that may span a grid; `levels` from the largest to the smallest."""
    if not levels:
        return
    n = levels[0].labels.size
    # Only the slowest motor passes its levels once; two that do so visit few points of their grid.
    slowest = {id(entry) for entry in levels if is_monotonic(entry.labels)}

    def deeper(start: int, taken: tuple[Levels, ...], index: IntArray, n_points: int) -> Iterator[tuple[Levels, ...]]:
        motors = {entry.motor for entry in taken}
        has_slowest = any(id(entry) in slowest for entry in taken)
        left = MAX_AXES - len(taken)
        for i in range(start, len(levels)):
            entry = levels[i]
            if 2 * n_points * entry.size**left < n:
                break
            if entry.motor in motors or n_points * entry.size >= 2 * n or (has_slowest and id(entry) in slowest):
                continue
            place, points = index * entry.size + entry.labels, n_points * entry.size
            visited = int(np.count_nonzero(np.bincount(place, minlength=points)))
            if 2 * visited <= points:
                continue
            if 2 * visited >= n:
                yield (*taken, entry)
            if left > 1:
                yield from deeper(i + 1, (*taken, entry), place, points)

    yield from deeper(0, (), np.zeros(n, dtype=np.int64), 1)


def _cost(order: FrameOrder, levels: tuple[Levels, ...]) -> float:
    """Bits that count against a grid."""
    n = order.grid_index.size
    disordered = not order.in_order or order.first_skipped
    rare = disordered + (order.n_skipped > 0) + (n > order.n_visited)
    irregular = sum(not entry.regular for entry in levels)
    return order.bits + _RARE * rare + _IRREGULAR * irregular


def _disorder(levels: Levels) -> float:
    """How far the labels are from what a scan steps through: 1 where no label can be told from the one before."""
    counts = np.unique(np.diff(levels.labels), return_counts=True)[1]
    n = levels.labels.size
    bits = -float(np.sum(counts * np.log2(counts / n))) + counts.size * math.log2(n)
    return bits / (n * math.log2(levels.size))
