"""Order statistics over frames: the count at a given place when those of a pixel are put in order."""

from __future__ import annotations

import numpy as np

from darfix_core.kernels.compilation import kernel


@kernel()
def order_statistic(block, rank, lowest, bits, image):
    """Exact count at a place in the order of each pixel's frames.

    Each bit of the result is settled by counting, for a whole row at once, the frames that lie below: that
    is SIMD work in the order of the stack, where sorting would gather every curve.

    Parameters
    ----------
    block : ndarray of integers of at most 32 bits, shape (n_frames, >= rows, >= columns), C-contiguous
    rank : int
        Place in the order, from 0.
    lowest : int
        No count is smaller: the least number of the type of the counts.
    bits : int
        Number of bits of the largest count above `lowest`.
    image : ndarray of the type of the block, shape (rows, columns)
        Out.
    """
    rows, columns = image.shape
    trial, below = np.empty(columns, image.dtype), np.empty(columns, np.int32)
    for y in range(rows):
        found = image[y]
        found[:] = lowest
        for bit in range(bits - 1, -1, -1):
            for x in range(columns):
                trial[x] = found[x] + (1 << bit)
                below[x] = 0
            for k in range(block.shape[0]):
                row = block[k, y, :columns]
                for x in range(columns):
                    below[x] += np.int32(row[x] < trial[x])
            for x in range(columns):
                if below[x] <= rank:
                    found[x] = trial[x]
