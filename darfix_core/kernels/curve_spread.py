"""Mean of the curve of each pixel, and the squares of its distances from it."""

from __future__ import annotations

import numpy as np

from darfix_core.kernels.compilation import kernel


@kernel(error_model="numpy")
def spread_of_curves(block, number, mean, squares):
    """Number, mean and sum of squared distances of the finite counts of each pixel.

    Parameters
    ----------
    block : ndarray, shape (n_frames, >= ny, >= nx), C-contiguous
    number, mean, squares : ndarray of float64, shape (ny, nx)
        Out. The mean is 0 where no count is finite.
    """
    for y in range(number.shape[0]):
        n, m, s = number[y], mean[y], squares[y]
        n[:] = 0.0
        m[:] = 0.0
        s[:] = 0.0
        for k in range(block.shape[0]):
            counts = block[k, y]
            for x in range(n.size):
                finite = np.isfinite(counts[x])
                n[x] += 1.0 if finite else 0.0
                m[x] += counts[x] if finite else 0.0
        for x in range(n.size):
            m[x] /= max(n[x], 1.0)
        for k in range(block.shape[0]):
            counts = block[k, y]
            for x in range(n.size):
                distance = counts[x] - m[x] if np.isfinite(counts[x]) else 0.0
                s[x] += distance * distance
