"""Check for drift: does the texture of the sample move, while its brightness changes?

Between two neighbouring frames the counts of a tile change by the slope of the rocking curves, which is a smooth factor
over a small tile even in a bent crystal, and by the shift times the gradient of the image. Both are fitted, tile by
tile, and what the tiles have in common is the drift. `find_shift` knows better; this tells whether it is worth asking.
"""

from __future__ import annotations

import numpy as np

from darfix_core.model.arrays import AnyArray, BoolArray, FloatArray
from darfix_core.model.scan_quality import QualityRow
from darfix_core.steps.quality_check import Check
from darfix_core.steps.quality_curves import SampledCurves
from darfix_core.steps.quality_pass import Observed

DRIFT = Check(
    "drift",
    "px over the scan",
    1.0,
    5.0,
    "A sample that moves during the scan smears the curves of its pixels over their neighbours. Contrast that moves "
    "with the angle looks alike: find_shift says whether its shift can be trusted.",
    "shift_correction",
)

# Pairs of frames, and lit tiles, that are looked at, at most; and the fewest tiles whose scatter is an error.
_MOST_PAIRS, _MOST_TILES, _FEWEST_TILES = 400, 32, 8
# A tile is looked at while it shines with this share of its strongest frame.
_BRIGHT = 0.3
_SIGNIFICANT = 4.0
# Part of a drift that the fit of the slopes may take away or add.
_NEGLECTED = 0.1


def check_drift(observed: Observed, curves: SampledCurves, used: BoolArray) -> tuple[QualityRow, dict[str, AnyArray]]:
    """Drift over the whole scan, if it goes on as evenly as between neighbouring frames.

    Parameters
    ----------
    observed : Observed
    curves : SampledCurves
    used : ndarray of bool, shape (ny, nx)
        Pixels that are neither masked nor dead nor hot.
    """
    n_frames = observed.dataset.n_frames
    if n_frames < 3 or min(observed.tiles.shape[2:]) < 6 or not curves.lit.any():
        return DRIFT.not_checked("there are too few frames, lit pixels or neighbouring pixels to see a shift"), {}
    velocities = tile_velocities(observed, used, curves.full_strength)
    if len(velocities) < _FEWEST_TILES:
        return DRIFT.not_checked(f"only {len(velocities)} of the tiles that were looked at have lit texture"), {}
    velocity = np.median(velocities, axis=0)
    # Standard error of a median, by the median deviation of the tiles.
    scatter = 1.4826 * 1.2533 * np.median(np.abs(velocities - velocity), axis=0) / np.sqrt(len(velocities))
    distance, by_chance = (float(np.hypot(*entry)) * (n_frames - 1) for entry in (velocity, scatter))
    uncertainty = float(np.hypot(by_chance, _NEGLECTED * distance))
    arrays = {"drift/tiles": velocities}
    finding = (
        f"the texture moves by about ({velocity[0]:.3f}, {velocity[1]:.3f}) px per frame in y and x, over the scan by "
        f"{distance:.1f} +- {uncertainty:.1f} px"
    )
    if distance < _SIGNIFICANT * by_chance:
        if by_chance > DRIFT.doubtful:
            return DRIFT.not_checked(f"the texture is too faint: {finding}"), arrays
        return DRIFT.judged(0.0, f"no drift is seen: {finding}"), arrays
    return DRIFT.judged(distance, finding), arrays


def tile_velocities(observed: Observed, used: BoolArray, full_strength: float) -> FloatArray:
    """Shift from frame to frame of the texture in each lit tile, shape (n_tiles, 2), px per frame in y and x."""
    n_frames = len(observed.tiles)
    whole = observed.of_tiles(used).all(axis=(1, 2))
    tiles = observed.tiles[:, whole]
    mean = tiles.mean(axis=(2, 3))
    peak = mean.max(axis=0) - mean.min(axis=0) if tiles.shape[1] else np.zeros(0)
    brightest = np.argsort(-peak, kind="stable")[:_MOST_TILES]
    found = []
    for number in brightest[peak[brightest] > 0.2 * full_strength]:
        tile = tiles[:, number].astype(np.float64)
        tile -= tile.min(axis=0)
        level = tile.mean(axis=(1, 2))
        pairs = np.flatnonzero(np.minimum(level[:-1], level[1:]) > _BRIGHT * level.max())
        pairs = pairs[:: -(-pairs.size // _MOST_PAIRS) or 1]
        if pairs.size >= 2 and n_frames > 2:
            velocity = _velocity(tile[pairs], tile[pairs + 1])
            if np.isfinite(velocity).all():
                found.append(velocity)
    return np.array(found).reshape(-1, 2)


def _velocity(before: FloatArray, after: FloatArray) -> FloatArray:
    """Common shift between pairs of small images (n_pairs, rows, columns) whose brightness changes smoothly."""
    mean, change = (before + after) / 2, after - before
    slope_y, slope_x = np.gradient(mean, axis=(1, 2))
    inner = (slice(None), slice(1, -1), slice(1, -1))
    y, x = np.meshgrid(*(np.linspace(-1, 1, size - 2) for size in mean.shape[1:]), indexing="ij")
    light, n_pairs = mean[inner], len(mean)
    powers = np.stack([np.ones_like(x), y, x, y * y, y * x, x * x], axis=-1)
    factors = (light[..., None] * powers).reshape(n_pairs, -1, powers.shape[-1])
    moving = np.stack([-slope_y[inner], -slope_x[inner]], axis=-1).reshape(n_pairs, -1, 2)
    target = change[inner].reshape(n_pairs, -1, 1)
    # What the smooth factors explain is taken out of both sides, pair by pair.
    basis = np.linalg.qr(factors)[0]
    moving = moving - basis @ (basis.transpose(0, 2, 1) @ moving)
    target = target - basis @ (basis.transpose(0, 2, 1) @ target)
    normal = (moving.transpose(0, 2, 1) @ moving).sum(axis=0)
    right = (moving.transpose(0, 2, 1) @ target).sum(axis=0)[:, 0]
    if np.linalg.cond(normal) > 1e3:
        return np.full(2, np.nan)
    velocity: FloatArray = np.linalg.solve(normal, right)
    return velocity
