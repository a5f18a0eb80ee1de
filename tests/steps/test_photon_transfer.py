"""Photon transfer: gain, offset and read noise of simulated detectors are found again."""

from __future__ import annotations

import os

import numpy as np
import pytest

import darfix_core as dc
from darfix_core.engine.execution import execution
from darfix_core.steps.noise_tiles import tile_statistics
from darfix_core.steps.photon_transfer import photon_transfer

from .grain_scans import NOISE, grain_scan


@pytest.mark.parametrize("gain", [0.4, 1.0, 2.14])
@pytest.mark.parametrize("peak", [100.0, 2000.0, 20_000.0])
def test_noise_of_the_detector_is_found(gain, peak):
    found = photon_transfer(grain_scan(peak=peak, gain=gain))
    assert found.gain_known
    assert found.doubts == ()
    # The stated error, and 2 % for the bend of the light, which reaches 200 times the noise, between frames.
    assert abs(found.gain - gain) < 3 * found.gain_error + 0.02 * gain
    assert found.gain_error < 0.05 * gain
    # Rounding to whole counts adds 1/12 to the variance. Of equal tiles those are taken that happen to vary least.
    assert found.offset == pytest.approx(102.5, abs=0.6)
    assert found.read_noise == pytest.approx(np.sqrt(2.5**2 + 1 / 12), rel=0.06)


def test_variance_of_every_level_is_foretold():
    found = photon_transfer(grain_scan(peak=500.0))
    expected = NOISE.variance(found.level) + 1 / 12
    # A level of 9 tiles is known to 12 %.
    np.testing.assert_allclose(found.variance, expected, rtol=0.4)
    np.testing.assert_allclose(found.noise.variance(found.level), expected, rtol=0.1)


def test_offset_is_that_of_the_dark_frames():
    # Stray light hides the pedestal from the frames.
    scan = grain_scan(peak=500.0)
    stray = np.random.default_rng(1).poisson(40, scan.frames.shape)
    lit = scan.replace(frames=dc.Frames.from_array((scan.frames[:] + 2 * stray).astype(np.uint16)))
    dark = dc.Frames.from_array(grain_scan(peak=0.0).frames[:6])
    without, given = photon_transfer(lit), photon_transfer(lit.replace(dark=dark))
    assert without.offset == pytest.approx(102.5 + 80, abs=2)
    assert given.offset == pytest.approx(102.5, abs=0.3)
    assert given.read_noise == pytest.approx(2.5, rel=0.05)
    # What the darkest pixels hold at least of a pedestal: so much light would vary more.
    assert without.pedestal == pytest.approx(102.5, abs=8)


def test_dark_frames_of_other_counts_are_not_used():
    scan = grain_scan()
    subtracted = dc.subtract_background(scan).replace(dark=dc.Frames.from_array(scan.frames[:3]))
    found = photon_transfer(subtracted)
    assert abs(found.offset) < 2
    assert "the dark frames lie at 10" in found.doubts[0]


def test_subtracted_background_moves_the_offset_only():
    found = photon_transfer(dc.subtract_background(grain_scan(), method="percentile", percentile=10))
    assert abs(found.offset) < 10
    # Where the background held light, counts of one level are of different light.
    assert found.gain == pytest.approx(NOISE.gain, rel=0.25)


@pytest.mark.parametrize("n_frames", [1, 2, 3])
def test_few_frames_are_enough(n_frames):
    scan = grain_scan(shape=(320, 400), peak=500.0)
    found = photon_transfer(scan.select_frames(np.arange(11, 11 + n_frames)))
    assert found.gain_known
    assert found.gain == pytest.approx(NOISE.gain, rel=0.25)
    assert found.read_noise == pytest.approx(2.5, rel=0.1)


def test_hot_saturated_masked_and_missing_pixels_do_not_matter(rng):
    scan = grain_scan()
    counts = scan.frames[:].astype(np.float32)
    expected = photon_transfer(scan).gain
    counts[:, rng.random(counts.shape[1:]) < 1e-3] += 5000  # hot pixels that stand still
    counts[rng.random(counts.shape) < 1e-3] += 5000  # and others that do not
    counts[:, rng.random(counts.shape[1:]) < 1e-2] = np.nan
    counts[4] = np.inf
    mask = np.zeros(counts.shape[1:], dtype=bool)
    mask[:40] = True
    counts[:, :40] = rng.normal(0, 300, counts[:, :40].shape)
    counts[:, -10:] = 60_000
    found = photon_transfer(scan.replace(frames=dc.Frames.from_array(counts), mask=mask))
    assert found.gain == pytest.approx(expected, rel=0.05)


