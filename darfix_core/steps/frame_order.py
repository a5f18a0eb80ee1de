"""How the frames of a scan follow each other through a grid, and how surprising that is.

A scan steps through its grid line after line. The more of the order of the frames a grid explains, the more
likely it is the grid that was scanned. What it does not explain is counted in bits.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

import numpy as np

from darfix_core.model.arrays import BoolArray, IntArray

# Frames that are missing at random leave steps of a few points.
_NEAR = 8


@dataclass(frozen=True, eq=False)
class FrameOrder:
    """The way of the frames through a grid.

    Parameters
    ----------
    axes : tuple of int
        The given axes, slow to fast.
    reversed_axes : tuple of bool
        For each axis, in the order of `axes`: True where the scan went from the last label to the first.
    grid_index : ndarray of int, shape (n_frames,)
        Place of each frame in the flattened grid (C order of `axes`), each axis in the direction of the scan.
    n_points : int
        Points of the grid.
    n_visited : int
        Points that have a frame.
    in_order : bool
        True where no frame lies before an earlier one.
    n_skipped : int
        Points without a frame between the first and the last that has one, on the way of the scan.
    first_skipped : bool
        True where the first frame does not lie at the first point.
    bits : float
        What remains to be said to write down the order of the frames.
    """

    axes: tuple[int, ...]
    reversed_axes: tuple[bool, ...]
    grid_index: IntArray
    n_points: int
    n_visited: int
    in_order: bool
    n_skipped: int
    first_skipped: bool
    bits: float


def follow(labels: list[IntArray], sizes: list[int]) -> FrameOrder:
    """Put the axes of a grid in order and follow the frames through it.

    Parameters
    ----------
    labels : list of ndarray of int, shape (n_frames,)
        Level of each frame on each axis.
    sizes : list of int
        Number of levels of each axis.

    Returns
    -------
    FrameOrder
        The slow axis is the one that changes least often.
    """
    changes = [int(np.count_nonzero(np.diff(entry))) for entry in labels]
    axes = sorted(range(len(labels)), key=lambda axis: (changes[axis], -sizes[axis]))
    best = _follow(labels, sizes, axes, _directions(labels, axes))
    if best.in_order:
        return best
    # A few frames out of place upset the counts of changes, and the directions of lines that run back and forth.
    found = [best]
    for i in range(len(axes) - 1):
        if changes[axes[i + 1]] < 3 * changes[axes[i]]:
            swapped = [*axes[:i], axes[i + 1], axes[i], *axes[i + 2 :]]
            found.append(_follow(labels, sizes, swapped, _directions(labels, swapped)))
    best = min(found, key=lambda order: order.bits)
    others = itertools.product((False, True), repeat=len(axes) - 1)
    turned = (_follow(labels, sizes, list(best.axes), [best.reversed_axes[0], *flips]) for flips in others)
    return min(best, *turned, key=lambda order: order.bits)


def _follow(labels: list[IntArray], sizes: list[int], axes: list[int], flips: list[bool]) -> FrameOrder:
    shape = tuple(sizes[axis] for axis in axes)
    directed = [
        sizes[axis] - 1 - labels[axis] if flip else labels[axis] for axis, flip in zip(axes, flips, strict=True)
    ]
    n_points = math.prod(shape)
    index = _along_the_way(directed, shape, (False,) * (len(axes) - 1))
    n_visited = int(np.count_nonzero(np.bincount(index, minlength=n_points)))
    bits, way = _bits(index, n_points, n_visited), index
    for plain in range(len(axes) - 1):
        # Back and forth within the layers of the first axes; layers that were recorded one by one begin all alike.
        if plain and np.all(np.diff(way) >= 0):
            break
        for turns in _turns(len(axes) - 1 - plain):
            turned = _along_the_way(directed, shape, (False,) * plain + turns, plain)
            bits, way = min(
                (bits, way), (_bits(turned, n_points, n_visited) + sum(turns) + plain, turned), key=lambda t: t[0]
            )
    skipped = int(way.max() - way.min()) + 1 - n_visited
    in_order = bool(np.all(np.diff(way) >= 0))
    return FrameOrder(tuple(axes), tuple(flips), index, n_points, n_visited, in_order, skipped, bool(way[0] > 0), bits)


def _directions(labels: list[IntArray], axes: list[int]) -> list[bool]:
    """For each axis, slow to fast: does the scan go from the last label to the first?"""
    flips: list[bool] = []
    still = np.ones(max(0, labels[0].size - 1), dtype=bool)
    for axis in axes:
        slowest = not flips
        flips.append(_descends(labels[axis]) if slowest else _runs_backwards(labels[axis], still))
        still &= np.diff(labels[axis]) == 0
    return flips


def _descends(labels: IntArray) -> bool:
    """True where the labels rather fall than rise from the first to the last frame."""
    time = np.arange(labels.size) - (labels.size - 1) / 2
    return bool(np.sum(time * (labels - labels.mean())) < 0)


def _runs_backwards(labels: IntArray, still: BoolArray) -> bool:
    """True for a motor that starts at its last label; looked at only while the slower motors stand still."""
    signs = np.sign(np.diff(labels)[still])
    signs = signs[signs != 0]
    if not signs.size:
        return bool(np.diff(labels).sum() < 0)
    total = int(signs.sum())
    if 2 * abs(total) >= signs.size:
        return total < 0
    # Lines run back and forth: the first one tells. Frames in no order have no direction.
    ordered = np.count_nonzero(signs[1:] == signs[:-1]) > 0.4 * signs.size or labels.max() == 1
    return bool(ordered and signs[0] < 0)


def _turns(n_fast: int) -> list[tuple[bool, ...]]:
    """Fast axes that run back and forth: the fastest, or all."""
    return sorted({(False,) * (n_fast - 1) + (True,), (True,) * n_fast})


def _along_the_way(labels: list[IntArray], shape: tuple[int, ...], turns: tuple[bool, ...], plain: int = 0) -> IntArray:
    """Number of each frame on a way through the grid on which every second line of some axes is turned round.

    Lines are counted anew in each layer of the first `plain` axes, which are not turned.
    """
    way = line = labels[0]
    for axis, (label, size, turn) in enumerate(zip(labels[1:], shape[1:], turns, strict=True), start=1):
        place = np.where(line % 2 == 1, size - 1 - label, label) if turn else label
        way = way * size + place
        line = place if axis == plain else line * size + place
    return way


def _bits(way: IntArray, n_points: int, n_visited: int) -> float:
    """Shortest of several ways to write down the order of the frames."""
    n = way.size
    steps = np.diff(way)
    again = n - n_visited
    any_order = (math.lgamma(n_points + 1) - math.lgamma(n_points - n_visited + 1)) / math.log(2)
    any_order += again * math.log2(n_visited) + _some(n, again)
    if np.all(steps >= 0):
        span = int(way[-1]) + 1
        exceptions = _some(span, span - n_visited) + _some(n - 1, again)
        return min(any_order, exceptions, _with_jumps(way, n_points))
    return min(any_order, _with_jumps(way, n_points))


def _with_jumps(way: IntArray, n_points: int) -> float:
    """Point after point, most often the next."""
    steps = np.diff(way)
    if not steps.size:
        return 0.0
    # Classes: the same point, the next, a few further; and anything else, which is told point by point.
    kinds = np.where((steps >= 0) & (steps < _NEAR), steps, _NEAR)
    counts = np.bincount(kinds, minlength=_NEAR + 1)
    used = counts[counts > 0]
    bits = -float(np.sum(used * np.log2(used / steps.size))) + math.log2(way.size) * (used.size - 1)
    return bits + (int(counts[_NEAR]) + int(way[0] != 0)) * math.log2(n_points)


def _some(n: int, k: int) -> float:
    """Bits that tell which k of n are exceptions, and how many there are."""
    if k == 0:
        return 0.0
    return math.log2(n) + (math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)) / math.log(2)
