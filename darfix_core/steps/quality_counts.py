"""Checks of the counts: pedestal, noise, saturation, dead and hot pixels."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from darfix_core.model.arrays import AnyArray, BoolArray
from darfix_core.model.dataset import Dataset
from darfix_core.model.scan_quality import QualityRow
from darfix_core.steps.curve_checks import PEDESTAL_SHARE
from darfix_core.steps.photon_transfer import PhotonTransfer
from darfix_core.steps.quality_check import Check
from darfix_core.steps.quality_curves import LIT_SHARE, SampledCurves
from darfix_core.steps.quality_pass import Observed

PEDESTAL = Check(
    "pedestal",
    "%",
    100 * PEDESTAL_SHARE,
    50.0,
    "A constant pedestal pulls every centre of mass to the middle of the scan: with a share f of the counts, "
    "differences of orientation come out 1 / (1 - f) times too small, and widths too large. Too much subtracted does "
    "the opposite.",
    "subtract_background",
)
NOISE = Check(
    "gain and read noise",
    "times the gain of the noise model",
    1.5,
    3.0,
    "Errors and chi-square of fits, and what counts as a hot pixel, follow from the gain: with a wrong one they are "
    "wrong by its square root.",
)
SATURATION = Check(
    "saturation",
    "% of the lit pixels",
    0.02,
    1.0,
    "Saturated curves have a flat top: their widths are too large, their shape and intensity mean nothing.",
    "apply_mask",
)
BAD_PIXELS = Check(
    "dead and hot pixels",
    "% of the pixels",
    0.02,
    5.0,
    "A hot pixel is a pedestal of its own, a dead one has no curve: both show as single pixels of wrong orientation.",
    "remove_hot_pixels",
)

#: Frames below which the floor of a curve is not seen.
FEWEST_FRAMES = 8


def check_pedestal(observed: Observed, curves: SampledCurves) -> tuple[QualityRow, dict[str, AnyArray]]:
    """Share of a constant pedestal in the counts of the lit pixels; and its map over all pixels."""
    n_frames = observed.dataset.n_frames
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        share = n_frames * observed.lowest.astype(np.float64) / observed.total
    image = np.where(observed.used & (observed.total > 0), np.clip(share, 0.0, 1.0), np.nan).astype(np.float32)
    arrays = {"pedestal_share": image}
    if n_frames < FEWEST_FRAMES:
        return PEDESTAL.not_checked(f"{n_frames} frames do not show how low the curves go"), arrays
    if not curves.lit.any():
        return PEDESTAL.not_checked("no sampled pixel has a rocking curve"), arrays
    too_deep = _too_deep(curves)
    if 100 * too_deep > PEDESTAL.doubtful:
        finding = (
            f"the background that was subtracted is too high: half of the lit pixels go down to {-too_deep:.0%} of "
            "their height or lower; a low percentile, or dark frames, give a lower one"
        )
        return PEDESTAL.judged(100 * too_deep, finding), arrays
    lowest, mean = curves.lowest[curves.lit], curves.counts[:, curves.lit].mean(axis=0, dtype=np.float64)
    value = max(0.0, float(lowest.sum() / mean.sum())) if mean.sum() > 0 else 0.0
    level = float(np.median(lowest))
    smaller = f": differences of centres come out {1 / (1 - value):.3g} times too small" if 0.02 < value < 0.999 else ""
    finding = f"{value:.1%} of the counts of lit pixels are a level of {level:.4g} counts that is always there{smaller}"
    return PEDESTAL.judged(100 * value, finding), arrays


def _too_deep(curves: SampledCurves) -> float:
    """How far the curves go below zero, beyond their noise, in parts of their height: the median over lit pixels."""
    below = np.maximum(-curves.lowest - 3 * curves.noise, 0.0)
    return float(np.median(below[curves.lit] / curves.strength[curves.lit]))


def check_noise(dataset: Dataset, transfer: PhotonTransfer) -> tuple[QualityRow, dict[str, AnyArray]]:
    """Gain and read noise against the noise model of the dataset, if it has one."""
    found = {"level": transfer.level, "variance": transfer.variance, "fitted": transfer.fitted}
    line = np.array([transfer.gain, transfer.offset, transfer.read_noise])
    arrays = {f"photon_transfer/{name}": values for name, values in (found | {"line": line}).items()}
    if not transfer.gain_known:
        return NOISE.not_checked("; ".join(transfer.doubts) or "the frames do not tell the gain"), arrays
    finding = (
        f"gain {transfer.gain:.3g} counts per quantum, read noise {transfer.read_noise:.3g} counts at a level of "
        f"{transfer.offset:.4g}"
    )
    if dataset.noise is None:
        row = NOISE.judged(1.0, f"{finding}; the dataset has no noise model to compare it with")
        return replace(row, value=transfer.gain, unit="counts per quantum"), arrays
    known = float(np.median(dataset.noise.gain))
    ratio = transfer.gain / known
    finding += f"; the noise model of the dataset has a gain of {known:.3g}"
    return replace(NOISE.judged(max(ratio, 1 / ratio), finding), value=ratio), arrays


def check_saturation(observed: Observed, curves: SampledCurves, saturated: BoolArray) -> QualityRow:
    """Share of the lit pixels that are saturated."""
    used = observed.used
    if not used.any():
        return SATURATION.not_checked("no pixel can be used")
    with np.errstate(invalid="ignore", over="ignore"):
        swing = observed.highest.astype(np.float64) - observed.lowest
    lit = used & (swing > LIT_SHARE * curves.full_strength)
    number = int(saturated.sum())
    value = 100 * number / max(int(lit.sum()), number, 1)
    if number:
        top = float(observed.highest[saturated].max())
        return SATURATION.judged(value, f"{_pixels(number)} end at the same highest count, {top:.6g}")
    return SATURATION.judged(
        value, f"no pixel is saturated; the highest count is {float(observed.highest[used].max()):.6g}"
    )


def check_bad_pixels(observed: Observed, dead: BoolArray, hot: BoolArray) -> QualityRow:
    """Share of the pixels that are dead or hot."""
    mask = observed.dataset.mask
    size = dead.size if mask is None else int((~mask).sum())
    if not size:
        return BAD_PIXELS.not_checked("no pixel can be used: all are masked")
    n_invalid = int(((observed.invalid > 0) & dead).sum())
    finding = f"{_pixels(int(hot.sum()))} hot, {_pixels(int(dead.sum()) - n_invalid)} dead"
    if n_invalid:
        finding += f", {_pixels(n_invalid)} with counts that are no numbers"
    # A single pixel is no reason to doubt a small image.
    number = int((dead | hot).sum())
    return BAD_PIXELS.judged(100 * number / size if number > 2 else 0.0, finding)


def _pixels(number: int) -> str:
    return "no pixel" if not number else f"{number} pixel{'s' if number > 1 else ''}"
