"""Noise Removal: the list of operations, and the frames that follow it at once."""

from __future__ import annotations

import numpy as np
import pytest

import darfix_core as dc
from tests.contracts.cases import SlowSource

from .support import shown_image, stored

MEDIAN = {"type": "subtract_background"}
THRESHOLD = {"type": "threshold", "bottom": 10.0}


@pytest.fixture
def scan(rocking_dataset):
    return rocking_dataset.replace(noise=dc.NoiseModel(gain=1.0, offset=0.0, read_noise=1.0))


@pytest.fixture
def make(orange):
    from orangecontrib.dfxm.widgets.ownoiseremoval import OWNoiseRemoval

    def made(*operations, **settings):
        settings |= {"operations": operations} if operations else {}
        return orange.create_widget(OWNoiseRemoval, stored_settings=settings)

    return made


def texts(widget):
    return [widget.list.list.item(row).text() for row in range(widget.list.list.count())]


def types(widget):
    return [operation["type"] for operation in widget.operations]


def frames_of(orange, widget):
    result = orange.get_output("Dataset", widget=widget, wait=5000)
    return None if result is None else np.asarray(result.frames)


def type_number(editor, text):
    editor.line.setText(text)
    editor.line.editingFinished.emit()


def test_median_background_is_there_from_the_beginning(orange, make, scan):
    widget = make()
    assert texts(widget) == ["1. Background Subtraction"]
    orange.send_signal("Dataset", scan, widget=widget)
    assert np.array_equal(frames_of(orange, widget), np.asarray(dc.noise_removal(scan).frames))


def test_operations_are_added_from_a_menu_behind_the_selected_one(orange, make, scan):
    widget = make(MEDIAN, THRESHOLD)
    orange.send_signal("Dataset", scan, widget=widget)
    widget.list.list.setCurrentRow(0)
    actions = widget.list.add_button.menu().actions()
    title = dc.remove_hot_pixels.step.title
    next(action for action in actions if action.text() == title).trigger()
    assert types(widget) == ["subtract_background", "remove_hot_pixels", "threshold"]
    assert widget.list.list.currentRow() == 1
    assert set(widget.list.form.editors) == set(dc.remove_hot_pixels.step.parameters.entries)
    expected = dc.threshold(dc.remove_hot_pixels(dc.subtract_background(scan)), bottom=10.0)
    assert np.array_equal(frames_of(orange, widget), np.asarray(expected.frames))


def test_form_of_the_selected_operation_changes_it(orange, make, scan):
    widget = make(MEDIAN, THRESHOLD)
    orange.send_signal("Dataset", scan, widget=widget)
    widget.list.list.setCurrentRow(1)
    type_number(widget.list.form.editors["bottom"].inner, "40")
    assert widget.operations[1]["bottom"] == 40.0
    expected = dc.threshold(dc.subtract_background(scan), bottom=40.0)
    assert np.array_equal(frames_of(orange, widget), np.asarray(expected.frames))
    widget.list.list.setCurrentRow(0)
    assert "method" in widget.list.form.editors


def test_mask_of_an_operation_is_chosen_in_a_dialog(orange, make, scan, tmp_path):
    mask = np.zeros(scan.frame_shape, dtype=bool)
    mask[2] = True
    np.save(tmp_path / "mask.npy", mask)
    widget = make(THRESHOLD)
    orange.send_signal("Dataset", scan, widget=widget)
    widget.list.add("apply_mask")
    assert frames_of(orange, widget) is None
    assert "number 2 (apply_mask)" in str(widget.Error.failed)
    widget.list.form.editors["file"].choose(str(tmp_path / "mask.npy"))
    assert np.array_equal(orange.get_output("Dataset", widget=widget, wait=5000).mask, mask)


def test_removed_operation_is_not_done(orange, make, scan):
    widget = make(MEDIAN, THRESHOLD)
    orange.send_signal("Dataset", scan, widget=widget)
    widget.list.list.setCurrentRow(0)
    widget.list.remove_button.click()
    assert texts(widget) == [f"1. {dc.threshold.step.title}"]
    expected = dc.threshold(scan, bottom=10.0)
    assert np.array_equal(frames_of(orange, widget), np.asarray(expected.frames))
    widget.list.remove_button.click()
    assert widget.operations == ()
    assert not widget.list.remove_button.isEnabled()
    assert np.array_equal(frames_of(orange, widget), np.asarray(scan.frames))


@pytest.mark.parametrize("by", ["button", "drag"])
def test_operations_are_done_in_the_order_of_the_list(orange, make, scan, by):
    from AnyQt.QtCore import QModelIndex

    widget = make(MEDIAN, THRESHOLD)
    orange.send_signal("Dataset", scan, widget=widget)
    if by == "button":
        widget.list.list.setCurrentRow(1)
        assert not widget.list.down_button.isEnabled()
        widget.list.up_button.click()
        assert widget.list.list.currentRow() == 0
    else:
        # What the list does when a row is dropped above the first one.
        widget.list.list.model().moveRow(QModelIndex(), 1, QModelIndex(), 0)
    assert types(widget) == ["threshold", "subtract_background"]
    assert texts(widget) == [f"1. {dc.threshold.step.title}", "2. Background Subtraction"]
    expected = dc.subtract_background(dc.threshold(scan, bottom=10.0))
    assert np.array_equal(frames_of(orange, widget), np.asarray(expected.frames))


