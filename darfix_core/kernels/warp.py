"""Frames moved by parts of a pixel, by linear or cubic interpolation."""

from __future__ import annotations

import numpy as np

from darfix_core.kernels.compilation import kernel

# Products may be fused with sums; NaN keeps its meaning.
_FAST = {"contract", "nsz"}


def interpolation_weights(fraction):
    """Weights of the samples around a place, as `move_frames` takes them.

    Parameters
    ----------
    fraction : ndarray of float64, any shape, px
        How far the place lies behind the first of the two samples that enclose it, in 0 to 1.

    Returns
    -------
    ndarray of float64, shape (..., 4)
        The fraction, which is the weight of the second sample in linear interpolation; then the weights of the sample
        before the first, of the second, and of the one behind it in cubic interpolation. What is missing to 1 is the
        weight of the first sample.

    References
    ----------
    Keys (1981), IEEE Trans. Acoust. Speech Signal Process. 29, 1153, with a = -1/2.
    """
    t = np.asarray(fraction, dtype=np.float64)
    before, behind = t * (t * (2 - t) - 1) / 2, t * t * (t - 1) / 2
    return np.stack([t, before, t * (1 + t * (4 - 3 * t)) / 2, behind], axis=-1)


# Differences to the first sample are weighted: where all samples are equal the result is, to the last bit.
@kernel(fastmath=_FAST, forceinline=True)
def _straight(first, second, weights, out):
    """Linear interpolation between two rows."""
    t = weights[0]
    for x in range(out.size):
        out[x] = first[x] + t * (second[x] - first[x])


@kernel(fastmath=_FAST, forceinline=True)
def _curved(before, first, second, behind, weights, out):
    """Cubic interpolation between the middle two of four rows; linear where an outer one is NaN."""
    t, w_before, w_second, w_behind = weights[0], weights[1], weights[2], weights[3]
    for x in range(out.size):
        step = second[x] - first[x]
        cubic = w_before * (before[x] - first[x]) + w_second * step + w_behind * (behind[x] - first[x])
        out[x] = first[x] + (t * step if np.isnan(cubic) else cubic)


@kernel(fastmath=_FAST, forceinline=True)
def _between_rows(frame, y, height, width, weights, cubic, line):
    """Row at a place between row `y` of a frame and the next."""
    row = frame[y, :width]
    if weights[0] == 0:
        line[:] = row
    elif cubic and y > 0 and y + 2 < height:
        _curved(frame[y - 1, :width], row, frame[y + 1, :width], frame[y + 2, :width], weights, line)
    else:
        _straight(row, frame[y + 1, :width], weights, line)


@kernel(fastmath=_FAST, forceinline=True)
def _between_columns(line, x, weights, cubic, out):
    """Values at places between the pixels of a row, the first between pixel `x` and the next."""
    if weights[0] == 0:
        out[:] = line[x : x + out.size]
    elif cubic:
        # The first and the last pixel of a row have but one neighbour.
        first = 1 if x == 0 else 0
        last = max(first, min(out.size, line.size - 2 - x))
        _straight(line[x:], line[x + 1 :], weights, out[:first])
        _curved(
            line[x + first - 1 :],
            line[x + first :],
            line[x + first + 1 :],
            line[x + first + 2 :],
            weights,
            out[first:last],
        )
        _straight(line[x + last :], line[x + last + 1 :], weights, out[last:])
    else:
        _straight(line[x:], line[x + 1 :], weights, out)


@kernel(fastmath=_FAST)
def move_frames(block, height, width, whole, weights, cubic, out):
    """Move frames: first rows are interpolated, then the pixels of the row that has come out.

    Parameters
    ----------
    block : ndarray of float, shape (n_frames, >= height, >= width), C-contiguous
    height, width : int
        Rows and columns of the block that may be looked at.
    whole : ndarray of int64, shape (n_frames, 2), px
        Row and column of the block at which the first pixel of the result is found, rounded down.
    weights : ndarray of the type of the block, shape (n_frames, 2, 4)
        From `interpolation_weights`, for the rest along y and x.
    cubic : bool
        False: linear.
    out : ndarray of the type of the block, shape (n_frames, rows, columns), C-contiguous
        Out; NaN where a pixel that has a weight in linear interpolation lies outside the block or is NaN.
    """
    n_frames, rows, columns = out.shape
    line = np.empty(width, out.dtype)
    for k in range(n_frames):
        top, left = whole[k, 0], whole[k, 1]
        along_y, along_x = weights[k, 0], weights[k, 1]
        y_from, y_to = max(0, -top), min(rows, height - top - (1 if along_y[0] > 0 else 0))
        x_from, x_to = max(0, -left), min(columns, width - left - (1 if along_x[0] > 0 else 0))
        for y in range(rows):
            row = out[k, y]
            if y < y_from or y >= y_to or x_from >= x_to:
                row[:] = np.nan
                continue
            _between_rows(block[k], y + top, height, width, along_y, cubic, line)
            row[:x_from] = np.nan
            row[x_to:] = np.nan
            _between_columns(line, x_from + left, along_x, cubic, row[x_from:x_to])
