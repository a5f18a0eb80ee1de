"""Thresholds of the counts."""

from __future__ import annotations

import numpy as np
import pytest

import darfix_core as dc


@pytest.mark.parametrize("dtype", ["u1", "u2", "i2", "i4", "f4", "f8"])
@pytest.mark.parametrize(("bottom", "top"), [(None, None), (10.5, None), (None, 90.0), (10.0, 90.0), (40.0, 40.0)])
def test_counts_outside_the_limits_become_zero(rng, dtype, bottom, top):
    low = 0 if dtype[0] == "u" else -50
    counts = rng.integers(low, 120, (3, 17, 23)).astype(dtype)
    result = dc.threshold(dc.Dataset.from_array(counts), bottom=bottom, top=top)
    expected = counts.copy()
    if bottom is not None:
        expected[counts < bottom] = 0
    if top is not None:
        expected[counts > top] = 0
    np.testing.assert_array_equal(result.frames[:], expected, strict=True)


def test_limits_themselves_stay():
    counts = np.array([[[9, 10, 90, 91]]], dtype=np.uint16)
    assert dc.threshold(dc.Dataset.from_array(counts), bottom=10.0, top=90.0).frames[0].tolist() == [[0, 10, 90, 0]]


def test_negative_counts_stay_without_a_bottom():
    counts = np.array([[[-5.0, 3.0, 700.0]]], dtype=np.float32)
    assert dc.threshold(dc.Dataset.from_array(counts), top=500.0).frames[0].tolist() == [[-5.0, 3.0, 0.0]]


def test_nan_stays_and_infinity_is_above():
    counts = np.array([[[np.nan, np.inf, -np.inf, 20.0]]])
    result = dc.threshold(dc.Dataset.from_array(counts), bottom=10.0, top=90.0).frames[0, 0]
    np.testing.assert_array_equal(result, [np.nan, 0, 0, 20])


def test_bottom_above_top_is_refused():
    scan = dc.Dataset.from_array(np.zeros((1, 2, 2)))
    with pytest.raises(ValueError, match="bottom must be at most top, got bottom 90 above top 10"):
        dc.threshold(scan, bottom=90.0, top=10.0)