def test_operation_without_its_check_is_left_out(orange, make, scan):
    from AnyQt.QtCore import Qt

    widget = make(MEDIAN, THRESHOLD)
    orange.send_signal("Dataset", scan, widget=widget)
    widget.list.list.item(0).setCheckState(Qt.Unchecked)
    assert widget.operations[0]["enabled"] is False
    expected = dc.threshold(scan, bottom=10.0)
    assert np.array_equal(frames_of(orange, widget), np.asarray(expected.frames))


def test_reopened_workflow_shows_the_same_list(make):
    first = make(MEDIAN, {**THRESHOLD, "enabled": False})
    first.list.list.setCurrentRow(1)
    type_number(first.list.form.editors["bottom"].inner, "7")
    again = make(*stored(first)["operations"])
    assert texts(again) == texts(first)
    assert again.operations == first.operations
    assert again.list.operations()[1] == {**THRESHOLD, "bottom": 7.0, "enabled": False}


def test_median_is_computed_once_while_later_operations_change(orange, make, scan):
    source = SlowSource(np.asarray(scan.frames))
    widget = make(MEDIAN, THRESHOLD)
    orange.send_signal("Dataset", scan.replace(frames=dc.Frames(source)), widget=widget)
    orange.wait_until_finished(widget=widget)
    read = source.read_pixels
    assert read == source.array.size
    widget.list.list.setCurrentRow(1)
    for bottom in ("20", "30"):
        type_number(widget.list.form.editors["bottom"].inner, bottom)
        orange.wait_until_finished(widget=widget)
    widget.list.remove_button.click()
    orange.wait_until_finished(widget=widget)
    assert source.read_pixels == read


def test_error_names_the_operation_and_the_list_stays(orange, make, scan):
    widget = make({**MEDIAN, "source": "dark"}, THRESHOLD)
    orange.send_signal("Dataset", scan, widget=widget)
    assert frames_of(orange, widget) is None
    assert "number 1 (subtract_background)" in str(widget.Error.failed)
    assert len(texts(widget)) == 2
    widget.list.list.setCurrentRow(0)
    combo = widget.list.form.editors["source"].combo
    combo.setCurrentText("data")
    combo.activated.emit(combo.currentIndex())
    assert frames_of(orange, widget) is not None
    assert not widget.Error.active


def test_operation_that_does_not_exist_here_is_kept(orange, make, scan):
    widget = make(MEDIAN, {"type": "deep_clean", "depth": 3})
    assert texts(widget)[1] == "2. unknown: 'deep_clean'"
    widget.list.list.setCurrentRow(1)
    assert widget.list.form is None
    orange.send_signal("Dataset", scan, widget=widget)
    assert frames_of(orange, widget) is None
    assert "no type 'deep_clean'" in str(widget.Error.failed)
    assert widget.operations[1] == {"type": "deep_clean", "depth": 3}


def test_shown_frame_follows_every_change(orange, qtbot, make, scan):
    widget = make(MEDIAN, THRESHOLD)
    orange.send_signal("Dataset", scan, widget=widget)
    widget.show()
    widget.view.before.show_frame(2)
    after = widget.view.after.plot
    clean = dc.subtract_background(scan)
    widget.list.list.setCurrentRow(1)
    for bottom in (200.0, 300.0):
        type_number(widget.list.form.editors["bottom"].inner, str(bottom))
        wanted = dc.threshold(clean, bottom=bottom).frames[2]
        qtbot.waitUntil(lambda wanted=wanted: np.array_equal(shown_image(after), wanted), timeout=10_000)
    widget.hide()


def test_change_is_shown_before_it_is_applied_where_that_waits_for_the_button(orange, qtbot, make, scan):
    widget = make(MEDIAN, THRESHOLD)
    orange.send_signal("Dataset", scan, widget=widget)
    applied = orange.get_output("Dataset", widget=widget, wait=5000)
    widget.autocommit = False
    widget.show()
    widget.list.list.setCurrentRow(1)
    type_number(widget.list.form.editors["bottom"].inner, "300")
    after = widget.view.after
    wanted = dc.threshold(dc.subtract_background(scan), bottom=300.0).frames
    qtbot.waitUntil(lambda: np.array_equal(shown_image(after.plot), wanted[after.number]), timeout=10_000)
    assert after.plot.getGraphTitle() == "After, not applied yet"
    assert orange.get_output("Dataset", widget=widget) is applied
    type_number(widget.list.form.editors["bottom"].inner, "wrong")
    qtbot.waitUntil(lambda: "bottom must be a number" in str(widget.Error.failed), timeout=10_000)
    assert orange.get_output("Dataset", widget=widget) is applied
    type_number(widget.list.form.editors["bottom"].inner, "300")
    qtbot.waitUntil(lambda: not widget.Error.active, timeout=10_000)
    widget.commit.now()
    assert np.array_equal(frames_of(orange, widget), wanted[:])
    assert after.plot.getGraphTitle() == "After"
    widget.hide()


def test_report_tells_the_operations(orange, make, scan):
    widget = make(MEDIAN, THRESHOLD)
    orange.send_signal("Dataset", scan, widget=widget)
    orange.wait_until_finished(widget=widget)
    widget.send_report()
    assert "subtract_background, threshold (bottom 10.0)" in widget.report_html
