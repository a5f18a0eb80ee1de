"""Sum and maximum over all frames, against numpy."""

from __future__ import annotations

import numpy as np
import pytest

import darfix_core as dc


@pytest.mark.parametrize("dtype", ["u1", "u2", "i4", "f4"])
def test_images_are_those_of_numpy(rng, dtype):
    stack = (rng.integers(0, 100, (9, 12, 16)) - (20 if dtype != "u1" and dtype != "u2" else 0)).astype(dtype)
    maps = dc.z_sum(dc.Dataset.from_array(stack))
    assert list(maps) == ["z_sum", "z_max"]
    np.testing.assert_array_equal(maps["z_sum"], stack.sum(axis=0, dtype=np.float64))
    np.testing.assert_array_equal(maps["z_max"], stack.max(axis=0))


def test_pixels_that_are_masked_or_no_number_are_nan(rocking_dataset):
    stack = rocking_dataset.frames[:].astype(np.float32)
    stack[2, 3, 4], stack[2, 3, 5] = np.nan, -np.inf
    mask = np.zeros((12, 16), dtype=bool)
    mask[0, 0] = True
    maps = dc.z_sum(rocking_dataset.replace(frames=dc.Frames.from_array(stack), mask=mask))
    for name in maps:
        assert np.argwhere(np.isnan(maps[name])).tolist() == [[0, 0], [3, 4], [3, 5]]


def test_frames_at_one_point_share_its_weight(rocking_dataset):
    doubled = dc.z_sum(rocking_dataset.select_frames([*range(9), 4, 4]))
    expected = dc.z_sum(rocking_dataset)
    # A third, three times, is one to the last digits of float64.
    np.testing.assert_allclose(doubled["z_sum"], expected["z_sum"], rtol=1e-14)
    np.testing.assert_array_equal(doubled["z_max"], expected["z_max"])


def test_sum_is_the_intensity_of_the_moments(rocking_dataset):
    np.testing.assert_allclose(dc.z_sum(rocking_dataset)["z_sum"], dc.moments(rocking_dataset)["intensity"])
