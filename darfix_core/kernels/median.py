"""Median over frames."""

from __future__ import annotations

import numpy as np
from numba import njit


@njit(nogil=True, cache=True)
def _order_statistic(block, y, rank, bits, found, trial, below):
    """Counts of one row that have `rank` smaller or equal counts before them in order, bit by bit."""
    found[:] = 0
    for bit in range(bits - 1, -1, -1):
        for x in range(found.size):
            trial[x] = found[x] | (1 << bit)
            below[x] = 0
        for k in range(block.shape[0]):
            row = block[k, y, : found.size]
            for x in range(found.size):
                below[x] += np.int32(row[x] < trial[x])
        for x in range(found.size):
            if below[x] <= rank:
                found[x] = trial[x]


@njit(nogil=True, cache=True)
def median_of_counts(block, bits, median):
    """Exact median over frames of unsigned counts.

    Each bit of the result is settled by counting, for a whole row at once, the frames that lie below: that
    is SIMD work in the order of the stack, where sorting would gather every curve.

    Parameters
    ----------
    block : ndarray of uint8 or uint16, shape (n_frames, >= rows, >= columns), C-contiguous
    bits : int
        Number of bits of the largest count.
    median : ndarray of float64, shape (rows, columns)
        Out: for an even number of frames the mean of the two in the middle.
    """
    n = block.shape[0]
    rows, columns = median.shape
    upper, lower = np.empty(columns, np.uint16), np.empty(columns, np.uint16)
    trial, below = np.empty(columns, np.uint16), np.empty(columns, np.int32)
    for y in range(rows):
        _order_statistic(block, y, n // 2, bits, upper, trial, below)
        if n % 2 == 0:
            _order_statistic(block, y, n // 2 - 1, bits, lower, trial, below)
            for x in range(columns):
                median[y, x] = 0.5 * (np.float64(lower[x]) + np.float64(upper[x]))
        else:
            for x in range(columns):
                median[y, x] = upper[x]
