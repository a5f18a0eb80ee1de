"""Persist: the cost before, the frames after."""

from __future__ import annotations

import numpy as np
import pytest

import darfix_core as dc
from tests.model.test_frames import CountingSource


@pytest.fixture
def widget(orange):
    from orangecontrib.dfxm.widgets.owpersist import OWPersist

    return orange.create_widget(OWPersist)


@pytest.fixture
def dataset(rocking_dataset):
    return rocking_dataset.replace(frames=dc.Frames(CountingSource(np.array(rocking_dataset.frames[:]))))


def test_frames_are_kept_in_memory(orange, widget, dataset):
    orange.send_signal("Dataset", dataset, widget=widget)
    result = orange.get_output("Dataset", widget=widget, wait=5000)
    assert result.frames.source.in_memory
    np.testing.assert_array_equal(result.frames[:], dataset.frames[:])


def test_cost_is_told(orange, qtbot, widget, dataset):
    orange.send_signal("Dataset", dataset, widget=widget)
    qtbot.waitUntil(lambda: "about" in widget.cost.text())
    assert "in memory (budget" in widget.cost.text()
    combo = widget.form.editors["to"].combo
    combo.setCurrentText("scratch")
    combo.activated.emit(combo.currentIndex())
    qtbot.waitUntil(lambda: "free)" in widget.cost.text())
    orange.send_signal("Dataset", None, widget=widget)
    assert widget.cost.text() == ""


def test_cost_can_be_looked_at_before(orange, qtbot, dataset):
    from AnyQt.QtCore import Qt

    from orangecontrib.dfxm.widgets.owpersist import OWPersist

    widget = orange.create_widget(OWPersist, stored_settings={"autocommit": False})
    orange.send_signal("Dataset", dataset, widget=widget)
    qtbot.waitUntil(lambda: "about" in widget.cost.text())
    assert orange.get_output("Dataset", widget=widget) is None
    assert str(widget.Information.waiting) == "Not kept yet."
    qtbot.mouseClick(widget.commit_button, Qt.LeftButton)
    assert orange.get_output("Dataset", widget=widget, wait=5000).frames.source.in_memory
    assert not widget.Information.waiting.is_shown()
    # Frames that were kept do not stand for others.
    orange.send_signal("Dataset", dataset.crop((0, 0), (3, 4)), widget=widget)
    assert orange.get_output("Dataset", widget=widget) is None
    orange.send_signal("Dataset", None, widget=widget)
    assert not widget.Information.waiting.is_shown()


def test_folder_is_chosen(widget, monkeypatch, tmp_path):
    from AnyQt.QtWidgets import QFileDialog

    widget.change_parameters(to="scratch")
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(tmp_path))
    widget.form.editors["folder"].button.click()
    assert widget.folder == str(tmp_path)


def test_what_does_not_fit_is_told_before_and_refused(orange, qtbot, widget, dataset, monkeypatch):
    monkeypatch.setenv("DARFIX_MEMORY", "100")
    orange.send_signal("Dataset", dataset, widget=widget)
    assert orange.get_output("Dataset", widget=widget, wait=5000) is None
    assert "to='scratch'" in str(widget.Error.failed)
    qtbot.waitUntil(lambda: "This does not fit" in widget.cost.text())


def test_folder_is_for_scratch_files(qtbot, widget, orange, dataset, tmp_path):
    assert not widget.form.editors["folder"].isEnabled()
    widget.change_parameters(to="scratch", folder=str(tmp_path / "missing"))
    assert widget.form.editors["folder"].isEnabled()
    orange.send_signal("Dataset", dataset, widget=widget)
    qtbot.waitUntil(lambda: "no such folder" in widget.cost.text())
    assert orange.get_output("Dataset", widget=widget, wait=5000) is None
    assert "no such folder" in str(widget.Error.failed)
