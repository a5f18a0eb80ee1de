"""Moments: in memory, and streamed as from a file."""

from __future__ import annotations

from collections.abc import Iterator

import darfix_core as dc
from benchmarks import stock
from benchmarks.row import Conditions, Row
from benchmarks.stacks import stack_a, stack_b
from darfix_core.model.frame_sources import Storage
from darfix_core.model.frames import Frames


class _Streamed:
    """Frames in memory, given out as a file would be: read in blocks, in order."""

    in_memory, storage, files = False, Storage(), ()

    def __init__(self, source: object) -> None:
        self._source, self.shape, self.dtype, self.read = source, source.shape, source.dtype, source.read


def rows(conditions: Conditions) -> Iterator[Row]:
    """Rows of stacks A and B, one stack in memory at a time."""
    yield from _rocking_rows()
    yield from _mosaicity_rows()


def _rocking_rows() -> Iterator[Row]:
    a = stack_a()
    counts, mu = a.frames[:], [a.positions["mu"]]
    yield Row(
        "moments 1-D, stack A (101 x 1024 x 1024 uint16) in memory",
        lambda: dc.moments(a),
        lambda: stock.moments(counts, mu),
        "numpy",
        most=0.025,
        repeats=5,
    )
    streamed = a.replace(frames=Frames(_Streamed(a.frames.source)))
    yield Row("moments 1-D, stack A streamed in blocks of frames", lambda: dc.moments(streamed), most=0.05)
    subtracted = dc.subtract_background(a)
    yield Row("moments 1-D, stack A, background subtracted lazily", lambda: dc.moments(subtracted))


def _mosaicity_rows() -> Iterator[Row]:
    b = stack_b()
    b_counts, motors = b.frames[:], [b.positions["chi"], b.positions["mu"]]
    yield Row(
        "moments 2-D and covariance, stack B (21 x 21 x 512 x 512 uint16) in memory",
        lambda: dc.moments(b),
        lambda: stock.moments(b_counts, motors),
        "numpy",
        most=0.045,
        repeats=3,
    )
