"""The shift that each frame gets: by its number, or by the position of a motor."""

from __future__ import annotations

import numpy as np
import pytest

import darfix_core as dc
from darfix_core.steps.shift_of_frames import shift_of_frames


def scan_of(positions, motor="mu", unit="deg"):
    return dc.Dataset.from_array(np.zeros((len(positions), 20, 30), np.uint16), {motor: positions}, unit=unit)


def linear(positions, velocity=(2.0, -4.0), motor="mu"):
    """Shift linear in a motor, zero at its position 1."""
    values = np.outer(np.subtract(positions, 1.0), velocity)
    return dc.Shift(values, velocity=velocity, motor=motor, positions={motor: positions}, units={motor: "deg"})


def test_values_are_taken_frame_by_frame(rng):
    values = rng.normal(size=(5, 2))
    found = shift_of_frames(dc.Shift(values), scan_of(np.arange(5.0)))
    np.testing.assert_array_equal(found, values)


def test_linear_shift_goes_by_the_motor_where_positions_differ():
    found = shift_of_frames(linear([0.0, 1.0, 2.0]), scan_of([2.0, 0.5]))
    np.testing.assert_allclose(found, [(2.0, -4.0), (-1.0, 2.0)], atol=1e-12)


def test_linear_shift_of_the_same_positions_is_taken_as_it_is():
    shift = linear([0.1, 0.2, 0.7])
    np.testing.assert_array_equal(shift_of_frames(shift, scan_of([0.1, 0.2, 0.7])), shift.values)


@pytest.mark.parametrize(
    "shift", [dc.Shift(np.zeros((5, 2))), linear(np.arange(5.0), motor="chi")], ids=["free", "another motor"]
)
def test_another_number_of_frames_is_refused_where_no_motor_helps(shift):
    with pytest.raises(ValueError, match="each of the 3 frames, got 5; only one that is linear in a motor"):
        shift_of_frames(shift, scan_of([0.0, 1.0, 2.0]))


def test_another_unit_of_the_motor_is_refused():
    with pytest.raises(ValueError, match="linear in mu in deg, but the dataset has mu in mrad"):
        shift_of_frames(linear([0.0, 1.0]), scan_of([0.0, 1.0, 2.0], unit="mrad"))


def test_untrusted_frames_get_the_shift_between_their_neighbours():
    values = [(9, 9), (1, 2), (9, 9), (3, 6), (np.nan, np.nan)]
    shift = dc.Shift(values, trusted=[False, True, False, True, False])
    found = shift_of_frames(shift, scan_of(np.arange(5.0)))
    np.testing.assert_allclose(found, [(1, 2), (1, 2), (2, 4), (3, 6), (3, 6)])


def test_untrusted_values_are_taken_when_asked_for():
    shift = dc.Shift([(9, 9), (1, 2), (np.nan, 0)], trusted=[False, True, False])
    found = shift_of_frames(shift, scan_of(np.arange(3.0)), untrusted=True)
    np.testing.assert_allclose(found, [(9, 9), (1, 2), (1, 2)])


def test_shift_without_a_number_is_refused():
    shift = dc.Shift(np.full((2, 2), np.nan), trusted=[False, False])
    with pytest.raises(ValueError, match="a number for at least one frame, got none"):
        shift_of_frames(shift, scan_of([0.0, 1.0]), untrusted=True)


def test_shift_as_large_as_the_frames_is_refused():
    with pytest.raises(ValueError, match=r"smaller than the frames of 20 x 30 px, got \(0, -30\) px for frame 1"):
        shift_of_frames(dc.Shift([(0, 0), (0, -30.0)]), scan_of([0.0, 1.0]))


def test_whole_pixels_but_for_rounding_are_whole_pixels():
    found = shift_of_frames(dc.Shift([(3 - 1e-9, 0.5), (1e-7, -2.0)]), scan_of([0.0, 1.0]))
    np.testing.assert_array_equal(found, [(3, 0.5), (0, -2)])
