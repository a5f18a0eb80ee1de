"""Positions at which a motor stopped."""

import numpy as np
import pytest

from darfix_core.steps.motor_levels import find_levels, least_squares, listed_positions, moves, smallest_deviation


def levels_of(positions, **options):
    return {entry.size: entry for entry in find_levels("mu", np.asarray(positions, dtype=float), **options)}


@pytest.mark.parametrize("n_levels", [2, 3, 17, 61, 300])
@pytest.mark.parametrize("each", [1, 2, 20])
def test_jittered_read_backs_show_their_levels(n_levels, each):
    rng = np.random.default_rng(n_levels + each)
    labels = np.repeat(np.arange(n_levels), each)
    positions = 7.8 - 0.01 * (labels + rng.uniform(-0.3, 0.3, labels.size))
    right = [entry for entry in find_levels("mu", positions) if np.array_equal(entry.labels, n_levels - 1 - labels)]
    assert len(right) == 1
    found = right[0]
    assert found.regular
    assert found.max_residual <= 0.3 + 1e-6
    # The step is known to about the deviation over the range.
    assert found.step == pytest.approx(0.01, rel=0.7 / (n_levels - 1) / each**0.5)


def test_lines_that_are_offset_against_each_other_share_their_levels():
    labels, direction = np.tile(np.arange(40), 30), np.repeat(np.arange(30) % 2, 40)
    found = levels_of(0.001 * (labels + 0.45 * direction))
    np.testing.assert_array_equal(found[40].labels, labels)


def test_second_level_may_have_few_frames():
    rng = np.random.default_rng(2)
    for few in (1, 2, 13):
        labels = np.repeat([0, 1], [81, few])
        np.testing.assert_array_equal(levels_of(labels + rng.uniform(-0.3, 0.3, labels.size))[2].labels, labels)


def test_still_motors_and_noise_have_no_levels():
    rng = np.random.default_rng(0)
    assert find_levels("mu", np.full(50, 1.25)) == []
    assert find_levels("mu", 1.25 + 1e-6 * rng.normal(size=500)) == []


def test_rounding_of_the_last_bit_is_no_movement():
    positions = np.full(10, 0.1 + 0.2)
    positions[::2] = 0.3
    assert not moves(positions)


def test_unequal_levels_are_found_by_their_gaps():
    rng = np.random.default_rng(0)
    nominal = np.array([0.0, 1, 7, 20, 21])
    labels = np.repeat(np.arange(5), 8)
    found = levels_of(nominal[labels] + rng.uniform(-0.1, 0.1, 40))[5]
    np.testing.assert_array_equal(found.labels, labels)
    assert not found.regular
    np.testing.assert_allclose(found.values, nominal, atol=0.1)


def test_smallest_deviation_holds_what_least_squares_does_not():
    positions = np.array([0.3, 0.7, 2.3, 3.3, 4.3])
    labels = np.arange(5)[None]
    offset, step = least_squares(positions, labels)
    assert np.abs(positions - offset - step * labels).max() / step > 0.3
    offset, step = smallest_deviation(positions, labels, step)
    assert np.abs(positions - offset - step * labels).max() / step < 0.3 + 1e-6


def test_list_of_positions_is_told_from_a_drift():
    assert listed_positions("mu", np.array([0.0, 1, 3, 4, 9, 20])).size == 6
    assert listed_positions("mu", np.array([20.0, 9, 4, 3, 1, 0])).size == 6
    assert listed_positions("mu", np.array([0.0, 1, 3, 2, 9, 20])) is None
    assert listed_positions("mu", np.exp(-np.arange(20) / 5)) is None
    assert listed_positions("mu", np.cumsum(np.random.default_rng(0).exponential(size=50))) is None
