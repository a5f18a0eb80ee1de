"""Dead, hot and saturated pixels of a scan, told from the lowest and highest counts of each and of its neighbours."""

from __future__ import annotations

import numpy as np

from darfix_core.model.arrays import AnyArray, BoolArray, FloatArray
from darfix_core.steps.quality_curves import SampledCurves
from darfix_core.steps.quality_pass import Observed

# Edge of the window around a pixel, and of the blocks in which the spread about its median is found.
_AROUND, _BLOCK = 5, 16
_TO_SIGMA = 1.4826
# A hot pixel stands out by so many standard deviations, and by this share of what the sample does;
_HOT_SIGMA, _HOT_SHARE = 10.0, 0.02
# and half as much from all but the highest fifth of the pixels around it, as the tip of a bright region does not.
_MOST_BESIDE = 80
# Of counted quanta there may be none for a whole scan: so many have to be seen beside a pixel to call it dead.
_FEWEST_QUANTA = 8.0
# Pixels around a dead one that may change as little, where constant pixels are the exception and where not.
_FEW_CONSTANT, _QUIET_AROUND, _QUIET_AT_RIM = 0.01, 5, 1
# Pixels that share the highest count of all, at least; and how near to it, against the whole range, their rivals are.
_FEWEST_AT_CEILING, _NEAR_CEILING = 5, 0.02
# Frames and counts of a flat top, and the share of pixels that have one by chance.
_FLAT_FRAMES, _FLAT_COUNTS, _FLAT_BY_CHANCE = 3, 100.0, 0.002


def hot_pixels(observed: Observed, full_strength: float) -> BoolArray:
    """Pixels that are brighter than their neighbours even in their darkest frame.

    Parameters
    ----------
    observed : Observed
    full_strength : float, counts
        What the curves of the sample do.

    Returns
    -------
    ndarray of bool, shape (ny, nx)
    """
    from darfix_core.kernels.median_filter import median_filter

    used, nothing = observed.used, np.zeros(observed.used.shape, dtype=bool)
    if not used.any():
        return nothing
    lowest = np.where(used, observed.lowest, 0).astype(np.float64)
    medians = np.empty((1, *lowest.shape))
    median_filter(lowest[None], ~used, not used.all(), _AROUND, medians)
    above = lowest - medians[0]
    spread = np.maximum(_block_spread(np.abs(above)), _TO_SIGMA * float(np.median(np.abs(above[used]))))
    needed = np.maximum(_HOT_SIGMA * spread, _HOT_SHARE * full_strength)
    y, x = np.nonzero(used & (above > needed))
    around = _windows(np.where(used, lowest, np.nan))[y, x].reshape(-1, _AROUND**2)
    nothing[y, x] = 2 * (lowest[y, x] - np.nanpercentile(around, _MOST_BESIDE, axis=1)) > needed[y, x]
    return nothing


def dead_pixels(observed: Observed) -> BoolArray:
    """Pixels that never change although their neighbours do, shape (ny, nx).

    Where nothing is counted beside the sample, a constant pixel at its rim is no wonder: there a dead one stands alone.
    """
    used = observed.used
    swing = np.where(used, observed.highest, 0).astype(np.float64) - np.where(used, observed.lowest, 0)
    constant: BoolArray = used & (swing == 0)
    counted = not np.any(observed.highest[used] % 1)
    quiet = (swing <= (_FEWEST_QUANTA if counted else 0.0)) & used
    rare = constant.sum() < _FEW_CONSTANT * used.sum()
    dead: BoolArray = constant & (_windows(quiet).sum(axis=(2, 3)) <= (_QUIET_AROUND if rare else _QUIET_AT_RIM))
    return dead


def saturated_pixels(observed: Observed, curves: SampledCurves, good: BoolArray, ceiling: float | None) -> BoolArray:
    """Pixels that reach the end of what the detector can count.

    Parameters
    ----------
    observed : Observed
    curves : SampledCurves
    good : ndarray of bool, shape (ny, nx)
        Pixels that are looked at.
    ceiling : float or None, counts
        That end. None: the largest number of an integer type, or a highest count that many pixels share although hardly
        any come near it. Behind lazy operations each pixel may have an end of its own: there, those are saturated
        whose highest count occurs in three frames.

    Returns
    -------
    ndarray of bool, shape (ny, nx)
    """
    highest, rising = observed.highest, good & (observed.highest > observed.lowest)
    if ceiling is None and highest.dtype.kind in "iu":
        end = np.iinfo(highest.dtype).max
        ceiling = end if np.any(highest[rising] == end) else None
    if ceiling is not None:
        full: BoolArray = rising & (highest >= ceiling)
        return full
    if not rising.any():
        return rising
    noisy = curves.noise.size > 0 and float(np.median(curves.noise)) > 0
    at_top = _at_common_top(observed, rising, noisy)
    return _with_flat_top(observed, rising, curves.full_strength) if not at_top.any() and noisy else at_top


def _at_common_top(observed: Observed, rising: BoolArray, noisy: bool) -> BoolArray:
    """Pixels that share the highest count of all; none where that is chance."""
    top, bottom = float(observed.highest[rising].max()), float(np.median(observed.lowest[rising]))
    at_top: BoolArray = rising & (observed.highest == top)
    near = rising & ~at_top & (observed.highest >= top - max(1.0, _NEAR_CEILING * (top - bottom)))
    # Without noise, equal curves have equal peaks.
    long_enough = noisy or observed.at_highest[at_top].mean() >= _FLAT_FRAMES
    many = at_top.sum() >= max(_FEWEST_AT_CEILING, near.sum() + 1)
    return at_top if long_enough and many else np.zeros_like(at_top)


def _with_flat_top(observed: Observed, rising: BoolArray, full_strength: float) -> BoolArray:
    """Strong pixels whose highest count occurs several times; none where nothing has been done to the counts."""
    swing = observed.highest.astype(np.float64) - observed.lowest
    long_enough = observed.at_highest >= _FLAT_FRAMES * observed.dataset.multiplicity.max()
    flat: BoolArray = rising & long_enough & (swing > max(0.5 * full_strength, _FLAT_COUNTS))
    by_chance = not observed.dataset.frames.operations or flat.sum() <= _FLAT_BY_CHANCE * rising.sum()
    return np.zeros_like(flat) if by_chance else flat


def _windows(image: AnyArray) -> AnyArray:
    """The pixels around each pixel, shape (ny, nx, 5, 5); a view."""
    padded = np.pad(image, _AROUND // 2, mode="edge")
    return np.lib.stride_tricks.sliding_window_view(padded, (_AROUND, _AROUND))


def _block_spread(deviation: FloatArray) -> FloatArray:
    """Robust standard deviation of the block of 16 x 16 pixels around each pixel."""
    ny, nx = deviation.shape
    padded = np.pad(deviation, ((0, -ny % _BLOCK), (0, -nx % _BLOCK)), mode="symmetric")
    blocks = padded.reshape(padded.shape[0] // _BLOCK, _BLOCK, -1, _BLOCK)
    spread = _TO_SIGMA * np.median(blocks, axis=(1, 3))
    whole: FloatArray = spread.repeat(_BLOCK, axis=0).repeat(_BLOCK, axis=1)[:ny, :nx]
    return whole
