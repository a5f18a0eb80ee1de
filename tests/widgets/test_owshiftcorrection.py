"""Shift Correction: found, typed, loaded or taken from the second input; shown, judged and saved."""

from __future__ import annotations

import numpy as np
import pytest

import darfix_core as dc
from tests.steps.shift_scenes import Scene

from .support import stored


@pytest.fixture
def owshift():
    from orangecontrib.dfxm.widgets.owshiftcorrection import OWShiftCorrection

    return OWShiftCorrection


@pytest.fixture(scope="module")
def drifting():
    return Scene().drifting((-0.2, 0.12), seed=11)


TYPED = {"model": "given", "motor": "mu", "velocity": (-2.0, 1.2)}


def send(orange, widget, **signals):
    for channel, value in signals.items():
        orange.send_signal(channel, value, widget=widget)
    orange.wait_until_finished(widget=widget)


def test_shift_is_found_shown_and_taken_back(orange, owshift, drifting):
    widget = orange.create_widget(owshift, stored_settings={"motor": "mu"})
    send(orange, widget, Dataset=drifting)
    corrected, shift = widget.produced
    assert orange.get_output("Dataset", widget=widget) is corrected
    assert orange.get_output("Shift", widget=widget) is shift
    np.testing.assert_allclose(shift.velocity, (-2, 1.2), atol=0.1)
    trajectory = widget.view.trajectory
    assert trajectory.verdict.text().startswith("Trusted")
    np.testing.assert_allclose(trajectory.plot.getCurve("dy").getYData(), shift.values[:, 0])


def test_velocity_is_typed(orange, owshift, drifting):
    widget = orange.create_widget(owshift, stored_settings={"motor": "mu"})
    send(orange, widget, Dataset=drifting)
    form = widget.form
    form.editors["model"].combo.setCurrentText("given")
    form.editors["model"].edited.emit()
    assert form.editors["velocity"].isEnabled()
    assert form.editors["motor"].combo.itemText(0) == "none: px per frame"
    for part, text in zip(form.editors["velocity"].parts, ("-2", "1.2"), strict=True):
        part.line.setText(text)
        part.line.editingFinished.emit()
    orange.wait_until_finished(widget=widget)
    expected, _ = dc.shift_correction(drifting, **TYPED)
    np.testing.assert_array_equal(widget.produced[0].frames[:], expected.frames[:])
    assert stored(widget)["velocity"] == (-2.0, 1.2)


def test_shift_on_the_second_input_is_applied_instead(orange, owshift, drifting):
    widget = orange.create_widget(owshift)
    given = dc.Shift(np.linspace((0, 0), (3, -2), 41))
    send(orange, widget, Shift=given, Dataset=drifting)
    np.testing.assert_array_equal(widget.produced[1].values, given.values)
    assert not widget.form.editors["model"].isEnabled()
    assert not widget.form.editors["file"].isEnabled()
    assert widget.form.editors["interpolation"].isEnabled()
    send(orange, widget, Shift=None)
    assert widget.form.editors["model"].isEnabled()


def test_shift_is_saved_and_loaded(orange, owshift, drifting, tmp_path):
    widget = orange.create_widget(owshift, stored_settings=TYPED)
    assert not widget.save_button.isEnabled()
    send(orange, widget, Dataset=drifting)
    assert widget.save_button.isEnabled()
    widget.save_shift(str(tmp_path / "shift.txt"))
    other = orange.create_widget(owshift)
    send(orange, other, Dataset=drifting)
    other.form.editors["file"].choose(str(tmp_path / "shift.txt"))
    orange.wait_until_finished(widget=other)
    assert not other.Error.active
    np.testing.assert_array_equal(other.produced[0].frames[:], widget.produced[0].frames[:])
    assert not other.form.editors["model"].isEnabled()


def test_what_stands_in_the_way_of_saving_is_told(orange, owshift, drifting, tmp_path):
    widget = orange.create_widget(owshift, stored_settings=TYPED)
    send(orange, widget, Dataset=drifting)
    widget.save_shift(str(tmp_path / "shift.h5"))
    assert "must end in .txt" in str(widget.Warning.no_file)
    widget.save_shift(str(tmp_path / "shift.txt"))
    assert not widget.Warning.no_file.is_shown()


def test_shift_that_is_not_trusted_is_shown_and_not_applied(orange, owshift, drifting):
    widget = orange.create_widget(owshift)
    given = dc.Shift(np.ones((41, 2)), trusted=np.zeros(41), reason="Made up.")
    send(orange, widget, Shift=given, Dataset=drifting)
    assert "not trusted: Made up" in str(widget.Warning.doubtful)
    assert widget.view.trajectory.verdict.text() == "Not trusted: Made up."
    np.testing.assert_array_equal(widget.produced[0].frames[:], drifting.frames[:])
    widget.form.editors["apply_untrusted"].check.click()
    orange.wait_until_finished(widget=widget)
    assert not widget.Warning.doubtful.is_shown()
    np.testing.assert_array_equal(widget.produced[0].frames[:][:, 0, 0], drifting.frames[:][:, 1, 1])


def test_nothing_is_shown_once_the_data_are_gone(orange, owshift, drifting):
    widget = orange.create_widget(owshift, stored_settings=TYPED)
    send(orange, widget, Dataset=drifting)
    send(orange, widget, Dataset=None)
    assert widget.view.trajectory.verdict.text() == ""
    assert orange.get_output("Shift", widget=widget) is None
    assert not widget.save_button.isEnabled()
