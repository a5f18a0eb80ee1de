"""Frames that are made of several frames when they are read."""

from __future__ import annotations

import numpy as np
import pytest

import darfix_core as dc
from darfix_core.engine import combined_source
from darfix_core.engine.combined_source import CombinedSource
from darfix_core.engine.execution import execution
from darfix_core.errors import Cancelled
from darfix_core.model.frame_sources import Storage
from tests.contracts.cases import SlowSource
from tests.model.test_frames import CountingSource

GROUP = np.array([0, 1, 2, 0, 1, 2, 0, 1, 2, 3])


@pytest.fixture
def stack(rng):
    return rng.integers(0, 4000, (10, 9, 11)).astype(np.uint16)


def combined(frames, *, weights=True):
    ones = np.ones(GROUP.size) if weights else None
    return dc.Frames(CombinedSource(frames, GROUP, ones, np.dtype(np.uint32 if weights else frames.dtype)))


def test_sums_and_maxima_are_those_of_numpy(stack):
    sums = np.array([stack[group == GROUP].sum(axis=0, dtype=np.uint32) for group in range(4)])
    highest = np.array([stack[group == GROUP].max(axis=0) for group in range(4)])
    np.testing.assert_array_equal(combined(dc.Frames.from_array(stack))[:], sums, strict=True)
    np.testing.assert_array_equal(combined(dc.Frames.from_array(stack), weights=False)[:], highest, strict=True)


@pytest.mark.parametrize("piece", [1, 500, 2**25])
def test_pieces_do_not_change_the_result(stack, piece, monkeypatch):
    whole = combined(dc.Frames.from_array(stack))[:]
    monkeypatch.setattr(combined_source, "_PIECE_BYTES", piece)
    pieces = combined(dc.Frames.from_array(stack))
    np.testing.assert_array_equal(pieces[:], whole)
    np.testing.assert_array_equal(pieces[[3, 0, 3, 1], 2:5, 1:4], whole[[3, 0, 3, 1], 2:5, 1:4])


def test_a_region_reads_its_pixels_of_its_frames_once(stack):
    source = CountingSource(stack)
    result = combined(dc.Frames(source))
    assert source.read_pixels == 0
    assert result[1:3, 2:6, 3:8].shape == (2, 4, 5)
    assert source.read_pixels == 6 * 4 * 5


@pytest.mark.parametrize("frames", [slice(0, 0), [2, 2, 1]])
def test_empty_regions_have_the_shape_that_was_asked_for(stack, frames):
    result = combined(dc.Frames.from_array(stack))
    assert result.read(frames, rows=slice(3, 3)).shape == (0 if isinstance(frames, slice) else 3, 0, 11)


def test_reading_stops_when_it_is_cancelled(stack):
    with execution(cancelled=lambda: True), pytest.raises(Cancelled):
        combined(dc.Frames.from_array(stack))[:]


def test_groups_that_share_stored_blocks_are_read_together(stack):
    assert combined(dc.Frames(SlowSource(stack, Storage(frames=2)))).storage.frames == 2
    assert combined(dc.Frames(SlowSource(stack, Storage(frames=10, rows=3)))).storage == Storage(frames=4, rows=3)
