"""Bins of counts, a few for each pixel, that close in on the count at a given place in the order of its frames."""

from __future__ import annotations

import numpy as np

from darfix_core.kernels.compilation import kernel

#: Bins inside the range of a pixel, and the power of two that they are.
BINS, BITS = 16, 4
# Codes: 0 for counts below the range, 1 to BINS for the bins, and from _ABOVE on for counts above, with their distance.
_ABOVE = BINS + 1
#: Number of codes that are counted.
CODES = BINS + 2
#: Distance where no count lies above the range.
NONE_ABOVE = 2**30


@kernel()
def bin_codes(block, low, shift, codes):
    """Bin of each count.

    The range of a pixel begins at `low` and has `BINS` bins of ``2**shift`` counts.

    Parameters
    ----------
    block : ndarray of integers of at most 16 bits, shape (n_frames, >= rows, >= columns), C-contiguous
    low, shift : ndarray of int32, shape (rows, columns), C-contiguous
    codes : ndarray of int32, shape (n_frames, rows, columns)
        Out: 0 below the range, 1 to `BINS` in its bins, above it ``BINS + 1`` and the distance from its end.
    """
    for k in range(codes.shape[0]):
        for y in range(codes.shape[1]):
            for x in range(codes.shape[2]):
                distance = np.int32(block[k, y, x]) - low[y, x]
                beyond = distance - (np.int32(BINS) << shift[y, x])
                inside = (distance >> shift[y, x]) + np.int32(1)
                codes[k, y, x] = np.int32(0) if distance < 0 else inside if beyond < 0 else beyond + np.int32(_ABOVE)


@kernel()
def count_codes(codes, counted, beyond):
    """Add up how often each code occurs, and find the least distance above the range.

    Parameters
    ----------
    codes : ndarray of int32, shape (n_frames, rows, columns)
        See `bin_codes`.
    counted : ndarray of unsigned integers, shape (rows, columns, CODES)
        Number of frames with each code, those above the range in the last place; added to.
    beyond : ndarray of int32, shape (rows, columns)
        Least distance of counts above the range; lowered.
    """
    for k in range(codes.shape[0]):
        for y in range(codes.shape[1]):
            for x in range(codes.shape[2]):
                code = codes[k, y, x]
                counted[y, x, min(code, np.int32(_ABOVE))] += 1
                above = code - np.int32(_ABOVE) if code >= _ABOVE else np.int32(NONE_ABOVE)
                beyond[y, x] = min(beyond[y, x], above)


@kernel()
def _shift_for(size):
    """Least shift with which the bins cover that many counts."""
    shift = 0
    while (BINS << shift) < size:
        shift += 1
    return shift


@kernel()
def narrow(counted, beyond, rank, lowest, highest, low, shift, lower, upper, found):
    """Close in on the count at `rank`, and take it and the next one in order where bins hold single counts.

    Parameters
    ----------
    counted, beyond : ndarray
        See `count_codes`, for all frames.
    rank : int
        Place in the order, from 0.
    lowest, highest : int
        Least and largest number of the type of the counts.
    low, shift : ndarray of int32, shape (rows, columns)
        In: the range that was counted. Out: the one to count next.
    lower, upper : ndarray of int32, shape (rows, columns)
        Out: the counts at `rank` and ``rank + 1``, where they are found.
    found : ndarray of bool, shape (rows, columns)
        Out.
    """
    for y in range(low.shape[0]):
        for x in range(low.shape[1]):
            in_order, code = np.int64(counted[y, x, 0]), 0
            while in_order <= rank:
                code += 1
                in_order += counted[y, x, code]
            end = low[y, x] + (BINS << shift[y, x])
            found[y, x] = 0 < code < _ABOVE and shift[y, x] == 0
            if code == 0:
                shift[y, x] = _shift_for(low[y, x] - lowest)
                low[y, x] = lowest
            elif code == _ABOVE:
                shift[y, x] = _shift_for(highest - end + 1)
                low[y, x] = end
            elif shift[y, x] > 0:
                low[y, x] += (code - 1) << shift[y, x]
                shift[y, x] = max(0, shift[y, x] - BITS)
            else:
                lower[y, x] = low[y, x] + code - 1
                while in_order <= rank + 1 and code < BINS:
                    code += 1
                    in_order += counted[y, x, code]
                upper[y, x] = low[y, x] + code - 1 if in_order > rank + 1 else end + beyond[y, x]
