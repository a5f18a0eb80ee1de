"""Frames and pixels that are combined: binning, projection, sums, and the intensity of frames; against numpy."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

import darfix_core as dc
from benchmarks.row import Conditions, Row
from benchmarks.stacks import stack_b


def rows(conditions: Conditions) -> Iterator[Row]:
    """Stack B in memory, and once as part of a chain."""
    b = stack_b()
    counts = b.frames[:]
    grid = counts.reshape(21, 21, 512, 512)
    binned, summed = dc.binning(b), dc.projection(b, motors=("chi",))
    yield Row(
        "binning 2 x 2, stack B (441 x 512 x 512 uint16)",
        lambda: binned.frames[:],
        lambda: counts.reshape(441, 256, 2, 256, 2).sum(axis=(2, 4), dtype=np.uint32),
        "numpy, reshape and sum",
        repeats=3,
    )
    yield Row("moments 2-D, stack B, binned 2 x 2 lazily", lambda: dc.moments(binned), repeats=5)
    yield Row(
        "projection along the slow motor, stack B",
        lambda: summed.frames[:],
        lambda: grid.sum(axis=0, dtype=np.uint32),
        "numpy",
        repeats=5,
    )
    yield Row(
        "z sum and maximum, stack B",
        lambda: dc.z_sum(b),
        lambda: (counts.sum(axis=0, dtype=np.float64), counts.max(axis=0)),
        "numpy",
        repeats=5,
    )
    yield Row(
        "intensity of each frame, and partition by it, stack B",
        # Of a dataset that was seen before the intensity is known.
        lambda: dc.partition(b.replace()),
        lambda: counts.mean(axis=(1, 2)),
        "numpy, the mean alone",
        repeats=5,
    )