def test_frames_that_do_not_tell_the_gain_say_so():
    dark = photon_transfer(grain_scan(peak=0.0))
    assert not dark.gain_known
    assert np.isnan(dark.pedestal)
    assert "the gain is not known" in dark.doubts[0]
    assert dark.read_noise == pytest.approx(2.5, rel=0.05)
    constant = photon_transfer(dc.Dataset.from_array(np.full((5, 20, 30), 7, dtype=np.uint16)))
    assert constant.offset == pytest.approx(7)
    assert constant.read_noise == 0
    assert not constant.gain_known


def test_scan_without_a_usable_pixel_says_so():
    scan = grain_scan()
    masked = photon_transfer(scan.replace(mask=np.ones(scan.frame_shape, dtype=bool)))
    assert masked.doubts == ("there is no noise to see: no 2 x 2 pixels can be used",)
    assert masked.noise == dc.NoiseModel(0.0, 0.0, 0.0)


@pytest.mark.parametrize("shape", [(2, 2), (3, 5), (8, 9), (30, 40)], ids=str)
@pytest.mark.parametrize("n_frames", [1, 2, 3])
def test_tiles_of_any_frame_have_the_variance_of_its_noise(n_frames, shape):
    rng = np.random.default_rng(3)
    found = [tile_statistics(rng.normal(50, 4, (n_frames, *shape)))[1] for _ in range(800)]
    # 800 numbers: their variance is known to 5 % and better.
    assert np.concatenate(found).mean() == pytest.approx(16, rel=0.15)


def test_light_that_changes_evenly_is_no_noise():
    y, x = np.mgrid[:32, :32]
    slopes = [1000 + k * (300 + 7 * y - 5 * x) for k in range(3)]
    assert tile_statistics(np.array(slopes))[1] == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("shape", [(1, 1), (1, 2), (5, 1)], ids=str)
def test_frames_of_one_row_or_column_show_no_noise(shape):
    found = photon_transfer(dc.Dataset.from_array(np.ones((1, *shape))))
    assert found.doubts == ("there is no noise to see: no 2 x 2 pixels can be used",)


def test_at_most_24_groups_of_frames_are_read():
    scan = grain_scan(n_frames=120, shape=(32, 32))
    read = []

    class Watched(type(scan.frames.source)):
        def read(self, region):
            read.extend(range(*region.frames.indices(120)))
            return super().read(region)

    with execution(threads=1):
        photon_transfer(scan.replace(frames=dc.Frames(Watched(scan.frames.source.array))))
    assert len(read) == len(set(read)) == 72


def test_of_large_frames_some_rows_are_enough():
    rng = np.random.default_rng(6)
    light = np.broadcast_to(np.linspace(0, 500, 1024), (3, 1024, 1024))
    scan = dc.Dataset.from_array(rng.poisson(light) + rng.normal(100, 3, light.shape))
    asked = []

    def watch(block):
        asked.append(block.shape)
        return block

    found = photon_transfer(scan.map_frames(watch))
    assert sum(np.prod(shape) for shape in asked) == 3 * 2**17
    assert found.gain == pytest.approx(1.0, rel=0.05)
    assert found.noise.variance(300.0) == pytest.approx(9 + 200, rel=0.05)


def test_real_scan_has_the_gain_of_its_camera():
    folder = os.environ.get("DARFIX_SAMPLE_DATA")
    if not folder:
        pytest.skip("DARFIX_SAMPLE_DATA is not set: no measured scan to try")
    found = photon_transfer(dc.load(f"{folder}/rocking.h5"))
    # 2.23 was found by others. Neighbouring pixels share a part of the light, and so vary less against each other; and
    # above a few hundred counts the light of this scan flickers more than its shot noise.
    assert found.gain == pytest.approx(2.23, rel=0.25)
    assert found.fitted.sum() < 0.4 * found.level.size
