"""Noise of small tiles of the frames: differences in which the light cancels, and the counts that they belong to."""

from __future__ import annotations

import math

import numpy as np

from darfix_core.engine.execution import current_execution
from darfix_core.engine.pool import run_in_order
from darfix_core.model.arrays import AnyArray, BoolArray, FloatArray
from darfix_core.model.frames import Frames

#: Edge of a tile in px: its variance is known to 35 %, and it is still small against most features.
TILE = 8
# Groups of neighbouring frames that are looked at.
_GROUPS = 24
# Pixels of a group that are looked at.
_PIXELS = 2**17
# Standard deviations of a tile by which its brightest pixel is above its mean: beyond, that is a hot one.
_OUTLIER = 6.0


def sampled_tiles(frames: Frames, mask: BoolArray | None, what: str) -> tuple[FloatArray, FloatArray]:
    """Mean and variance of the tiles of groups of neighbouring frames that are spread over the stack.

    Parameters
    ----------
    frames : Frames, shape (n_frames, ny, nx)
    mask : ndarray of bool, shape (ny, nx), optional
        True where a pixel is not to be used.
    what : str
        Shown with the progress.

    Returns
    -------
    ndarray, shape (n_tiles,), counts
    ndarray, shape (n_tiles,), counts**2
        See `tile_statistics`.

    Raises
    ------
    Cancelled
        If the computation was cancelled.
    """
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
    tiles, wanted = max(1, ny // TILE), max(1, _PIXELS // (TILE * nx))
    if tiles <= wanted:
        return [slice(0, ny)]
    return [slice(TILE * tile, TILE * (tile + 1)) for tile in np.linspace(0, tiles - 1, wanted).astype(int)]


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
    pixels, used = _tiles_of(level, TILE), _tiles_of(usable, TILE)
    noise, whole = (_tiles_of(image, TILE // 2) for image in _quads(difference, usable))
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
