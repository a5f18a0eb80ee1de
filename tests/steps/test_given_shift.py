"""A shift of a velocity that is typed."""

from __future__ import annotations

import numpy as np
import pytest

from darfix_core.steps.given_shift import given_shift


def test_shift_goes_by_the_motor_and_is_zero_in_the_middle(mosaicity_dataset):
    shift = given_shift(mosaicity_dataset, (10.0, -4.0), "mu")
    mu = mosaicity_dataset.positions["mu"]
    np.testing.assert_allclose(shift.values, np.outer(mu - mu.mean(), (10, -4)))
    assert (shift.velocity, shift.motor, shift.units["mu"]) == ((10.0, -4.0), "mu", "deg")
    assert shift.is_trusted
    assert np.isnan(shift.uncertainty).all()


def test_shift_without_a_motor_goes_by_the_frames(mosaicity_dataset):
    shift = given_shift(mosaicity_dataset, (0.1, 0.0))
    np.testing.assert_allclose(shift.values[:, 0], 0.1 * (np.arange(35) - 17))
    assert (shift.velocity, shift.motor) == ((0.1, 0.0), "")


def test_motor_that_is_not_there_is_refused(mosaicity_dataset):
    with pytest.raises(ValueError, match="motor must be one of chi, mu, or None, got 'omega'"):
        given_shift(mosaicity_dataset, (1.0, 1.0), "omega")
