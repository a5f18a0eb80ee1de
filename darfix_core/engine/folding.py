"""Folds: computations that add up over frames, as sums and moments do, and read every frame once.

The image is cut into stripes of rows, the unit that a thread works on, and each stripe has one accumulator that takes
the frames in their order. A result never depends on the number of threads. What is read from files may be added up by
the workers of a cluster instead.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Protocol, TypeVar

import numpy as np

from darfix_core.engine.cutting import (
    BlockSizes,
    bytes_of_row,
    curves_are_stored,
    frame_ranges,
    ranges,
    row_ranges,
    stripe_rows,
)
from darfix_core.engine.execution import Execution, current_execution
from darfix_core.engine.pool import read_ahead, run_all, run_in_order
from darfix_core.engine.remote import TASKS, cluster_of
from darfix_core.engine.spare_memory import spare_memory
from darfix_core.engine.striped_images import StripedImages
from darfix_core.model.arrays import AnyArray
from darfix_core.model.frame_sources import WindowSource
from darfix_core.model.frames import Frames

A = TypeVar("A")

# Bytes of a stripe's share of a block: small enough for the second-level cache when operations are applied.
_STRIPE_BYTES = 2**21
# Whole frames are added up in blocks between these sizes, so that a stack has some: each block takes all accumulators
# through the memory once, but while it is added up the next one is read.
_LEAST_BYTES, _MOST_BYTES, _BLOCKS = 64 * 2**20, 256 * 2**20, 8
# Accumulators that come back from a cluster, against the size of the stack.
_TRAVELLING = 0.25


class Fold(Protocol[A]):
    """A computation that adds up over frames."""

    def start(self, n_rows: int, n_columns: int) -> A:
        """Empty accumulator of a stripe, or of the whole image."""

    def part(self, accumulator: A, rows: slice) -> A:
        """Accumulator of a stripe: a part of that of the image, and not yet used."""

    def add(self, accumulator: A, block: AnyArray, frames: slice) -> None:
        """Add a block (frames, rows, columns) to the accumulator, in place. The block is not to be kept."""

    def merge(self, accumulator: A, other: A) -> None:
        """Add what another accumulator of the same stripe has taken in from other frames, in place."""

    def finish(self, accumulator: A, rows: slice) -> Mapping[str, AnyArray]:
        """Images (rows, columns, ...) of the stripe; none where the fold keeps its result itself."""


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
    rows = stripe_rows(frames, run)
    if frames.source.in_memory:
        return _fold_stripes(frames, fold, ranges(frames.shape[1], sizes.rows or rows), run, what, sizes)
    if curves_are_stored(frames, run.memory // 3):
        return _fold_stripes(frames, fold, row_ranges(frames, rows, sizes), run, what, sizes)
    stripes = ranges(frames.shape[1], sizes.rows or rows)
    accumulators = (_fold_remotely if run.remote else _fold_here)(frames, fold, stripes, run, what, sizes)
    result = StripedImages(frames.shape[1])

    def finish(number: int) -> None:
        result.put(stripes[number], fold.finish(accumulators[number], stripes[number]))

    run_all(finish, range(len(stripes)), run)
    return result.images


def _blocks_of_stripe(frames: Frames, span: slice, rows: slice, sizes: BlockSizes) -> Iterator[tuple[AnyArray, slice]]:
    """Blocks of a stripe: one view where nothing has to be computed, else pieces that stay in the cache."""
    n_frames = span.stop - span.start
    step = sizes.frames or n_frames
    if frames.operations and not sizes.frames:
        per_frame = (rows.stop - rows.start) * frames.shape[2] * frames.dtype.itemsize
        step = max(1, min(n_frames, _STRIPE_BYTES // per_frame))
    for part in ranges(n_frames, step):
        span_part = slice(part.start + span.start, part.stop + span.start)
        yield frames.read(span_part, rows), span_part


def _fold_stripes(
    frames: Frames, fold: Fold[A], stripes: list[slice], run: Execution, what: str, sizes: BlockSizes
) -> dict[str, AnyArray]:
    """In memory, or stored by pixels: each thread takes a stripe through all frames."""
    n_frames, ny, nx = frames.shape
    result = StripedImages(ny)

    def stripe(rows: slice) -> None:
        accumulator = fold.start(rows.stop - rows.start, nx)
        for window, span in _windows_of_stripe(frames, rows, run):
            for block, part in _blocks_of_stripe(window, span, rows, sizes):
                run.check_cancelled()
                fold.add(accumulator, block, part)
        result.put(rows, fold.finish(accumulator, rows))

    for done, _ in enumerate(run_in_order(stripe, stripes, run), start=1):
        run.report(done / len(stripes), what)
    return result.images


def _windows_of_stripe(frames: Frames, rows: slice, run: Execution) -> Iterator[tuple[Frames, slice]]:
    """The frames of a stripe, read from the file in pieces of whole stored blocks."""
    n_frames, ny, _ = frames.shape
    if frames.source.in_memory:
        yield frames, slice(0, n_frames)
        return
    per_frame = max(1, bytes_of_row(frames) * (rows.stop - rows.start) // n_frames)
    step = max(1, run.memory // (3 * run.threads * per_frame))
    for span in ranges(n_frames, step, min(n_frames, frames.storage.frames), frames.storage.before):
        run.check_cancelled()
        yield frames.window(span, rows), span


def _fold_here(
    frames: Frames, fold: Fold[A], stripes: list[slice], run: Execution, what: str, sizes: BlockSizes
) -> list[A]:
    """From a file: whole frames are read once and in order, and the threads share each block."""
    everything = slice(0, len(frames))
    return _accumulate(frames, fold, stripes, everything, sizes, run, lambda fraction: run.report(fraction, what))


def _accumulate(
    frames: Frames,
    fold: Fold[A],
    stripes: list[slice],
    span: slice,
    sizes: BlockSizes,
    run: Execution,
    tell: Callable[[float], None],
) -> list[A]:
    """Accumulators of all stripes, with a range of frames added up."""
    # One allocation for all: the system gives it huge pages, and touching it for the first time costs little.
    whole = fold.start(frames.shape[1], frames.shape[2])
    accumulators = [fold.part(whole, rows) for rows in stripes]

    def read(part: slice) -> tuple[slice, Frames]:
        run.check_cancelled()
        return part, frames.window(part)

    most = min(_MOST_BYTES, max(_LEAST_BYTES, frames.nbytes // _BLOCKS))
    parts = [part for part in frame_ranges(frames, run.memory // 3, sizes, most) if part.start < span.stop]
    parts = [slice(max(part.start, span.start), min(part.stop, span.stop)) for part in parts if part.stop > span.start]
    with spare_memory() as spare:
        for part, window in read_ahead(read, parts):
            run.check_cancelled()

            def add(number: int, window: Frames = window, part: slice = part) -> None:
                for block, frames_of_block in _blocks_of_stripe(window, part, stripes[number], sizes):
                    fold.add(accumulators[number], block, frames_of_block)

            run_all(add, range(len(stripes)), run)
            if isinstance(window.source, WindowSource):
                spare.give_back(window.source.array)
            tell((part.stop - span.start) / (span.stop - span.start))
    return accumulators


def _fold_remotely(
    frames: Frames, fold: Fold[A], stripes: list[slice], run: Execution, what: str, sizes: BlockSizes
) -> list[A]:
    """By a cluster: each task adds up a range of frames, and the accumulators are merged here, in order."""
    cluster = cluster_of(run)
    threads = cluster.threads(run)
    whole = fold.start(frames.shape[1], frames.shape[2])
    accumulators = [fold.part(whole, rows) for rows in stripes]
    most = int(_TRAVELLING * frames.nbytes / max(1, _bytes_of(whole)))
    tasks = min(TASKS * threads, max(threads, most))
    storage = frames.storage
    spans = ranges(len(frames), -(-len(frames) // tasks), min(len(frames), storage.frames), storage.before)
    shared = (frames, fold, stripes, sizes)
    for done, others in enumerate(cluster.in_order(_fold_span, shared, spans, run, threads), start=1):
        for mine, other in zip(accumulators, others, strict=True):
            fold.merge(mine, other)
        run.report(done / len(spans), what)
    return accumulators


def _fold_span(shared: tuple[Frames, Fold[A], list[slice], BlockSizes], span: slice) -> list[A]:
    """Task of a worker: a range of frames, added up."""
    frames, fold, stripes, sizes = shared
    return _accumulate(frames, fold, stripes, span, sizes, current_execution(), lambda fraction: None)


def _bytes_of(accumulator: Any) -> int:
    """Bytes of the arrays of an accumulator."""
    if isinstance(accumulator, np.ndarray):
        return accumulator.nbytes
    return sum(map(_bytes_of, accumulator)) if isinstance(accumulator, tuple | list) else 0
