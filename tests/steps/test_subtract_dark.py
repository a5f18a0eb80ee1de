"""Dark subtraction."""

from __future__ import annotations

import numpy as np
import pytest

import darfix_core as dc
from darfix_core import Dataset, Frames, NoiseModel

PEDESTAL = np.arange(117).reshape(9, 13) % 7 + 100.0


@pytest.fixture
def dark(rng):
    return rng.poisson(PEDESTAL, (20, 9, 13)).astype(np.uint16)


@pytest.fixture
def stack(rng):
    return rng.poisson(PEDESTAL + 50, (11, 9, 13)).astype(np.uint16)


@pytest.mark.parametrize("method", ["mean", "median"])
def test_dark_frames_of_the_dataset_are_subtracted(stack, dark, method):
    result = dc.subtract_dark(Dataset(Frames.from_array(stack), dark=Frames.from_array(dark)), method=method)
    assert result.frames.dtype == np.float32
    # float32 holds counts of 16 bits to 1e-7 of their size.
    np.testing.assert_allclose(result.frames[:], stack - getattr(np, method)(dark, axis=0), atol=2e-5)


def test_nothing_is_cut_off_at_zero(dark):
    unlit = dc.subtract_dark(Dataset(Frames.from_array(dark), dark=Frames.from_array(dark)))
    assert unlit.frames[:].min() < -10
    # Frames minus their own mean; float32 leaves 1e-5 of a count.
    np.testing.assert_allclose(unlit.frames[:].mean(axis=0), 0, atol=1e-4)


def test_second_dataset_goes_before_dark_frames_of_the_first(stack, dark):
    dataset = Dataset(Frames.from_array(stack), dark=Frames.from_array(dark + 1000))
    result = dc.subtract_dark(dataset, Dataset.from_array(dark))
    np.testing.assert_allclose(result.frames[:], stack - dark.mean(axis=0), atol=2e-5)
    assert [node.step for _, node in result.history.in_order()] == ["array", "array", "subtract_dark"]


def test_nothing_is_left_to_be_subtracted_twice(stack, dark):
    result = dc.subtract_dark(Dataset(Frames.from_array(stack), dark=Frames.from_array(dark)))
    assert result.dark is None
    with pytest.raises(ValueError, match="dark frames are needed, and the dataset has none"):
        dc.subtract_dark(result)
    with pytest.raises(ValueError, match="needs dark frames"):
        dc.subtract_background(result, source="dark")


def test_offset_of_the_noise_is_that_above_the_dark_level(stack, dark):
    dataset = Dataset.from_array(stack).replace(noise=NoiseModel(gain=2.0, offset=103.0, read_noise=1.5))
    noise = dc.subtract_dark(dataset, Dataset.from_array(dark)).noise
    np.testing.assert_allclose(noise.offset, 103.0 - dark.mean(axis=0))
    assert (noise.gain, noise.read_noise) == (2.0, 1.5)


def test_dark_values_that_are_no_numbers_are_left_out(stack, dark):
    spoilt = dark.astype(np.float32)
    spoilt[3, 2, 4] = np.nan
    spoilt[5, 2, 4] = np.inf
    spoilt[:, 0, 0] = np.nan
    result = dc.subtract_dark(Dataset.from_array(stack), Dataset.from_array(spoilt)).frames[:]
    left = np.delete(dark[:, 2, 4], [3, 5]).mean()
    np.testing.assert_allclose(result[:, 2, 4], stack[:, 2, 4] - left, atol=2e-5)
    assert np.isnan(result[:, 0, 0]).all()
    assert np.isfinite(result).sum() == result.size - len(stack)


def test_dark_frames_of_other_pixels_are_refused(stack, dark):
    dataset = Dataset.from_array(stack)
    with pytest.raises(ValueError, match=r"dark frames must have the shape \(9, 13\) of the data, got \(3, 3\)"):
        dc.subtract_dark(dataset, Dataset.from_array(dark[:, :3, :3]))
    corners = [dc.roi(Dataset.from_array(counts), origin=(i, i), shape=(3, 3)) for i, counts in ((0, stack), (2, dark))]
    with pytest.raises(ValueError, match=r"dark frames must begin at the same pixel of the detector, \(0, 0\)"):
        dc.subtract_dark(*corners)
