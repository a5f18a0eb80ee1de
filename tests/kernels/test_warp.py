"""Frames moved by parts of a pixel, against SciPy and against sums over neighbours."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from darfix_core.kernels.warp import interpolation_weights, move_frames

SHIFTS = [(0.0, 0.0), (2.0, -3.0), (0.25, 0.0), (0.0, -1.75), (0.5, 0.5), (-2.3, 3.7), (11.2, 0.1), (0.1, -14.5)]


def moved(frame, shift, *, cubic=False):
    """A frame moved back by a shift."""
    frame = np.ascontiguousarray(frame)
    whole = np.floor(np.array([shift]))
    weights = interpolation_weights(np.array([shift]) - whole).astype(frame.dtype)
    out = np.full((1, *frame.shape), 77, frame.dtype)
    move_frames(frame[None], *frame.shape, whole.astype(np.int64), weights, cubic, out)
    return out[0]


def keys(distance):
    """Interpolation kernel of Keys (1981) with a = -1/2."""
    d = np.abs(distance)
    return np.where(d < 1, 1.5 * d**3 - 2.5 * d**2 + 1, np.where(d < 2, -0.5 * d**3 + 2.5 * d**2 - 4 * d + 2, 0))


def cubic_by_sums(frame, shift):
    """Sums over all pixels, weighted with the kernel; only right two pixels away from the borders."""
    along_y, along_x = (
        keys(np.arange(size) - (np.arange(size) + by)[:, None]) for size, by in zip(frame.shape, shift, strict=True)
    )
    return along_y @ frame @ along_x.T


@pytest.mark.parametrize("shift", SHIFTS, ids=str)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_linear_interpolation_is_that_of_scipy(rng, shift, dtype):
    frame = rng.normal(100, 20, (12, 16)).astype(dtype)
    expected = ndimage.shift(frame.astype(float), np.negative(shift), order=1, cval=np.nan)
    np.testing.assert_allclose(moved(frame, shift), expected, rtol=1e-6 if dtype == np.float32 else 1e-13)


@pytest.mark.parametrize("shift", SHIFTS, ids=str)
def test_cubic_interpolation_is_the_sum_over_four_by_four_pixels(rng, shift):
    frame = rng.normal(100, 20, (12, 16))
    result, inner = moved(frame, shift, cubic=True), np.isfinite(moved(np.pad(frame, 0), shift))
    y, x = np.meshgrid(np.arange(12) + shift[0], np.arange(16) + shift[1], indexing="ij")
    inner &= (y >= 1) & (y <= 10) & (x >= 1) & (x <= 14)
    np.testing.assert_allclose(result[inner], cubic_by_sums(frame, shift)[inner], rtol=1e-12)


def test_cubic_interpolation_reproduces_parabolas():
    y, x = np.indices((10, 12), dtype=float)
    surface = lambda y, x: 3 + 0.5 * y - x + 0.25 * y**2 + 0.1 * x**2 + 0.2 * x * y  # noqa: E731
    result = moved(surface(y, x), (0.3, 1.6), cubic=True)
    np.testing.assert_allclose(result[1:8, 0:9], surface(y + 0.3, x + 1.6)[1:8, 0:9], rtol=1e-12)


@pytest.mark.parametrize("shift", SHIFTS, ids=str)
def test_cubic_interpolation_reaches_as_far_as_linear(rng, shift):
    frame = rng.normal(100, 20, (12, 16))
    frame[5, 6] = frame[0, 15] = np.nan
    empty = np.isnan(moved(frame, shift))
    np.testing.assert_array_equal(np.isnan(moved(frame, shift, cubic=True)), empty)


@pytest.mark.parametrize("cubic", [False, True])
def test_nan_spoils_the_pixels_between_which_it_lies_and_no_others(cubic):
    frame = np.ones((9, 9))
    frame[4, 4] = np.nan
    for shift, n_spoilt in (((1.0, 2.0), 1), ((0.5, 0.0), 2), ((0.0, 0.25), 2), ((0.5, 0.75), 4)):
        inside = moved(frame, shift, cubic=cubic)[:6, :6]
        assert np.isnan(inside).sum() == n_spoilt, shift
        np.testing.assert_array_equal(inside[np.isfinite(inside)], 1)


@pytest.mark.parametrize("cubic", [False, True])
@pytest.mark.parametrize(("value", "dtype"), [(0.7, np.float32), (0.7, np.float64), (40000, np.float32)])
def test_even_frames_stay_as_they_are_to_the_last_bit(value, dtype, cubic):
    frame = np.full((8, 9), value, dtype)
    for shift in SHIFTS:
        result = moved(frame, shift, cubic=cubic)
        assert set(result[np.isfinite(result)]) <= {dtype(value)}


@pytest.mark.parametrize("cubic", [False, True])
@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (7, 1), (2, 3)], ids=str)
def test_small_frames_are_moved(shape, cubic):
    frame = np.arange(float(np.prod(shape))).reshape(shape)
    for shift in [(0.0, 0.0), (0.5, 0.5), (0.0, 0.5), (-0.5, 0.0), (9.0, 9.0)]:
        expected = ndimage.shift(frame, np.negative(shift), order=1, cval=np.nan)
        result = moved(frame, shift, cubic=cubic)
        np.testing.assert_array_equal(np.isnan(result), np.isnan(expected))
        if not cubic:
            np.testing.assert_allclose(result, expected)
