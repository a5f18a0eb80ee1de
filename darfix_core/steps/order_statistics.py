"""Order statistics over frames: the count at a given place when those of a pixel are put in order.

Stacks that do not fit into memory are read in few passes. Some frames tell where the count in question probably lies,
pixel by pixel. Then each pass counts how many frames fall into each of 32 bins of that range, below and above it, so
that the next range is one of these bins, or what lies on the side where the count has turned out to be. Counts of 16
bits are found after five passes at most, and mostly after two.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from darfix_core.engine.compiler import load_compiler
from darfix_core.engine.cutting import BlockSizes, stripe_rows
from darfix_core.engine.execution import current_execution, part_of_progress
from darfix_core.engine.folding import fold_frames
from darfix_core.engine.pixel_maps import compute_frames, map_pixels
from darfix_core.model.arrays import AnyArray
from darfix_core.model.frame_operations import PerPixel
from darfix_core.model.frames import Frames

#: Frames that are looked at first.
SAMPLE_FRAMES = 101
#: Passes after which counts of 16 bits are found: one on a guess, and four if it was wrong.
MOST_PASSES = 5
#: Bytes of a pixel: its counters and ranges, and the images that leave a pass.
BYTES_OF_PIXEL = 104
# Standard errors of the percentile of a sample that the first range is wide.
_STANDARD_ERRORS = 5.0
# Second-level cache of a processor.
_CACHE_BYTES = 2**21
_WHAT = "counting the frames"


def can_be_streamed(frames: Frames) -> bool:
    """True for integers of at most 16 bits, where the bins of all pixels take at most half of the memory budget."""
    _, ny, nx = frames.shape
    fits = 2 * BYTES_OF_PIXEL * ny * nx <= current_execution().memory
    return fits and frames.dtype.kind in "ui" and frames.dtype.itemsize <= 2


def streamed_order_statistics(frames: Frames, rank: int) -> tuple[AnyArray, AnyArray]:
    """Exact counts at two neighbouring places in the order of each pixel.

    Parameters
    ----------
    frames : Frames, shape (n_frames, ny, nx)
        Those of :func:`can_be_streamed`.
    rank : int
        Place of the first, from 0 to n_frames - 2.

    Returns
    -------
    lower, upper : ndarray of int32, shape (ny, nx)
        The counts at `rank` and ``rank + 1``.

    Raises
    ------
    Cancelled
        If the computation was cancelled.
    """
    run = current_execution()
    load_compiler()
    chosen = sampled_frames(frames, run.memory)
    looked = len(chosen) / len(frames) / MOST_PASSES
    with part_of_progress(0.0, looked / 2):
        sample = Frames.from_array(compute_frames(frames.select(chosen), what=_WHAT))
    with part_of_progress(looked / 2, looked):
        low, shift = _guess(sample, rank / (len(frames) - 1))
    others = frames.select(np.delete(np.arange(len(frames)), chosen))
    with part_of_progress(looked, 1 / MOST_PASSES):
        images = _narrowed(others, low, shift, rank, sample)
    passes = 1
    while not images["found"].all():
        with part_of_progress(passes / MOST_PASSES, (passes + 1) / MOST_PASSES):
            images = _narrowed(frames, images["low"], images["shift"], rank)
        passes += 1
    run.report(1.0, _WHAT)
    return images["lower"], images["upper"]


def sampled_frames(frames: Frames, memory: int) -> AnyArray:
    """Numbers of the frames that are looked at first: whole stored blocks, one from each of as many parts of the stack.

    Which one of a part is left to chance, so that scans back and forth are not always met at the same motor position.

    Parameters
    ----------
    frames : Frames, shape (n_frames, ny, nx)
    memory : int, bytes
        The budget, of which a quarter may be taken.

    Returns
    -------
    ndarray of int
        In order, fewer than all.
    """
    storage, n_frames = frames.storage, len(frames)
    held = memory // (4 * math.prod(frames.shape[1:]) * frames.dtype.itemsize)
    most = max(1, min(SAMPLE_FRAMES, n_frames - 1, held))
    unit, before = (storage.frames, storage.before) if storage.frames <= most else (1, 0)
    blocks = -(-(n_frames + before) // unit)
    parts = np.linspace(0, blocks, max(1, most // unit) + 1)
    spread = np.random.default_rng(0).uniform(parts[:-1], parts[1:]).astype(np.int64)
    inside = (spread[:, None] * unit + np.arange(unit) - before).ravel()
    return np.unique(inside[(inside >= 0) & (inside < n_frames)])


def _guess(sample: Frames, place: float) -> tuple[AnyArray, AnyArray]:
    """First range of each pixel: `low` and `shift` of :func:`darfix_core.kernels.rank_bins.bin_codes`."""
    from darfix_core.kernels.rank_bins import BITS

    error = _STANDARD_ERRORS * math.sqrt(place * (1 - place) / len(sample)) + 1 / len(sample)
    ranks = [round((len(sample) - 1) * min(1.0, max(0.0, place + sign * error))) for sign in (-1, 1)]

    def ends(block: AnyArray, rows: slice) -> Mapping[str, AnyArray]:
        return {"least": order_statistic(block, ranks[0]), "most": order_statistic(block, ranks[1])}

    least, most = map_pixels(sample, ends, what=_WHAT).values()
    size = most.astype(np.int32) - least + 1
    shift = np.maximum(0, np.ceil(np.log2(size)).astype(np.int32) - BITS)
    low = least - ((1 << (shift + BITS)) - size) // 2
    return np.maximum(low, np.iinfo(sample.dtype).min).astype(np.int32), shift


def order_statistic(block: AnyArray, rank: int) -> AnyArray:
    """Count at a place in the order of each pixel, of a block in memory.

    Parameters
    ----------
    block : ndarray of integers of at most 32 bits, shape (n_frames, rows, columns)
    rank : int
        Place in the order, from 0.

    Returns
    -------
    ndarray of the type of the block, shape (rows, columns)
    """
    from darfix_core.kernels import percentile
    from darfix_core.kernels.layout import row_major_view

    lowest = int(np.iinfo(block.dtype).min)
    image = np.empty(block.shape[1:], block.dtype)
    percentile.order_statistic(row_major_view(block), rank, lowest, (int(block.max()) - lowest).bit_length(), image)
    return image


def _narrowed(
    frames: Frames, low: AnyArray, shift: AnyArray, rank: int, counted_too: Frames | None = None
) -> dict[str, AnyArray]:
    """Images of :func:`darfix_core.kernels.rank_bins.narrow` after a pass; `counted_too` are frames in memory."""
    from darfix_core.kernels.rank_bins import AT_ONCE

    in_memory = None if counted_too is None else _coded(counted_too, low, shift)
    n_frames = len(frames) + (0 if in_memory is None else len(in_memory))
    counters = np.uint16 if n_frames < 2**16 else np.uint32
    fold = _Bins(low, shift, rank, np.iinfo(frames.dtype), np.dtype(counters), in_memory)
    # As many frames as are counted at once stay in the second-level cache.
    rows = min(stripe_rows(frames, current_execution()), _CACHE_BYTES // (AT_ONCE * low.shape[1] * low.itemsize))
    return fold_frames(_coded(frames, low, shift), fold, what=_WHAT, sizes=BlockSizes(rows=max(1, rows)))


def _coded(frames: Frames, low: AnyArray, shift: AnyArray) -> Frames:
    """The bin of each count in place of the count."""
    return frames.map(_codes_of, dtype=np.int32, low=PerPixel(low), shift=PerPixel(shift))


def _codes_of(block: AnyArray, low: AnyArray, shift: AnyArray) -> AnyArray:
    from darfix_core.kernels.layout import row_major_view
    from darfix_core.kernels.rank_bins import bin_codes

    codes = np.empty(block.shape, np.int32)
    bin_codes(row_major_view(block), np.ascontiguousarray(low), np.ascontiguousarray(shift), codes)
    return codes


class _Bins:
    """Number of frames in each bin, and the range to count next.

    Parameters
    ----------
    low, shift : ndarray of int32, shape (ny, nx)
        The range that is counted.
    rank : int
    limits : numpy.iinfo
        Of the type of the counts.
    counters : numpy.dtype
        Holds the number of frames.
    counted_here : Frames, optional
        Coded frames in memory that are counted too.
    """

    def __init__(
        self,
        low: AnyArray,
        shift: AnyArray,
        rank: int,
        limits: Any,
        counters: np.dtype[Any],
        counted_here: Frames | None = None,
    ) -> None:
        self._low, self._shift, self._rank, self._limits = low, shift, rank, limits
        self._counters, self._counted_here = counters, counted_here

    def __getstate__(self) -> dict[str, Any]:
        # The workers of a cluster add up; only this process finishes.
        return {"_counters": self._counters}

    def start(self, n_rows: int, n_columns: int) -> tuple[AnyArray, AnyArray]:
        from darfix_core.kernels.rank_bins import COUNTERS, NONE_ABOVE

        counted = np.zeros((n_rows, COUNTERS, n_columns), self._counters)
        return counted, np.full((n_rows, n_columns), NONE_ABOVE, np.int32)

    def part(self, accumulator: tuple[AnyArray, AnyArray], rows: slice) -> tuple[AnyArray, AnyArray]:
        counted, beyond = accumulator
        return counted[rows], beyond[rows]

    def add(self, accumulator: tuple[AnyArray, AnyArray], block: AnyArray, frames: slice) -> None:
        from darfix_core.kernels.rank_bins import count_codes

        count_codes(block, *accumulator)

    def merge(self, accumulator: tuple[AnyArray, AnyArray], other: tuple[AnyArray, AnyArray]) -> None:
        (counted, beyond), (others, others_beyond) = accumulator, other
        counted += others
        np.minimum(beyond, others_beyond, out=beyond)

    def finish(self, accumulator: tuple[AnyArray, AnyArray], rows: slice) -> Mapping[str, AnyArray]:
        from darfix_core.kernels.rank_bins import AT_ONCE, narrow

        if self._counted_here is not None:
            for first in range(0, len(self._counted_here), AT_ONCE):
                part = slice(first, first + AT_ONCE)
                self.add(accumulator, self._counted_here.read(part, rows), part)
        images = {"low": self._low[rows].copy(), "shift": self._shift[rows].copy()}
        images |= {name: np.empty_like(images["low"]) for name in ("lower", "upper")}
        images["found"] = np.empty(images["low"].shape, dtype=bool)
        narrow(*accumulator, self._rank, int(self._limits.min), int(self._limits.max), *images.values())
        return images
