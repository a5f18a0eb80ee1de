"""Maps by pixels: what needs the whole curve of a pixel, as medians and fits do; and whole stacks.

The image is cut into stripes of rows, the unit that a thread works on. A result never depends on the number of
threads. What is read from files may be computed by the workers of a cluster instead.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

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
from darfix_core.engine.pool import run_in_order
from darfix_core.engine.remote import TASKS, Cluster, cluster_of
from darfix_core.engine.scratch import part_to_scratch, scratch_folder, stored_part, to_scratch
from darfix_core.engine.striped_images import StripedImages
from darfix_core.model.arrays import AnyArray
from darfix_core.model.frames import Frames

PixelFunction = Callable[[AnyArray, slice], Mapping[str, AnyArray]]

# Shares of the time that reading a tile, or writing a scratch file, takes, for the progress bar.
_READING = 0.8
_SCRATCH = 0.7
# A file is read this often before a scratch file is the better way.
_MOST_READINGS = 2


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
    tiles = _tiles(frames, _rows_at_once(frames, run, cluster, threads))
    if tiles is None:
        first = part_to_scratch(frames)
        scratch = to_scratch(
            first, scratch_folder(), lambda fraction: run.report(_SCRATCH * fraction, f"{what}: scratch file")
        )
        rest = Frames(scratch.source, frames.operations[len(first.operations) :])
        return _map_scratch(rest, function, run, what, sizes, cluster, threads)
    if cluster:
        return _map_remotely(frames, function, tiles, run, what, cluster, threads)
    if curves_are_stored(frames, run.memory // 3):
        return _map_stripes(frames, function, run, what, sizes)
    return _map_tiles(frames, function, tiles, run, what, sizes)


def reads_once(frames: Frames) -> bool:
    """True where `map_pixels` reads every stored block once, and needs no scratch file."""
    run = current_execution()
    if frames.source.in_memory:
        return True
    cluster = cluster_of(run) if run.remote else None
    threads = cluster.threads(run) if cluster else run.threads
    return _rows_together(frames) <= _rows_at_once(frames, run, cluster, threads)


def _rows_at_once(frames: Frames, run: Execution, cluster: Cluster | None, threads: int) -> int:
    """Rows of all frames that fit into memory: each thread of a cluster holds a tile of its own, here one is held."""
    rows = max(1, run.memory // ((4 * threads if cluster else 2) * bytes_of_row(frames)))
    return min(rows, -(-frames.shape[1] // (TASKS * threads))) if cluster else rows


def _tiles(frames: Frames, rows: int) -> list[slice] | None:
    """Tiles of at most so many rows, None where reading them would decode the file more than twice."""
    ny, storage, together = frames.shape[1], frames.storage, _rows_together(frames)
    if max(together, storage.rows) <= rows:
        return ranges(ny, rows, storage.rows, storage.rows_before)
    readings = math.ceil(together / rows)
    return ranges(ny, rows) if readings <= _MOST_READINGS else None


def _rows_together(frames: Frames) -> int:
    """Rows that are read together: those of a stored block, or all where operations move them about."""
    moved = len(part_to_scratch(frames).operations) > len(stored_part(frames).operations)
    return frames.shape[1] if moved else min(frames.storage.rows, frames.shape[1])


def _map_scratch(
    frames: Frames,
    function: PixelFunction,
    run: Execution,
    what: str,
    sizes: BlockSizes,
    cluster: Cluster | None,
    threads: int,
) -> dict[str, AnyArray]:
    """The curves of a scratch file, which each thread or worker reads for itself."""

    def report(fraction: float) -> None:
        run.report(_SCRATCH + (1 - _SCRATCH) * fraction, what)

    if cluster:
        tiles = row_ranges(frames, frames.storage.rows, sizes)
        return _map_remotely(frames, function, tiles, run, what, cluster, threads, report)
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
    ny, result = frames.shape[1], StripedImages(frames.shape[1])

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
    ny, result = frames.shape[1], StripedImages(frames.shape[1])
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
    threads: int,
    report: Callable[[float], None] | None = None,
) -> dict[str, AnyArray]:
    """By a cluster: the workers read tiles and give back their images."""
    tell = report or (lambda fraction: run.report(fraction, what))
    result = StripedImages(frames.shape[1])
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
