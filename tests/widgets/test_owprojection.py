"""Projection: motors are checked, and the frames that are made of others are shown."""

from __future__ import annotations

import numpy as np
import pytest

from .support import shown_image, stored


@pytest.fixture
def widget(orange, mosaicity_dataset):
    from orangecontrib.dfxm.widgets.owprojection import OWProjection

    widget = orange.create_widget(OWProjection)
    orange.send_signal("Dataset", mosaicity_dataset, widget=widget)
    orange.wait_until_finished(widget=widget)
    return widget


def test_motors_of_the_scan_are_offered_and_none_is_checked(widget):
    checks = widget.form.editors["motors"].checks
    assert {motor: check.isChecked() for motor, check in checks.items()} == {"chi": False, "mu": False}
    assert widget.caption.text() == "35 frames become 7. Motors that are left: mu (7)."


def test_checked_motor_is_projected(orange, widget):
    widget.form.editors["motors"].checks["mu"].click()
    assert stored(widget)["motors"] == ("mu",)
    assert orange.get_output("Dataset", widget=widget, wait=5000).scan_shape == (5,)
    widget.form.editors["motors"].checks["mu"].click()
    assert stored(widget)["motors"] is None


def test_motor_that_another_scan_lacks_stays_and_is_refused(orange, widget, rocking_dataset):
    widget.form.editors["motors"].checks["chi"].click()
    orange.send_signal("Dataset", rocking_dataset, widget=widget)
    assert orange.get_output("Dataset", widget=widget, wait=5000) is None
    assert "motors must be dimensions of the scan, got 'chi'" in str(widget.Error.failed)
    widget.form.editors["motors"].checks["chi"].click()
    assert orange.get_output("Dataset", widget=widget, wait=5000).n_frames == 1


def test_combined_frame_is_shown(qtbot, widget, mosaicity_dataset):
    widget.show()
    widget.view.show_frame(2)
    expected = mosaicity_dataset.frames[:].reshape(5, 7, 12, 16)[:, 2].sum(axis=0)
    qtbot.waitUntil(lambda: np.array_equal(shown_image(widget.view.plot), expected))
    widget.hide()
