"""Median of the 3 x 3 or 5 x 5 pixels around each pixel, by exchanges of two values.

An exchange is a minimum and a maximum and needs no branch, so the compiler makes it for a whole vector of neighbouring
pixels at once. Beyond the edges of a frame its outermost pixels are repeated. Holes, pixels that are masked or not a
number, are left out of the medians of their neighbours; of an even number of others the lower of the two in the middle
is taken.
"""

from __future__ import annotations

import numpy as np

from darfix_core.kernels.compilation import kernel


@kernel(forceinline=True)
def _exchange(a, b):
    return min(a, b), max(a, b)


@kernel(forceinline=True)
def _sorted_3(a, b, c):
    a, b = _exchange(a, b)
    b, c = _exchange(b, c)
    a, b = _exchange(a, b)
    return a, b, c


@kernel(forceinline=True)
def _sorted_5(a, b, c, d, e):
    a, b = _exchange(a, b)
    d, e = _exchange(d, e)
    c, e = _exchange(c, e)
    c, d = _exchange(c, d)
    b, e = _exchange(b, e)
    a, d = _exchange(a, d)
    a, c = _exchange(a, c)
    b, d = _exchange(b, d)
    b, c = _exchange(b, c)
    return a, b, c, d, e


@kernel(forceinline=True)
def _median_of_middle_13(a3, a4, b2, b3, b4, c1, c2, c3, d0, d1, d2, e0, e1):
    """Median of 25 values in five sorted columns and five sorted rows, of those 13 that can be it.

    The others have too many values above or below them. The exchanges are those that are left when from a network that
    sorts the 13 all that their order makes needless is taken out.
    """
    b4 = min(b4, d2)
    c3 = min(c3, e1)
    b4 = min(b4, c3)
    d1, a4 = _exchange(d1, a4)
    c2, e0 = _exchange(c2, e0)
    c2 = max(d1, c2)
    a4 = min(a4, e0)
    a4, c2 = _exchange(a4, c2)
    c2, b3 = _exchange(c2, b3)
    b2, b3 = _exchange(b2, b3)
    b4, c2 = _exchange(b4, c2)
    b2 = max(a4, b2)
    b2, c2 = _exchange(b2, c2)
    b4 = max(b2, b4)
    b3 = min(b3, c1)
    b4 = max(b3, b4)
    d0 = max(a3, d0)
    d0 = max(b4, d0)
    return min(c2, d0)


@kernel(forceinline=True)
def _median_of_9(a0, a1, a2, b0, b1, b2, c0, c1, c2):
    a0, b0, c0 = _sorted_3(a0, b0, c0)
    a1, b1, c1 = _sorted_3(a1, b1, c1)
    a2, b2, c2 = _sorted_3(a2, b2, c2)
    _, middle, _ = _sorted_3(b0, b1, b2)
    _, median, _ = _sorted_3(max(a0, max(a1, a2)), middle, min(c0, min(c1, c2)))
    return median


@kernel()
def _medians_3(a, b, c, medians):
    last = medians.size - 1
    for x in range(1, last):
        medians[x] = _median_of_9(a[x - 1], a[x], a[x + 1], b[x - 1], b[x], b[x + 1], c[x - 1], c[x], c[x + 1])
    for x in (0, last):
        i, j = max(x - 1, 0), min(x + 1, last)
        medians[x] = _median_of_9(a[i], a[x], a[j], b[i], b[x], b[j], c[i], c[x], c[j])


@kernel()
def _medians_5(row_a, row_b, row_c, row_d, row_e, columns, medians):
    a, b, c, d, e = columns[0], columns[1], columns[2], columns[3], columns[4]
    nx = medians.size
    for x in range(nx):
        a[x + 2], b[x + 2], c[x + 2], d[x + 2], e[x + 2] = _sorted_5(row_a[x], row_b[x], row_c[x], row_d[x], row_e[x])
    for rank in range(5):
        columns[rank, :2] = columns[rank, 2]
        columns[rank, nx + 2 :] = columns[rank, nx + 1]
    for x in range(nx):
        _, _, _, a3, a4 = _sorted_5(a[x], a[x + 1], a[x + 2], a[x + 3], a[x + 4])
        _, _, b2, b3, b4 = _sorted_5(b[x], b[x + 1], b[x + 2], b[x + 3], b[x + 4])
        _, c1, c2, c3, _ = _sorted_5(c[x], c[x + 1], c[x + 2], c[x + 3], c[x + 4])
        d0, d1, d2, _, _ = _sorted_5(d[x], d[x + 1], d[x + 2], d[x + 3], d[x + 4])
        e0, e1, _, _, _ = _sorted_5(e[x], e[x + 1], e[x + 2], e[x + 3], e[x + 4])
        medians[x] = _median_of_middle_13(a3, a4, b2, b3, b4, c1, c2, c3, d0, d1, d2, e0, e1)


