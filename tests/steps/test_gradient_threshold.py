"""Threshold that keeps faint features, against scipy."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.ndimage

import darfix_core as dc


def by_scipy(frame, bottom, min_gradient, scale):
    """The same with scipy, whose Gaussians end at four standard deviations by default."""
    gradient = scipy.ndimage.gaussian_gradient_magnitude(frame.astype(np.float64), scale, mode="nearest")
    return np.where((frame >= bottom) | (gradient >= min_gradient), frame, 0)


@pytest.mark.parametrize("scale", [0.5, 1.0, 1.7, 4.0])
@pytest.mark.parametrize("dtype", ["u2", "i4", "f4", "f8"])
def test_equals_scipy(rng, scale, dtype):
    counts = np.round(scipy.ndimage.gaussian_filter(rng.normal(0, 300, (2, 30, 41)), (0, 2, 2)) + 100, 3).astype(dtype)
    result = dc.gradient_threshold(dc.Dataset.from_array(counts), bottom=110.0, min_gradient=9.1, scale=scale)
    expected = [by_scipy(frame, 110.0, 9.1, scale) for frame in counts]
    np.testing.assert_array_equal(result.frames[:], expected)
    assert result.frames.dtype == dtype


def test_only_the_gradient_tells_faint_features_from_flat_ones(rng):
    counts = rng.normal(0, 3, (1, 60, 60))
    counts[0, :, 20:] += 25  # an edge
    counts[0, :, 40:] += 100  # and one that reaches above the threshold
    scan = dc.Dataset.from_array(counts)
    plain = dc.threshold(scan, bottom=60.0).frames[0]
    kept = dc.gradient_threshold(scan, bottom=60.0, min_gradient=6.0).frames[0]
    assert not plain[:, :36].any()
    assert kept[:, 19:21].all()
    assert (kept[:, :16] != 0).mean() < 0.01
    np.testing.assert_array_equal(kept[:, 40:], counts[0, :, 40:])


def test_noise_has_the_gradient_that_the_reference_states(rng):
    noise = rng.normal(0, 10, (400, 400))
    for scale in (1.0, 2.0):
        gradient = scipy.ndimage.gaussian_gradient_magnitude(noise, scale)
        assert np.sqrt(np.mean(gradient**2)) == pytest.approx(0.28 * 10 / scale**2, rel=0.05)


def test_without_limits_nothing_changes(rng):
    counts = rng.normal(size=(2, 9, 9))
    scan = dc.Dataset.from_array(counts)
    np.testing.assert_array_equal(dc.gradient_threshold(scan).frames[:], counts)
    np.testing.assert_array_equal(dc.gradient_threshold(scan, min_gradient=1.0).frames[:], counts)
    below = dc.gradient_threshold(scan, bottom=0.5)
    np.testing.assert_array_equal(below.frames[:], dc.threshold(scan, bottom=0.5).frames[:])


def test_masked_pixels_and_nan_make_no_gradients(rng):
    counts = rng.normal(0, 1, (1, 40, 40)).astype(np.float32)
    mask = np.zeros((40, 40), dtype=bool)
    mask[10, 10] = True
    counts[0, 10, 10], counts[0, 30, 30] = 1e5, np.nan
    scan = dc.Dataset.from_array(counts).replace(mask=mask)
    result = dc.gradient_threshold(scan, bottom=20.0, min_gradient=10.0).frames[0]
    assert result[10, 10] == np.float32(1e5)
    assert np.isnan(result[30, 30])
    result[10, 10] = result[30, 30] = 0
    assert not result.any()


def test_part_of_a_frame_is_that_of_the_whole(rng):
    scan = dc.Dataset.from_array(rng.normal(0, 9, (2, 50, 60)).astype(np.float32))
    whole = dc.gradient_threshold(scan, bottom=9.0, min_gradient=3.0, scale=2.0)
    part = dc.roi(whole, origin=(13, 21), shape=(9, 7))
    np.testing.assert_array_equal(part.frames[:], whole.frames[:, 13:22, 21:28])


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"min_gradient": -1.0}, "min_gradient must be a number of at least 0 or None, got -1"),
        ({"scale": 0.2}, "scale must be a number of at least 0.5 and of at most 10, got 0.2"),
    ],
)
def test_wrong_parameters_are_refused_by_name(parameters, message):
    with pytest.raises(ValueError, match=message):
        dc.gradient_threshold(dc.Dataset.from_array(np.zeros((1, 2, 2))), **parameters)
