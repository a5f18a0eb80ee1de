"""Photon transfer: gain and read noise of a detector, from how much the counts of each level vary.

Of three neighbouring frames the second difference is taken, and of that the differences across squares of 2 x 2 pixels:
steady light, light that changes evenly, and the fixed pattern of the detector cancel. In small tiles the variance of
what is left is set against the mean counts. The noise of the detector makes a straight line, whose slope is the gain.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from darfix_core.engine.execution import part_of_progress
from darfix_core.model.arrays import BoolArray, FloatArray
from darfix_core.model.dataset import Dataset
from darfix_core.model.frames import Frames
from darfix_core.model.noise import NoiseModel
from darfix_core.steps.noise_tiles import TILE, sampled_tiles

_LEVELS, _PARTS = 40, 12
# Signals that are looked at, in standard deviations of the mean of a tile.
_CLEAR = 6.0
_TILES_OF_LEVEL = 9
# Standard error of a variance, in its own size: of one tile, and the least that a level is taken to have.
_TILE_ERROR, _LEAST_ERROR = math.sqrt(8 / TILE**2), 0.01
_WEIGHTINGS = 4
# What light that flickers may add to the variance of a level that is used, in parts of its shot noise.
_FLICKER = 0.3
# A gain that is not known to this many of its standard errors is none.
_SIGNIFICANT = 3.0


@dataclass(frozen=True, eq=False)
class PhotonTransfer:
    """Variance against level, and what follows from it.

    Parameters
    ----------
    level : ndarray, shape (n_levels,), counts
        Mean counts of the tiles of a level, from dark to bright.
    variance : ndarray, shape (n_levels,), counts**2
        Mean of their variances, without those in which something else than noise varies.
    fitted : ndarray of bool, shape (n_levels,)
        Levels that the line was fitted to: those at which the light itself varies little against its shot noise.
    gain : float, counts per detected quantum
        Where the frames do not tell it, its upper limit, or 0 where they say nothing at all.
    gain_error : float
        Its standard error; NaN where the gain is not known.
    offset : float, counts
        Level of the dark frames; without them that of the darkest pixels, which may hold light.
    read_noise : float, counts
        Standard deviation at the offset.
    doubts : tuple of str
        What the frames could not tell, and why.
    """

    level: FloatArray
    variance: FloatArray
    fitted: BoolArray
    gain: float
    gain_error: float
    offset: float
    read_noise: float
    doubts: tuple[str, ...] = ()

    @property
    def gain_known(self) -> bool:
        """False where the gain is only a limit."""
        return not math.isnan(self.gain_error)

    @property
    def noise(self) -> NoiseModel:
        """The line as a noise model: right for the counts as they are, whatever was subtracted from them before."""
        return NoiseModel(self.gain, self.offset, self.read_noise)

    @property
    def pedestal(self) -> float:
        """Counts of the offset that cannot be light: so much light would vary more. NaN without a gain."""
        return self.offset - self.read_noise**2 / self.gain if self.gain_known else math.nan


def photon_transfer(dataset: Dataset) -> PhotonTransfer:
    """Variance of the counts against their level, and the line through it.

    At most 24 groups of three neighbouring frames are read, spread over the scan, and its dark frames likewise; of
    large frames, bands of rows that hold about 130 000 pixels in all. The variance is modelled by
    ``read_noise**2 + gain * signal + flicker * signal**2`` with the signal above the offset: light that varies from
    frame to frame does so in proportion to itself. The line is fitted to the levels where this last term is small
    against the shot noise.

    Parameters
    ----------
    dataset : Dataset
        Any scan. Of two frames the difference is taken. A single one shows its fixed pattern as noise, too.

    Returns
    -------
    PhotonTransfer
        The levels and their variances, the line, and what the frames do not tell.

    Raises
    ------
    Cancelled
        If the computation was cancelled.
    """
    with part_of_progress(0.0, 1.0 if dataset.dark is None else 0.5):
        mean, variance = sampled_tiles(dataset.frames, dataset.mask, "noise of the frames")
    if not mean.size:
        nothing, doubt = np.empty(0), "there is no noise to see: no 2 x 2 pixels can be used"
        return PhotonTransfer(nothing, nothing, nothing.astype(bool), 0.0, math.nan, 0.0, 0.0, (doubt,))
    offset, least = _darkest(mean, variance)
    doubts: list[str] = []
    if dataset.dark is not None:
        with part_of_progress(0.5, 1.0):
            offset, least, doubts = _dark_or_darkest(dataset.dark, dataset.mask, offset, least)
    level, variances, tiles = _levels(mean, variance, offset, least)
    fitted, gain, error = _line(level, variances, tiles, offset, least)
    if not gain > _SIGNIFICANT * error:
        gain, error = gain + _SIGNIFICANT * error if math.isfinite(error) else 0.0, math.nan
        most = f", but at most {gain:.3g} counts" if gain else ""
        doubts.append(f"the gain is not known{most}: the frames hold no steady light of several levels")
    return PhotonTransfer(level, variances, fitted, gain, error, offset, math.sqrt(least), tuple(doubts))


def _dark_or_darkest(
    dark: Frames, mask: BoolArray | None, offset: float, least: float
) -> tuple[float, float, list[str]]:
    """Level and variance of the dark frames, or those of the darkest pixels with the doubt about the dark frames."""
    tiles = sampled_tiles(dark, mask, "noise of the dark frames")
    if not tiles[0].size:
        return offset, least, ["the dark frames hold no numbers"]
    level, variance = _darkest(*tiles)
    if level <= offset + 3 * math.sqrt(max(variance, least)):
        return level, variance, []
    doubt = (
        f"the dark frames lie at {level:.4g} counts, above the darkest pixels at {offset:.4g}: as it seems something "
        "was subtracted from the frames, and the dark frames say nothing about them"
    )
    return offset, least, [doubt]


def _darkest(mean: FloatArray, variance: FloatArray) -> tuple[float, float]:
    """Level and variance of the darkest tiles.

    Behind the subtraction of a background that held light the lowest counts are not the darkest. Those that vary least
    are, among the lower half of all.
    """
    order = np.argsort(mean, kind="stable")[: -(-mean.size // 2)]
    parts = np.array_split(order, max(1, min(_PARTS, order.size // _TILES_OF_LEVEL)))
    least = min(parts, key=lambda part: float(np.median(variance[part])))
    return float(np.median(mean[least])), _typical(variance[least])


def _typical(variances: FloatArray) -> float:
    """Mean without the tiles in which something else than noise varies."""
    return float(variances[variances <= 3 * np.median(variances)].mean())


def _levels(
    mean: FloatArray, variance: FloatArray, offset: float, least: float
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Level, variance and number of tiles of equal steps in the square root of the signal above the offset.

    Signals that are not above the noise of the means themselves would make the line too flat.
    """
    above = mean - offset >= _CLEAR * math.sqrt(least) / TILE
    mean, variance = mean[above], variance[above]
    root = np.sqrt(mean - offset)
    step = max(float(root.max(initial=0.0)) / _LEVELS, np.finfo(float).tiny)
    number = np.minimum((root / step).astype(int), _LEVELS - 1)
    chosen = [tiles for level in range(_LEVELS) if len(tiles := np.flatnonzero(number == level)) >= _TILES_OF_LEVEL]
    return (
        np.array([np.median(mean[tiles]) for tiles in chosen]),
        np.array([_typical(variance[tiles]) for tiles in chosen]),
        np.array([float(len(tiles)) for tiles in chosen]),
    )


