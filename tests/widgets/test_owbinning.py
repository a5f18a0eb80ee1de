"""Binning: the form, and what it says about the result."""

from __future__ import annotations

import pytest

from .support import shown_image


@pytest.fixture
def widget(orange, rocking_dataset):
    from orangecontrib.dfxm.widgets.owbinning import OWBinning

    widget = orange.create_widget(OWBinning)
    orange.send_signal("Dataset", rocking_dataset.replace(pixel_size=(0.1, 0.2)), widget=widget)
    orange.wait_until_finished(widget=widget)
    return widget


def test_sizes_before_and_after_are_told(widget):
    assert widget.caption.text() == "12 x 16 px become 6 x 8 px, of 0.2 x 0.4 um each."


def test_typed_factor_changes_the_result(orange, widget):
    rows, columns = widget.form.editors["factor"].parts
    rows.spin.setValue(5)
    columns.spin.setValue(4)
    assert orange.get_output("Dataset", widget=widget, wait=5000).frame_shape == (2, 4)
    assert widget.caption.text().endswith("; 2 rows and 0 columns at the end are left out.")


def test_binned_frame_is_shown(qtbot, widget):
    widget.show()
    qtbot.waitUntil(lambda: shown_image(widget.view.plot) is not None)
    assert shown_image(widget.view.plot).shape == (6, 8)
    widget.hide()


def test_factor_larger_than_the_frame_is_an_error(orange, widget):
    widget.change_parameters(factor=(13, 1))
    assert orange.get_output("Dataset", widget=widget, wait=5000) is None
    assert "factor must be" in str(widget.Error.failed)
    assert widget.caption.text() == ""