@kernel()
def _median_without_holes(frame, masked, y, x, reach, values):
    """Median of the window around a pixel, without its holes; the pixel itself where all are holes."""
    ny, nx = masked.shape
    n = 0
    for i in range(y - reach, y + reach + 1):
        for j in range(x - reach, x + reach + 1):
            row, column = min(max(i, 0), ny - 1), min(max(j, 0), nx - 1)
            value = frame[row, column]
            if masked[row, column] or value != value:
                continue
            place = n
            while place > 0 and values[place - 1] > value:
                values[place] = values[place - 1]
                place -= 1
            values[place] = value
            n += 1
    return values[(n - 1) // 2] if n else frame[y, x]


@kernel()
def _has_holes(frame, masked):
    found = False
    for y in range(masked.shape[0]):
        for x in range(masked.shape[1]):
            found |= masked[y, x] | (frame[y, x] != frame[y, x])
    return found


@kernel()
def _mend_medians(frame, masked, y, reach, holes, values, medians):
    """Compute those medians of row `y` anew that have holes in their windows; masked pixels keep their counts."""
    ny, nx = masked.shape
    in_column, in_window = holes[0], holes[1]
    in_column[:] = False
    in_window[:] = False
    for row in range(max(y - reach, 0), min(y + reach + 1, ny)):
        for x in range(nx):
            in_column[x + reach] |= masked[row, x] | (frame[row, x] != frame[row, x])
    for shift in range(2 * reach + 1):
        for x in range(nx):
            in_window[x] |= in_column[x + shift]
    for x in range(nx):
        if masked[y, x]:
            medians[x] = frame[y, x]
        elif in_window[x]:
            medians[x] = _median_without_holes(frame, masked, y, x, reach, values)


@kernel()
def _median_row(frame, masked, mend, y, columns, holes, values, medians):
    """Medians of row `y` of a frame."""
    last = masked.shape[0] - 1
    if columns.shape[0] == 3:
        _medians_3(frame[max(y - 1, 0)], frame[y], frame[min(y + 1, last)], medians)
    else:
        above, below = frame[max(y - 1, 0)], frame[min(y + 1, last)]
        _medians_5(frame[max(y - 2, 0)], above, frame[y], below, frame[min(y + 2, last)], columns, medians)
    if mend:
        _mend_medians(frame, masked, y, columns.shape[0] // 2, holes, values, medians)


@kernel()
def median_filter(block, masked, mend, size, out):
    """Median of the window around every pixel.

    Parameters
    ----------
    block : ndarray, shape (n_frames, >= ny, >= nx), C-contiguous
    masked : ndarray of bool, shape (ny, nx)
        True where a pixel keeps its count, and is left out of the medians of its neighbours.
    mend : bool
        False where no pixel is masked and every count is a number: then holes are not looked for.
    size : int
        Edge of the window: 3 or 5.
    out : ndarray, shape (n_frames, ny, nx), of the type of the block
        Where a window holds nothing but holes, the count of its pixel.
    """
    nx = masked.shape[1]
    columns, holes = np.empty((size, nx + size - 1), block.dtype), np.empty((2, nx + size - 1), np.bool_)
    values = np.empty(size * size, block.dtype)
    for k in range(out.shape[0]):
        mend_frame = mend and _has_holes(block[k], masked)
        for y in range(out.shape[1]):
            _median_row(block[k], masked, mend_frame, y, columns, holes, values, out[k, y])


@kernel()
def replace_outliers(block, masked, mend, size, slope, offset, floor, cold, out):
    """Put the local median in the place of pixels that are too far from it; what is no number stays so.

    A pixel is too far where the square of its distance exceeds ``slope * max(median - offset, 0) + floor``. Each of the
    three is an image, or one row for all rows.

    Parameters
    ----------
    block, masked, mend, size
        As for `median_filter`.
    slope, offset, floor : ndarray of float, shape (ny, nx) or (1, nx), C-contiguous
    cold : bool
        Whether pixels below the median are replaced, too.
    out : ndarray, shape (n_frames, ny, nx), of the type of the block
    """
    nx = masked.shape[1]
    columns, holes = np.empty((size, nx + size - 1), block.dtype), np.empty((2, nx + size - 1), np.bool_)
    values, medians = np.empty(size * size, block.dtype), np.empty(nx, block.dtype)
    number = floor.dtype.type
    least = number(-np.inf) if cold else number(0)
    for k in range(out.shape[0]):
        mend_frame = mend and _has_holes(block[k], masked)
        for y in range(out.shape[1]):
            _median_row(block[k], masked, mend_frame, y, columns, holes, values, medians)
            here, row = block[k, y], out[k, y]
            a, o, b = slope[y % slope.shape[0]], offset[y % offset.shape[0]], floor[y % floor.shape[0]]
            for x in range(nx):
                median = number(medians[x])
                distance = max(number(here[x]) - median, least)
                far = distance * distance > a[x] * max(median - o[x], number(0)) + b[x]
                row[x] = medians[x] if far else here[x]
