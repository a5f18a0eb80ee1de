"""The block loop: how a computation walks over a stack that may not fit into memory.

Two ways: :func:`fold_frames` for what adds up over frames (sums, moments) and reads every frame once in the
order of the file; :func:`map_pixels` for what needs the whole curve of a pixel (medians, fits).
Both cut the image into stripes of rows, the unit that a thread works on. A result never depends on the
number of threads. What is read from files may be computed by the workers of a cluster instead.
"""

from __future__ import annotations

import math
import threading
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
from darfix_core.engine.remote import Cluster, cluster_of
from darfix_core.engine.scratch import scratch_folder, split_geometry, to_scratch
from darfix_core.model.arrays import AnyArray
from darfix_core.model.frames import Frames

__all__ = ["BlockSizes", "Fold", "compute_frames", "fold_frames", "map_pixels"]

A = TypeVar("A")
PixelFunction = Callable[[AnyArray, slice], Mapping[str, AnyArray]]

# Bytes of a stripe's share of a block: small enough for the second-level cache when operations are applied.
_STRIPE_BYTES = 2**21
# Shares of the time that reading a tile, or writing a scratch file, takes, for the progress bar.
_READING = 0.8
_SCRATCH = 0.7
# A file is read this often before a scratch file is the better way.
_MOST_READINGS = 2
# Tasks for each thread of a cluster: progress is told, and cancelling waits, by tasks.
_TASKS = 4
# Accumulators that a fold gets back from a cluster, against the size of the stack.
_TRAVELLING = 0.25


