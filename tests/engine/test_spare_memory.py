"""Memory of blocks that is used again."""

from __future__ import annotations

import gc

import numpy as np
import pytest

from darfix_core.engine import spare_memory as module
from darfix_core.engine.execution import execution
from darfix_core.engine.folding import fold_frames
from darfix_core.engine.spare_memory import SpareMemory, new_block, spare_memory
from darfix_core.model.frames import Frames
from tests.engine.test_execution import Sum
from tests.model.test_frames import CountingSource

U16 = np.dtype(np.uint16)


@pytest.fixture(autouse=True)
def _small_blocks_count(monkeypatch):
    monkeypatch.setattr(module, "_SMALLEST", 0)


def test_memory_that_is_given_back_is_used_again():
    with spare_memory() as spare:
        first = new_block((4, 5, 6), U16)
        place = first.ctypes.data
        assert new_block((4, 5, 6), U16).ctypes.data != place
        spare.give_back(first[1:, 2:])
        smaller = new_block((2, 5, 3), np.dtype(np.float32))
        assert (smaller.ctypes.data, smaller.shape, smaller.dtype) == (place, (2, 5, 3), np.float32)
        spare.give_back(smaller)
        assert new_block((40, 5, 6), U16).ctypes.data != place


def test_memory_of_others_is_not_taken():
    mine = np.zeros(100, np.uint8)
    spare = SpareMemory()
    spare.give_back(mine)
    spare.give_back(mine[:50].view(U16))
    assert not np.shares_memory(spare.take((10,), U16), mine)


def test_block_that_is_not_given_back_is_freed():
    spare = SpareMemory()
    block = spare.take((10,), U16)
    assert len(spare._made) == 1
    del block
    gc.collect()
    assert len(spare._made) == 0


def test_twice_given_back_is_once():
    spare = SpareMemory()
    block = spare.take((10,), U16)
    spare.give_back(block)
    spare.give_back(block)
    assert not np.shares_memory(spare.take((10,), U16), spare.take((10,), U16))


def test_without_a_fold_blocks_are_new():
    assert new_block((3,), U16).base is None


class RecyclingSource(CountingSource):
    """Gives its counts in memory that may be used again, as files do."""

    def read(self, region):
        counts = super().read(region)
        block = new_block(counts.shape, self.dtype)
        block[:] = counts
        return block


@pytest.mark.parametrize("threads", [1, 3])
def test_fold_over_memory_that_is_used_again_is_right(rng, threads):
    array = rng.integers(0, 1000, (60, 10, 7)).astype(np.uint16)
    frames = Frames(RecyclingSource(array))
    for chain in (frames, frames.map(np.negative, dtype=np.int64), frames.crop((1, 1), (5, 4))):
        with execution(threads=threads, memory=3 * 4 * 140):
            total = fold_frames(chain, Sum())["sum"]
        np.testing.assert_array_equal(total, chain[:].sum(axis=0, dtype=np.int64))
