"""One image of many frames: their mean, median or a percentile, pixel by pixel."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import numpy as np

from darfix_core.engine.compiler import load_compiler
from darfix_core.engine.execution import current_execution, part_of_progress
from darfix_core.engine.folding import fold_frames
from darfix_core.engine.pixel_maps import compute_frames, map_pixels, reads_once
from darfix_core.model.arrays import AnyArray, FloatArray
from darfix_core.model.frames import Frames
from darfix_core.steps.order_statistics import can_be_streamed, order_statistic, streamed_order_statistics

# Share of the memory budget that computed frames may take; what is read for them takes a quarter, percentiles little.
_MOST_HELD = 0.75
# Share of the time that reading them takes, for the progress bar.
_READING = 0.9
_WHAT = "background of the frames"


def combine_frames(frames: Frames, percentile: float | None) -> FloatArray:
    """Percentile or mean image of a stack.

    The percentiles of integers are exact: they equal those of `numpy.percentile` to the last bit. Stacks that exceed
    the memory budget are read a few times, see `darfix_core.steps.order_statistics`.

    Parameters
    ----------
    frames : Frames, shape (n_frames, ny, nx)
    percentile : float or None, %
        50 is the median; None: the mean.

    Returns
    -------
    ndarray of float64, shape (ny, nx)
        Values that are NaN or infinite are left out; NaN where a pixel has no other.

    Raises
    ------
    DataFileError
        If a scratch file is needed and cannot be written.
    Cancelled
        If the computation was cancelled.
    """
    if percentile is None:
        return fold_frames(frames, _MeanFold(), what="mean of the frames")["image"]
    load_compiler()
    of_stripe = partial(_percentile_stripe, percentile)
    if reads_once(frames):
        return map_pixels(frames, of_stripe, what=_WHAT)["image"]
    if frames.nbytes <= _MOST_HELD * current_execution().memory:
        with part_of_progress(0.0, _READING):
            held = Frames.from_array(compute_frames(frames, what=_WHAT))
        with part_of_progress(_READING, 1.0):
            return map_pixels(held, of_stripe, what=_WHAT)["image"]
    if can_be_streamed(frames):
        rank, fraction = _place(len(frames), percentile)
        return _between(*streamed_order_statistics(frames, rank), fraction)
    return map_pixels(frames, of_stripe, what=_WHAT)["image"]


class _MeanFold:
    """Mean of the finite values over frames: their sum, and how many are left out."""

    def start(self, n_rows: int, n_columns: int) -> FloatArray:
        return np.zeros((n_rows, 2, n_columns))

    def part(self, accumulator: FloatArray, rows: slice) -> FloatArray:
        return accumulator[rows]

    def add(self, accumulator: FloatArray, block: AnyArray, frames: slice) -> None:
        finite: AnyArray | bool = True
        number: AnyArray | int = len(block)
        if block.dtype.kind == "f" and not np.isfinite(block).all():
            finite = np.isfinite(block)
            number = finite.sum(axis=0)
        accumulator[:, 0] += block.sum(axis=0, dtype=np.float64, where=finite)
        accumulator[:, 1] += number

    def merge(self, accumulator: FloatArray, other: FloatArray) -> None:
        accumulator += other

    def finish(self, accumulator: FloatArray, rows: slice) -> Mapping[str, AnyArray]:
        with np.errstate(invalid="ignore"):
            return {"image": accumulator[:, 0] / accumulator[:, 1]}


def _percentile_stripe(percentile: float, block: AnyArray, rows: slice) -> Mapping[str, AnyArray]:
    if block.dtype.kind == "f" and not np.isfinite(block).all():
        return {"image": _percentile_of_finite(block, percentile)}
    if block.dtype.kind == "f" or block.dtype.itemsize > 4:
        return {"image": np.percentile(block, percentile, axis=0).astype(np.float64)}
    rank, fraction = _place(len(block), percentile)
    lower = order_statistic(block, rank)
    if fraction == 0.0:
        return {"image": lower.astype(np.float64)}
    return {"image": _between(lower, order_statistic(block, rank + 1), fraction)}


def _place(n_frames: int, percentile: float) -> tuple[int, float]:
    """Place of a percentile in the order of the frames: the last one before it, and how far it is to the next."""
    place = percentile / 100 * (n_frames - 1)
    rank = min(int(place), max(0, n_frames - 2))
    return rank, place - rank


def _percentile_of_finite(block: AnyArray, percentile: float) -> FloatArray:
    finite = np.isfinite(block)
    ordered = np.sort(np.where(finite, block, np.inf), axis=0)
    last = np.maximum(finite.sum(axis=0) - 1, 0)
    place = percentile / 100 * last
    rank = place.astype(np.int64)
    lower, upper = (np.take_along_axis(ordered, at[None], axis=0)[0] for at in (rank, np.minimum(rank + 1, last)))
    with np.errstate(invalid="ignore"):
        image: FloatArray = np.where(finite.any(axis=0), _between(lower, upper, place - rank), np.nan)
    return image


def _between(lower: AnyArray, upper: AnyArray, fraction: float | FloatArray) -> FloatArray:
    """Value at a fraction of the way from one image to another, rounded as `numpy.percentile` does."""
    step = np.subtract(upper, lower, dtype=np.float64)
    value: FloatArray = np.where(np.less(fraction, 0.5), lower + step * fraction, upper - step * (1 - fraction))
    return value
