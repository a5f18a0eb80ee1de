"""Bins of counts, a few for each pixel, that close in on the count at a given place in the order of its frames."""

from __future__ import annotations

import numpy as np

from darfix_core.kernels.compilation import kernel

#: Bins inside the range of a pixel, and the power of two that they are.
BINS, BITS = 32, 5
#: Places of the counters of a pixel: below the range, and in each bin.
COUNTERS = BINS + 1
#: Distance where no count lies above the range.
NONE_ABOVE = 2**30

# Code of the counts above the range, to which their distance from its end is added.
_ABOVE = BINS + 1
# So many counters of 4 bits share a word of 64 bits.
_IN_WORD, _COUNTER_BITS = 16, 4
#: Frames that such a counter takes: blocks of as many are counted fastest.
AT_ONCE = 15


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
def _count_in_words(row, first_code, word):
    """Add a row of codes to the small counters of a word, that of `first_code` in its lowest bits."""
    for x in range(word.size):
        place = row[x] - np.int32(first_code)
        one = np.uint64(1) if 0 <= place < _IN_WORD else np.uint64(0)
        word[x] += one << np.uint64(_COUNTER_BITS * (place & (_IN_WORD - 1)))


@kernel()
def count_codes(codes, counted, beyond):
    """Add up how often each code occurs, and find the least distance above the range.

    A few frames are counted in words that hold a small counter for each of many bins: that is SIMD work, where adding
    to the counter of the bin would be one memory access after the other.

    Parameters
    ----------
    codes : ndarray of int32, shape (n_frames, rows, columns)
        See `bin_codes`.
    counted : ndarray of unsigned integers, shape (rows, COUNTERS, columns)
        Number of frames below the range and in each bin; added to.
    beyond : ndarray of int32, shape (rows, columns)
        Least distance of counts above the range; lowered.
    """
    n_frames, rows, columns = codes.shape
    words = np.empty((BINS // _IN_WORD, columns), np.uint64)
    for y in range(rows):
        below, nearest = counted[y, 0], beyond[y]
        for first in range(0, n_frames, AT_ONCE):
            words[:] = 0
            for k in range(first, min(n_frames, first + AT_ONCE)):
                row = codes[k, y]
                for x in range(columns):
                    below[x] += row[x] == 0
                    above = row[x] - np.int32(_ABOVE)
                    nearest[x] = min(nearest[x], above if above >= 0 else np.int32(NONE_ABOVE))
                for number in range(words.shape[0]):
                    _count_in_words(row, 1 + number * _IN_WORD, words[number])
            for code in range(BINS):
                word, counter = words[code // _IN_WORD], counted[y, 1 + code]
                bits = np.uint64(_COUNTER_BITS * (code % _IN_WORD))
                for x in range(columns):
                    counter[x] += (word[x] >> bits) & np.uint64(AT_ONCE)


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
            code, in_order = 0, np.int64(counted[y, 0, x])
            while in_order <= rank and code < BINS:
                code += 1
                in_order += counted[y, code, x]
            end = low[y, x] + (BINS << shift[y, x])
            found[y, x] = code > 0 and in_order > rank and shift[y, x] == 0
            if code == 0:
                shift[y, x] = _shift_for(low[y, x] - lowest)
                low[y, x] = lowest
            elif in_order <= rank:
                shift[y, x] = _shift_for(highest - end + 1)
                low[y, x] = end
            elif shift[y, x] > 0:
                low[y, x] += (code - 1) << shift[y, x]
                shift[y, x] = max(0, shift[y, x] - BITS)
            else:
                lower[y, x] = low[y, x] + code - 1
                while in_order <= rank + 1 and code < BINS:
                    code += 1
                    in_order += counted[y, code, x]
                upper[y, x] = low[y, x] + code - 1 if in_order > rank + 1 else end + beyond[y, x]
