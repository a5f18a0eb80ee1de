"""Percentiles over frames, the median among them."""

from __future__ import annotations

import numpy as np

from darfix_core.kernels.compilation import kernel


@kernel()
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


@kernel()
def percentile_of_counts(block, bits, lower, fraction, image):
    """Exact percentile over frames of unsigned counts.

    Each bit of the result is settled by counting, for a whole row at once, the frames that lie below: that
    is SIMD work in the order of the stack, where sorting would gather every curve.

    Parameters
    ----------
    block : ndarray of uint8 or uint16, shape (n_frames, >= rows, >= columns), C-contiguous
    bits : int
        Number of bits of the largest count.
    lower : int
        Rank of the count below the percentile, from 0.
    fraction : float
        How far the percentile lies from that count to the next in order, 0 to 1.
    image : ndarray of float64, shape (rows, columns)
        Out.
    """
    rows, columns = image.shape
    below_it, above_it = np.empty(columns, np.uint16), np.empty(columns, np.uint16)
    trial, below = np.empty(columns, np.uint16), np.empty(columns, np.int32)
    for y in range(rows):
        _order_statistic(block, y, lower, bits, below_it, trial, below)
        for x in range(columns):
            image[y, x] = below_it[x]
        if fraction > 0.0:
            _order_statistic(block, y, lower + 1, bits, above_it, trial, below)
            for x in range(columns):
                image[y, x] += fraction * (np.float64(above_it[x]) - np.float64(below_it[x]))
