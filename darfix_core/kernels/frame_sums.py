"""Sums and maxima over frames, over neighbouring pixels, and over the pixels of each frame.

Sums are float64: exact for integers of up to 32 bits. The number of pixels that are meant stands in the result; a
block may be larger, see `darfix_core.kernels.layout.row_major_view`.
"""

from __future__ import annotations

import numpy as np

from darfix_core.kernels.compilation import kernel


@kernel()
def add_to_groups(block, group, weights, totals):
    """Add each frame, weighted, to the total of its group, in place.

    Parameters
    ----------
    block : ndarray, shape (frames, >= rows, >= columns), read-only
    group : ndarray of int64, shape (frames,)
    weights : ndarray of float64, shape (frames,)
    totals : ndarray of float64, shape (groups, rows, columns)
    """
    _, n_rows, n_columns = totals.shape
    # Row by row, so that the row of the total stays in the cache while the frames are added.
    for y in range(n_rows):
        for frame in range(group.size):
            counts, total, weight = block[frame, y], totals[group[frame], y], weights[frame]
            for x in range(n_columns):
                total[x] += weight * counts[x]


@kernel()
def raise_to_groups(block, group, highest):
    """Raise the maximum of each group to the counts of its frames, in place. NaN stays.

    Parameters
    ----------
    block : ndarray, shape (frames, >= rows, >= columns), read-only
    group : ndarray of int64, shape (frames,)
    highest : ndarray, type of the block, shape (groups, rows, columns)
    """
    _, n_rows, n_columns = highest.shape
    for y in range(n_rows):
        for frame in range(group.size):
            counts, top = block[frame, y], highest[group[frame], y]
            for x in range(n_columns):
                # Not equal to itself is NaN, than which nothing is greater.
                if counts[x] > top[x] or counts[x] != counts[x]:
                    top[x] = counts[x]


@kernel()
def bin_pixels(block, factor_y, factor_x, scale, binned):
    """Sum of the pixels of each bin, times `scale`.

    Parameters
    ----------
    block : ndarray, shape (frames, >= rows * factor_y, >= columns * factor_x), read-only
    factor_y, factor_x : int
        Pixels of a bin.
    scale : float
    binned : ndarray, shape (frames, rows, columns)
        The result.
    """
    n_frames, n_rows, n_columns = binned.shape
    line = np.empty(n_columns * factor_x)
    for frame in range(n_frames):
        for row in range(n_rows):
            # Whole lines first, which SIMD adds up; the few sums of neighbours that are left come after.
            line[:] = 0.0
            for y in range(row * factor_y, (row + 1) * factor_y):
                counts = block[frame, y]
                for x in range(line.size):
                    line[x] += counts[x]
            for column in range(n_columns):
                total = 0.0
                for x in range(column * factor_x, (column + 1) * factor_x):
                    total += line[x]
                binned[frame, row, column] = total * scale


@kernel(fastmath={"reassoc", "contract", "nsz"}, forceinline=True)
def _line_sum(counts, n_columns):
    """Sum in whatever order SIMD likes."""
    total = 0.0
    for x in range(n_columns):
        total += np.float64(counts[x])
    return total


@kernel()
def sum_frames(block, n_rows, n_columns, totals, n_finite):
    """Add the finite counts of each frame to its total, and their number to `n_finite`, in place.

    Parameters
    ----------
    block : ndarray, shape (frames, >= rows, >= columns), read-only
    n_rows, n_columns : int
    totals : ndarray of float64, shape (frames,)
    n_finite : ndarray of float64, shape (frames,)
    """
    for frame in range(totals.size):
        for y in range(n_rows):
            counts, number = block[frame, y], n_columns
            total = _line_sum(counts, n_columns)
            # Lines that hold NaN or infinity are rare, and a loop that looks for them is ten times slower.
            if not np.isfinite(total):
                total, number = 0.0, 0
                for x in range(n_columns):
                    if np.isfinite(counts[x]):
                        total += np.float64(counts[x])
                        number += 1
            totals[frame] += total
            n_finite[frame] += number
