"""Threads, memory, progress, warnings, cancelling."""

from __future__ import annotations

import os
import signal
import threading
import time

import numpy as np
import pytest

import darfix_core as dc
from darfix_core.engine import pixel_maps
from darfix_core.engine.cutting import BlockSizes
from darfix_core.engine.execution import (
    available_threads,
    current_execution,
    execution,
    memory_budget,
    part_of_progress,
    warn,
)
from darfix_core.engine.folding import fold_frames
from darfix_core.engine.pixel_maps import compute_frames, map_pixels, reads_once
from darfix_core.engine.pool import read_ahead, run_in_order
from darfix_core.engine.scratch import to_scratch
from darfix_core.model.frame_sources import Storage
from darfix_core.model.frames import Frames
from tests.model.test_frames import CountingSource


@pytest.mark.parametrize(
    ("text", "size"), [("2GB", 2 * 2**30), ("500M", 500 * 2**20), ("1.5 GiB", 3 * 2**29), ("7", 7)]
)
def test_memory_budget_is_read_from_the_environment(monkeypatch, text, size):
    monkeypatch.setenv("DARFIX_MEMORY", text)
    assert memory_budget() == size


@pytest.mark.parametrize("text", ["much", "-1", "0", "2 apples"])
def test_memory_budget_that_is_no_size_raises(monkeypatch, text):
    monkeypatch.setenv("DARFIX_MEMORY", text)
    with pytest.raises(ValueError, match="DARFIX_MEMORY must be a size"):
        memory_budget()


def test_threads_are_read_from_the_environment(monkeypatch):
    monkeypatch.setenv("DARFIX_THREADS", "3")
    assert available_threads() == 3
    monkeypatch.setenv("DARFIX_THREADS", "none")
    with pytest.raises(ValueError, match="DARFIX_THREADS must be a positive integer"):
        available_threads()
    with pytest.raises(ValueError, match="threads must be a positive integer"), execution(threads=0):
        pass


@pytest.mark.parametrize("threads", [1, 4])
def test_results_come_in_the_order_of_the_items(threads):
    def slow_first(item):
        time.sleep(0.02 if item == 0 else 0)
        return item

    with execution(threads=threads) as run:
        assert list(run_in_order(slow_first, range(20), run)) == list(range(20))
    assert list(read_ahead(slow_first, range(5))) == list(range(5))


def test_blocks_that_are_read_ahead_know_their_execution():
    with execution(threads=7) as run:
        assert list(read_ahead(lambda item: current_execution() is run, range(3))) == [True] * 3


@pytest.mark.parametrize("threads", [1, 4])
def test_error_in_a_block_stops_the_rest(threads):
    done = []

    def work(item):
        if item == 3:
            raise ValueError("block 3 is broken")
        done.append(item)

    with execution(threads=threads) as run, pytest.raises(ValueError, match="block 3 is broken"):
        list(run_in_order(work, range(1000), run))
    assert len(done) < 100


def test_cancelled_computation_stops_between_blocks(rng):
    stack, stop, seen = rng.integers(0, 9, (4, 400, 8)).astype(np.uint16), threading.Event(), []

    def curve(block, rows):
        seen.append(rows)
        stop.set()
        time.sleep(0.01)
        return {"image": block.sum(axis=0)}

    with execution(threads=2, cancelled=stop), pytest.raises(dc.Cancelled):
        map_pixels(Frames.from_array(stack), curve, sizes=BlockSizes(rows=1))
    assert len(seen) < 10


class Sum:
    """Sum over frames."""

    def start(self, n_rows, n_columns):
        return np.zeros((n_rows, n_columns), np.int64)

    def part(self, accumulator, rows):
        return accumulator[rows]

    def add(self, accumulator, block, frames):
        accumulator += block.sum(axis=0, dtype=np.int64)

    def merge(self, accumulator, other):
        accumulator += other

    def finish(self, accumulator, rows):
        return {"sum": accumulator}


@pytest.mark.parametrize(
    "sizes", [None, BlockSizes(rows=3, frames=2), BlockSizes(rows=1, frames=1), BlockSizes(100, 100)]
)
@pytest.mark.parametrize("from_file", [False, True])
@pytest.mark.parametrize("threads", [1, 3])
def test_folding_gives_the_sum_over_frames(rng, sizes, from_file, threads):
    array = rng.integers(0, 1000, (11, 10, 7)).astype(np.uint16)
    frames = Frames(CountingSource(array)) if from_file else Frames.from_array(array)
    frames = frames.crop((1, 1), (8, 5)).map(lambda block, k: block * k, dtype=np.int64, k=2)
    told = []
    with execution(threads=threads, progress=lambda fraction, what: told.append(fraction)):
        image = fold_frames(frames, Sum(), sizes=sizes)["sum"]
    np.testing.assert_array_equal(image, 2 * array[:, 1:9, 1:6].sum(axis=0, dtype=np.int64))
    assert told == sorted(told)
    assert told[-1] == 1


