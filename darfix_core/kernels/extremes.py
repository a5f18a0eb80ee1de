"""Sum, lowest and highest count of every pixel, and the sum of every frame, in one sweep."""

from __future__ import annotations

import numpy as np

from darfix_core.kernels.compilation import kernel


@kernel(fastmath={"reassoc", "nsz"}, forceinline=True)
def _add_row(row, total, lowest, highest, at_highest, invalid):
    """Take a row of a frame in, and give its sum."""
    sum_of_row = 0.0
    for x in range(total.size):
        value, high = row[x], highest[x]
        # Without branches, so that the compiler makes vector code; comparisons with NaN are false.
        finite = np.isfinite(value)
        count = np.float64(value) if finite else 0.0
        total[x] += count
        sum_of_row += count
        invalid[x] += np.int32(not finite)
        lowest[x] = value if finite and value < lowest[x] else lowest[x]
        higher = finite and value > high
        highest[x] = value if higher else high
        at_highest[x] = np.int32(1) if higher else at_highest[x] + np.int32(value == high)
    return sum_of_row


@kernel()
def add_extremes(block, total, lowest, highest, at_highest, invalid, of_frames):
    """Take the frames of a block in, in place. Counts that are not finite are counted, and else left out.

    Parameters
    ----------
    block : ndarray, shape (n_frames, >= rows, >= columns)
    total : ndarray of float64, shape (rows, columns)
        Sums over the frames.
    lowest, highest : ndarray of the type of the block, shape (rows, columns)
        Begin with the largest and the smallest number of that type.
    at_highest : ndarray of int32, shape (rows, columns)
        Frames whose count is the highest.
    invalid : ndarray of int32, shape (rows, columns)
        Frames whose count is not finite.
    of_frames : ndarray of float64, shape (n_frames,)
        Sums of the frames.
    """
    rows, columns = total.shape
    for y in range(rows):
        for k in range(block.shape[0]):
            row = block[k, y, :columns]
            of_frames[k] += _add_row(row, total[y], lowest[y], highest[y], at_highest[y], invalid[y])
