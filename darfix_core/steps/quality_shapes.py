"""Checks of the rocking curves: whole, sampled densely enough, symmetric, and with a background that stands still."""

from __future__ import annotations

import numpy as np

from darfix_core.model.arrays import AnyArray, FloatArray
from darfix_core.model.scan_quality import QualityRow
from darfix_core.steps.curve_checks import CUT_SHARE
from darfix_core.steps.quality_check import Check
from darfix_core.steps.quality_curves import SampledCurves, Slices

CUT = Check(
    "curves cut at the scan ends",
    "% of the lit pixels",
    10.0,
    50.0,
    "Of a cut curve the centre of mass is pulled inside and the width is too small; a background taken from the scan "
    "itself is too high. A wider scan helps.",
)
POINTS = Check(
    "points per FWHM",
    "positions",
    5.0,
    1.5,
    "Below about 5 positions within the width of a pixel's curve its fits are doubtful, below 12 a test for two peaks "
    "is; centres of mass stay good down to 2. A scan in finer steps helps.",
)
SKEW = Check(
    "skewness",
    "",
    0.2,
    0.8,
    "The centre of mass of a skewed curve is not its peak, and a symmetric model fits neither; two overlapping curves "
    "look like that, too.",
)
FOLLOWING = Check(
    "background that follows the curve",
    "% of the curves",
    2.0,
    10.0,
    "A background that rises with the curves, as scattered light does, bends their widths: centres hardly move, so "
    "that the map looks right.",
    "subtract_background",
)

# Correlation with the rocking curve from which on a background follows it.
_FOLLOWS = 0.9
_FEWEST_POSITIONS = 8
_FEWEST_PIXELS = 10
# Curves this strong, in units of their noise, tell their skewness.
_SKEW_NOISE = 20.0
# Curves are looked at within this many FWHM of their peak.
_SKEW_RANGE = 1.5
_EXAMPLES = 3


def all_slices(curves: SampledCurves) -> dict[str, Slices]:
    """Curves of the lit pixels along each motor that has enough positions."""
    if curves.lit.sum() < _FEWEST_PIXELS:
        return {}
    return {
        dimension.name: curves.slices(axis)
        for axis, dimension in enumerate(curves.dataset.dimensions)
        if dimension.size >= _FEWEST_POSITIONS
    }


def why_no_slices(curves: SampledCurves) -> str:
    """Reason why there is no curve to look at."""
    if not curves.dataset.dimensions:
        return "the scan has no dimensions: use define_dimensions (Dimension Definition) first"
    if curves.lit.sum() < _FEWEST_PIXELS:
        return f"only {int(curves.lit.sum())} of {curves.lit.size} sampled pixels have a rocking curve"
    return f"no motor has {_FEWEST_POSITIONS} positions"


