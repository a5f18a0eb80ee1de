"""What speaks against the grid that explains the read-backs of a scan best.

Each check raises where another scan is as likely, and warns where one is only possible.
"""

from __future__ import annotations

import math

import numpy as np

from darfix_core.errors import AmbiguousDimensionsError
from darfix_core.model.arrays import IntArray
from darfix_core.steps.grid_search import GridCandidate
from darfix_core.steps.motor_levels import Levels
from darfix_core.steps.read_backs import BY_HAND, TREMBLE, ReadBacks

# Below this score the frames are too few to trust a grid while other motors move as far.
_WEAK = 6.0
# With fewer frames than this any motors move in step.
_FEWEST_IN_STEP = 5
# With fewer frames than this a complete scan may be another one of which frames are missing.
_FEW = 13
# Largest deviation of read-backs, in steps, that other numbers of positions hardly leave as well.
_CLEAN = 0.15
# Score from which few frames tell which motors were scanned, and bits by which other numbers of positions must be less
# likely.
_SURE = 11.0
_RATHER = 20.0
# Motors that drift through few levels stay equally long on each with a probability of 2 to the power of minus this.
_BY_CHANCE = 9.0
# Where about half of the frames are missing, a grid that lacks a dimension has one repeated frame of this many or more.
_MANY_REPEATED = 8
# Most points a frame that a grid with one more dimension may have.
_SPARSEST = 4
# Motors that tremble differ between so many repeated frames with a probability of 2 to the power of minus this: then
# another scan is as likely, or possible.
_APART_BY_CHANCE = 4.0
_APART_PERHAPS = 1.0


def check_no_doubts(grid: GridCandidate, candidates: list[GridCandidate], known: ReadBacks) -> None:
    """Look for another scan that the read-backs may be of.

    Parameters
    ----------
    grid : GridCandidate
        The one that explains the read-backs best.
    candidates : list of GridCandidate
        All, best first.
    known : ReadBacks
        Takes the warnings.

    Raises
    ------
    AmbiguousDimensionsError
        If another scan is as likely.
    """
    _check_other_motors(grid, known)
    _check_levels(grid, known)
    _check_repeated_frames(grid, known)
    _check_few_frames(grid, candidates, known)


def _check_other_motors(grid: GridCandidate, known: ReadBacks) -> None:
    """No motor beside the grid may move as if it was scanned too."""
    n = known.n_frames
    in_step = _in_step(grid, known)
    beside = _beside(grid, known)
    if beside and (grid.score < _WEAK or 4 * grid.n_duplicated > n):
        far = _as_far(grid, beside, known)
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


def _in_step(grid: GridCandidate, known: ReadBacks) -> set[str]:
    """Motors of the grid, and those that step with them."""
    return {entry.motor for one in grid.levels for entry in known.in_step(one)}


def _beside(grid: GridCandidate, known: ReadBacks) -> list[str]:
    """Motors that the grid does not explain."""
    explained = _in_step(grid, known) if known.n_frames >= _FEWEST_IN_STEP else set(grid.motors)
    return [name for name in known.moving if name not in explained]


def _as_far(grid: GridCandidate, motors: list[str], known: ReadBacks) -> list[str]:
    """Those of the motors that do more than tremble beside the motors of the grid."""
    least = min(entry.span for entry in grid.levels)
    return [name for name in motors if known.range(name) * TREMBLE > least]


def _check_levels(grid: GridCandidate, known: ReadBacks) -> None:
    """No finer levels may fit a motor better.

    Read-backs that hardly deviate fit steps twice as long, too, and where half of the frames are missing, saying
    which are there takes more than merging neighbouring levels saves. A complete scan of many frames is none by
    chance, however far its read-backs deviate.
    """
    if grid.is_plain and known.n_frames >= _FEW:
        return
    for taken in grid.levels:
        better = [other for other in known.levels if other.motor == taken.motor and _fits_better(other, taken)]
        if not better:
            continue
        best = min(better, key=lambda other: other.max_residual)
        text = f"{taken.motor} fits {best.size} positions better, with a largest deviation of {best.max_residual:.2f}"
        if grid.is_plain:
            known.warnings.append(f"{text} instead of {taken.max_residual:.2f} step; but then frames are missing.")
            continue
        raise AmbiguousDimensionsError(f"The positions fit this scan:\n  {grid}\nbut {text} step. {BY_HAND}")


def _fits_better(other: Levels, taken: Levels) -> bool:
    """True for equally spaced levels that explain clearly more."""
    if not other.regular:
        return False
    if not taken.regular:
        return other.max_residual < _CLEAN
    return other.size > taken.size and other.max_residual < taken.max_residual / 2


def _check_repeated_frames(grid: GridCandidate, known: ReadBacks) -> None:
    """No motor beside the grid may differ between the frames that share a grid point.

    Such a motor is a further dimension of a scan of which many frames are missing.
    """
    if _MANY_REPEATED * grid.n_duplicated < known.n_frames:
        return
    beside = set(_beside(grid, known))
    index = grid.order.grid_index
    doubtful: list[str] = []
    enough = _APART_PERHAPS if grid.score < _WEAK else _APART_BY_CHANCE + math.log2(len(known.moving))
    for entry in known.levels:
        if entry.motor not in beside or grid.order.n_points * entry.size > _SPARSEST * known.n_frames:
            continue
        n_apart = grid.n_duplicated - known.n_frames + np.unique(index * entry.size + entry.labels).size
        shares = np.bincount(entry.labels) / known.n_frames
        bits = -math.log2(_at_least(n_apart, grid.n_duplicated, 1 - float(np.sum(shares**2))))
        if bits > enough:
            raise AmbiguousDimensionsError(
                f"The positions fit this scan:\n  {grid}\nbut {n_apart} of the {grid.n_duplicated} frames that are "
                f"doubled differ in {entry.motor}, which may have {entry.size} positions. {BY_HAND}"
            )
        if bits > _APART_PERHAPS and entry.motor not in doubtful:
            doubtful.append(entry.motor)
    if doubtful:
        known.warnings.append(
            f"Frames at the same grid point differ in {', '.join(doubtful)}: taken to tremble, but perhaps scanned too."
        )


def _at_least(k: int, n: int, p: float) -> float:
    """Probability of k or more successes in n trials."""
    return sum(math.comb(n, i) * p**i * (1 - p) ** (n - i) for i in range(k, n + 1))


def _check_few_frames(grid: GridCandidate, candidates: list[GridCandidate], known: ReadBacks) -> None:
    """Few frames fit scans of other motors, or of other numbers of positions: warn where one is not far behind."""
    n = known.n_frames
    few, sure = n < _FEW, grid.score >= _SURE
    far = _as_far(grid, _beside(grid, known), known) if few and not sure else []
    if far:
        known.warnings.append(f"The {n} frames are few, and {', '.join(far)}, taken to stand still, move as well.")
    others = [one for one in candidates if set(one.motors) == set(grid.motors) and not one.same_grid(grid)]
    near = max((one.score for one in others), default=-math.inf) > grid.score - _RATHER
    gaps = grid.order.n_visited < grid.order.n_points
    if not (few and near) and (sure or not gaps):
        return
    for taken in grid.levels:
        if taken.max_residual > _CLEAN:
            known.warnings.append(
                f"The {n} frames hardly tell how many positions {taken.motor} has: {taken.size} were taken, from which "
                f"its read-backs deviate by up to {taken.max_residual:.2f} step."
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
