"""Save Maps: nothing is written unasked."""

from __future__ import annotations

import numpy as np
import pytest

from darfix_core.model.maps import Map, Maps

from .support import stored


@pytest.fixture
def maps():
    values = np.arange(12.0).reshape(3, 4)
    return Maps({"intensity": Map(values, "counts", "sum of the counts over the scan")})


@pytest.fixture
def owsave():
    from orangecontrib.dfxm.widgets.owsavemaps import OWSaveMaps

    return OWSaveMaps


def save_button(widget):
    return next(b for b in widget.buttonsArea.findChildren(type(widget.cancel_button)) if b.text() == "Save")


def test_reopened_workflow_writes_nothing(orange, owsave, maps, tmp_path):
    path = tmp_path / "maps.h5"
    widget = orange.create_widget(owsave, stored_settings={"path": str(path), "overwrite": True})
    orange.send_signal("Maps", maps, widget=widget)
    orange.wait_until_finished(widget=widget)
    assert not path.exists()
    assert str(widget.Information.waiting) == "Not saved yet."


def test_button_saves(orange, qtbot, owsave, maps, tmp_path):
    from AnyQt.QtCore import Qt

    from darfix_core.io.maps import load_maps

    path = tmp_path / "maps.h5"
    widget = orange.create_widget(owsave, stored_settings={"figures": False})
    orange.send_signal("Maps", maps, widget=widget)
    widget.form.editors["path"].line.setText(str(path))
    widget.form.editors["path"].line.editingFinished.emit()
    assert stored(widget)["path"] == str(path)
    qtbot.mouseClick(save_button(widget), Qt.LeftButton)
    orange.wait_until_finished(widget=widget)
    assert str(path) in str(widget.Information.saved)
    assert np.array_equal(load_maps(path)["intensity"], maps["intensity"])


def test_existing_file_is_kept_unless_asked(orange, owsave, maps, tmp_path):
    path = tmp_path / "maps.h5"
    path.write_bytes(b"something else")
    widget = orange.create_widget(owsave, stored_settings={"path": str(path), "figures": False})
    orange.send_signal("Maps", maps, widget=widget)
    widget.commit.now()
    orange.wait_until_finished(widget=widget)
    assert "maps.h5" in str(widget.Error.failed)
    assert path.read_bytes() == b"something else"
    assert not widget.Information.saved.is_shown()
    widget.form.editors["overwrite"].check.click()
    widget.commit.now()
    orange.wait_until_finished(widget=widget)
    assert widget.Information.saved.is_shown()
    assert path.read_bytes() != b"something else"


def test_button_saves_again_after_an_error(orange, qtbot, owsave, maps, tmp_path):
    from AnyQt.QtCore import Qt

    path = tmp_path / "maps.h5"
    path.write_bytes(b"something else")
    widget = orange.create_widget(owsave, stored_settings={"path": str(path), "figures": False})
    orange.send_signal("Maps", maps, widget=widget)
    qtbot.mouseClick(save_button(widget), Qt.LeftButton)
    orange.wait_until_finished(widget=widget)
    assert widget.Error.failed.is_shown()
    path.unlink()
    qtbot.mouseClick(save_button(widget), Qt.LeftButton)
    orange.wait_until_finished(widget=widget)
    assert str(path) in str(widget.Information.saved)
    assert path.exists()


def test_button_saves_again_after_the_file_was_removed(orange, qtbot, owsave, maps, tmp_path):
    from AnyQt.QtCore import Qt

    path = tmp_path / "maps.h5"
    widget = orange.create_widget(owsave, stored_settings={"path": str(path), "figures": False})
    orange.send_signal("Maps", maps, widget=widget)
    for _ in range(2):
        qtbot.mouseClick(save_button(widget), Qt.LeftButton)
        orange.wait_until_finished(widget=widget)
        assert str(widget.Information.saved).startswith("Saved: maps.h5")
        path.unlink()
    # What was saved is not saved once more when the user lets later maps be saved by themselves.
    widget.controls.autocommit.click()
    orange.wait_until_finished(widget=widget)
    assert not path.exists()


def test_without_a_path_it_says_so(orange, owsave, maps):
    widget = orange.create_widget(owsave)
    orange.send_signal("Maps", maps, widget=widget)
    widget.commit.now()
    assert str(widget.Information.waiting) == "Path is not given."


def test_saves_by_itself_where_the_user_wants_it(orange, owsave, maps, tmp_path):
    path = tmp_path / "maps.h5"
    widget = orange.create_widget(owsave, stored_settings={"path": str(path), "figures": False, "autocommit": True})
    orange.send_signal("Maps", maps, widget=widget)
    orange.wait_until_finished(widget=widget)
    assert path.exists()
