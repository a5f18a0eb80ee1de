"""Mask: drawn, saved and used; from a file; from another widget."""

from __future__ import annotations

import numpy as np
import pytest

import darfix_core as dc
from darfix_core.io.mask_file import read_mask, write_mask

from .support import stored


@pytest.fixture
def owmask():
    from orangecontrib.dfxm.widgets.owmask import OWMask

    return OWMask


@pytest.fixture
def widget(orange, owmask):
    return orange.create_widget(owmask)


@pytest.fixture
def spot():
    values = np.zeros((12, 16), dtype=bool)
    values[3:6, 4:9] = True
    return values


def shown(orange, qtbot, widget, dataset):
    """The widget with a frame to draw on."""
    widget.show()
    orange.send_signal("Dataset", dataset, widget=widget)
    qtbot.waitUntil(lambda: widget.view._following)


def draw(widget, row=3, column=4, height=3, width=5):
    """Do as the mouse does with the rectangle of silx, which also masks the pixels that it ends in."""
    tools = widget.view.tools
    tools._activeRectMode()
    place = {"x": column, "y": row, "height": height - 1, "width": width - 1}
    widget.view.browser.plot.sigPlotSignal.emit({"event": "drawingFinished", "type": "rectangle", **place})


def save_as(monkeypatch, path, chosen="NumPy array (*.npy)"):
    from AnyQt.QtWidgets import QFileDialog

    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(path), chosen))


def test_drawing_is_saved_and_used(orange, qtbot, widget, rocking_dataset, spot, monkeypatch, tmp_path):
    shown(orange, qtbot, widget, rocking_dataset)
    assert str(widget.Information.waiting) == "No mask yet: draw one, choose a file, or connect one."
    assert not widget.save_button.isEnabled()
    draw(widget)
    assert widget.Warning.unsaved.is_shown()
    assert orange.get_output("Dataset", widget=widget) is None
    save_as(monkeypatch, tmp_path / "mask")
    widget.save_button.click()
    result = orange.get_output("Dataset", widget=widget, wait=5000)
    np.testing.assert_array_equal(result.mask, spot)
    assert stored(widget)["file"] == str(tmp_path / "mask.npy")
    np.testing.assert_array_equal(read_mask(str(tmp_path / "mask.npy")), spot)
    assert not widget.Warning.unsaved.is_shown()
    assert widget.state.text() == "15 of 192 pixels are masked."


def test_drawing_goes_on_from_the_file(orange, qtbot, owmask, rocking_dataset, spot, monkeypatch, tmp_path):
    path = str(write_mask(tmp_path / "mask.tif", spot))
    widget = orange.create_widget(owmask, stored_settings={"file": path})
    shown(orange, qtbot, widget, rocking_dataset)
    np.testing.assert_array_equal(orange.get_output("Dataset", widget=widget, wait=5000).mask, spot)
    np.testing.assert_array_equal(widget.view.tools.getSelectionMask() != 0, spot)
    draw(widget, row=9, column=1, height=1, width=1)
    assert widget.Warning.unsaved.is_shown()
    save_as(monkeypatch, path)
    widget.save_button.click()
    larger = spot.copy()
    larger[9, 1] = True
    orange.wait_until_finished(widget=widget)
    np.testing.assert_array_equal(orange.get_output("Dataset", widget=widget).mask, larger)


def test_name_without_ending_replaces_no_file_unasked(orange, qtbot, widget, rocking_dataset, monkeypatch, tmp_path):
    (tmp_path / "mask.edf").write_bytes(b"precious")
    shown(orange, qtbot, widget, rocking_dataset)
    draw(widget)
    save_as(monkeypatch, tmp_path / "mask", "EDF image (*.edf)")
    widget.save_button.click()
    assert "mask.edf" in str(widget.Error.failed)
    assert (tmp_path / "mask.edf").read_bytes() == b"precious"
    assert widget.Warning.unsaved.is_shown()


def test_drawing_is_not_lost_with_the_frames(orange, qtbot, widget, rocking_dataset, spot):
    shown(orange, qtbot, widget, rocking_dataset)
    draw(widget)
    orange.send_signal("Dataset", None, widget=widget)
    orange.send_signal("Dataset", rocking_dataset.replace(metadata={}), widget=widget)
    qtbot.waitUntil(lambda: widget.view._following)
    np.testing.assert_array_equal(widget.view.tools.getSelectionMask() != 0, spot)
    orange.send_signal("Dataset", dc.roi(rocking_dataset, shape=(6, 7)), widget=widget)
    qtbot.waitUntil(lambda: widget.view._following)
    assert "The drawn mask, 12 x 16 px, does not fit these frames" in str(widget.Warning.aside)
    np.testing.assert_array_equal(widget.view.mask, spot)
    widget.hide()
    orange.send_signal("Dataset", rocking_dataset, widget=widget)
    widget.show()
    qtbot.waitUntil(lambda: widget.view._following)
    np.testing.assert_array_equal(widget.view.tools.getSelectionMask() != 0, spot)
    assert widget.Warning.unsaved.is_shown()


def test_cleared_drawing_is_nothing_to_be_saved(orange, qtbot, widget, rocking_dataset):
    shown(orange, qtbot, widget, rocking_dataset)
    draw(widget)
    widget.view.tools.resetSelectionMask()
    assert not widget.Warning.unsaved.is_shown()
    assert not widget.save_button.isEnabled()


def test_mask_comes_in_from_another_widget(orange, qtbot, widget, rocking_dataset, spot):
    orange.send_signal("Mask", dc.Mask(spot), widget=widget)
    shown(orange, qtbot, widget, rocking_dataset)
    np.testing.assert_array_equal(orange.get_output("Dataset", widget=widget, wait=5000).mask, spot)
    np.testing.assert_array_equal(widget.view.tools.getSelectionMask() != 0, spot)
    assert not widget.form.editors["file"].isEnabled()
    orange.send_signal("Mask", None, widget=widget)
    assert orange.get_output("Dataset", widget=widget) is None
    assert widget.form.editors["file"].isEnabled()


def test_file_that_does_not_fit_is_told(orange, owmask, rocking_dataset, tmp_path):
    path = str(write_mask(tmp_path / "mask.npy", np.zeros((3, 4), dtype=bool)))
    widget = orange.create_widget(owmask, stored_settings={"file": path})
    orange.send_signal("Dataset", rocking_dataset, widget=widget)
    orange.wait_until_finished(widget=widget)
    assert "the mask must have the shape of the frames" in str(widget.Error.failed)


def test_file_is_chosen(widget, monkeypatch, tmp_path):
    from AnyQt.QtWidgets import QFileDialog

    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(tmp_path / "mask.msk"), ""))
    widget.form.editors["file"].button.click()
    assert widget.file == str(tmp_path / "mask.msk")
