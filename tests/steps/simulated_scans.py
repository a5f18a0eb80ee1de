"""Scans as they are recorded: jittered read-backs, motors that only tremble, frames missing, doubled or shuffled."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np


@dataclass
class SimulatedScan:
    """Read-backs of a scan and the truth about it."""

    positions: dict[str, np.ndarray]
    motors: list[str]  # slow to fast
    labels: list[np.ndarray]  # level of each frame, counted in the direction of the scan
    sizes: list[int]
    together: dict[str, list[str]] = field(default_factory=dict)
    traits: set[str] = field(default_factory=set)

    @property
    def n_frames(self):
        return self.labels[0].size

    @property
    def grid_index(self):
        return np.ravel_multi_index(tuple(self.labels), self.sizes)


def scan_sizes(rng, n_motors, largest=61, most_frames=12_000):
    """Sizes of 2 to `largest`, drawn again until the scan is not too long."""
    while True:
        sizes = [int(size) for size in rng.integers(2, largest + 1, n_motors)]
        if math.prod(sizes) <= most_frames:
            return sizes


def raster(sizes, snake=False):
    """Labels of all frames, slow to fast, every second line turned round for a snake scan."""
    labels = [entry.ravel() for entry in np.indices(sizes)]
    if snake:
        way = labels[0]
        for axis in range(1, len(sizes)):
            turned = way % 2 == 1
            rank = way * sizes[axis] + labels[axis]
            labels[axis] = np.where(turned, sizes[axis] - 1 - labels[axis], labels[axis])
            way = rank
    return labels


def trembling(rng, n_frames, amplitude, kind):
    """Read-backs of a motor that is meant to stand still."""
    if kind == "noise":
        return amplitude * rng.normal(size=n_frames)
    if kind == "toggle":
        return amplitude * (rng.random(n_frames) < rng.uniform(0.2, 0.8))
    if kind == "counts":
        return amplitude / 3 * np.rint(rng.normal(size=n_frames))
    if kind == "drift":
        return amplitude * np.cumsum(rng.exponential(size=n_frames)) / n_frames
    if kind == "relaxation":
        return amplitude * np.exp(-np.arange(n_frames) / (n_frames * rng.uniform(0.1, 0.5)))
    if kind == "slow counts":
        return amplitude / 5 * np.rint(5 * np.cumsum(rng.exponential(size=n_frames)) / n_frames)
    raise ValueError(kind)


KINDS = ("noise", "toggle", "counts", "drift", "relaxation", "slow counts")


def simulate(
    rng, sizes, *, jitter=0.3, traits=(), n_trembling=0, amplitude=(-7.0, -4.0), step=(-4.0, -1.0), kinds=KINDS
):
    """Simulate a scan.

    traits: snake, offset lines, interrupted, missing, doubled, shuffled, swapped, together.
    amplitude, step: ranges of the decimal logarithms of what motors tremble, and of steps.
    """
    traits = set(traits)
    labels = raster(sizes, "snake" in traits or "offset lines" in traits)
    sizes = list(sizes)
    n = labels[0].size
    keep = np.arange(n)
    if "interrupted" in traits:
        line = n // sizes[0]
        keep = keep[: int(rng.integers(min(n, line + 2), n + 1))]
    if "missing" in traits:
        keep = keep[np.sort(rng.permutation(keep.size)[: math.ceil(keep.size * rng.uniform(0.65, 1))])]
    if "doubled" in traits:
        again = rng.random(keep.size) < rng.uniform(0.01, 0.2)
        keep = np.repeat(keep, 1 + again)
    if "shuffled" in traits:
        keep = rng.permutation(keep)
    if "swapped" in traits and keep.size > 3:
        for _ in range(int(rng.integers(1, 4))):
            i, j = rng.integers(0, keep.size, 2)
            keep[[i, j]] = keep[[j, i]]
    labels = [entry[keep] for entry in labels]
    for axis, entry in enumerate(labels):
        labels[axis] = entry - entry.min()
        sizes[axis] = int(labels[axis].max()) + 1

    motors = [f"m{i}" for i in range(len(sizes))]
    positions, together = {}, {}
    for axis, name in enumerate(motors):
        positions[name] = _read_back(rng, labels[axis], jitter, step)
        if "offset lines" in traits and axis == len(sizes) - 1:
            lines = np.ravel_multi_index(tuple(labels[:-1]), sizes[:-1]) if axis else 0
            positions[name] = _read_back(rng, labels[axis] + rng.uniform(0, 0.45) * (lines % 2), 0.02, step)
    if "together" in traits:
        axis = int(rng.integers(len(sizes)))
        positions["follower"] = _read_back(rng, labels[axis], jitter, step)
        together[motors[axis]] = ["follower"]
    for i in range(n_trembling):
        kind = kinds[int(rng.integers(len(kinds)))]
        positions[f"c{i}"] = rng.uniform(-10, 10) + trembling(rng, keep.size, 10 ** rng.uniform(*amplitude), kind)
    positions["still"] = np.full(keep.size, 1.25)
    names = list(positions)
    rng.shuffle(names)
    return SimulatedScan({name: positions[name] for name in names}, motors, labels, sizes, together, traits)


def _read_back(rng, labels, jitter, step):
    size = 10 ** rng.uniform(*step) * rng.choice([-1, 1])
    return rng.uniform(-20, 20) + size * (labels + jitter * rng.uniform(-1, 1, labels.size))


def verdict(scan, grid):
    """What is wrong with a found grid; empty when it is right."""
    if len(grid.dimensions) != len(scan.sizes):
        return f"{grid.shape} instead of {tuple(scan.sizes)}"
    found = np.unravel_index(grid.grid_index, grid.shape)
    in_order = "shuffled" not in scan.traits and not ("swapped" in scan.traits and scan.n_frames < 12)
    for axis, name in enumerate(scan.motors):
        names = {name, *scan.together.get(name, [])}
        at = [i for i, dimension in enumerate(grid.dimensions) if dimension.name in names]
        if not at:
            return f"{name} is no dimension"
        if in_order and at[0] != axis:
            return f"{name} is axis {at[0]} instead of {axis}"
        if grid.shape[at[0]] != scan.sizes[axis]:
            return f"{name} has {grid.shape[at[0]]} positions instead of {scan.sizes[axis]}"
        labels = found[at[0]]
        if not np.array_equal(labels, scan.labels[axis]) and (
            in_order or not np.array_equal(scan.sizes[axis] - 1 - labels, scan.labels[axis])
        ):
            return f"{np.count_nonzero(labels != scan.labels[axis])} frames at the wrong position of {name}"
    return ""
