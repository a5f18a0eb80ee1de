"""The block loop: how a computation walks over a stack that may not fit into memory.

Two ways: :func:`fold_frames` for what adds up over frames (sums, moments) and reads every frame once in the
order of the file; :func:`map_pixels` for what needs the whole curve of a pixel (medians, fits).
Both cut the image into stripes of rows, the unit that a thread works on. A result never depends on the
number of threads.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol, TypeVar

import numpy as np

from darfix_core.engine.execution import Execution, current_execution
from darfix_core.engine.pool import read_ahead, run_all, run_in_order
from darfix_core.model.arrays import AnyArray
from darfix_core.model.frames import Frames

A = TypeVar("A")

# Bytes of a stripe's share of a block: small enough for the second-level cache when operations are applied.
_STRIPE_BYTES = 2**21
_STRIPE_ROWS = 64
_READ_BYTES = 64 * 2**20
# Share of the time of a tile that reading it takes, for the progress bar.
_READING = 0.8


class Fold(Protocol[A]):
    """A computation that adds up over frames."""

    def start(self, n_rows: int, n_columns: int) -> A:
        """Empty accumulator of a stripe, or of the whole image."""

    def part(self, accumulator: A, rows: slice) -> A:
        """Accumulator of a stripe: a part of that of the image, and not yet used."""

    def add(self, accumulator: A, block: AnyArray, frames: slice) -> None:
        """Add a block (frames, rows, columns) to the accumulator, in place."""

    def finish(self, accumulator: A, rows: slice) -> Mapping[str, AnyArray]:
        """Images (rows, columns, ...) of the stripe; none where the fold keeps its result itself."""


@dataclass(frozen=True)
class BlockSizes:
    """How a stack is cut: rows of a stripe and frames of a block.

    Parameters
    ----------
    rows : int, optional
        Rows of a stripe.
    frames : int, optional
        Frames of a block.
    """

    rows: int | None = None
    frames: int | None = None


def _ranges(size: int, step: int) -> list[slice]:
    return [slice(start, min(size, start + step)) for start in range(0, size, step)]


def _stripe_rows(frames: Frames, run: Execution, sizes: BlockSizes) -> int:
    """Rows of a stripe: four stripes a thread, but not so few rows that starting a task shows, nor too many.

    Pixels do not meet in a stripe, so results do not depend on it.
    """
    return sizes.rows or min(_STRIPE_ROWS, max(8, -(-frames.shape[1] // (4 * run.threads))))


def _bytes_of_count(frames: Frames) -> int:
    """Bytes of a count, as it is read or as it is computed, whichever are more."""
    return max(frames.dtype.itemsize, np.dtype(frames.source.dtype).itemsize)


def _read_frames(frames: Frames, run: Execution, sizes: BlockSizes) -> int:
    """Frames of one read: whole chunks of the file, within the memory budget (two blocks are in flight)."""
    if sizes.frames:
        return sizes.frames
    n_frames, ny, nx = frames.shape
    per_frame = ny * nx * _bytes_of_count(frames)
    wanted = max(1, min(_READ_BYTES, run.memory // 3) // per_frame)
    chunk = max(1, frames.storage.frames)
    return min(n_frames, max(1, wanted // chunk) * chunk)


class _Images:
    """Result images, made when the first stripe tells their names and types.

    The threads fill them, each its own stripes, so that copying and the first touch of the memory are shared too.
    """

    def __init__(self, n_rows: int) -> None:
        self._n_rows, self._lock, self.images = n_rows, threading.Lock(), dict[str, AnyArray]()

    def put(self, rows: slice, stripe: Mapping[str, AnyArray]) -> None:
        with self._lock:
            for name, values in stripe.items():
                if name not in self.images:
                    self.images[name] = np.empty((self._n_rows, *values.shape[1:]), values.dtype)
        for name, values in stripe.items():
            self.images[name][rows] = values


def fold_frames(
    frames: Frames, fold: Fold[A], *, what: str = "frames", sizes: BlockSizes | None = None
) -> dict[str, AnyArray]:
    """Add up over all frames, reading each once.

    Parameters
    ----------
    frames : Frames, shape (n_frames, ny, nx)
    fold : Fold
    what : str
        Shown with the progress.
    sizes : BlockSizes, optional
        For tests; by default fitted to cache and memory.

    Returns
    -------
    dict
        Name -> image, shape (ny, nx, ...).

    Raises
    ------
    Cancelled
        If the computation was cancelled.
    """
    run, sizes = current_execution(), sizes or BlockSizes()
    stripes = _ranges(frames.shape[1], _stripe_rows(frames, run, sizes))
    if frames.source.in_memory:
        return _fold_stripes(frames, fold, stripes, run, what, sizes)
    return _fold_blocks(frames, fold, stripes, run, what, sizes)


def _blocks_of_stripe(frames: Frames, span: slice, rows: slice, sizes: BlockSizes) -> Iterator[tuple[AnyArray, slice]]:
    """Blocks of a stripe: one view where nothing has to be computed, else pieces that stay in the cache."""
    n_frames = span.stop - span.start
    step = sizes.frames or n_frames
    if frames.operations and not sizes.frames:
        per_frame = _STRIPE_ROWS * frames.shape[2] * frames.dtype.itemsize
        step = max(1, min(n_frames, _STRIPE_BYTES // per_frame))
    for start in range(span.start, span.stop, step):
        part = slice(start, min(span.stop, start + step))
        yield frames.read(part, rows), part


def _fold_stripes(
    frames: Frames, fold: Fold[A], stripes: list[slice], run: Execution, what: str, sizes: BlockSizes
) -> dict[str, AnyArray]:
    """In memory: each thread takes a stripe through all frames."""
    n_frames, ny, nx = frames.shape
    result = _Images(ny)

    def stripe(rows: slice) -> None:
        accumulator = fold.start(rows.stop - rows.start, nx)
        for block, part in _blocks_of_stripe(frames, slice(0, n_frames), rows, sizes):
            run.check_cancelled()
            fold.add(accumulator, block, part)
        result.put(rows, fold.finish(accumulator, rows))

    for done, _ in enumerate(run_in_order(stripe, stripes, run), start=1):
        run.report(done / len(stripes), what)
    return result.images


def _fold_blocks(
    frames: Frames, fold: Fold[A], stripes: list[slice], run: Execution, what: str, sizes: BlockSizes
) -> dict[str, AnyArray]:
    """From a file: whole frames are read once and in order, and the threads share each block."""
    n_frames, _, nx = frames.shape
    # One allocation for all: the system gives it huge pages, and touching it for the first time costs little.
    whole = fold.start(frames.shape[1], nx)
    accumulators = [fold.part(whole, rows) for rows in stripes]

    def read(span: slice) -> tuple[slice, Frames]:
        run.check_cancelled()
        return span, frames.window(span)

    for span, window in read_ahead(read, _ranges(n_frames, _read_frames(frames, run, sizes))):
        run.check_cancelled()

        def add(number: int, window: Frames = window, span: slice = span) -> None:
            for block, part in _blocks_of_stripe(window, span, stripes[number], sizes):
                fold.add(accumulators[number], block, part)

        run_all(add, range(len(stripes)), run)
        run.report(span.stop / n_frames, what)

    result = _Images(frames.shape[1])

    def finish(number: int) -> None:
        result.put(stripes[number], fold.finish(accumulators[number], stripes[number]))

    run_all(finish, range(len(stripes)), run)
    return result.images


def map_pixels(
    frames: Frames,
    function: Callable[[AnyArray, slice], Mapping[str, AnyArray]],
    *,
    what: str = "pixels",
    sizes: BlockSizes | None = None,
) -> dict[str, AnyArray]:
    """Apply a function to the whole curves of stripes of pixels.

    Parameters
    ----------
    frames : Frames, shape (n_frames, ny, nx)
    function : callable
        ``function(block, rows) -> {name: image}`` with block of shape (n_frames, rows, nx), in frame order,
        and images of shape (rows, nx, ...).
    what : str
        Shown with the progress.
    sizes : BlockSizes, optional
        For tests; by default fitted to cache and memory.

    Returns
    -------
    dict
        Name -> image, shape (ny, nx, ...).

    Raises
    ------
    Cancelled
        If the computation was cancelled.
    """
    run, sizes = current_execution(), sizes or BlockSizes()
    ny, result = frames.shape[1], _Images(frames.shape[1])
    in_memory = frames.source.in_memory
    # Each thread's block, and what the function makes of it, share the memory with the tile that is held.
    most = max(1, run.memory // ((2 if in_memory else 4) * run.threads * _bytes_of_row(frames)))
    stripe = sizes.rows or min(most, _stripe_rows(frames, run, sizes))
    tiles = [slice(0, ny)] if in_memory else _ranges(ny, max(1, min(ny, run.memory // (2 * _bytes_of_row(frames)))))
    for number, tile in enumerate(tiles):

        def report(fraction: float, number: int = number) -> None:
            run.report((number + fraction) / len(tiles), what)

        held = frames if in_memory else _in_memory(frames, tile, report)
        offset = 0 if in_memory else tile.start

        def work(rows: slice, held: Frames = held, offset: int = offset) -> slice:
            block = held.read(None, slice(rows.start - offset, rows.stop - offset))
            result.put(rows, function(block, rows))
            return rows

        before = 0.0 if in_memory else _READING
        parts = [slice(r.start + tile.start, r.stop + tile.start) for r in _ranges(tile.stop - tile.start, stripe)]
        for rows in run_in_order(work, parts, run):
            report(before + (1 - before) * (rows.stop - tile.start) / (tile.stop - tile.start))
    return result.images


def _bytes_of_row(frames: Frames) -> int:
    """Bytes of one detector row in all frames."""
    return frames.shape[0] * frames.shape[2] * _bytes_of_count(frames)


def _in_memory(frames: Frames, rows: slice, tell: Callable[[float], None]) -> Frames:
    """Computed rows of all frames, in memory."""
    return Frames.from_array(_computed(frames, rows, lambda fraction: tell(_READING * fraction)))


def _computed(frames: Frames, rows: slice, tell: Callable[[float], None]) -> AnyArray:
    """Rows of all frames, computed in blocks of frames, so that cancelling does not wait for the whole file."""
    run = current_execution()
    n_frames, _, nx = frames.shape
    stack = np.empty((n_frames, rows.stop - rows.start, nx), frames.dtype)

    def compute(part: slice) -> slice:
        stack[part] = frames.read(part, rows)
        return part

    for part in run_in_order(compute, _ranges(n_frames, _read_frames(frames, run, BlockSizes())), run):
        tell(part.stop / n_frames)
    return stack


def compute_frames(frames: Frames, *, what: str = "frames") -> AnyArray:
    """The whole stack, computed by several threads.

    Parameters
    ----------
    frames : Frames
    what : str
        Shown with the progress.

    Returns
    -------
    ndarray, shape (n_frames, ny, nx)

    Raises
    ------
    Cancelled
        If the computation was cancelled.
    """
    run = current_execution()
    return _computed(frames, slice(0, frames.shape[1]), lambda fraction: run.report(fraction, what))