class Fold(Protocol[A]):
    """A computation that adds up over frames."""

    def start(self, n_rows: int, n_columns: int) -> A:
        """Empty accumulator of a stripe, or of the whole image."""

    def part(self, accumulator: A, rows: slice) -> A:
        """Accumulator of a stripe: a part of that of the image, and not yet used."""

    def add(self, accumulator: A, block: AnyArray, frames: slice) -> None:
        """Add a block (frames, rows, columns) to the accumulator, in place."""

    def merge(self, accumulator: A, other: A) -> None:
        """Add what another accumulator of the same stripe has taken in from other frames, in place."""

    def finish(self, accumulator: A, rows: slice) -> Mapping[str, AnyArray]:
        """Images (rows, columns, ...) of the stripe; none where the fold keeps its result itself."""


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
    rows = stripe_rows(frames, run)
    if frames.source.in_memory:
        return _fold_stripes(frames, fold, ranges(frames.shape[1], sizes.rows or rows), run, what, sizes)
    if curves_are_stored(frames, run.memory // 3):
        return _fold_stripes(frames, fold, row_ranges(frames, rows, sizes), run, what, sizes)
    stripes = ranges(frames.shape[1], sizes.rows or rows)
    accumulators = (_fold_remotely if run.remote else _fold_here)(frames, fold, stripes, run, what, sizes)
    result = _Images(frames.shape[1])

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
    result = _Images(ny)

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

    parts = [part for part in frame_ranges(frames, run.memory // 3, sizes) if part.start < span.stop]
    parts = [slice(max(part.start, span.start), min(part.stop, span.stop)) for part in parts if part.stop > span.start]
    for part, window in read_ahead(read, parts):
        run.check_cancelled()

        def add(number: int, window: Frames = window, part: slice = part) -> None:
            for block, frames_of_block in _blocks_of_stripe(window, part, stripes[number], sizes):
                fold.add(accumulators[number], block, frames_of_block)

        run_all(add, range(len(stripes)), run)
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
    tasks = min(_TASKS * threads, max(threads, most))
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


def map_pixels(
    frames: Frames, function: PixelFunction, *, what: str = "pixels", sizes: BlockSizes | None = None
) -> dict[str, AnyArray]:
    """Apply a function to the whole curves of stripes of pixels.

    A file whose stored blocks hold many rows, as compressed frames do, is read once or twice where its rows
    fit into the memory budget, and else written to a scratch file in pixel order first.

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
    DataFileError
        If a scratch file is needed and cannot be written.
    Cancelled
        If the computation was cancelled.
    """
    run, sizes = current_execution(), sizes or BlockSizes()
    if frames.source.in_memory:
        return _map_stripes(frames, function, run, what, sizes)
    cluster = cluster_of(run) if run.remote else None
    threads = cluster.threads(run) if cluster else run.threads
    # A cluster's threads each hold a tile of their own; here one tile is held for all.
    rows = max(1, run.memory // ((4 * threads if cluster else 2) * bytes_of_row(frames)))
    tiles = _tiles(frames, min(rows, -(-frames.shape[1] // (_TASKS * threads))) if cluster else rows)
    if tiles is None:
        stored, whole = split_geometry(frames)
        scratch = to_scratch(
            stored, scratch_folder(), lambda fraction: run.report(_SCRATCH * fraction, f"{what}: scratch file")
        )
        rest = Frames(scratch.source, whole.operations[len(stored.operations) :])
        return _map_scratch(rest, function, run, what, sizes, cluster)
    if cluster:
        return _map_remotely(frames, function, tiles, run, what, cluster)
    if curves_are_stored(frames, run.memory // 3):
        return _map_stripes(frames, function, run, what, sizes)
    return _map_tiles(frames, function, tiles, run, what, sizes)


def _tiles(frames: Frames, rows: int) -> list[slice] | None:
    """Tiles of at most so many rows, None where reading them would decode the file more than twice."""
    ny, storage = frames.shape[1], frames.storage
    if storage.rows <= rows:
        return ranges(ny, rows, storage.rows, storage.rows_before)
    readings = math.ceil(min(storage.rows, ny) / rows)
    return ranges(ny, rows) if readings <= _MOST_READINGS else None


def _map_scratch(
    frames: Frames, function: PixelFunction, run: Execution, what: str, sizes: BlockSizes, cluster: Cluster | None
) -> dict[str, AnyArray]:
    """The curves of a scratch file, which each thread or worker reads for itself."""

    def report(fraction: float) -> None:
        run.report(_SCRATCH + (1 - _SCRATCH) * fraction, what)

    if cluster:
        tiles = row_ranges(frames, frames.storage.rows, sizes)
        return _map_remotely(frames, function, tiles, run, what, cluster, report)
    return _map_stripes(frames, function, run, what, sizes, report)


def _map_stripes(
    frames: Frames,
    function: PixelFunction,
    run: Execution,
    what: str,
    sizes: BlockSizes,
    report: Callable[[float], None] | None = None,
) -> dict[str, AnyArray]:
    """In memory, or stored by pixels: the threads take stripes."""
    tell = report or (lambda fraction: run.report(fraction, what))
    ny, result = frames.shape[1], _Images(frames.shape[1])

    def work(rows: slice) -> slice:
        result.put(rows, function(frames.read(None, rows), rows))
        return rows

    # Each thread holds a block, and what the function makes of it.
    most = max(1, run.memory // (2 * run.threads * bytes_of_row(frames)))
    for rows in run_in_order(work, row_ranges(frames, min(most, stripe_rows(frames, run)), sizes), run):
        tell(rows.stop / ny)
    return result.images


def _map_tiles(
    frames: Frames, function: PixelFunction, tiles: list[slice], run: Execution, what: str, sizes: BlockSizes
) -> dict[str, AnyArray]:
    """From a file: tiles of rows are read into memory one after the other, and the threads take their stripes."""
    ny, result = frames.shape[1], _Images(frames.shape[1])
    # Each thread's block, and what the function makes of it, share the memory with the tile that is held.
    most = max(1, run.memory // (4 * run.threads * bytes_of_row(frames)))
    stripe = sizes.rows or min(most, stripe_rows(frames, run))
    for tile in tiles:

        def report(fraction: float, tile: slice = tile) -> None:
            run.report((tile.start + fraction * (tile.stop - tile.start)) / ny, what)

        def report_reading(fraction: float, tell: Callable[[float], None] = report) -> None:
            tell(_READING * fraction)

        held = Frames.from_array(_computed(frames, tile, report_reading))

        def work(rows: slice, held: Frames = held, tile: slice = tile) -> slice:
            whole = slice(rows.start + tile.start, rows.stop + tile.start)
            result.put(whole, function(held.read(None, rows), whole))
            return rows

        height = tile.stop - tile.start
        for rows in run_in_order(work, ranges(height, stripe), run):
            report(_READING + (1 - _READING) * rows.stop / height)
    return result.images


def _map_remotely(
    frames: Frames,
    function: PixelFunction,
    tiles: list[slice],
    run: Execution,
    what: str,
    cluster: Cluster,
    report: Callable[[float], None] | None = None,
) -> dict[str, AnyArray]:
    """By a cluster: the workers read tiles and give back their images."""
    tell = report or (lambda fraction: run.report(fraction, what))
    result = _Images(frames.shape[1])
    threads = cluster.threads(run)
    images = cluster.in_order(_map_tile, (frames, function), tiles, run, threads)
    for tile, image in zip(tiles, images, strict=True):
        result.put(tile, image)
        tell(tile.stop / frames.shape[1])
    return result.images


def _map_tile(shared: tuple[Frames, PixelFunction], tile: slice) -> Mapping[str, AnyArray]:
    """Task of a worker: the images of a tile."""
    frames, function = shared
    return function(_computed(frames, tile, lambda fraction: None), tile)


def _computed(frames: Frames, rows: slice, tell: Callable[[float], None]) -> AnyArray:
    """Rows of all frames, computed in blocks of frames, so that cancelling does not wait for the whole file."""
    run = current_execution()
    n_frames, _, nx = frames.shape
    stack = np.empty((n_frames, rows.stop - rows.start, nx), frames.dtype)

    def compute(part: slice) -> slice:
        stack[part] = frames.read(part, rows)
        return part

    for part in run_in_order(compute, frame_ranges(frames, run.memory // (4 * run.threads), BlockSizes()), run):
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
