"""Exact percentiles of stacks that exceed the memory: against numpy, with the reading counted."""

from __future__ import annotations

import numpy as np
import pytest

from darfix_core import Frames
from darfix_core.engine.execution import execution
from darfix_core.errors import Cancelled
from darfix_core.model.frame_sources import Storage
from darfix_core.steps.frame_statistics import combine_frames
from darfix_core.steps.order_statistics import BYTES_OF_PIXEL, MOST_PASSES, can_be_streamed, sampled_frames
from tests.model.test_frames import CountingSource

SHAPE = (9, 14)
#: Just enough for the counters of all pixels, and for few frames.
MEMORY = 2 * BYTES_OF_PIXEL * SHAPE[0] * SHAPE[1]


def from_file(array, **storage):
    """Frames that are stored compressed: all rows of a block are decoded together."""
    source = CountingSource(array)
    source.storage = Storage(rows=SHAPE[0], **storage)
    return Frames(source), source


def streamed(array, percentile=50.0, *, threads=2, memory=MEMORY, **storage):
    """Percentile from a file, and how often the file was read."""
    frames, source = from_file(array, **storage)
    with execution(threads=threads, memory=memory):
        assert can_be_streamed(frames)
        image = combine_frames(frames, percentile)
    return image, source.read_pixels / array.size


def add_three(block):
    return block + np.uint16(3)


def rocking(rng, n_frames, dtype=np.uint16):
    """Noisy curves on a pedestal, lit in a half of the frames in the middle of the image."""
    position = np.linspace(-1, 1, n_frames)[:, None, None]
    width = np.linspace(0.05, 0.6, SHAPE[1])
    return rng.poisson(50 + 100 * np.exp(-(position**2) / (2 * width**2)), (n_frames, *SHAPE)).astype(dtype)


STACKS = {
    "curves": rocking,
    "all counts": lambda rng, n, dtype: rng.integers(
        np.iinfo(dtype).min, np.iinfo(dtype).max, (n, *SHAPE), dtype, endpoint=True
    ),
    "least and largest": lambda rng, n, dtype: rng.choice(
        np.array([np.iinfo(dtype).min, np.iinfo(dtype).max], dtype), (n, *SHAPE)
    ),
    "constant": lambda rng, n, dtype: np.full((n, *SHAPE), np.iinfo(dtype).max, dtype),
}


@pytest.mark.parametrize("percentile", [0, 5, 33.3, 50, 99, 100])
@pytest.mark.parametrize("dtype", [np.uint8, np.int8, np.uint16, np.int16])
@pytest.mark.parametrize("kind", STACKS)
def test_percentile_is_that_of_numpy_to_the_last_bit(rng, kind, dtype, percentile):
    stack = STACKS[kind](rng, 230, dtype)
    image, passes = streamed(stack, percentile)
    np.testing.assert_array_equal(image, np.percentile(stack.astype(np.float64), percentile, axis=0))
    assert passes <= MOST_PASSES


@pytest.mark.parametrize("n_frames", [100, 101, 500])
@pytest.mark.parametrize("storage", [{}, {"frames": 7}, {"frames": 7, "before": 3}, {"frames": 50}])
def test_median_does_not_depend_on_how_frames_are_stored(rng, n_frames, storage):
    stack = rocking(rng, n_frames)
    for threads in (1, 3):
        image, passes = streamed(stack, threads=threads, **storage)
        np.testing.assert_array_equal(image, np.median(stack, axis=0))
        assert passes <= MOST_PASSES


def test_curves_take_two_passes(rng):
    assert streamed(rocking(rng, 500))[1] == 2
    assert streamed(np.full((500, *SHAPE), 7, np.uint16))[1] == 1


def test_frames_that_deceive_take_five_passes_at_most(rng):
    # The frames that are looked at first are replaced by others, so that every guess is wrong in every pixel.
    stack = rng.integers(30_000, 65_536, (300, *SHAPE)).astype(np.uint16)
    frames, source = from_file(stack)
    with execution(memory=MEMORY) as run:
        stack[sampled_frames(frames, run.memory)] = 100
        image = combine_frames(frames, 50.0)
    np.testing.assert_array_equal(image, np.median(stack, axis=0))
    assert 4 < source.read_pixels / stack.size <= MOST_PASSES


@pytest.mark.parametrize("share", [0.2, 0.6, 0.75])
def test_what_fits_into_memory_is_read_once(rng, share):
    stack = rocking(rng, 400)
    told = []
    frames, source = from_file(stack)
    with execution(memory=int(stack.nbytes / share), progress=lambda fraction, what: told.append(fraction)):
        image = combine_frames(frames, 50.0)
    np.testing.assert_array_equal(image, np.median(stack, axis=0))
    assert source.read_pixels == stack.size
    assert told == sorted(told)
    assert told[-1] == 1


def test_chain_of_operations_is_applied_before(rng):
    stack = rocking(rng, 300)
    frames, _ = from_file(stack)
    chain = frames.map(add_three).select(np.arange(0, 300, 2)).crop((1, 2), (5, 6))
    with execution(memory=MEMORY):
        image = combine_frames(chain, 50.0)
    np.testing.assert_array_equal(image, np.median(stack[::2, 1:6, 2:8] + 3, axis=0))


def test_counts_of_more_bits_take_a_scratch_file(rng, monkeypatch, tmp_path):
    monkeypatch.setenv("DARFIX_SCRATCH", str(tmp_path))
    stack = rng.integers(0, 2**31, (200, *SHAPE)).astype(np.uint32)
    frames, source = from_file(stack)
    with execution(memory=MEMORY):
        assert not can_be_streamed(frames)
        image = combine_frames(frames, 50.0)
    np.testing.assert_array_equal(image, np.median(stack, axis=0))
    assert source.read_pixels == stack.size


def test_counters_that_exceed_the_memory_take_a_scratch_file(rng):
    frames, _ = from_file(rocking(rng, 200))
    with execution(memory=MEMORY - 1):
        assert not can_be_streamed(frames)


def test_progress_goes_on_to_the_end_and_counting_can_be_cancelled(rng):
    frames, source = from_file(rocking(rng, 300))
    told = []
    with execution(memory=MEMORY, progress=lambda fraction, what: told.append(fraction)):
        combine_frames(frames, 50.0)
    assert told == sorted(told)
    assert told[-1] == 1
    source.read_pixels = 0
    with (
        execution(memory=MEMORY, cancelled=lambda: source.read_pixels > source.array.size),
        pytest.raises(Cancelled),
    ):
        combine_frames(frames, 50.0)
