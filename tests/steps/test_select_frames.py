"""Frames by number and by the positions of motors."""

from __future__ import annotations

import numpy as np
import pytest

import darfix_core as dc
from tests.model.test_frames import CountingSource


@pytest.mark.parametrize(
    ("parameters", "numbers"),
    [
        ({}, range(35)),
        ({"frames": (3, 9)}, range(3, 9)),
        ({"every": 4}, range(0, 35, 4)),
        ({"frames": (5, 30), "every": 7}, range(5, 30, 7)),
        ({"ranges": {"chi": (0.1, None)}}, range(21, 35)),
        ({"ranges": {"chi": (None, -0.2)}}, range(7)),
        ({"ranges": {"mu": (-0.3, -0.3)}}, range(0, 35, 7)),
        ({"ranges": {"mu": (-0.1, 0.1), "chi": (0.0, 0.0)}}, [16, 17, 18]),
        ({"frames": (0, 18), "ranges": {"mu": (-0.1, 0.1), "chi": (0.0, 0.0)}}, [16, 17]),
    ],
)
def test_frames_are_those_of_numpy(mosaicity_dataset, parameters, numbers):
    given = mosaicity_dataset.replace(counters={"current": np.arange(35.0)})
    result = dc.select_frames(given, **parameters)
    np.testing.assert_array_equal(result.frames[:], given.frames[:][list(numbers)])
    np.testing.assert_array_equal(result.counters["current"], list(numbers))
    np.testing.assert_array_equal(result.positions["mu"], given.positions["mu"][list(numbers)])


def test_lines_of_the_grid_that_lose_all_frames_go(mosaicity_dataset):
    result = dc.select_frames(mosaicity_dataset, ranges={"mu": (-0.2, 0.2), "chi": (0, None)})
    assert result.scan_shape == (3, 5)
    assert result.missing.size == 0


def test_read_backs_that_jitter_tear_no_line_of_the_grid(mosaicity_dataset, rng):
    jittered = {name: values + rng.normal(0, 1e-3, 35) for name, values in mosaicity_dataset.positions.items()}
    given = mosaicity_dataset.replace(positions=jittered)
    assert dc.select_frames(given, ranges={"mu": (-0.1, 0.2)}).scan_shape == (5, 4)


def test_positions_that_were_found_need_not_be_round_numbers(mosaicity_dataset):
    chi, mu = mosaicity_dataset.dimensions
    found = dc.Dimension("mu", mu.values * 1.0005, "deg")
    given = mosaicity_dataset.replace(dimensions=(chi, found))
    assert dc.select_frames(given, ranges={"mu": (-0.2, 0.2)}).scan_shape == (5, 5)
    assert dc.select_frames(given, ranges={"mu": (-0.18, 0.18)}).scan_shape == (5, 3)


def test_without_dimensions_the_read_backs_count(mosaicity_dataset):
    bare = mosaicity_dataset.replace(dimensions=(), grid_index=None)
    assert dc.select_frames(bare, ranges={"mu": (-0.15, 0.15)}).n_frames == 15


def test_what_is_left_out_is_never_read(rocking_dataset):
    source = CountingSource(np.array(rocking_dataset.frames[:]))
    result = dc.select_frames(rocking_dataset.replace(frames=dc.Frames(source)), every=3)
    assert source.read_pixels == 0
    assert result.frames[:].shape == (3, 12, 16)
    assert source.read_pixels == 3 * 12 * 16


@pytest.mark.parametrize("frames", [(0, 10), (-1, 4), (4, 4), (5, 3)])
def test_range_that_does_not_lie_in_the_scan_is_refused(rocking_dataset, frames):
    with pytest.raises(ValueError, match=r"0 <= first < stop <= 9, got \("):
        dc.select_frames(rocking_dataset, frames=frames)


def test_unknown_motor_is_named(rocking_dataset):
    with pytest.raises(ValueError, match="ranges must name motors of the scan, got 'nu'; did you mean 'mu'"):
        dc.select_frames(rocking_dataset, ranges={"nu": (0, 1)})


def test_range_without_frames_tells_where_the_scan_is(rocking_dataset):
    with pytest.raises(ValueError, match=r"mu in \(1.0, 2.0\), where the scan goes from -0.4 to 0.4"):
        dc.select_frames(rocking_dataset, ranges={"mu": (1.0, 2.0)})
