"""Percentiles over frames against numpy."""

from __future__ import annotations

import numpy as np
import pytest

from darfix_core import Frames
from darfix_core.steps.frame_statistics import combine_frames


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int32, np.float32])
@pytest.mark.parametrize("n_frames", [1, 2, 7, 10])
@pytest.mark.parametrize("percentile", [0, 10, 33.3, 50, 100])
def test_percentile_equals_that_of_numpy(rng, dtype, n_frames, percentile):
    highest = 65535 if np.dtype(dtype).itemsize > 1 else 255
    block = rng.integers(0, highest, (n_frames, 5, 33), endpoint=True).astype(dtype)
    block[:, 0] = highest
    block[:, 1] = 0
    expected = np.percentile(block.astype(np.float64), percentile, axis=0)
    np.testing.assert_allclose(combine_frames(Frames.from_array(block), percentile), expected, rtol=1e-6)


def test_median_of_counts_is_exact(rng):
    block = rng.integers(0, 65536, (10, 4, 50)).astype(np.uint16)
    np.testing.assert_array_equal(combine_frames(Frames.from_array(block), 50.0), np.median(block, axis=0))
