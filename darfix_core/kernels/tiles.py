"""Square tiles of a frame, prepared for Fourier transforms, and products of their spectra."""

from __future__ import annotations

import numpy as np

from darfix_core.kernels.compilation import kernel


@kernel()
def bin_pixels(frame, good, factor, binned, usable):
    """Mean of the good, finite pixels of each bin.

    Parameters
    ----------
    frame : ndarray, shape (>= rows * factor, >= columns * factor), C-contiguous
    good : ndarray of bool, shape (rows * factor, columns * factor)
        False where a pixel is not to be used.
    factor : int
    binned : ndarray of float32, shape (rows, columns)
        Out; 0 where a bin has no usable pixel.
    usable : ndarray of bool, shape (rows, columns)
        Out: True where it has one.
    """
    rows, columns = binned.shape
    if factor == 1:
        for y in range(rows):
            for x in range(columns):
                value = np.float32(frame[y, x])
                ok = good[y, x] and np.isfinite(value)
                usable[y, x] = ok
                binned[y, x] = value if ok else np.float32(0)
        return
    for y in range(rows):
        for x in range(columns):
            total, count = 0.0, 0
            for i in range(y * factor, (y + 1) * factor):
                for j in range(x * factor, (x + 1) * factor):
                    value = np.float32(frame[i, j])
                    if good[i, j] and np.isfinite(value):
                        total += value
                        count += 1
            usable[y, x] = count > 0
            binned[y, x] = total / count if count else 0.0


@kernel(fastmath=True)
def _add_row(row, seen, sign, sums, counts):
    """Add a row, and which of its pixels are usable, to sums over rows; or take it off, with -1 for `sign`."""
    for x in range(row.size):
        sums[x] += sign * row[x]
    for x in range(row.size):
        counts[x] += sign if seen[x] else np.float32(0)


@kernel(fastmath=True)
def subtract_surroundings(image, usable, reach, out):
    """Take the mean of its square surroundings off every pixel.

    Parameters
    ----------
    image : ndarray of float32, shape (rows, columns)
        Finite; 0 where it is not usable.
    usable : ndarray of bool, shape (rows, columns)
        False where a pixel does not count.
    reach : int
        Pixels on each side; the surroundings end with the image.
    out : ndarray of float32, shape (rows, columns)
        Out; 0 where a pixel is not usable.
    """
    rows, columns = image.shape
    side = 2 * reach + 1
    # Sums over the rows of the surroundings; and those of them up to a column, with room beyond both ends.
    sums, counts = np.zeros(columns), np.zeros(columns)
    light, number = np.zeros(columns + side), np.zeros(columns + side)
    for y in range(-reach, rows):
        if y + reach < rows:
            _add_row(image[y + reach], usable[y + reach], np.float32(1), sums, counts)
        if y > reach:
            _add_row(image[y - reach - 1], usable[y - reach - 1], np.float32(-1), sums, counts)
        if y < 0:
            continue
        of_light, of_number = 0.0, 0.0
        for x in range(columns):
            of_light += sums[x]
            of_number += counts[x]
            light[reach + 1 + x] = of_light
            number[reach + 1 + x] = of_number
        light[reach + 1 + columns :] = of_light
        number[reach + 1 + columns :] = of_number
        here, seen, row = image[y], usable[y], out[y]
        for x in range(columns):
            # No number is below 1 where a pixel counts itself.
            mean = (light[x + side] - light[x]) / max(number[x + side] - number[x], 1.0)
            row[x] = here[x] - np.float32(mean) if seen[x] else np.float32(0)


@kernel(fastmath=True)
def window_tiles(image, usable, corners, window, tiles):
    """Tiles without their mean, faded out towards their edges; pixels that are not usable become 0.

    Parameters
    ----------
    image : ndarray of float32, shape (rows, columns)
        Finite.
    usable : ndarray of bool, shape (rows, columns)
    corners : ndarray of int, shape (n_tiles, 2)
        First row and column of each tile.
    window : ndarray of float32, shape (size, size)
    tiles : ndarray of float32, shape (n_tiles, size, size)
        Out.
    """
    size = window.shape[0]
    for t in range(len(corners)):
        top, left = corners[t]
        total, weight = 0.0, 0.0
        for i in range(size):
            # Views of rows: their indices need no check for negative numbers, and the loop uses SIMD.
            row, seen, fading = image[top + i, left : left + size], usable[top + i, left : left + size], window[i]
            of_row, weight_of_row = np.float32(0), np.float32(0)
            for j in range(size):
                share = fading[j] if seen[j] else np.float32(0)
                of_row += share * row[j]
                weight_of_row += share
            total += of_row
            weight += weight_of_row
        mean = np.float32(total / weight) if weight > 0 else np.float32(0)
        for i in range(size):
            row, seen, fading = image[top + i, left : left + size], usable[top + i, left : left + size], window[i]
            tile = tiles[t, i]
            for j in range(size):
                tile[j] = (row[j] - mean) * fading[j] if seen[j] else np.float32(0)


@kernel(fastmath=True)
def block_means(image, usable, size, means):
    """Mean of the usable pixels of square blocks.

    Parameters
    ----------
    image : ndarray of float32, shape (>= rows * size, >= columns * size)
        Finite; 0 where it is not usable.
    usable : ndarray of bool, same shape
    size : int
    means : ndarray of float32, shape (rows, columns)
        Out; 0 where a block has no usable pixel.
    """
    rows, columns = means.shape
    for y in range(rows):
        for x in range(columns):
            total, count = np.float32(0), 0
            for i in range(y * size, (y + 1) * size):
                row, seen = image[i, x * size : (x + 1) * size], usable[i, x * size : (x + 1) * size]
                for j in range(size):
                    total += row[j]
                    count += seen[j]
            means[y, x] = total / count if count else 0.0


@kernel(fastmath=True)
def add_cross_spectra(first, second, total):
    """Add conj(first) * second.

    Parameters
    ----------
    first, second : ndarray of complex64, shape (n,)
    total : ndarray of complex64, shape (n,)
        In and out.
    """
    for i in range(len(total)):
        a, b = first[i], second[i]
        total[i] += np.complex64(complex(a.real * b.real + a.imag * b.imag, a.real * b.imag - a.imag * b.real))
