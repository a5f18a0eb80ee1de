"""Cropping to a rectangle."""

from __future__ import annotations

import numpy as np
import pytest

import darfix_core as dc
from tests.model.test_frames import CountingSource


def test_rectangle_is_that_of_the_array(rocking_dataset):
    result = dc.roi(rocking_dataset, origin=(2, 3), shape=(4, 5))
    np.testing.assert_array_equal(result.frames[:], rocking_dataset.frames[:][:, 2:6, 3:8])


def test_open_shape_reaches_to_the_end_of_the_frame(rocking_dataset):
    result = dc.roi(rocking_dataset, origin=(2, 3))
    np.testing.assert_array_equal(result.frames[:], rocking_dataset.frames[:][:, 2:, 3:])
    np.testing.assert_array_equal(dc.roi(rocking_dataset).frames[:], rocking_dataset.frames[:])


def test_place_on_the_detector_adds_up(rocking_dataset):
    twice = dc.roi(dc.roi(rocking_dataset, origin=(2, 3)), origin=(1, 4), shape=(2, 2))
    assert twice.origin == (3, 7)
    np.testing.assert_array_equal(twice.frames[:], rocking_dataset.frames[:][:, 3:5, 7:9])


def test_mask_and_dark_frames_are_cropped_alike(rocking_dataset, rng):
    mask, dark = rng.random((12, 16)) < 0.5, rng.integers(0, 9, (3, 12, 16))
    whole = rocking_dataset.replace(mask=mask, dark=dc.Frames.from_array(dark))
    result = dc.roi(whole, origin=(2, 3), shape=(4, 5))
    np.testing.assert_array_equal(result.mask, mask[2:6, 3:8])
    np.testing.assert_array_equal(result.dark[:], dark[:, 2:6, 3:8])


def test_only_the_rectangle_is_read(rocking_dataset):
    source = CountingSource(np.array(rocking_dataset.frames[:]))
    result = dc.roi(rocking_dataset.replace(frames=dc.Frames(source)), origin=(2, 3), shape=(4, 5))
    assert source.read_pixels == 0
    assert result.frames[2:4].shape == (2, 4, 5)
    assert source.read_pixels == 2 * 4 * 5


@pytest.mark.parametrize(
    ("origin", "shape"), [((12, 0), None), ((0, -1), None), ((0, 0), (13, 1)), ((8, 8), (4, 9)), ((0, 0), (0, 3))]
)
def test_rectangle_that_does_not_lie_in_the_frame_is_refused(rocking_dataset, origin, shape):
    with pytest.raises(ValueError, match="does not lie in the frame of 12 x 16"):
        dc.roi(rocking_dataset, origin=origin, shape=shape)