def test_folding_reads_a_file_once(rng):
    source = CountingSource(rng.integers(0, 9, (11, 10, 7)))
    fold_frames(Frames(source), Sum(), sizes=BlockSizes(rows=2, frames=3))
    assert source.read_pixels == source.array.size


def test_folding_stays_within_its_memory(rng):
    source = CountingSource(rng.integers(0, 9, (12, 10, 7)).astype(np.uint16))
    largest = 0
    read = source.read

    def watched(region):
        nonlocal largest
        block = read(region)
        largest = max(largest, block.nbytes)
        return block

    source.read = watched
    with execution(memory=3 * 4 * 10 * 7 * 2):
        fold_frames(Frames(source), Sum())
    assert largest == 3 * 10 * 7 * 2  # whole chunks of three frames


@pytest.mark.parametrize("memory", [None, 2 * 3 * 11 * 7 * 8])
@pytest.mark.parametrize("from_file", [False, True])
def test_mapping_pixels_gives_whole_curves(rng, from_file, memory):
    array = rng.integers(0, 1000, (11, 10, 7))
    frames = Frames(CountingSource(array)) if from_file else Frames.from_array(array)
    with execution(threads=2, memory=memory):
        image = map_pixels(frames, lambda block, rows: {"median": np.median(block, axis=0)})["median"]
    np.testing.assert_array_equal(image, np.median(array, axis=0))


def test_computing_a_stack_gives_the_stack(rng):
    array = rng.integers(0, 1000, (11, 10, 7))
    np.testing.assert_array_equal(compute_frames(Frames(CountingSource(array)).select([3, 1])), array[[3, 1]])


def test_parts_of_a_computation_have_their_shares_of_the_progress():
    told, stop = [], threading.Event()
    with execution(progress=lambda fraction, what: told.append((fraction, what)), cancelled=stop):
        with part_of_progress(0.25, 0.75):
            current_execution().report(0.5, "the middle")
            stop.set()
            with pytest.raises(dc.Cancelled):
                current_execution().check_cancelled()
        current_execution().report(1.0, "the end")
    assert told == [(0.5, "the middle"), (1.0, "the end")]


class DecodingSource(CountingSource):
    """An array that counts how many stored blocks of rows are decoded for what is read."""

    decoded = 0

    def read(self, region):
        first, last = region.rows.start // self.storage.rows, (region.rows.stop - 1) // self.storage.rows
        self.decoded += region.n_frames * (last - first + 1)
        return super().read(region)


@pytest.mark.parametrize("rows", [1, 4, 8])
@pytest.mark.parametrize("memory", [5_000, 10_000, 20_000, 50_000])
def test_stacks_that_are_read_once_are_known_before(rng, monkeypatch, rows, memory):
    scratch = []
    monkeypatch.setattr(pixel_maps, "to_scratch", lambda *args: scratch.append(args) or to_scratch(*args))
    source = DecodingSource(rng.integers(0, 9, (20, 8, 50)).astype(np.uint16))
    source.storage = Storage(rows=rows)
    with execution(memory=memory):
        once = reads_once(Frames(source))
        map_pixels(Frames(source), lambda block, rows: {"sum": block.sum(axis=0)})
    assert once == (not scratch and source.decoded == 20 * 8 // rows)


def test_warnings_reach_the_callback_of_the_execution():
    told = []
    with execution(on_warning=told.append):
        assert current_execution().on_warning is not None
    with pytest.warns(dc.DarfixWarning, match="look out"):
        warn("look out")


def test_forked_process_makes_its_own_threads(rng):
    image = rng.integers(0, 9, (4, 64, 8))
    frames = Frames.from_array(image)
    with execution(threads=2):
        fold_frames(frames, Sum())
        child = os.fork()
        if child == 0:
            good = np.array_equal(fold_frames(frames, Sum())["sum"], image.sum(axis=0))
            os._exit(0 if good else 1)
        for _ in range(100):
            done, status = os.waitpid(child, os.WNOHANG)
            if done:
                break
            time.sleep(0.1)
        else:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            pytest.fail("the forked process hangs")
    assert os.waitstatus_to_exitcode(status) == 0


def test_mapping_pixels_stays_within_its_memory(rng):
    frames = Frames.from_array(rng.integers(0, 9, (50, 40, 10)).astype(np.uint16)).map(np.negative, dtype=np.float64)
    largest = 0

    def curve(block, rows):
        nonlocal largest
        largest = max(largest, block.nbytes)
        return {"image": block[0]}

    with execution(threads=1, memory=20_000):
        map_pixels(frames, curve)
    assert largest <= 10_000


@pytest.mark.parametrize("memory", [True, 0, -5, "2GB"])
def test_memory_of_an_execution_must_be_bytes(memory):
    with pytest.raises(ValueError, match="memory must be a positive integer"), execution(memory=memory):
        pass