def check_cut(curves: SampledCurves, slices: dict[str, Slices]) -> tuple[QualityRow, dict[str, AnyArray]]:
    """Share of the lit pixels whose curve has not come down where the scan ends, in the worst motor."""
    if not slices:
        return CUT.not_checked(why_no_slices(curves)), {}
    arrays, shares = {}, {}
    for motor, found in slices.items():
        ends = end_share(found, curves.noise[curves.lit])
        shares[motor] = float(np.mean(ends > CUT_SHARE))
        worst = np.argsort(ends, kind="stable")[:: -max(1, ends.size // _EXAMPLES)][:_EXAMPLES]
        arrays[f"example_curves/{motor}"] = found.counts[:, worst]
    motor = max(shares, key=lambda name: shares[name])
    finding = (
        f"along {motor}, {shares[motor]:.1%} of the lit pixels still have {CUT_SHARE:.0%} of their peak at an end of "
        "the scan"
    )
    return CUT.judged(100 * shares[motor], finding), arrays


def end_share(slices: Slices, noise: FloatArray) -> FloatArray:
    """Counts at the higher end of each curve that are no noise, against its peak, shape (n_pixels,)."""
    counts = slices.counts
    width = max(1, len(counts) // 40)
    peak = counts[slices.peak, np.arange(counts.shape[1])]
    with np.errstate(invalid="ignore", divide="ignore"):
        ends = np.fmax(_mean(counts[:width]), _mean(counts[-width:])) - 3 * noise / np.sqrt(width)
        share: FloatArray = np.nan_to_num(ends / peak)
    return share


def _mean(counts: FloatArray) -> FloatArray:
    """Mean over positions that have a frame."""
    present = np.isfinite(counts)
    with np.errstate(invalid="ignore"):
        mean: FloatArray = np.where(present, counts, 0.0).sum(axis=0) / present.sum(axis=0)
    return mean


def check_points(curves: SampledCurves, slices: dict[str, Slices]) -> tuple[QualityRow, dict[str, AnyArray]]:
    """Positions within the width of a pixel's curve: the median over the lit pixels, in the worst motor."""
    arrays = {f"points_per_fwhm/{motor}": found.fwhm for motor, found in slices.items()}
    points = {name: float(np.nanmedian(one.fwhm)) for name, one in slices.items() if np.isfinite(one.fwhm).any()}
    if not slices:
        return POINTS.not_checked(why_no_slices(curves)), arrays
    if not points:
        return POINTS.not_checked("no curve comes down to half of its peak within the scan"), arrays
    motor = min(points, key=lambda name: points[name])
    finding = f"half of the lit pixels have {points[motor]:.1f} positions of {motor} or fewer within their width"
    return POINTS.judged(points[motor], finding), arrays


def check_skewness(curves: SampledCurves, slices: dict[str, Slices]) -> QualityRow:
    """Median size of the skewness of whole, strong curves, in the worst motor."""
    if not slices:
        return SKEW.not_checked(why_no_slices(curves))
    strength, noise = curves.strength[curves.lit], curves.noise[curves.lit]
    found = {}
    for motor, entry in slices.items():
        whole = (end_share(entry, noise) < CUT_SHARE) & np.isfinite(entry.fwhm) & (strength > _SKEW_NOISE * noise)
        values = skewness(entry)[whole]
        values = values[np.isfinite(values)]
        if values.size >= _FEWEST_PIXELS:
            found[motor] = float(np.median(np.abs(values)))
    if not found:
        return SKEW.not_checked("too few pixels have a whole curve that is strong against its noise")
    motor = max(found, key=lambda name: found[name])
    return SKEW.judged(found[motor], f"half of the curves along {motor} have a skewness of {found[motor]:.2f} or more")


def skewness(slices: Slices) -> FloatArray:
    """Skewness of each curve within 1.5 FWHM of its peak, shape (n_pixels,)."""
    place = np.arange(len(slices.counts))[:, None] - slices.peak
    near = np.abs(place) <= _SKEW_RANGE * np.maximum(slices.fwhm, 2.0)
    weight = np.where(near, np.nan_to_num(slices.counts), 0.0)
    with np.errstate(invalid="ignore", divide="ignore"):
        total = weight.sum(axis=0)
        off = place - (weight * place).sum(axis=0) / total
        second, third = ((weight * off**power).sum(axis=0) / total for power in (2, 3))
        value: FloatArray = third / second**1.5
    return value


def check_following(curves: SampledCurves) -> tuple[QualityRow, dict[str, AnyArray]]:
    """How much of the rocking curve the level beside the sample repeats."""
    level = curves.level
    if curves.lit.sum() < _FEWEST_PIXELS:
        return FOLLOWING.not_checked("no sampled pixel has a rocking curve"), {}
    arrays = {"rocking": curves.rocking}
    if level is None:
        return FOLLOWING.not_checked("no sampled pixel lies off the sample, where the background alone is seen"), arrays
    arrays["level_off_sample"] = level
    rocking = curves.rocking
    if not np.ptp(rocking) or not np.ptp(level):
        return FOLLOWING.judged(0.0, "the level off the sample is constant"), arrays
    correlation = float(np.corrcoef(rocking, level)[0, 1])
    slope = float(np.polyfit(rocking, level, 1)[0])
    share = slope * float(np.ptp(rocking)) / float(np.median(curves.strength[curves.lit]))
    follows = correlation > _FOLLOWS
    finding = f"the level off the sample has a correlation of {correlation:.2f} with the curves"
    if follows:
        finding += f" and rises with them by {share:.1%} of their height"
    return FOLLOWING.judged(100 * share if follows else 0.0, finding), arrays
