"""The way of the frames through a grid."""

import numpy as np
import pytest

from darfix_core.steps.frame_order import follow

from .simulated_scans import raster


def test_plain_scan_has_its_frames_in_order():
    order = follow(raster([3, 4, 5]), [3, 4, 5])
    assert order.axes == (0, 1, 2)
    assert order.in_order
    assert order.bits == 0
    np.testing.assert_array_equal(order.grid_index, np.arange(60))


@pytest.mark.parametrize("shape", [(3, 4), (4, 3), (2, 2), (3, 3, 3), (5, 2, 3), (2, 3, 2, 3)])
def test_lines_that_run_back_and_forth_are_in_order(shape):
    order = follow(raster(shape, snake=True), list(shape))
    assert order.in_order
    assert not any(order.reversed_axes)
    np.testing.assert_array_equal(order.grid_index[: shape[-1]], np.arange(shape[-1]))


@pytest.mark.parametrize("shape", [(3, 3, 4), (2, 5, 3), (2, 3, 3, 2)])
def test_layers_that_begin_at_the_same_corner_are_in_order(shape):
    layer = raster(shape[1:], snake=True)
    labels = [np.repeat(np.arange(shape[0]), layer[0].size), *(np.tile(entry, shape[0]) for entry in layer)]
    order = follow(labels, list(shape))
    assert order.in_order
    assert not any(order.reversed_axes)
    assert order.n_skipped == 0


def test_descending_motors_count_in_the_direction_of_the_scan():
    slow, fast = raster([3, 4])
    order = follow([2 - slow, 3 - fast], [3, 4])
    assert order.reversed_axes == (True, True)
    np.testing.assert_array_equal(order.grid_index, np.arange(12))


def test_axes_are_ordered_slow_to_fast():
    a, b, c = raster([3, 4, 5])
    assert follow([c, a, b], [5, 3, 4]).axes == (1, 2, 0)


def test_missing_frames_are_counted_between_the_first_and_the_last():
    labels = [np.delete(entry, [3, 7]) for entry in raster([3, 4])]
    order = follow(labels, [3, 4])
    assert (order.n_visited, order.n_skipped, order.first_skipped, order.in_order) == (10, 2, False, True)
    assert order.bits > 0


def test_interrupted_scan_skips_nothing():
    order = follow([entry[:10] for entry in raster([3, 4])], [3, 4])
    assert (order.n_points, order.n_visited, order.n_skipped) == (12, 10, 0)


@pytest.mark.parametrize("snake", [False, True])
def test_a_few_swapped_frames_change_neither_order_nor_direction(snake):
    rng = np.random.default_rng(3)
    order = np.arange(12 * 9)
    for i, j in rng.integers(0, order.size, (3, 2)):
        order[[i, j]] = order[[j, i]]
    labels = [entry[order] for entry in raster([12, 9], snake)]
    found = follow([labels[1], labels[0]], [9, 12])
    assert found.axes == (1, 0)
    assert found.reversed_axes == (False, False)
    assert not found.in_order
    np.testing.assert_array_equal(found.grid_index, np.ravel_multi_index(tuple(labels), (12, 9)))


def test_order_that_tells_nothing_costs_as_much_as_any_order():
    rng = np.random.default_rng(1)
    labels = [entry[rng.permutation(100)] for entry in raster([10, 10])]
    permuted = rng.permutation(100)
    labels = [entry[permuted] for entry in raster([10, 10])]
    # log2(100!) bits for a permutation
    assert follow(labels, [10, 10]).bits == pytest.approx(524.8, abs=1)