def _line(
    level: FloatArray, variance: FloatArray, tiles: FloatArray, offset: float, least: float
) -> tuple[BoolArray, float, float]:
    """Levels that are used, gain and its standard error.

    From the brightest on, levels are left out until flicker adds little to the shot noise of all others.
    """
    errors = np.maximum(_TILE_ERROR / np.sqrt(tiles), _LEAST_ERROR)
    for used in range(level.size, 2, -1):
        gain, flicker, error = _fit(level[:used] - offset, variance[:used], errors[:used], least)
        if flicker * (level[used - 1] - offset) <= _FLICKER * gain:
            return np.arange(level.size) < used, gain, error
    return np.zeros(level.size, dtype=bool), 0.0, math.inf


def _fit(signal: FloatArray, variance: FloatArray, errors: FloatArray, least: float) -> tuple[float, float, float]:
    """Gain and flicker of ``variance = least + gain * signal + flicker * signal**2``, and the error of the gain.

    The `errors` are relative to the variance that is expected: relative to the one that was found, they would give
    those that happen to be low more weight. Neither result is below 0.
    """
    from scipy.optimize import nnls

    # Where nothing is counted nothing varies, and the weight would be infinite.
    least_variance = 1e-9 * float(variance.max()) or 1.0
    expected = np.maximum(variance, least_variance)
    terms = np.stack([signal, signal**2], axis=1) / np.array([signal[-1], signal[-1] ** 2])
    for _ in range(_WEIGHTINGS):
        weights = 1 / (errors * expected)
        weighted = terms * weights[:, None]
        found, distance = nnls(weighted, (variance - least) * weights)
        expected = np.maximum(least + terms @ found, least_variance)
    spread = max(1.0, distance**2 / (signal.size - 2))
    error = math.sqrt(spread * np.linalg.pinv(weighted.T @ weighted)[0, 0])
    return found[0] / signal[-1], found[1] / signal[-1] ** 2, error / signal[-1]
