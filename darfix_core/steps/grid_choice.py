"""Which of the grids that the read-backs allow is the scan, and when that cannot be told.

The best grid is taken where it beats every other one clearly. With few frames it may not: then the title may
confirm one of them, or all but one need motors that rather tremble than move. Else the choice is left to the user.
"""

from __future__ import annotations

import numpy as np

from darfix_core.errors import AmbiguousDimensionsError, DimensionError
from darfix_core.steps.grid_doubts import check_no_doubts
from darfix_core.steps.grid_search import MARGIN, NOTHING_SCANNED, GridCandidate, alike, find_grids
from darfix_core.steps.motor_levels import listed_positions
from darfix_core.steps.read_backs import BY_HAND, TREMBLE, ReadBacks

# Bits by which a grid must beat the others where frames are repeated, or missing between others.
_ODD_MARGIN = 12.0
# What it adds, in bits, when all motors outside a grid tremble: it shows how far motors move that were not scanned.
_STILL = 6.0
_MAX_LISTED = 6


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
    odd = best.n_duplicated or best.order.n_skipped
    near = [other for other in candidates if other.score > best.score - (_ODD_MARGIN if odd else MARGIN)]
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
    check_no_doubts(best, candidates, known)
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
