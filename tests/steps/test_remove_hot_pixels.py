"""Removal of hot pixels: planted ones are found, the sample stays as it is."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.ndimage

import darfix_core as dc
from darfix_core.errors import DarfixWarning

from .grain_scans import NOISE, grain_scan


def by_scipy(dataset, noise, *, kernel_size=3, n_sigma=5.0, cold=False):
    """The same with scipy and numpy."""
    frames = dataset.frames[:].astype(np.float64)
    medians = scipy.ndimage.median_filter(frames, (1, kernel_size, kernel_size), mode="nearest")
    distance = np.abs(frames - medians) if cold else frames - medians
    hot = distance > n_sigma * np.sqrt(noise.variance(medians))
    return np.where(hot, medians, frames)


def with_noise(dataset, noise=NOISE):
    return dataset.replace(noise=noise)


def planted(rng, scan, share=1e-3):
    """Scan with hot pixels, half of them in pairs, of at least 20 sigma; and where they are."""
    counts = scan.frames[:].copy()
    hot = rng.random(counts.shape) < share * 2 / 3
    second = np.roll(hot & (rng.random(counts.shape) < 0.5), 1, axis=int(rng.integers(1, 3)))
    hot |= second
    height = rng.uniform(20, 200, counts.shape) * np.sqrt(NOISE.variance(counts))
    counts[hot] = np.minimum(counts[hot] + height[hot], 65535)
    return scan.replace(frames=dc.Frames.from_array(counts)), hot


@pytest.mark.parametrize("kernel_size", [3, 5])
@pytest.mark.parametrize("cold", [False, True])
@pytest.mark.parametrize("dtype", ["u2", "i4", "f4", "f8"])
def test_equals_scipy(rng, kernel_size, cold, dtype):
    counts = rng.poisson(40, (3, 24, 33)) + 90
    counts[rng.random(counts.shape) < 0.02] += 100
    counts[rng.random(counts.shape) < 0.02] -= 80
    scan = dc.Dataset.from_array(counts.astype(dtype)).replace(noise=dc.NoiseModel(1.1, 91.3, 2.7))
    result = dc.remove_hot_pixels(scan, kernel_size=kernel_size, n_sigma=4.0, cold=cold)
    assert result.frames.dtype == dtype
    expected = by_scipy(scan, scan.noise, kernel_size=kernel_size, n_sigma=4.0, cold=cold)
    np.testing.assert_array_equal(result.frames[:], expected)
    assert (result.frames[:] != counts).any()


def test_noise_may_be_an_image(rng):
    counts = rng.poisson(50, (2, 12, 15)).astype(np.uint16)
    images = (rng.uniform(low, high, (12, 15)) for low, high in ((0.5, 2.0), (-20, 20), (0.2, 4)))
    scan = dc.Dataset.from_array(counts).replace(noise=dc.NoiseModel(*images))
    expected = by_scipy(scan, scan.noise, n_sigma=1.5)
    result = dc.remove_hot_pixels(scan, n_sigma=1.5)
    np.testing.assert_array_equal(result.frames[:], expected)
    part = dc.roi(result, origin=(2, 3), shape=(5, 6))
    np.testing.assert_array_equal(part.frames[:], expected[:, 2:7, 3:9])


@pytest.mark.parametrize("kernel_size", [3, 5])
def test_clean_grain_stays_as_it_is(kernel_size):
    scan = grain_scan()
    for given in (scan, with_noise(scan)):
        changed = dc.remove_hot_pixels(given, kernel_size=kernel_size).frames[:] != scan.frames[:]
        assert changed.mean() <= 1e-3


@pytest.mark.parametrize("kernel_size", [3, 5])
@pytest.mark.parametrize("background", [False, True])
def test_planted_hot_pixels_are_found(rng, kernel_size, background):
    clean = with_noise(grain_scan())
    scan, hot = planted(rng, clean)
    given = dc.subtract_background(scan, method="percentile", percentile=10) if background else scan
    cleaned = dc.remove_hot_pixels(given, kernel_size=kernel_size)
    found = cleaned.frames[:] != given.frames[:]
    # Three hot pixels in a row of nine, as two pairs may make, leave the median of 3 x 3 as it should be.
    assert found[hot].mean() >= 0.999
    assert found[~hot].mean() <= 1e-3
    if not background:
        far = np.abs(cleaned.frames[:].astype(float) - clean.frames[:]) > 8 * np.sqrt(NOISE.variance(clean.frames[:]))
        assert far.mean() <= 1e-4


def test_hot_pixels_are_found_without_a_noise_model(rng):
    scan, hot = planted(rng, grain_scan())
    found = dc.remove_hot_pixels(scan, kernel_size=5).frames[:] != scan.frames[:]
    assert found[hot].mean() >= 0.999
    assert found[~hot].mean() <= 1e-3


def test_rule_of_darfix_is_one_deviation_of_the_difference(rng):
    counts = rng.poisson(100, (3, 40, 50)).astype(np.uint16)
    counts[:, 7, 9] = 4000
    result = dc.remove_hot_pixels(dc.Dataset.from_array(counts), rule="darfix", kernel_size=5)
    medians = scipy.ndimage.median_filter(counts, (1, 5, 5), mode="nearest").astype(np.int64)
    limit = np.std(counts - medians, axis=(1, 2), keepdims=True)
    np.testing.assert_array_equal(result.frames[:], np.where(counts - medians > limit, medians, counts))


def test_rule_of_darfix_changes_many_pixels_of_clean_frames():
    scan = grain_scan()
    changed = dc.remove_hot_pixels(scan, rule="darfix").frames[:] != scan.frames[:]
    assert changed.mean() > 0.03


def test_cold_pixels_are_replaced_when_asked(rng):
    counts = rng.poisson(400, (2, 20, 20)).astype(np.uint16)
    counts[:, 5, 6] = 0
    scan = with_noise(dc.Dataset.from_array(counts), dc.NoiseModel(1.0, 0.0, 1.0))
    assert dc.remove_hot_pixels(scan).frames[0, 5, 6] == 0
    assert dc.remove_hot_pixels(scan, cold=True).frames[0, 5, 6] > 300


def test_masked_pixels_stay_and_spoil_no_neighbour(rng):
    counts = rng.poisson(100, (2, 20, 24)).astype(np.uint16)
    mask = np.zeros((20, 24), dtype=bool)
    mask[4:8, 5:9] = True
    counts[:, mask] = 60_000
    scan = with_noise(dc.Dataset.from_array(counts).replace(mask=mask), dc.NoiseModel(1.0, 0.0, 1.0))
    result = dc.remove_hot_pixels(scan, kernel_size=5).frames[:]
    assert (result[:, mask] == 60_000).all()
    assert result[:, ~mask].max() < 200
    all_masked = dc.remove_hot_pixels(scan.replace(mask=np.ones_like(mask)))
    np.testing.assert_array_equal(all_masked.frames[:], counts)


def test_nan_stays_and_infinity_is_hot(rng):
    counts = rng.normal(100, 3, (1, 20, 24)).astype(np.float32)
    counts[0, 3, 4], counts[0, 9, 9], counts[0, 15, 15] = np.nan, np.inf, -np.inf
    scan = with_noise(dc.Dataset.from_array(counts), dc.NoiseModel(0.0, 0.0, 3.0))
    result = dc.remove_hot_pixels(scan).frames[0]
    assert np.isnan(result[3, 4])
    assert np.isfinite(result[9, 9])
    assert result[15, 15] == -np.inf
    assert np.isfinite(dc.remove_hot_pixels(scan, cold=True).frames[0, 15, 15])
    assert np.isfinite(dc.remove_hot_pixels(scan, rule="darfix").frames[0, 9, 9])


@pytest.mark.parametrize("rule", ["noise", "darfix"])
@pytest.mark.filterwarnings("ignore:the noise of the detector is estimated")
def test_constant_frames_stay(rule):
    counts = np.full((4, 9, 9), 500, dtype=np.uint16)
    result = dc.remove_hot_pixels(dc.Dataset.from_array(counts), rule=rule)
    np.testing.assert_array_equal(result.frames[:], counts)


@pytest.mark.filterwarnings("ignore:the noise of the detector is estimated")
def test_single_frame_has_an_answer(rng):
    scan, hot = planted(rng, grain_scan().select_frames([10]))
    found = dc.remove_hot_pixels(scan).frames[:] != scan.frames[:]
    assert found[hot].mean() >= 0.999
    assert found[~hot].mean() <= 1e-3


def test_features_as_sharp_as_hot_pixels_are_doubted(rng):
    sharp = rng.poisson(1000 * (rng.random((3, 60, 70)) < 0.05) + 100).astype(np.uint16)
    scan = with_noise(dc.Dataset.from_array(sharp), dc.NoiseModel(1.0, 0.0, 1.0))
    with pytest.warns(DarfixWarning, match=r"% of the pixels of frame 2 are taken for hot, more than a detector has"):
        dc.remove_hot_pixels(scan)


def test_frames_that_do_not_tell_their_noise_are_doubted():
    with pytest.warns(DarfixWarning, match="the noise of the detector is estimated: the gain is not known"):
        dc.remove_hot_pixels(grain_scan(peak=0.0))


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"kernel_size": 4}, "kernel_size must be one of 3, 5, got 4"),
        ({"kernel_size": 7}, "kernel_size must be one of 3, 5, got 7"),
        ({"n_sigma": 0.0}, "n_sigma must be a number greater than 0, got 0"),
        ({"rule": "median"}, "rule must be one of 'noise', 'darfix', got 'median'"),
    ],
)
def test_wrong_parameters_are_refused_by_name(parameters, message):
    with pytest.raises(ValueError, match=message):
        dc.remove_hot_pixels(grain_scan(), **parameters)


def test_single_quanta_in_the_dark_are_no_hot_pixels():
    counts = np.random.default_rng(0).poisson(0.3, (10, 100, 100)).astype(np.uint16)
    hot = counts.copy()
    hot[:, 7, ::5] = 12
    scan = with_noise(dc.Dataset.from_array(hot), dc.NoiseModel(1.0, 0.0, 0.0))
    cleaned = np.asarray(dc.remove_hot_pixels(scan).frames)
    assert (cleaned[:, 7, ::5] < 12).all()
    # Five and more at a mean of 0.3 are rarer than 1 in 10000.
    assert np.count_nonzero(cleaned != hot) - 200 < 1e-4 * hot.size
