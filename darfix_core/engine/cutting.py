"""How a stack is cut into blocks: ranges of frames and stripes of rows that fit the memory and the file."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from darfix_core.engine.execution import Execution
from darfix_core.model.frames import Frames

# Whole frames are read in blocks of about this size.
_READ_BYTES = 64 * 2**20
_STRIPE_ROWS = 64


@dataclass(frozen=True)
class BlockSizes:
    """Sizes that are asked for instead of those that fit: rows of a stripe and frames of a block.

    Parameters
    ----------
    rows : int, optional
        Rows of a stripe.
    frames : int, optional
        Frames of a block.
    """

    rows: int | None = None
    frames: int | None = None


def ranges(size: int, step: int, unit: int = 1, before: int = 0) -> list[slice]:
    """Ranges that cover 0 to `size`, of about `step`, that begin and end where stored blocks do.

    Parameters
    ----------
    size : int
    step : int
        Rounded down to whole stored blocks, but at least one.
    unit : int
        Size of a stored block.
    before : int
        How much of the first stored block lies before 0.

    Returns
    -------
    list of slice
    """
    whole = max(1, step // unit) * unit
    ends = [*range(whole - before % unit, size, whole), size]
    return [slice(start, stop) for start, stop in zip([0, *ends[:-1]], ends, strict=True)]


def bytes_of_count(frames: Frames) -> int:
    """Bytes of a count, as it is computed or as those are read that it is made of, whichever are more."""
    read = np.dtype(frames.source.dtype).itemsize * frames.read_per_count
    return max(frames.dtype.itemsize, math.ceil(read))


def bytes_of_row(frames: Frames) -> int:
    """Bytes of one detector row in all frames."""
    return frames.shape[0] * frames.shape[2] * bytes_of_count(frames)


def stripe_rows(frames: Frames, run: Execution) -> int:
    """Rows of a stripe: four stripes a thread, but not so few rows that starting a task shows, nor too many.

    Pixels do not meet in a stripe, so results do not depend on it.
    """
    return min(_STRIPE_ROWS, max(8, -(-frames.shape[1] // (4 * run.threads))))


def block_frames(frames: Frames, memory: int, most: int | None = None) -> int:
    """Whole frames that are read together, of at most so many bytes; fewer than a stored block never.

    What is decoded for them counts too: of a small region of large compressed frames not all are read in one go, so
    that the progress is told meanwhile: no more than `most` bytes, by default 64 MB.
    """
    n_frames, ny, nx = frames.shape
    _, source_ny, source_nx = frames.source.shape
    decoded = min(source_ny, max(ny, frames.storage.rows)) * source_nx * np.dtype(frames.source.dtype).itemsize
    held = ny * nx * bytes_of_count(frames)
    wanted = max(1, min((most or _READ_BYTES) // max(decoded, held), memory // held))
    unit = frames.storage.frames
    return min(n_frames, max(1, wanted // unit) * unit)


def frame_ranges(frames: Frames, memory: int, sizes: BlockSizes, most: int | None = None) -> list[slice]:
    """Ranges of whole frames of at most so many bytes, each stored block in one of them."""
    if sizes.frames:
        return ranges(len(frames), sizes.frames)
    storage = frames.storage
    return ranges(len(frames), block_frames(frames, memory, most), storage.frames, storage.before)


def row_ranges(frames: Frames, rows: int, sizes: BlockSizes) -> list[slice]:
    """Stripes of about so many rows, each stored block of rows in one of them."""
    if sizes.rows:
        return ranges(frames.shape[1], sizes.rows)
    storage = frames.storage
    return ranges(frames.shape[1], rows, storage.rows, storage.rows_before)


def curves_are_stored(frames: Frames, memory: int) -> bool:
    """True where reading by pixels is the cheaper way: stored blocks hold many frames of few rows.

    Parameters
    ----------
    frames : Frames
    memory : int, bytes
        What a block of whole frames may occupy.
    """
    n_frames, ny, nx = frames.shape
    storage = frames.storage
    whole_frames = min(n_frames, storage.frames) * ny * nx * bytes_of_count(frames)
    rows = min(ny, storage.rows) * bytes_of_row(frames)
    return whole_frames > memory and rows < whole_frames
