"""Photon transfer: gain and read noise of a detector, from how much the counts of each level vary.

Of three neighbouring frames the second difference is taken, in which steady light and the fixed pattern of the detector
cancel. In small tiles of it the variance is found, and set against the mean counts of the tile. The noise of the
detector makes a straight line, whose slope is the gain.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from darfix_core.engine.execution import current_execution
from darfix_core.engine.pool import run_in_order
from darfix_core.model.arrays import AnyArray, BoolArray, FloatArray
from darfix_core.model.dataset import Dataset
from darfix_core.model.frames import Frames
from darfix_core.model.noise import NoiseModel

# Edge of a tile in px: its variance is known to 18 %, and a bright one is still small against most features.
_TILE = 8
# Groups of neighbouring frames that are looked at.
_GROUPS = 24
_LEVELS, _PARTS = 40, 12
_TILES_OF_LEVEL = 9
# Standard error of the median of the variances, in their own size: of one tile, and at least.
_MEDIAN_ERROR, _LEAST_ERROR = 1.25 * math.sqrt(2 / (_TILE**2 - 1)), 0.01
# Standard deviations of a tile by which its brightest pixel is above its mean: beyond, that is a hot one.
_OUTLIER = 6.0
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
        Median of their variances.
    fitted : ndarray of bool, shape (n_levels,)
        Levels that the line was fitted to: those at which the light itself varies less than shot noise.
    gain : float, counts per detected quantum
        Its upper limit, or 0, where the frames do not tell it, which `doubts` says.
    gain_error : float
        Its standard error.
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
    def noise(self) -> NoiseModel:
        """The line as a noise model."""
        return NoiseModel(self.gain, self.offset, self.read_noise)

    @property
    def pedestal(self) -> float:
        """Counts of the offset that cannot be light: so much light would vary more. NaN without a gain."""
        return self.offset - self.read_noise**2 / self.gain if self.gain else math.nan


def estimate_noise(dataset: Dataset) -> NoiseModel:
    """Noise of the detector, estimated from the frames: see `photon_transfer`.

    Parameters
    ----------
    dataset : Dataset
        Any scan.

    Returns
    -------
    NoiseModel
        Right for the variance of the counts as they are. What is behind a level that was subtracted, or how much of the
        darkest counts is a pedestal, it does not know.

    Raises
    ------
    Cancelled
        If the computation was cancelled.
    """
    return photon_transfer(dataset).noise


def photon_transfer(dataset: Dataset) -> PhotonTransfer:
    """Variance of the counts against their level, and the line through it.

    At most 24 groups of three neighbouring frames are read, spread over the scan, and its dark frames likewise. The
    variance is modelled by ``read_noise**2 + gain * signal + flicker * signal**2`` with the signal above the offset:
    light that varies from frame to frame, as that of a rocking scan does, does so in proportion to itself. The line is
    fitted to the levels where this last term is smaller than the shot noise.

    Parameters
    ----------
    dataset : Dataset
        Any scan. Of less than three frames, differences of the two frames, or of neighbouring pixels, are taken; the
        latter hold the texture of the sample, too.

    Returns
    -------
    PhotonTransfer

    Raises
    ------
    Cancelled
        If the computation was cancelled.
    """
    mean, variance = _tiles(dataset.frames, dataset.mask, "noise of the frames")
    if not mean.size:
        return PhotonTransfer(
            *_no_levels(), 0.0, math.nan, 0.0, 0.0, ("no pixel can be used: there is no noise to see",)
        )
    doubts = []
    offset, least = _darkest(mean, variance)
    if dataset.dark is not None:
        dark = _darkest(*_tiles(dataset.dark, dataset.mask, "noise of the dark frames"))
        if dark[0] <= offset + 3 * math.sqrt(max(dark[1], least)):
            offset, least = dark
        else:
            doubts.append(
                f"the dark frames lie at {dark[0]:.4g} counts, above the darkest pixels at {offset:.4g}: "
                "as it seems something was subtracted from the frames, and the dark frames say nothing about them"
            )
    level, variances, tiles = _levels(mean, variance, offset)
    fitted, gain, error = _line(level, variances, tiles, offset, least)
    if not gain > _SIGNIFICANT * error:
        gain = gain + _SIGNIFICANT * error if math.isfinite(error) else 0.0
        most = f", but at most {gain:.3g} counts" if gain else ""
        doubts.append(f"the gain is not known{most}: the frames hold no steady light of several levels")
    return PhotonTransfer(level, variances, fitted, gain, error, offset, math.sqrt(least), tuple(doubts))


def _no_levels() -> tuple[FloatArray, FloatArray, BoolArray]:
    return np.empty(0), np.empty(0), np.empty(0, dtype=bool)


def _tiles(frames: Frames, mask: BoolArray | None, what: str) -> tuple[FloatArray, FloatArray]:
    """Mean and variance of all tiles of groups of frames that are spread over the stack."""
    run, size = current_execution(), min(3, len(frames))
    groups = min(_GROUPS, len(frames) // size)
    starts = np.linspace(0, len(frames) - size, groups).astype(int)

    def look(start: int) -> tuple[FloatArray, FloatArray]:
        return tile_statistics(frames.read(slice(start, start + size)), mask)

    found = []
    for done, tiles in enumerate(run_in_order(look, starts, run), start=1):
        found.append(tiles)
        run.report(done / groups, what)
    means, variances = (np.concatenate(parts) for parts in zip(*found, strict=True))
    return means, variances


def tile_statistics(block: AnyArray, mask: BoolArray | None = None) -> tuple[FloatArray, FloatArray]:
    """Mean counts and variance of the noise in the tiles of up to three neighbouring frames.

    Parameters
    ----------
    block : ndarray, shape (1 to 3, ny, nx), counts
    mask : ndarray of bool, shape (ny, nx), optional
        True where a pixel is not to be used.

    Returns
    -------
    ndarray, shape (n_tiles,), counts
    ndarray, shape (n_tiles,), counts**2
        Of the tiles of 8 x 8 pixels of which at least half can be used. Saturated pixels are not used, nor are tiles
        with a hot pixel, nor those that do not vary at all where others do.
    """
    counts = block.astype(np.float64)
    usable = np.isfinite(counts).all(axis=0)
    if mask is not None:
        usable &= ~mask
    counts = np.where(usable, counts, 0.0)
    if len(counts) > 1 and np.ptp(counts) > 0:
        usable &= ~(counts == counts.max()).all(axis=0)
    mean, deviation, highest, _ = _mean_and_deviation(counts.mean(axis=0), usable)
    _, noise, _, number = _mean_and_deviation(_noise_image(counts), usable)
    height, width = _tile_shape(usable)
    variance = noise**2 / (1 - 2 / (9 * np.maximum(number - 1, 1))) ** 3  # the mean of a law whose median is taken
    chosen = (number >= height * width / 2) & (highest <= _OUTLIER * deviation)
    if (variance[chosen] > 0).any():
        chosen &= variance > 0
    return mean[chosen], variance[chosen]


def _mean_and_deviation(image: FloatArray, usable: BoolArray) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Of each tile: mean, standard deviation, the highest value above the mean, and the number of usable pixels."""
    tiles, used = _cut(image), _cut(usable)
    number = used.sum(axis=-1).astype(np.float64)
    mean = np.where(used, tiles, 0.0).sum(axis=-1) / np.maximum(number, 1)
    distance = np.where(used, tiles - mean[:, None], 0.0)
    # A single pixel has no mean to vary about.
    deviation = np.sqrt((distance**2).sum(axis=-1) / np.maximum(number - 1, 1))
    return mean, deviation, distance.max(axis=-1), number


