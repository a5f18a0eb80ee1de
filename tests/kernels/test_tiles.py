"""Tiles of frames, against the same in NumPy."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from darfix_core.kernels.tiles import add_cross_spectra, bin_pixels, block_means, subtract_surroundings, window_tiles

RNG = np.random.default_rng(11)


def _frame(dtype: type) -> tuple[np.ndarray, np.ndarray]:
    """A frame, and which of its pixels are good."""
    frame = RNG.integers(0, 1000, (24, 30)).astype(dtype)
    return frame, RNG.random(frame.shape) > 0.3


@pytest.mark.parametrize("dtype", [np.uint16, np.int32, np.float32, np.float64])
@pytest.mark.parametrize("factor", [1, 2, 3])
def test_bins_hold_the_mean_of_their_good_and_finite_pixels(dtype, factor):
    frame, good = _frame(dtype)
    if np.issubdtype(dtype, np.floating):
        frame[3, 4:9] = np.nan, np.inf, -np.inf, np.nan, np.inf
    good[:3, :3] = False
    shape = 24 // factor, 30 // factor
    binned, usable = np.empty(shape, np.float32), np.empty(shape, bool)
    bin_pixels(frame, good, factor, binned, usable)
    cells = np.where(good & np.isfinite(frame), frame, np.nan).reshape(shape[0], factor, shape[1], factor)
    count = np.isfinite(cells).sum(axis=(1, 3))
    np.testing.assert_array_equal(usable, count > 0)
    # Single precision.
    np.testing.assert_allclose(binned, np.nansum(cells, axis=(1, 3)) / np.maximum(count, 1), rtol=1e-6)


def test_tiles_lose_their_weighted_mean_and_fade_out():
    image, usable = _frame(np.float32)
    image[~usable] = 0
    usable[16:, 20:] = False
    window = np.outer(np.hanning(10)[1:-1], np.hanning(10)[1:-1]).astype(np.float32)
    corners = np.array([(0, 0), (5, 13), (16, 21)])
    tiles = np.empty((3, 8, 8), np.float32)
    window_tiles(image, usable, corners, window, tiles)
    for tile, (y, x) in zip(tiles, corners, strict=True):
        part, seen = image[y : y + 8, x : x + 8], window * usable[y : y + 8, x : x + 8]
        mean = (seen * part).sum() / seen.sum() if seen.any() else 0
        # Counts up to 1000, in single precision.
        np.testing.assert_allclose(tile, (part - mean) * seen, atol=1e-3)


@pytest.mark.parametrize("reach", [0, 2, 40])
def test_surroundings_are_the_mean_of_usable_pixels_up_to_the_edges(reach):
    image, usable = _frame(np.float32)
    usable[10:20, 5:25] = False
    image[~usable] = 0
    texture = np.empty_like(image)
    subtract_surroundings(image, usable, reach, texture)
    light, number = (
        ndimage.uniform_filter(array.astype(float), 2 * reach + 1, mode="constant") for array in (image, usable)
    )
    expected = np.where(usable, image - light / np.maximum(number, 1e-9), 0)
    # Counts up to 1000, in single precision.
    np.testing.assert_allclose(texture, expected, atol=1e-3)


def test_blocks_hold_the_mean_of_their_usable_pixels():
    image, usable = _frame(np.float32)
    usable[:4, :4] = False
    image[~usable] = 0
    means = np.empty((6, 7), np.float32)
    block_means(image, usable, 4, means)
    cells = [array[:24, :28].reshape(6, 4, 7, 4) for array in (image, usable)]
    expected = cells[0].sum(axis=(1, 3)) / np.maximum(cells[1].sum(axis=(1, 3)), 1)
    np.testing.assert_allclose(means, expected, rtol=1e-6)


def test_cross_spectra_add_up():
    first, second, total = (RNG.standard_normal((2, 50)).astype(np.float32).view(np.complex64)[0] for _ in range(3))
    expected = total + first.conj() * second
    add_cross_spectra(first, second, total)
    np.testing.assert_allclose(total, expected, atol=1e-6)
