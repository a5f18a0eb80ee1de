"""Lazy stacks against plain numpy."""

from __future__ import annotations

import numpy as np
import pytest

from darfix_core.model.frame_operations import PerFrame, PerPixel
from darfix_core.model.frame_sources import Storage
from darfix_core.model.frames import Frames


class CountingSource:
    """An array that remembers what was read of it."""

    in_memory = False
    storage = Storage(frames=3)
    files = ()

    def __init__(self, array):
        self.array, self.shape, self.dtype, self.read_pixels = array, array.shape, array.dtype, 0

    def read(self, region):
        block = self.array[region.frames, region.rows, region.columns]
        self.read_pixels += block.size
        return block


@pytest.fixture
def array(rng):
    return rng.integers(0, 1000, (9, 10, 13)).astype(np.uint16)


def box_sum(block):
    """Sum over 3 x 3 pixels; at the border of what it is given, over what is there."""
    padded = np.pad(block.astype(np.int64), ((0, 0), (1, 1), (1, 1)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(1, 2))
    return windows.sum(axis=(3, 4))


def test_indexing_is_that_of_an_array(array):
    frames = Frames.from_array(array)
    keys = [0, -1, slice(2, 5), slice(None, None, 2), (3, 4), (slice(1, 8), slice(2, 9), 5), (2, 3, 4)]
    keys += [(..., 0), (0, ...), ..., (slice(2), ..., 3), (slice(None), np.arange(10) < 4), np.int64(3)]
    keys += [[5, 1, 1], (slice(None), slice(None, None, 3), slice(None, None, -1)), np.arange(9) % 2 == 0]
    for key in keys:
        np.testing.assert_array_equal(frames[key], array[key])


def test_index_outside_the_stack_raises(array):
    frames = Frames.from_array(array)
    with pytest.raises(IndexError, match="out of range for axis 0 with size 9"):
        frames[9]
    with pytest.raises(IndexError, match="three axes"):
        frames[0, 0, 0, 0]


@pytest.mark.parametrize("key", [None, True, (0, None), ([0, 1], [0, 1]), np.array(3), 1.5, "a", (..., ...)])
def test_index_that_numpy_would_take_otherwise_is_refused(array, key):
    with pytest.raises(IndexError, match="a stack"):
        Frames.from_array(array)[key]


def test_counts_of_another_byte_order_are_turned(array):
    frames = Frames.from_array(array.astype(array.dtype.newbyteorder()))
    assert frames.dtype.isnative
    np.testing.assert_array_equal(frames[:], array)


@pytest.mark.parametrize("dtype", [np.float16, np.longdouble, bool])
def test_types_that_are_no_counts_are_refused(dtype):
    with pytest.raises(TypeError, match="32 or 64 bits"):
        Frames.from_array(np.zeros((2, 3, 4), dtype))


def test_reading_memory_is_a_view_that_cannot_be_written(array):
    block = Frames.from_array(array).read(slice(2, 4))
    assert np.shares_memory(block, array)
    with pytest.raises(ValueError, match="read-only"):
        block[0, 0, 0] = 1


def test_operations_compose_in_any_order(array):
    frames = Frames.from_array(array).map(box_sum, dtype=np.int64, halo=1).crop((2, 3), (6, 7)).select([8, 0, 3])
    np.testing.assert_array_equal(np.asarray(frames), box_sum(array)[[8, 0, 3], 2:8, 3:10])


def test_halo_reaches_over_the_edge_of_a_stripe_but_not_of_the_frame(array):
    frames = Frames.from_array(array).map(box_sum, dtype=np.int64, halo=1)
    stripes = [frames.read(None, slice(start, min(10, start + 3))) for start in range(0, 10, 3)]
    np.testing.assert_array_equal(np.concatenate(stripes, axis=1), box_sum(array))


def test_crop_reads_only_its_part(array):
    source = CountingSource(array)
    frames = Frames(source).crop((1, 2), (4, 5)).select([1, 2])
    np.testing.assert_array_equal(np.asarray(frames), array[1:3, 1:5, 2:7])
    assert source.read_pixels == 2 * 4 * 5


def test_adding_operations_reads_nothing(array):
    source = CountingSource(array)
    Frames(source).crop((1, 1), (5, 5)).map(box_sum, dtype=np.int64, halo=1).select([0])
    assert source.read_pixels == 0


def test_state_follows_the_block(array):
    image, factor = np.arange(130).reshape(10, 13), np.arange(9)

    def function(block, image, factor, constant):
        return block * factor[:, None, None] + image + constant

    frames = Frames.from_array(array).map(
        function, dtype=np.int64, image=PerPixel(image), factor=PerFrame(factor), constant=7
    )
    whole = array.astype(np.int64) * factor[:, None, None] + image + 7
    np.testing.assert_array_equal(frames.read([5, 2], slice(3, 7), slice(1, 4)), whole[[5, 2], 3:7, 1:4])


def test_state_of_another_shape_raises(array):
    with pytest.raises(ValueError, match=r"image must have the shape \(10, 13\)"):
        Frames.from_array(array).map(np.add, image=PerPixel(np.zeros((3, 3))))


@pytest.mark.parametrize("chosen", [slice(0, 9), [4, 3, 8, 8, 0]])
def test_window_answers_like_the_stack(array, chosen):
    frames = Frames(CountingSource(array)).map(box_sum, dtype=np.int64, halo=1).crop((1, 1), (8, 11))
    if not isinstance(chosen, slice):
        frames = frames.select(chosen)
    window = frames.window(slice(1, 4))
    np.testing.assert_array_equal(window.read(slice(1, 4), slice(2, 5)), frames.read(slice(1, 4), slice(2, 5)))
    np.testing.assert_array_equal(window.read([2]), frames.read([2]))


@pytest.mark.parametrize(
    ("origin", "shape"), [((0, 0), (0, 3)), ((-1, 0), (2, 2)), ((9, 0), (2, 2)), ((0, 12), (2, 2))]
)
def test_rectangle_outside_the_frame_raises(array, origin, shape):
    with pytest.raises(ValueError, match="does not lie in the frame of 10 x 13"):
        Frames.from_array(array).crop(origin, shape)


def test_selecting_no_frame_or_one_outside_raises(array):
    with pytest.raises(ValueError, match="at least one frame"):
        Frames.from_array(array).select([])
    with pytest.raises(IndexError, match="0 to 8, got 3 to 9"):
        Frames.from_array(array).select([3, 9])


@pytest.mark.parametrize("bad", [np.zeros((3, 3)), np.zeros((0, 3, 3))])
def test_stack_of_another_shape_raises(bad):
    with pytest.raises(ValueError, match="frames must have the shape"):
        Frames.from_array(bad)


def test_stack_of_complex_numbers_raises():
    with pytest.raises(TypeError, match="32 or 64 bits, got complex128"):
        Frames.from_array(np.zeros((2, 2, 2), complex))
