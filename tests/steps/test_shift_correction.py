"""Finding and correcting a shift in one step: what is applied, and what comes out."""

from __future__ import annotations

import numpy as np
import pytest

import darfix_core as dc
from darfix_core.errors import DarfixWarning

from .shift_scenes import Scene

VELOCITY = (-0.2, 0.12)  # px/frame


@pytest.fixture(scope="module")
def drifting():
    """A textured crystal that drifts; mu goes by 0.1 deg a frame."""
    return Scene().drifting(VELOCITY, seed=11)


def assert_same_frames(found, expected):
    np.testing.assert_array_equal(found.frames[:], expected.frames[:])


def test_drift_is_found_and_taken_back(drifting):
    corrected, shift = dc.shift_correction(drifting, motor="mu")
    assert shift.is_trusted, shift.reason
    # 0.01 px a frame is what the search is to reach; the velocity is per degree.
    np.testing.assert_allclose(shift.velocity, np.multiply(VELOCITY, 10), atol=0.1)
    assert_same_frames(corrected, dc.correct_shift(drifting, shift))
    with dc.execution(on_warning=lambda message: None):  # no drift is left that could be trusted
        left = dc.find_shift(corrected, motor="mu")
    assert np.abs(left.values).max() < 0.2


def test_shift_on_the_second_input_is_applied(drifting):
    given = dc.Shift(np.linspace((0, 0), (3, -2), 41))
    corrected, shift = dc.shift_correction(drifting, given, interpolation="cubic", borders="crop")
    np.testing.assert_array_equal(shift.values, given.values)
    assert_same_frames(corrected, dc.correct_shift(drifting, given, interpolation="cubic", borders="crop"))
    assert given.history.head in shift.history.nodes


def test_shift_in_a_file_is_applied(drifting, tmp_path):
    given = dc.Shift(np.linspace((0, 0), (3, -2), 41))
    dc.save_shift(given, path=tmp_path / "shift.txt")
    corrected, shift = dc.shift_correction(drifting, file=tmp_path / "shift.txt")
    np.testing.assert_array_equal(shift.values, given.values)
    assert_same_frames(corrected, dc.correct_shift(drifting, given))
    node = corrected.history.nodes[corrected.history.head]
    assert [source.path for source in node.sources] == [str(tmp_path / "shift.txt")]


@pytest.mark.parametrize(("motor", "factor"), [("mu", 10), (None, 1)])
def test_velocity_can_be_typed(drifting, motor, factor):
    corrected, shift = dc.shift_correction(
        drifting, model="given", motor=motor, velocity=tuple(np.multiply(VELOCITY, factor))
    )
    np.testing.assert_allclose(shift.values, np.outer(np.arange(41) - 20, VELOCITY), atol=1e-9)
    assert_same_frames(corrected, dc.correct_shift(drifting, shift))


def test_shift_of_one_scan_is_applied_to_another(drifting):
    _, shift = dc.shift_correction(drifting, motor="mu")
    other = drifting.select_frames(np.arange(0, 41, 2))
    corrected, applied = dc.shift_correction(other, shift)
    expected = dc.correct_shift(drifting, shift).select_frames(np.arange(0, 41, 2))
    # Positions that are computed anew differ in their last digit, and so do weights.
    np.testing.assert_allclose(corrected.frames[:], expected.frames[:], rtol=1e-4, atol=1e-3)
    assert applied.n_frames == 41


def test_shift_that_is_not_trusted_comes_out_but_is_not_applied(drifting):
    given = dc.Shift(np.ones((41, 2)), trusted=np.zeros(41), reason="Made up.")
    with pytest.warns(DarfixWarning, match="not trusted: Made up"):
        corrected, shift = dc.shift_correction(drifting, given)
    assert_same_frames(corrected, drifting)
    assert not shift.is_trusted
    corrected, _ = dc.shift_correction(drifting, given, apply_untrusted=True)
    np.testing.assert_array_equal(corrected.frames[:][:, :-1, :-1], drifting.frames[:][:, 1:, 1:])


def test_two_shifts_are_one_too_many(drifting):
    with pytest.raises(ValueError, match=r"given as input and by file, 'shift\.txt': leave one out"):
        dc.shift_correction(drifting, dc.Shift(np.ones((41, 2))), file="shift.txt")


def test_velocity_that_is_not_used_is_told(rocking_dataset):
    known, told = dc.Shift(np.zeros((rocking_dataset.n_frames, 2))), []
    with dc.execution(on_warning=told.append):
        dc.shift_correction(rocking_dataset, known, velocity=(1.0, 0.0))
        dc.shift_correction(rocking_dataset, velocity=(1.0, 0.0))
    assert "velocity is not used: the shift that comes in is applied" in told
    assert "velocity is not used: model is 'linear', 'given' would apply it" in told
