"""Frames moved by parts of a pixel as the sums of cosines that they are: Fourier interpolation without a seam.

A frame is continued beyond its borders by its mirror image. The series of that has no step where one copy meets the
next, which would ring through the whole frame, and needs cosines only.
"""

from __future__ import annotations

import numpy as np

from darfix_core.kernels.compilation import kernel

# Sums may be re-ordered for SIMD.
_FAST = {"reassoc", "contract", "nsz"}
# Share of the rows of a frame.
_FEW = 1 / 3


def move_frame(frame, shift, rows):
    """Some rows of a frame, moved.

    Parameters
    ----------
    frame : ndarray of float, shape (ny, nx)
        Finite numbers.
    shift : (float, float), px
        Displacement (dy, dx) that is taken back: the result at (y, x) is the frame at (y + dy, x + dx).
    rows : slice
        Rows of the result that are wanted.

    Returns
    -------
    ndarray of float64, shape (rows, nx)
    """
    moved = np.asarray(frame, dtype=np.float64)
    dy, dx = shift
    if not dy:
        moved = moved[rows]
    elif rows.stop - rows.start < _FEW * len(moved):
        # Weights give the wanted rows alone; for many of them a transform, which gives all, is faster.
        weights, samples = cosine_weights(len(moved), dy, rows), moved
        moved = np.zeros((len(weights), samples.shape[1]))
        _add_weighted_rows(np.ascontiguousarray(samples), weights, moved)
    else:
        moved = _moved_along_rows(moved.T, dy).T[rows]
    return _moved_along_rows(moved, dx) if dx else moved


# Not left to BLAS: its threads and those that call it would wait for each other, where both want all cores.
@kernel(fastmath=_FAST)
def _add_weighted_rows(samples, weights, sums):
    """Add ``weights @ samples`` to the sums, four samples at a time: so each sum is loaded and stored less often."""
    last = len(samples) - 1
    for n in range(0, len(samples), 4):
        s0, s1 = samples[n], samples[min(n + 1, last)]
        s2, s3 = samples[min(n + 2, last)], samples[min(n + 3, last)]
        for y in range(len(sums)):
            row, w0 = sums[y], weights[y, n]
            w1 = weights[y, n + 1] if n + 1 <= last else 0.0
            w2 = weights[y, n + 2] if n + 2 <= last else 0.0
            w3 = weights[y, n + 3] if n + 3 <= last else 0.0
            for x in range(row.size):
                row[x] += w0 * s0[x] + w1 * s1[x] + w2 * s2[x] + w3 * s3[x]


def cosine_weights(size, shift, places):
    """Matrix that takes samples to the values of their cosine series at other places.

    Parameters
    ----------
    size : int
        Number of samples.
    shift : float
        How far the places lie behind those of the samples.
    places : slice
        Numbers of the samples at which, plus the shift, values are wanted.

    Returns
    -------
    ndarray of float64, shape (places, size)
        Each row adds up to 1.
    """
    # The products of two cosines, summed over all orders: a kernel of the distance to a sample and to its mirror image.
    start, stop = places.start, places.stop
    distances = np.arange(start - size + 1, stop + size) + shift
    half = np.pi * distances / (2 * size)
    at_sample = np.abs(np.sin(half)) < 1e-12
    kernel = np.where(
        at_sample, 2 * size - 1, np.sin((2 * size - 1) * half) / np.where(at_sample, 1.0, np.sin(half))
    ) / (2 * size)
    windows = np.lib.stride_tricks.sliding_window_view(kernel, size)[: stop - start]
    mirrored = np.lib.stride_tricks.sliding_window_view(kernel[size:], size)[: stop - start]
    return windows[:, ::-1] + mirrored


def _moved_along_rows(block, shift):
    """Rows moved by their cosine series."""
    from scipy import fft

    size = block.shape[1]
    phase = np.pi * shift * np.arange(size) / size
    orders = fft.dct(block, axis=1)
    # cos(a + b) = cos a cos b - sin a sin b; the sine series has no order 0, and begins with that of 1.
    sines = np.zeros_like(orders)
    sines[:, :-1] = (orders * np.sin(phase))[:, 1:]
    return fft.idct(orders * np.cos(phase), axis=1) - fft.idst(sines, axis=1)