def _noise_image(counts: FloatArray) -> FloatArray:
    """Differences in which the light cancels, with the variance of one frame."""
    if len(counts) == 3:
        return (counts[0] - 2 * counts[1] + counts[2]) / math.sqrt(6)
    if len(counts) == 2:
        return (counts[0] - counts[1]) / math.sqrt(2)
    row = np.pad(counts[0], ((0, 0), (1, 1)), mode="reflect" if counts.shape[2] > 1 else "edge")
    return (row[:, :-2] - 2 * row[:, 1:-1] + row[:, 2:]) / math.sqrt(6)


def _tile_shape(image: AnyArray) -> tuple[int, int]:
    return min(_TILE, image.shape[0]), min(_TILE, image.shape[1])


def _cut(image: AnyArray) -> AnyArray:
    """Whole tiles of an image, shape (tiles, pixels)."""
    height, width = _tile_shape(image)
    rows, columns = image.shape[0] // height, image.shape[1] // width
    tiles = image[: rows * height, : columns * width].reshape(rows, height, columns, width)
    return tiles.swapaxes(1, 2).reshape(rows * columns, height * width)


def _darkest(mean: FloatArray, variance: FloatArray) -> tuple[float, float]:
    """Level and variance of the darkest tiles.

    Behind the subtraction of a background that held light the lowest counts are not the darkest. Those that vary least
    are, among the lower half of all.
    """
    order = np.argsort(mean, kind="stable")[: -(-mean.size // 2)]
    parts = np.array_split(order, max(1, min(_PARTS, order.size // _TILES_OF_LEVEL)))
    least = min(parts, key=lambda part: float(np.median(variance[part])))
    return float(np.median(mean[least])), float(np.median(variance[least]))


def _levels(mean: FloatArray, variance: FloatArray, offset: float) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Level, variance and number of tiles of equal steps in the square root of the signal above the offset."""
    above = mean >= offset
    mean, variance = mean[above], variance[above]
    root = np.sqrt(mean - offset)
    step = max(float(root.max(initial=0.0)) / _LEVELS, np.finfo(float).tiny)
    number = np.minimum((root / step).astype(int), _LEVELS - 1)
    chosen = [tiles for level in range(_LEVELS) if len(tiles := np.flatnonzero(number == level)) >= _TILES_OF_LEVEL]
    return (
        np.array([np.median(mean[tiles]) for tiles in chosen]),
        np.array([np.median(variance[tiles]) for tiles in chosen]),
        np.array([float(len(tiles)) for tiles in chosen]),
    )


def _line(
    level: FloatArray, variance: FloatArray, tiles: FloatArray, offset: float, least: float
) -> tuple[BoolArray, float, float]:
    """Levels that are used, gain and its standard error.

    From the brightest on, levels are left out until light that flickers adds less than its shot noise to all others.
    """
    for used in range(level.size, 2, -1):
        gain, flicker, error = _fit(level[:used] - offset, variance[:used] - least, variance[:used], tiles[:used])
        if flicker * (level[used - 1] - offset) <= gain:
            return np.arange(level.size) < used, gain, error
    return np.zeros(level.size, dtype=bool), 0.0, math.inf


def _fit(signal: FloatArray, excess: FloatArray, variance: FloatArray, tiles: FloatArray) -> tuple[float, float, float]:
    """Gain and flicker, neither below 0, of ``excess = gain * signal + flicker * signal**2``, and the gain's error."""
    from scipy.optimize import nnls

    # Standard errors of the medians, though none so small that a single level would settle all.
    errors = np.maximum(variance, np.finfo(float).tiny) * np.maximum(_MEDIAN_ERROR / np.sqrt(tiles), _LEAST_ERROR)
    terms = np.stack([signal, signal**2], axis=1) / errors[:, None]
    scale = np.maximum(np.linalg.norm(terms, axis=0), np.finfo(float).tiny)
    (gain, flicker), distance = nnls(terms / scale, excess / errors)
    spread = max(1.0, distance**2 / (signal.size - 2))
    covariance = spread * np.linalg.pinv((terms / scale).T @ (terms / scale))
    return float(gain / scale[0]), float(flicker / scale[1]), float(math.sqrt(covariance[0, 0]) / scale[0])
