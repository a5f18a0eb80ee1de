"""Bins that close in on a count, against numpy."""

from __future__ import annotations

import numpy as np
import pytest

from darfix_core.kernels.layout import row_major_view
from darfix_core.kernels.rank_bins import BINS, COUNTERS, NONE_ABOVE, bin_codes, count_codes

SHAPE = (40, 3, 21)
LOW, SHIFT = 95, 1


@pytest.fixture
def codes(rng):
    block = rng.poisson(120, SHAPE).astype(np.uint16)
    block[0, 0, 0], block[1, 0, 0] = 0, 65535
    found = np.empty(SHAPE, np.int32)
    low, shift = np.full(SHAPE[1:], LOW, np.int32), np.full(SHAPE[1:], SHIFT, np.int32)
    bin_codes(row_major_view(block), low, shift, found)
    end = LOW + (BINS << SHIFT)
    expected = np.where(block < LOW, 0, 1 + (block.astype(int) - LOW) // 2**SHIFT)
    np.testing.assert_array_equal(found, np.where(block < end, expected, BINS + 1 + block.astype(int) - end))
    return found


@pytest.mark.parametrize("parts", [[40], [1, 14, 25]])
def test_codes_are_counted_over_any_number_of_frames(codes, parts):
    # The small counters are emptied after 15 frames.
    counted = np.zeros((SHAPE[1], COUNTERS, SHAPE[2]), np.uint16)
    beyond = np.full(SHAPE[1:], NONE_ABOVE, np.int32)
    for part in np.split(codes, np.cumsum(parts)[:-1]):
        count_codes(part, counted, beyond)
    expected = np.stack([(codes == code).sum(axis=0) for code in range(COUNTERS)], axis=1)
    np.testing.assert_array_equal(counted, expected)
    above = np.where(codes > BINS, codes - BINS - 1, NONE_ABOVE)
    np.testing.assert_array_equal(beyond, above.min(axis=0))
