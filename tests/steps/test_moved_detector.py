"""Mask and noise of frames that were moved, and what they have in common."""

from __future__ import annotations

import numpy as np
import pytest

import darfix_core as dc
from darfix_core.steps.moved_detector import common_area, moved_mask, moved_noise


def test_a_masked_pixel_is_masked_wherever_it_is_moved_to():
    mask = np.zeros((6, 8), dtype=bool)
    mask[3, 4] = mask[0, 0] = True
    found = moved_mask(mask, np.array([(0.0, 0.0), (2.0, -1.0), (0.0, 1.5)]))
    unmoved, by_whole_pixels, between_columns = {(0, 0), (3, 4)}, {(1, 5)}, {(3, 2), (3, 3)}
    assert set(zip(*np.nonzero(found), strict=True)) == unmoved | by_whole_pixels | between_columns
    assert moved_mask(None, np.zeros((1, 2))) is None


@pytest.mark.parametrize("interpolation", ["linear", "cubic", "fourier"])
def test_noise_is_that_of_moved_noise(rng, interpolation):
    # 40 frames of 100 x 100 pixels: the variance is known to 0.3 %, within the 2 % allowed for the borders.
    shifts = rng.uniform(-3, 3, (40, 2))
    noise = dc.NoiseModel(gain=2.0, offset=100.0, read_noise=5.0)
    stack = 300 + np.sqrt(noise.variance(300.0)) * rng.normal(size=(40, 100, 100))
    dataset = dc.Dataset.from_array(stack).replace(noise=noise)
    result = dc.correct_shift(dataset, dc.Shift(shifts), interpolation=interpolation)
    measured = np.nanmean((result.frames[:] - 300) ** 2)
    assert result.noise.variance(300.0) == pytest.approx(measured, rel=0.02)
    assert result.noise.offset == noise.offset


def test_noise_of_frames_moved_by_whole_pixels_stays():
    noise = dc.NoiseModel(2.0, 100.0, 5.0)
    assert moved_noise(noise, np.array([(1.0, -2.0), (0.0, 3.0)]), "linear") == noise
    assert moved_noise(None, np.zeros((1, 2)), "linear") is None


def test_images_of_the_noise_are_averaged_over_the_pixels_that_come_together():
    gain = np.arange(12.0).reshape(3, 4)
    found = moved_noise(dc.NoiseModel(gain, 1.0, gain), np.array([(0.0, 0.0), (0.0, 1.0)]), "linear")
    np.testing.assert_allclose(found.gain[:, :3], (gain[:, :3] + gain[:, 1:]) / 2)
    np.testing.assert_allclose(found.gain[:, 3], gain[:, 3])
    np.testing.assert_allclose(found.read_noise[:, :3] ** 2, (gain[:, :3] ** 2 + gain[:, 1:] ** 2) / 2)


def test_common_area_holds_what_all_frames_have():
    values = np.array([(0.0, 0.0), (2.5, -1.0), (-0.2, -3.0)])
    (y, x), (height, width) = common_area(values, (20, 30))
    assert ((y, x), (height, width)) == ((1, 3), (16, 27))


def test_frames_without_a_common_pixel_are_refused():
    with pytest.raises(ValueError, match="shifts span 18 x 0 px, and frames of 10 x 10 px have no pixel in common"):
        common_area(np.array([(-9.0, 0.0), (9.0, 0.0)]), (10, 10))
