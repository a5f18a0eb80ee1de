"""Dimension Definition: found, by hand, and what is said about it."""

from __future__ import annotations

import numpy as np
import pytest

from darfix_core.model.dataset import Dataset

from .support import stored


@pytest.fixture
def scanned():
    """Mesh of chi (slow, 5) and mu (fast, 7), read-backs a little off, dimensions not defined."""
    random = np.random.default_rng(3)
    chi, mu = (axis.ravel() for axis in np.meshgrid(np.arange(5) * 0.1, np.arange(7) * 0.2, indexing="ij"))
    positions = {"chi": chi + random.normal(0, 0.002, 35), "mu": mu + random.normal(0, 0.004, 35)}
    stack = np.arange(35 * 6, dtype=np.uint16).reshape(35, 2, 3)
    return Dataset.from_array(stack, positions)


@pytest.fixture
def owdimensions():
    from orangecontrib.dfxm.widgets.owdimensions import OWDimensions

    return OWDimensions


@pytest.fixture
def widget(orange, owdimensions, scanned):
    widget = orange.create_widget(owdimensions)
    orange.send_signal("Dataset", scanned, widget=widget)
    assert orange.get_output("Dataset", widget=widget, wait=20000) is not None
    return widget


def rows(widget):
    table = widget.table.table
    return [[table.item(row, column).text() for column in range(7)] for row in range(table.rowCount())]


def type_into(widget, row, column, text):
    widget.table.table.item(row, column).setText(text)


def output(orange, widget):
    return orange.get_output("Dataset", widget=widget, wait=20000)


def test_dimensions_are_found_and_shown(orange, widget):
    assert output(orange, widget).scan_shape == (5, 7)
    assert [row[:2] for row in rows(widget)] == [["chi", "5"], ["mu", "7"]]
    assert float(rows(widget)[1][4]) == pytest.approx(0.2, abs=0.005)
    assert rows(widget)[0][5] == "deg"
    assert rows(widget)[0][6].endswith("step")
    assert widget.verdict.text() == "5 x 7 = 35 points, 35 frames, complete"


def test_missing_points_are_counted(orange, owdimensions, scanned):
    widget = orange.create_widget(owdimensions)
    orange.send_signal("Dataset", scanned.select_frames(np.arange(33)), widget=widget)
    assert output(orange, widget).missing.size == 2
    assert widget.verdict.text() == "5 x 7 = 35 points, 33 frames, 2 points without a frame"


def test_by_hand_starts_from_what_was_found(orange, widget):
    widget.hand_button.click()
    given = stored(widget)["dimensions"]
    assert [(entry["name"], entry["size"]) for entry in given] == [("chi", 5), ("mu", 7)]
    assert output(orange, widget).scan_shape == (5, 7)


def test_wrong_size_is_an_error_with_numbers(orange, widget):
    widget.hand_button.click()
    type_into(widget, 0, 1, "6")
    type_into(widget, 1, 1, "8")
    choose_assign(widget, "order")
    assert output(orange, widget) is None
    assert "48" in widget.verdict.text()
    assert "35" in widget.verdict.text()
    assert widget.Error.failed.is_shown()


def test_text_for_a_number_is_an_error_that_names_it(orange, widget):
    widget.hand_button.click()
    type_into(widget, 0, 1, "many")
    assert output(orange, widget) is None
    assert "size" in str(widget.Error.failed)
    assert "'many'" in str(widget.Error.failed)


def test_step_follows_what_is_typed(widget):
    widget.hand_button.click()
    type_into(widget, 1, 2, "0")
    type_into(widget, 1, 3, "3")
    assert rows(widget)[1][4:] == ["0.5", "deg", ""]


def test_order_of_the_rows_can_be_changed(orange, qtbot, widget):
    from AnyQt.QtCore import Qt
    from AnyQt.QtWidgets import QPushButton

    widget.hand_button.click()
    widget.table.table.selectRow(1)
    qtbot.mouseClick(widget.table.findChild(QPushButton, "Slower"), Qt.LeftButton)
    assert [entry["name"] for entry in stored(widget)["dimensions"]] == ["mu", "chi"]
    assert output(orange, widget).scan_shape == (7, 5)


def test_rows_are_added_and_removed(widget, qtbot):
    from AnyQt.QtCore import Qt
    from AnyQt.QtWidgets import QPushButton

    widget.hand_button.click()
    qtbot.mouseClick(widget.table.findChild(QPushButton, "Add"), Qt.LeftButton)
    assert stored(widget)["dimensions"][-1] == {"name": "", "size": 2, "start": 0.0, "stop": 1.0}
    qtbot.mouseClick(widget.table.findChild(QPushButton, "Remove"), Qt.LeftButton)
    assert len(stored(widget)["dimensions"]) == 2


def test_back_to_found(orange, widget):
    widget.hand_button.click()
    type_into(widget, 0, 1, "many")
    widget.found_button.click()
    assert stored(widget)["dimensions"] is None
    assert output(orange, widget).scan_shape == (5, 7)
    assert rows(widget)[0][1] == "5"


def test_saved_by_hand_is_shown_again(orange, owdimensions, scanned):
    dimensions = (
        {"name": "chi", "size": 5, "start": 0.0, "stop": 0.4},
        {"name": "mu", "size": 7, "start": 0.0, "stop": 1.2},
    )
    widget = orange.create_widget(owdimensions, stored_settings={"dimensions": dimensions, "assign": "order"})
    assert widget.hand_button.isChecked()
    assert [row[:4] for row in rows(widget)] == [["chi", "5", "0", "0.4"], ["mu", "7", "0", "1.2"]]
    orange.send_signal("Dataset", scanned, widget=widget)
    assert output(orange, widget).scan_shape == (5, 7)
    assert rows(widget)[1][4] == "0.2"


def enabled(widget):
    return {name for name, editor in widget.form.editors.items() if editor.isEnabled()}


def choose_assign(widget, choice):
    combo = widget.form.editors["assign"].combo
    combo.setCurrentText(choice)
    combo.activated.emit(combo.currentIndex())


def test_what_does_not_apply_is_disabled_and_taken_back(orange, widget):
    assert enabled(widget) == {"tolerance"}
    widget.hand_button.click()
    assert enabled(widget) == {"tolerance", "assign"}
    choose_assign(widget, "order")
    assert enabled(widget) == {"assign", "snake"}
    widget.form.editors["snake"].check.click()
    assert stored(widget)["snake"]
    assert output(orange, widget).grid_index[7] == 13
    widget.found_button.click()
    assert enabled(widget) == {"tolerance"}
    assert stored(widget) == {"dimensions": None, "tolerance": None, "assign": "positions", "snake": False}
    assert output(orange, widget).scan_shape == (5, 7)


def test_scan_in_which_nothing_moves_says_what_to_do(orange, owdimensions, scanned):
    widget = orange.create_widget(owdimensions)
    still = scanned.replace(positions={"mu": np.zeros(35)})
    orange.send_signal("Dataset", still, widget=widget)
    assert output(orange, widget) is None
    assert "by hand" in widget.verdict.text()


def test_motors_of_the_scan_are_offered(widget):
    assert widget.table.motors.motors == ["chi", "mu"]
