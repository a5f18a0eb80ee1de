"""The dimension finder against any scan: each frame is put where it was taken, or the scan is refused."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, event, given, settings
from hypothesis import strategies as st

from darfix_core.errors import DimensionError
from darfix_core.steps.scan_grid import find_dimensions
from tests.steps.simulated_scans import raster

bounded = settings(
    max_examples=150,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
MOTORS = ("chi", "mu", "phi")
MOST_FRAMES = 1500


@st.composite
def scans(draw, *, least=13):
    """Positions of a scan, and the true labels and sizes of its grid."""
    sizes = draw(st.lists(st.integers(2, 31), min_size=1, max_size=3).filter(lambda s: math.prod(s) <= MOST_FRAMES))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    labels = np.array(raster(sizes, draw(st.booleans())))
    for axis in range(len(sizes)):
        if draw(st.booleans()):
            labels[axis] = sizes[axis] - 1 - labels[axis]
    n = labels.shape[1]
    keep = np.arange(n)
    missing, doubled = draw(st.sampled_from([0.0, 0.02, 0.2, 0.45])), draw(st.sampled_from([0.0, 0.0, 0.1]))
    keep = keep[rng.random(n) >= missing]
    keep = np.repeat(keep, 1 + (rng.random(keep.size) < doubled))
    if draw(st.integers(0, 3)) == 0:
        keep = rng.permutation(keep)
    assume(keep.size >= least)
    labels = labels[:, keep]
    # A level that no frame lies on is no level.
    assume(all(np.unique(entry).size == size for entry, size in zip(labels, sizes, strict=True)))
    jitter = draw(st.sampled_from([0.0, 0.01, 0.1, 0.28]))
    positions = {}
    for name, entry in zip(MOTORS, labels, strict=False):
        step, start = 10 ** draw(st.integers(-4, 0)), draw(st.integers(-180, 180))
        positions[name] = start + step * (entry + jitter * rng.uniform(-1, 1, entry.size))
    positions["samz"] = np.full(keep.size, 1.5)
    return positions, labels, sizes


def wrong(grid, labels, sizes, positions):
    """What is wrong with a grid; empty where every frame is at its true point."""
    if sorted(grid.shape) != sorted(sizes):
        return f"{grid.shape} instead of {tuple(sizes)}"
    found = np.unravel_index(grid.grid_index, grid.shape)
    for name, entry, size in zip(MOTORS, labels, sizes, strict=False):
        axes = [axis for axis, one in enumerate(grid.dimensions) if one.name == name]
        if not axes:
            return f"{name} is no dimension"
        dimension, label = grid.dimensions[axes[0]], found[axes[0]]
        rising = dimension.values[-1] > dimension.values[0]
        if not np.array_equal(label if rising else size - 1 - label, entry):
            return f"frames at the wrong position of {name}"
        if np.abs(dimension.values[label] - positions[name]).max() > 0.61 * abs(dimension.step):
            return f"the positions of {name} are off"
    return ""


@bounded
@given(scans())
def test_each_frame_is_at_its_true_point_or_the_scan_is_refused(scan):
    positions, labels, sizes = scan
    try:
        grid = find_dimensions(positions)
    except DimensionError:
        event("refused")
        return
    event("found")
    assert wrong(grid, labels, sizes, positions) == ""


@pytest.mark.parametrize(("n_frames", "outcomes"), [(70, {"refused"}), (90, {(12, 12)})])
def test_neighbouring_positions_are_not_merged_where_many_frames_are_missing(n_frames, outcomes):
    # Twelve positions look like six with twice the step: both deviate by less than 0.3 step.
    rng = np.random.default_rng(3)
    seen = set()
    for _ in range(20):
        labels = np.array(raster([12, 12]))[:, np.sort(rng.permutation(144)[:n_frames])]
        if any(np.unique(entry).size < 12 for entry in labels):
            continue
        chi, mu = 0.1 * (labels + 0.1 * rng.uniform(-1, 1, labels.shape))
        try:
            seen.add(find_dimensions({"chi": chi, "mu": mu}).shape)
        except DimensionError:
            seen.add("refused")
    assert seen == outcomes
