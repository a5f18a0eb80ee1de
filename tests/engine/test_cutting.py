"""Cutting stacks into blocks that end where stored blocks do."""

from __future__ import annotations

import numpy as np
import pytest

from darfix_core.engine import cutting
from darfix_core.engine.cutting import BlockSizes, block_frames, curves_are_stored, frame_ranges, ranges, row_ranges
from darfix_core.model.frame_sources import Storage
from darfix_core.model.frames import Frames
from tests.model.test_frames import CountingSource


def stored(shape, storage):
    source = CountingSource(np.zeros(shape, np.uint16))
    source.storage = storage
    return Frames(source)


@pytest.mark.parametrize("size", [1, 7, 101])
@pytest.mark.parametrize("step", [1, 5, 38, 1000])
@pytest.mark.parametrize("unit", [1, 4, 19, 500])
@pytest.mark.parametrize("before", [0, 3, 18])
def test_ranges_cover_everything_and_end_where_stored_blocks_do(size, step, unit, before):
    found = ranges(size, step, unit, before)
    assert np.concatenate([np.arange(size)[part] for part in found]).tolist() == list(range(size))
    assert all(part.start < part.stop for part in found)
    assert all((part.stop + before) % unit == 0 for part in found[:-1])
    assert max(part.stop - part.start for part in found) <= max(step, unit)


def test_stored_blocks_are_followed_through_crops_and_selections():
    frames = stored((101, 100, 20), Storage(frames=19, rows=15))
    assert frames.crop((7, 3), (50, 10)).storage == Storage(19, 15, 0, 7)
    assert frames.crop((7, 3), (50, 10)).crop((10, 0), (20, 5)).storage == Storage(19, 15, 0, 2)
    assert frames.select(range(20, 60)).storage == Storage(19, 15, 1, 0)
    assert frames.select([5, 3, 8]).storage == Storage(1, 15, 0, 0)


def test_blocks_of_frames_hold_whole_stored_blocks_or_one():
    frames = stored((101, 10, 10), Storage(frames=19))
    assert block_frames(frames, 50 * 200) == 38
    assert block_frames(frames, 200) == 19
    parts = frame_ranges(frames.select(range(10, 101)), 50 * 200, BlockSizes())
    assert [(part.start, part.stop) for part in parts] == [(0, 28), (28, 66), (66, 91)]


def test_small_region_of_compressed_frames_is_not_read_in_one_go(monkeypatch):
    monkeypatch.setattr(cutting, "_READ_BYTES", 10 * 100 * 20 * 2)
    plain = stored((101, 100, 20), Storage()).crop((7, 0), (10, 5))
    assert block_frames(plain, 10**9) == 100
    chunks = stored((101, 100, 20), Storage(rows=100)).crop((7, 0), (10, 5))
    assert block_frames(chunks, 10**9) == 10
    # What is held in memory is the region only.
    assert block_frames(chunks, 4 * 10 * 5 * 2) == 4


def test_stripes_hold_whole_stored_rows():
    frames = stored((5, 100, 10), Storage(rows=15)).crop((10, 0), (90, 10))
    assert [part.stop for part in row_ranges(frames, 40, BlockSizes())] == [20, 50, 80, 90]
    assert [part.stop for part in row_ranges(frames, 40, BlockSizes(rows=50))] == [50, 90]


def test_stacks_that_are_stored_by_curves_are_read_by_pixels():
    assert curves_are_stored(stored((100, 64, 64), Storage(frames=100, rows=4)), 100_000)
    assert not curves_are_stored(stored((100, 64, 64), Storage(frames=100, rows=4)), 10_000_000)
    assert not curves_are_stored(stored((100, 64, 64), Storage(frames=1, rows=64)), 1000)
