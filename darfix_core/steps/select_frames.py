"""Frame selection: frames by number and by the positions of motors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, TypeAlias

import numpy as np
from annotated_types import Ge

from darfix_core.engine.registry import step
from darfix_core.errors import nearest
from darfix_core.model.arrays import BoolArray, FloatArray
from darfix_core.model.dataset import Dataset
from darfix_core.steps.chosen_frames import choose_frames
from darfix_core.units import Unit

Limits: TypeAlias = tuple[float | None, float | None]

# Part of a step of the scan: positions that were found from read-backs are no round numbers, but limits are.
_TOLERANCE = 0.1


@step(
    "select_frames",
    version=1,
    title="Frame Selection",
    widget="orangecontrib.dfxm.widgets.owselectframes.OWSelectFrames",
)
def select_frames(
    dataset: Dataset,
    *,
    frames: tuple[int, int] | None = None,
    every: Annotated[int, Ge(1), Unit("frames")] = 1,
    ranges: dict[str, Limits] | None = None,
) -> Dataset:
    """Keep some of the frames: a range of their numbers, every k-th of these, and ranges of motor positions.

    A frame is kept if it meets all that is asked. Nothing is read, and what is left out never is.

    Parameters
    ----------
    dataset : Dataset
        Any scan.
    frames : (int, int) or None
        First frame to keep, counted from 0, and the one behind the last; None: all.
    every : int, frames
        Keep every k-th frame of that range, beginning with its first.
    ranges : dict of str to (float or None, float or None), or None
        Motor -> lowest and highest position to keep, both included, in the unit of the motor; None in place of a
        limit: no limit; None: all positions. Of a motor that is a dimension the nominal positions count, so that
        read-backs that jitter tear no line of the grid, and a tenth of a step beyond a limit is still within; of
        others the read-backs count.

    Returns
    -------
    Dataset
        The chosen frames with their positions and counters. Positions of which no frame is left are taken out of the
        dimensions, and a dimension with a single one left is dropped; points that lose their frame within the grid are
        missing points.

    Raises
    ------
    ValueError
        If `frames` does not lie in the scan, `ranges` names a motor that it lacks, or no frame is left.
    """
    kept = np.zeros(dataset.n_frames, dtype=bool)
    first, stop = (0, dataset.n_frames) if frames is None else frames
    if not 0 <= first < stop <= dataset.n_frames:
        raise ValueError(
            f"frames must be (first, stop) with 0 <= first < stop <= {dataset.n_frames}, got {(first, stop)}"
        )
    kept[first:stop:every] = True
    for motor, limits in (ranges or {}).items():
        kept &= _within(dataset, motor, limits)
    if not kept.any():
        raise ValueError(f"ranges must leave a frame, got {_ranges_in_words(dataset, ranges or {})}")
    return choose_frames(dataset, np.flatnonzero(kept))


def _positions(dataset: Dataset, motor: str) -> FloatArray:
    """Nominal positions of a motor that is a dimension, read-backs of another one, shape (n_frames,)."""
    for dimension, index in zip(dataset.dimensions, dataset.scan_index, strict=True):
        if dimension.name == motor:
            nominal: FloatArray = dimension.values[index]
            return nominal
    if motor not in dataset.positions:
        raise ValueError(f"ranges must name motors of the scan, got {motor!r}{nearest(motor, [*dataset.positions])}")
    return dataset.positions[motor]


def _within(dataset: Dataset, motor: str, limits: Limits) -> BoolArray:
    values, (low, high) = _positions(dataset, motor), limits
    steps = np.diff(np.unique(values))
    nominal = motor in [dimension.name for dimension in dataset.dimensions]
    slack = _TOLERANCE * float(steps.min()) if nominal and steps.size else 0.0
    above = np.ones(values.size, dtype=bool) if low is None else values >= low - slack
    below = np.ones(values.size, dtype=bool) if high is None else values <= high + slack
    return above & below


def _ranges_in_words(dataset: Dataset, ranges: Mapping[str, Limits]) -> str:
    """What was asked of the motors, and what the scan has."""
    texts = []
    for motor, limits in ranges.items():
        values = _positions(dataset, motor)
        texts.append(f"{motor} in {limits}, where the scan goes from {values.min():.6g} to {values.max():.6g}")
    return "; ".join(texts)
