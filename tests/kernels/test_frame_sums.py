"""Sums and maxima over frames and pixels, against numpy."""

from __future__ import annotations

import numpy as np
import pytest

from darfix_core.kernels.frame_sums import add_to_groups, bin_pixels, raise_to_groups, sum_frames
from darfix_core.kernels.layout import row_major_view

GROUP = np.array([2, 0, 1, 0, 2, 2])


@pytest.fixture(params=["u1", "u2", "u4", "i2", "f4", "f8"])
def stack(request, rng):
    """A cut-out of a larger stack, with gaps between its rows and frames."""
    whole = rng.integers(0, 200, (6, 9, 14)).astype(request.param)
    return whole[:, 1:8, 2:13]


def test_weighted_sums_of_groups_are_those_of_numpy(stack, rng):
    weights, totals = rng.random(6), np.ones((3, 7, 11))
    add_to_groups(row_major_view(stack), GROUP, weights, totals)
    weighted = stack * weights[:, None, None]
    # The order of the additions differs: 1e-13 is a few rounding errors of float64.
    for group in range(3):
        np.testing.assert_allclose(totals[group], 1 + weighted[group == GROUP].sum(axis=0), rtol=1e-13)


def test_maxima_of_groups_are_those_of_numpy(stack):
    highest = np.zeros((3, 7, 11), stack.dtype)
    raise_to_groups(row_major_view(stack), GROUP, highest)
    for group in range(3):
        np.testing.assert_array_equal(highest[group], stack[group == GROUP].max(axis=0), strict=True)


def test_nan_stays_the_maximum_as_in_numpy():
    stack = np.array([[[1.0, np.nan, 3.0]], [[2.0, 5.0, np.nan]], [[0.0, 9.0, 9.0]]])
    highest = np.full((1, 1, 3), -np.inf)
    raise_to_groups(row_major_view(stack), np.zeros(3, dtype=np.int64), highest)
    np.testing.assert_array_equal(highest, stack.max(axis=0, keepdims=True))


@pytest.mark.parametrize("factor", [(1, 1), (2, 2), (3, 1), (1, 5), (7, 11)])
def test_bins_are_those_of_numpy(stack, factor):
    y, x = factor
    rows, columns = 7 // y, 11 // x
    binned = np.empty((6, rows, columns))
    bin_pixels(row_major_view(stack), y, x, 0.5, binned)
    parts = stack[:, : rows * y, : columns * x].astype(float).reshape(6, rows, y, columns, x)
    np.testing.assert_array_equal(binned, 0.5 * parts.sum(axis=(2, 4)))


def test_sums_of_frames_leave_out_what_is_no_number(stack):
    if stack.dtype.kind == "f":
        stack[1, 2, 3:5], stack[4] = (np.nan, np.inf), np.nan
    totals, n_finite = np.zeros(6), np.zeros(6, dtype=np.int64)
    sum_frames(row_major_view(stack), 7, 11, totals, n_finite)
    finite = np.isfinite(stack)
    np.testing.assert_array_equal(n_finite, finite.sum(axis=(1, 2)))
    np.testing.assert_array_equal(totals, np.where(finite, stack, 0).sum(axis=(1, 2), dtype=np.float64))
