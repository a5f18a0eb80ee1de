"""Photon transfer: gain and read noise of a detector, from how much the counts of each level vary.

Of three neighbouring frames the second difference is taken, and of that the differences across squares of 2 x 2 pixels:
steady light, light that changes evenly, and the fixed pattern of the detector cancel. In small tiles the variance of
what is left is set against the mean counts. The noise of the detector makes a straight line, whose slope is the gain.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from darfix_core.engine.execution import current_execution, part_of_progress
from darfix_core.engine.pool import run_in_order
from darfix_core.model.arrays import AnyArray, BoolArray, FloatArray
from darfix_core.model.dataset import Dataset
from darfix_core.model.frames import Frames
from darfix_core.model.noise import NoiseModel

# Edge of a tile in px: its variance is known to 35 %, and it is still small against most features.
_TILE = 8
# Groups of neighbouring frames that are looked at.
_GROUPS = 24
# Pixels of a group that are looked at.
_PIXELS = 2**17
_LEVELS, _PARTS = 40, 12
# Signals that are looked at, in standard deviations of the mean of a tile.
_CLEAR = 6.0
_TILES_OF_LEVEL = 9
# Standard error of a variance, in its own size: of one tile, and the least that a level is taken to have.
_TILE_ERROR, _LEAST_ERROR = math.sqrt(8 / _TILE**2), 0.01
# Standard deviations of a tile by which its brightest pixel is above its mean: beyond, that is a hot one.
_OUTLIER = 6.0
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
        """The line as a noise model."""
        return NoiseModel(self.gain, self.offset, self.read_noise)

    @property
    def pedestal(self) -> float:
        """Counts of the offset that cannot be light: so much light would vary more. NaN without a gain."""
        return self.offset - self.read_noise**2 / self.gain if self.gain_known else math.nan


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

    Raises
    ------
    Cancelled
        If the computation was cancelled.
    """
    with part_of_progress(0.0, 1.0 if dataset.dark is None else 0.5):
        mean, variance = _tiles(dataset.frames, dataset.mask, "noise of the frames")
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
    tiles = _tiles(dark, mask, "noise of the dark frames")
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


def _tiles(frames: Frames, mask: BoolArray | None, what: str) -> tuple[FloatArray, FloatArray]:
    """Mean and variance of all tiles of groups of frames that are spread over the stack."""
    run, size = current_execution(), min(3, len(frames))
    groups = min(_GROUPS, len(frames) // size)
    starts, bands = np.linspace(0, len(frames) - size, groups).astype(int), _bands(frames.shape)

    def look(start: int) -> tuple[FloatArray, FloatArray]:
        span = slice(start, start + size)
        window = frames.window(span)
        found = [tile_statistics(window.read(span, rows), None if mask is None else mask[rows]) for rows in bands]
        means, variances = (np.concatenate(parts) for parts in zip(*found, strict=True))
        return means, variances

    found = []
    for done, tiles in enumerate(run_in_order(look, starts, run), start=1):
        found.append(tiles)
        run.report(done / groups, what)
    means, variances = (np.concatenate(parts) for parts in zip(*found, strict=True))
    return means, variances


def _bands(shape: tuple[int, int, int]) -> list[slice]:
    """Rows that are looked at: all of them, or of large frames some, spread evenly."""
    _, ny, nx = shape
    tiles, wanted = max(1, ny // _TILE), max(1, _PIXELS // (_TILE * nx))
    if tiles <= wanted:
        return [slice(0, ny)]
    return [slice(_TILE * tile, _TILE * (tile + 1)) for tile in np.linspace(0, tiles - 1, wanted).astype(int)]


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
    ny, nx = (size // 2 * 2 for size in block.shape[1:])
    if not ny * nx:
        return np.empty(0), np.empty(0)
    counts = block[:, :ny, :nx].astype(np.float64)
    usable = np.logical_and.reduce(np.isfinite(counts))
    if mask is not None:
        usable &= ~mask[:ny, :nx]
    counts = np.where(usable, counts, 0.0)
    if len(counts) > 1 and np.ptp(counts) > 0:
        usable &= ~(counts == counts.max()).all(axis=0)
    level, difference = _level_and_difference(counts)
    pixels, used = _tiles_of(level, _TILE), _tiles_of(usable, _TILE)
    noise, whole = (_tiles_of(image, _TILE // 2) for image in _quads(difference, usable))
    mean = _mean_of_used(pixels, used)
    distance = np.where(used, pixels - mean[:, None], 0.0)
    deviation = np.sqrt(_mean_of_used(distance**2, used))
    variance = _mean_of_used(noise**2, whole)
    chosen = (2 * whole.sum(axis=1) >= whole.shape[1]) & (distance.max(axis=1) <= _OUTLIER * deviation)
    if (variance[chosen] > 0).any():
        chosen &= variance > 0
    return mean[chosen], variance[chosen]


def _level_and_difference(counts: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Image in which light that changes evenly from frame to frame cancels, and the counts that its variance is of."""
    if len(counts) == 1:
        return counts[0], counts[0]
    weights = np.array([1.0, -2.0, 1.0] if len(counts) == 3 else [1.0, -1.0])
    shares = weights**2 / (weights**2).sum()
    difference = np.tensordot(weights, counts, 1) / math.sqrt((weights**2).sum())
    return np.tensordot(shares, counts, 1), difference


def _quads(image: FloatArray, usable: BoolArray) -> tuple[FloatArray, BoolArray]:
    """Differences across squares of 2 x 2 pixels, in which a slope cancels, with the variance of one pixel.

    And which of them can be used, shape (ny / 2, nx / 2) each.
    """
    top, bottom = image[::2], image[1::2]
    difference = (top[:, ::2] - top[:, 1::2] - bottom[:, ::2] + bottom[:, 1::2]) / 2
    return difference, usable[::2, ::2] & usable[::2, 1::2] & usable[1::2, ::2] & usable[1::2, 1::2]


def _tiles_of(image: AnyArray, edge: int) -> AnyArray:
    """Whole tiles of an image, shape (tiles, pixels); a smaller image is one tile in that direction."""
    height, width = min(edge, image.shape[0]), min(edge, image.shape[1])
    rows, columns = image.shape[0] // height, image.shape[1] // width
    tiles = image[: rows * height, : columns * width].reshape(rows, height, columns, width)
    return tiles.swapaxes(1, 2).reshape(rows * columns, height * width)


def _mean_of_used(tiles: FloatArray, used: BoolArray) -> FloatArray:
    mean: FloatArray = np.where(used, tiles, 0.0).sum(axis=1) / np.maximum(used.sum(axis=1), 1)
    return mean


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
    above = mean - offset >= _CLEAR * math.sqrt(least) / _TILE
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
