"""Percentiles over frames against numpy."""

from __future__ import annotations

import numpy as np
import pytest

from darfix_core import Frames
from darfix_core.steps.frame_statistics import combine_frames


@pytest.mark.parametrize("dtype", [np.uint8, np.int8, np.uint16, np.int16, np.uint32, np.int32, np.int64])
@pytest.mark.parametrize("n_frames", [1, 2, 7, 10])
@pytest.mark.parametrize("percentile", [0, 10, 33.3, 50, 88.8, 100])
def test_percentile_of_integers_is_that_of_numpy_to_the_last_bit(rng, dtype, n_frames, percentile):
    limits = np.iinfo(dtype) if np.dtype(dtype).itemsize < 8 else np.iinfo(np.int32)
    block = rng.integers(limits.min, limits.max, (n_frames, 5, 33), endpoint=True).astype(dtype)
    block[:, 0] = limits.max
    block[:, 1] = limits.min
    # In the type of the counts numpy's differences of signed ones may wrap.
    expected = np.percentile(block.astype(np.float64), percentile, axis=0)
    np.testing.assert_array_equal(combine_frames(Frames.from_array(block), percentile), expected)


@pytest.mark.parametrize("percentile", [0, 33.3, 50, 100])
def test_percentile_of_floats_is_that_of_numpy(rng, percentile):
    block = rng.normal(size=(10, 5, 33)).astype(np.float32)
    expected = np.percentile(block.astype(np.float64), percentile, axis=0)
    np.testing.assert_allclose(combine_frames(Frames.from_array(block), percentile), expected, rtol=1e-5)


def test_median_of_counts_is_exact(rng):
    block = rng.integers(0, 65536, (10, 4, 50)).astype(np.uint16)
    np.testing.assert_array_equal(combine_frames(Frames.from_array(block), 50.0), np.median(block, axis=0))
