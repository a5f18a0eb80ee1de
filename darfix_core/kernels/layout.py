"""Views of blocks in the memory layout for which numba makes vector code."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def row_major_view(block: NDArray[np.generic]) -> NDArray[np.generic]:
    """View of a block of frames that numba takes for C-contiguous, so that its inner loops use SIMD.

    A cut-out of a larger stack has gaps between its rows and frames. Numba then assumes nothing about the
    distance between neighbouring pixels either, and its loops run about four times slower. The view given
    here has the same first element and strides, but the length of the gap counts as part of each axis.

    Parameters
    ----------
    block : ndarray, shape (frames, rows, columns)

    Returns
    -------
    ndarray, shape (frames, >= rows, >= columns)
        Read-only. Only the first `rows` and `columns` may be looked at: the rest belongs to others, or to
        nobody. A copy of exactly the block where its strides do not allow a view.
    """
    if block.flags.c_contiguous:
        view = block.view()
        view.flags.writeable = False
        return view
    frame, row, pixel = block.strides
    if pixel == block.itemsize and row > 0 and frame > 0 and row % pixel == 0 and frame % row == 0:
        shape = (block.shape[0], frame // row, row // pixel)
        if shape[1] >= block.shape[1] and shape[2] >= block.shape[2]:
            return np.lib.stride_tricks.as_strided(block, shape, writeable=False)
    copy = np.ascontiguousarray(block)
    copy.flags.writeable = False
    return copy
