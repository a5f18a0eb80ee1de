"""Frame Selection: ranges of motors are typed, and what is left is told."""

from __future__ import annotations

import pytest

from .support import stored


@pytest.fixture
def widget(orange, mosaicity_dataset):
    from orangecontrib.dfxm.widgets.owselectframes import OWSelectFrames

    widget = orange.create_widget(OWSelectFrames)
    orange.send_signal("Dataset", mosaicity_dataset, widget=widget)
    orange.wait_until_finished(widget=widget)
    return widget


def type_limit(widget, motor, end, text):
    field = widget.form.editors["ranges"].fields[motor][end]
    field.setText(text)
    field.editingFinished.emit()


def test_fields_show_where_the_scan_begins_and_ends(widget):
    fields = widget.form.editors["ranges"].fields
    shown = {motor: tuple(field.placeholderText() for field in pair) for motor, pair in fields.items()}
    assert shown == {"chi": ("from -0.2", "to 0.2"), "mu": ("from -0.3", "to 0.3")}
    assert stored(widget)["ranges"] is None
    assert widget.caption.text().startswith("35 of 35 frames are kept; chi: 5 positions")


def test_typed_limits_choose_the_frames(orange, widget):
    type_limit(widget, "mu", 0, "-0.1")
    type_limit(widget, "mu", 1, "0.1")
    type_limit(widget, "chi", 0, "0")
    assert stored(widget)["ranges"] == {"chi": (0.0, None), "mu": (-0.1, 0.1)}
    assert orange.get_output("Dataset", widget=widget, wait=5000).scan_shape == (3, 3)
    assert widget.caption.text().startswith("9 of 35 frames are kept; chi: 3 positions")


def test_text_that_is_no_number_is_an_error(orange, widget):
    type_limit(widget, "mu", 0, "left")
    assert orange.get_output("Dataset", widget=widget, wait=5000) is None
    assert "ranges must be" in str(widget.Error.failed)
    assert "left" in str(widget.Error.failed)
    type_limit(widget, "mu", 0, "")
    assert orange.get_output("Dataset", widget=widget, wait=5000).n_frames == 35


def test_limits_of_a_motor_that_another_scan_lacks_stay_and_are_refused(orange, widget, rocking_dataset):
    type_limit(widget, "chi", 0, "0.1")
    orange.send_signal("Dataset", rocking_dataset, widget=widget)
    assert orange.get_output("Dataset", widget=widget, wait=5000) is None
    assert "got 'chi'" in str(widget.Error.failed)
    type_limit(widget, "chi", 0, "")
    assert orange.get_output("Dataset", widget=widget, wait=5000).n_frames == 9


def test_points_that_go_missing_are_told(orange, widget):
    widget.change_parameters(every=2)
    orange.wait_until_finished(widget=widget)
    assert widget.caption.text().endswith("17 points without a frame.")
