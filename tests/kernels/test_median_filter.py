"""Medians of 3 x 3 and 5 x 5 pixels, against scipy and numpy."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import scipy.ndimage

from darfix_core.kernels.layout import row_major_view
from darfix_core.kernels.median_filter import median_filter

#: Those that steps hand to the kernel.
TYPES = ["u1", "u2", "i8", "f4", "f8"]


def filtered(block, size, masked=None):
    hidden = np.zeros(block.shape[1:], dtype=bool) if masked is None else masked
    out = np.empty(block.shape, block.dtype)
    median_filter(row_major_view(block), hidden, masked is not None or block.dtype.kind == "f", size, out)
    return out


def lower_median(values):
    """Median; of an even number the lower of the two in the middle."""
    return np.sort(values)[(values.size - 1) // 2]


def slow_median(frame, hole, size):
    """Median without holes, by numpy, pixel by pixel."""
    reach = size // 2
    frame, hole = (np.pad(image, reach, mode="edge") for image in (frame, hole))
    out = frame[reach:-reach, reach:-reach].copy()
    for y, x in np.ndindex(out.shape):
        window = frame[y : y + size, x : x + size][~hole[y : y + size, x : x + size]]
        if window.size:
            out[y, x] = lower_median(window)
    return out


@pytest.mark.parametrize("size", [3, 5])
@pytest.mark.parametrize("dtype", TYPES)
def test_equals_scipy(rng, dtype, size):
    low, high = (-100, 100) if dtype[0] in "if" else (0, 250)
    block = rng.uniform(low, high, (2, 21, 70)).astype(dtype)
    expected = [scipy.ndimage.median_filter(frame, size, mode="nearest") for frame in block]
    np.testing.assert_array_equal(filtered(block, size), expected)


@pytest.mark.parametrize("size", [3, 5])
@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (7, 1), (2, 2), (3, 4), (4, 33)], ids=str)
def test_small_frames(rng, shape, size):
    frame = rng.integers(0, 9, shape).astype(np.uint16)
    expected = scipy.ndimage.median_filter(frame, size, mode="nearest")
    np.testing.assert_array_equal(filtered(frame[None], size)[0], expected)


@pytest.mark.parametrize("size", [3, 5])
def test_every_input_of_zeros_and_ones_is_right(size):
    """Exchanges that give the median of zeros and ones give that of all values (Knuth, The Art of Programming, 5.3.4).

    The columns are sorted first, so how many ones each has is all that counts: 6**5 windows of 5 x 5.
    """
    ones = np.array(list(itertools.product(range(size + 1), repeat=size)))
    windows = (np.arange(size)[:, None] >= size - ones[:, None]).astype(np.uint8)  # (windows, rows, columns)
    reach = size // 2
    np.testing.assert_array_equal(filtered(windows, size)[:, reach, reach], ones.sum(axis=1) > size * size // 2)


@pytest.mark.parametrize("size", [3, 5])
def test_cut_outs_of_larger_stacks(rng, size):
    stack = rng.integers(0, 99, (3, 30, 40)).astype(np.uint16)
    cut = stack[:, 4:21, 7:31]
    np.testing.assert_array_equal(filtered(cut, size), filtered(cut.copy(), size))


@pytest.mark.parametrize("size", [3, 5])
@pytest.mark.parametrize("share", [0.02, 0.4, 0.97])
def test_holes_are_left_out_of_the_medians_of_their_neighbours(rng, size, share):
    frame = rng.normal(size=(23, 31)).astype(np.float32)
    masked, nan = rng.random(frame.shape) < share, rng.random(frame.shape) < share / 3
    frame[nan] = np.nan
    expected = np.where(masked, frame, slow_median(frame, masked | nan, size))
    np.testing.assert_array_equal(filtered(frame[None], size, masked)[0], expected)


@pytest.mark.parametrize("size", [3, 5])
def test_frames_without_numbers_stay(size):
    nothing = np.full((1, 6, 6), np.nan)
    assert np.isnan(filtered(nothing, size)).all()
    counts = np.arange(36, dtype=np.uint16).reshape(1, 6, 6)
    np.testing.assert_array_equal(filtered(counts, size, np.ones((6, 6), dtype=bool)), counts)


def test_infinite_counts_are_the_largest(rng):
    frame = rng.normal(size=(9, 9))
    frame[4, 4] = np.inf
    large = np.where(np.isinf(frame), 1e9, frame)
    np.testing.assert_array_equal(filtered(frame[None], 3), filtered(large[None], 3))
