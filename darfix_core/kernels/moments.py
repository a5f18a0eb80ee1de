"""Weighted sums over frames, and the moments of rocking curves made from them."""

from __future__ import annotations

import numpy as np

from darfix_core.kernels.compilation import kernel

#: Sums that one sweep adds up, and frames that it takes: so each sum is loaded and stored once for 8 products.
GROUP = 5
SWEEP = 8

# Sums may be re-ordered for SIMD, but NaN and infinity keep their meaning. Helpers are inlined by force: else the
# compiler chooses, and their last bits differ between a kernel that was just compiled and one from the cache.
_FAST = {"reassoc", "contract", "nsz"}


def sweep_weights(weights):
    """Weights in the order in which `add_weighted_sums` takes them.

    Parameters
    ----------
    weights : ndarray of float64, shape (n_sums, n_frames)

    Returns
    -------
    ndarray of float64, shape (sweeps, groups, 5, 8)
        Zero behind the last frame and the last sum.
    """
    n_sums, n_frames = weights.shape
    groups, sweeps = -(-n_sums // GROUP), -(-n_frames // SWEEP)
    padded = np.zeros((groups * GROUP, sweeps * SWEEP))
    padded[:n_sums, :n_frames] = weights
    return np.ascontiguousarray(padded.reshape(groups, GROUP, sweeps, SWEEP).transpose(2, 0, 1, 3))


@kernel(fastmath=_FAST, forceinline=True)
def _add_sweep(r0, r1, r2, r3, r4, r5, r6, r7, weights, sums):
    """Add eight rows, weighted, to five rows of sums."""
    s0, s1, s2, s3, s4 = sums[0], sums[1], sums[2], sums[3], sums[4]
    a0, a1, a2, a3 = weights[0, 0], weights[0, 1], weights[0, 2], weights[0, 3]
    a4, a5, a6, a7 = weights[0, 4], weights[0, 5], weights[0, 6], weights[0, 7]
    b0, b1, b2, b3 = weights[1, 0], weights[1, 1], weights[1, 2], weights[1, 3]
    b4, b5, b6, b7 = weights[1, 4], weights[1, 5], weights[1, 6], weights[1, 7]
    c0, c1, c2, c3 = weights[2, 0], weights[2, 1], weights[2, 2], weights[2, 3]
    c4, c5, c6, c7 = weights[2, 4], weights[2, 5], weights[2, 6], weights[2, 7]
    d0, d1, d2, d3 = weights[3, 0], weights[3, 1], weights[3, 2], weights[3, 3]
    d4, d5, d6, d7 = weights[3, 4], weights[3, 5], weights[3, 6], weights[3, 7]
    e0, e1, e2, e3 = weights[4, 0], weights[4, 1], weights[4, 2], weights[4, 3]
    e4, e5, e6, e7 = weights[4, 4], weights[4, 5], weights[4, 6], weights[4, 7]
    for x in range(s0.size):
        f0, f1, f2, f3 = np.float64(r0[x]), np.float64(r1[x]), np.float64(r2[x]), np.float64(r3[x])
        f4, f5, f6, f7 = np.float64(r4[x]), np.float64(r5[x]), np.float64(r6[x]), np.float64(r7[x])
        s0[x] += a0 * f0 + a1 * f1 + a2 * f2 + a3 * f3 + a4 * f4 + a5 * f5 + a6 * f6 + a7 * f7
        s1[x] += b0 * f0 + b1 * f1 + b2 * f2 + b3 * f3 + b4 * f4 + b5 * f5 + b6 * f6 + b7 * f7
        s2[x] += c0 * f0 + c1 * f1 + c2 * f2 + c3 * f3 + c4 * f4 + c5 * f5 + c6 * f6 + c7 * f7
        s3[x] += d0 * f0 + d1 * f1 + d2 * f2 + d3 * f3 + d4 * f4 + d5 * f5 + d6 * f6 + d7 * f7
        s4[x] += e0 * f0 + e1 * f1 + e2 * f2 + e3 * f3 + e4 * f4 + e5 * f5 + e6 * f6 + e7 * f7


@kernel(fastmath=_FAST)
def add_weighted_sums(block, weights, sums):
    """Add ``sum_k weights[., k] * block[k]`` to `sums`, in float64, in place.

    One detector row at a time over all frames: the sums of a row stay in the first-level cache, and the
    stack is read once, in its own order.

    Parameters
    ----------
    block : ndarray, shape (n_frames, >= rows, >= columns), C-contiguous
    weights : ndarray of float64, shape (sweeps, groups, 5, 8)
        From `sweep_weights`, for the frames of the block.
    sums : ndarray of float64, shape (rows, groups, 5, columns), C-contiguous
    """
    last = block.shape[0] - 1
    rows, groups, _, columns = sums.shape
    for y in range(rows):
        for sweep in range(weights.shape[0]):
            k = SWEEP * sweep
            # Behind the last frame that frame is repeated, with weight zero.
            r0, r1 = block[k, y, :columns], block[min(k + 1, last), y, :columns]
            r2, r3 = block[min(k + 2, last), y, :columns], block[min(k + 3, last), y, :columns]
            r4, r5 = block[min(k + 4, last), y, :columns], block[min(k + 5, last), y, :columns]
            r6, r7 = block[min(k + 6, last), y, :columns], block[min(k + 7, last), y, :columns]
            for g in range(groups):
                _add_sweep(r0, r1, r2, r3, r4, r5, r6, r7, weights[sweep, g], sums[y, g])


@kernel(error_model="numpy", fastmath=_FAST, forceinline=True)
def _shape_row(total, first, second, third, fourth, centre, scale, low, high, mean, width, skew, kurt):
    """Centre of mass, FWHM, skewness and excess kurtosis of one row for one motor; see `moments_from_sums`."""
    to_fwhm = 2.0 * np.sqrt(2.0 * np.log(2.0)) * abs(scale)
    for x in range(total.size):
        m1, m2 = first[x] / total[x], second[x] / total[x]
        m3, m4 = third[x] / total[x], fourth[x] / total[x]
        variance = m2 - m1 * m1
        # Below rounding all counts sit at one position: the width is zero and the shape undefined.
        narrow = abs(variance) < 1e-14
        deviation = np.sqrt(variance)
        cubed = (m3 - 3.0 * m1 * m2 + 2.0 * m1 * m1 * m1) / (variance * deviation)
        tailed = (m4 - 4.0 * m1 * m3 + 6.0 * m1 * m1 * m2 - 3.0 * m1 * m1 * m1 * m1) / (variance * variance) - 3.0
        # Signed counts can put the balance point outside the scan: that is no orientation.
        inside = total[x] > 0.0 and m1 >= low and m1 <= high
        mean[x] = centre + scale * m1 if inside else np.nan
        width[x] = (0.0 if narrow else to_fwhm * deviation) if inside else np.nan
        skew[x] = cubed if inside and not narrow else np.nan
        kurt[x] = tailed if inside and variance > 0.0 and not narrow else np.nan


@kernel(error_model="numpy")
def moments_from_sums(sums, first_row, n_motors, centre, scale, low, high, minimum, shapes, covariances):
    """Moments of every pixel from its sums.

    Parameters
    ----------
    sums : ndarray of float64, shape (rows, groups, 5, columns)
        In the flat order of the second and third axis: S0; then u, u^2, u^3, u^4 of each motor; then the
        products u_i u_j (i < j).
    first_row : int
        Row of the image that the first row of the sums belongs to.
    n_motors : int
    centre, scale : ndarray of float64, shape (n_motors,)
        ``position = centre + scale * u``, scale > 0.
    low, high : ndarray of float64, shape (n_motors,)
        Range of the positions, in units of u.
    minimum : float
        Pixels with less intensity are NaN.
    shapes : ndarray of float64, shape (1 + 4 * n_motors, ny, columns)
        Out: intensity; centre of mass, FWHM, skewness, excess kurtosis of each motor.
    covariances : ndarray of float64, shape (n_pairs, ny, columns)
        Out.
    """
    rows, columns = sums.shape[0], sums.shape[3]
    for y in range(first_row, first_row + rows):
        flat = sums[y - first_row].reshape(-1, columns)
        total = shapes[0, y]
        total[:] = flat[0]
        for i in range(n_motors):
            q = 1 + 4 * i
            _shape_row(
                total,
                flat[q],
                flat[q + 1],
                flat[q + 2],
                flat[q + 3],
                centre[i],
                scale[i],
                low[i],
                high[i],
                shapes[q, y],
                shapes[q + 1, y],
                shapes[q + 2, y],
                shapes[q + 3, y],
            )
        pair = 0
        for i in range(n_motors):
            for j in range(i + 1, n_motors):
                product, first, second = flat[1 + 4 * n_motors + pair], flat[1 + 4 * i], flat[1 + 4 * j]
                for x in range(columns):
                    between = product[x] / total[x] - first[x] * second[x] / (total[x] * total[x])
                    covariances[pair, y, x] = scale[i] * scale[j] * between
                pair += 1
        for x in range(columns):
            valid = total[x] > 0.0 and total[x] >= minimum
            for i in range(n_motors):
                valid = valid and not np.isnan(shapes[1 + 4 * i, y, x])
            if not valid:
                shapes[1:, y, x] = np.nan
                covariances[:, y, x] = np.nan
