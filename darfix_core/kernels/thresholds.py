"""Counts outside limits set to zero, and the local gradient by which faint ones are kept."""

from __future__ import annotations

import math

import numpy as np

from darfix_core.kernels.compilation import kernel


@kernel()
def zero_outside(block, bottom, top, out):
    """Copy a block with zeros in the place of counts below `bottom` or above `top`; NaN stays.

    Parameters
    ----------
    block : ndarray, shape (n_frames, >= ny, >= nx), C-contiguous
    bottom, top : float
    out : ndarray, shape (n_frames, ny, nx), of the type of the block
    """
    zero = block.dtype.type(0)
    for k in range(out.shape[0]):
        for y in range(out.shape[1]):
            counts, row = block[k, y], out[k, y]
            for x in range(row.size):
                row[x] = zero if (counts[x] < bottom) | (counts[x] > top) else counts[x]


@kernel()
def zero_above(block, limits, out):
    """Copy a block with zeros in the place of counts above the limit of their pixel; NaN stays.

    Parameters
    ----------
    block : ndarray, shape (n_frames, >= ny, >= nx), C-contiguous
    limits : ndarray of float64, shape (ny, nx)
        Nothing is above NaN.
    out : ndarray, shape (n_frames, ny, nx), of the type of the block
    """
    zero = block.dtype.type(0)
    for k in range(out.shape[0]):
        for y in range(out.shape[1]):
            counts, limit, row = block[k, y], limits[y], out[k, y]
            for x in range(row.size):
                row[x] = zero if counts[x] > limit[x] else counts[x]


def gaussian_weights(scale, dtype):
    """Weights of a Gaussian and of its derivative.

    Parameters
    ----------
    scale : float, px
        Standard deviation. The weights reach to four of them.
    dtype : type of float

    Returns
    -------
    ndarray, shape (2, 2 * reach + 1)
        Smoothing weights, whose sum is 1, and those of the derivative, by which a unit ramp gives 1 but for the tails.
    """
    reach = math.floor(4 * scale + 0.5)
    place = np.arange(-reach, reach + 1)
    smooth = np.exp(-0.5 * (place / scale) ** 2)
    smooth /= smooth.sum()
    return np.array([smooth, place / scale**2 * smooth], dtype=dtype)


@kernel()
def _add_scaled(total, weight, values):
    for x in range(total.size):
        total[x] += weight * values[x]


@kernel()
def zero_faint_and_flat(block, masked, weights, bottom, gradient, out):
    """Copy a block with zeros in the place of counts below `bottom` where the local gradient is below `gradient`.

    The gradient is that of the frame smoothed by a Gaussian. Beyond the edges of a frame its outermost pixels are
    repeated. Where the Gaussian reaches a masked pixel or one that is no number, the gradient is not known, and taken
    to be below. NaN stays.

    Parameters
    ----------
    block : ndarray, shape (n_frames, >= ny, >= nx), C-contiguous
    masked : ndarray of bool, shape (ny, nx)
    weights : ndarray of float, shape (2, 2 * reach + 1)
        See `gaussian_weights`.
    bottom : float, counts
    gradient : float, counts/px
    out : ndarray, shape (n_frames, ny, nx), of the type of the block
    """
    ny, nx = masked.shape
    reach = weights.shape[1] // 2
    zero = block.dtype.type(0)
    source = np.empty(nx, weights.dtype)
    smooth, steep = np.empty(nx + 2 * reach, weights.dtype), np.empty(nx + 2 * reach, weights.dtype)
    along_x, along_y = np.empty(nx, weights.dtype), np.empty(nx, weights.dtype)
    for k in range(out.shape[0]):
        for y in range(ny):
            smooth[:] = 0
            steep[:] = 0
            for i in range(2 * reach + 1):
                row = min(max(y + i - reach, 0), ny - 1)
                for x in range(nx):
                    source[x] = np.nan if masked[row, x] else block[k, row, x]
                _add_scaled(smooth[reach : reach + nx], weights[0, i], source)
                _add_scaled(steep[reach : reach + nx], weights[1, i], source)
            for line in (smooth, steep):
                line[:reach] = line[reach]
                line[reach + nx :] = line[reach + nx - 1]
            along_x[:] = 0
            along_y[:] = 0
            for i in range(2 * reach + 1):
                _add_scaled(along_x, weights[1, i], smooth[i:])
                _add_scaled(along_y, weights[0, i], steep[i:])
            counts, kept = block[k, y], out[k, y]
            for x in range(nx):
                flat = not (along_x[x] ** 2 + along_y[x] ** 2 >= gradient**2)
                kept[x] = zero if flat & (counts[x] < bottom) else counts[x]
