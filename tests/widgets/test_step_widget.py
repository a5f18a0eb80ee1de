"""The base of the widgets, by means of the step that crops and of one that can be held up."""

from __future__ import annotations

import ast
import threading
from types import SimpleNamespace

import numpy as np
import pytest

from darfix_core.engine.execution import current_execution, warn

from .support import stored


@pytest.fixture
def owroi():
    from orangecontrib.dfxm.widgets.owroi import OWRoi

    return OWRoi


@pytest.fixture
def gate():
    """Replaces the work of the roi step: it waits until the gate is opened, and stops when cancelled."""
    from darfix_core.engine.registry import get_step

    calls = SimpleNamespace(opened=threading.Event(), started=[], cancelled=0)
    step = get_step("roi")
    crop = step.function

    def held_up(dataset, *, origin, shape):
        calls.started.append(origin)
        while not calls.opened.wait(0.005):
            try:
                current_execution().check_cancelled()
            except Exception:
                calls.cancelled += 1
                raise
        current_execution().report(0.5, "half way")
        return crop(dataset, origin=origin, shape=shape)

    object.__setattr__(step, "function", held_up)
    yield calls
    calls.opened.set()
    object.__setattr__(step, "function", crop)


def test_input_gives_output_without_a_click(orange, owroi, rocking_dataset):
    widget = orange.create_widget(owroi, stored_settings={"origin": (2, 3), "shape": (4, 5)})
    orange.send_signal("Dataset", rocking_dataset, widget=widget)
    assert orange.get_output("Dataset", widget=widget, wait=5000).frame_shape == (4, 5)


def test_removed_input_removes_output(orange, owroi, rocking_dataset):
    widget = orange.create_widget(owroi)
    orange.send_signal("Dataset", rocking_dataset, widget=widget)
    assert orange.get_output("Dataset", widget=widget, wait=5000) is not None
    orange.send_signal("Dataset", None, widget=widget)
    assert orange.get_output("Dataset", widget=widget, wait=5000) is None
    assert not widget.Error.active


def test_error_of_the_step_is_shown_and_goes_away(orange, owroi, rocking_dataset):
    widget = orange.create_widget(owroi, stored_settings={"origin": (100, 0), "shape": (4, 4)})
    orange.send_signal("Dataset", rocking_dataset, widget=widget)
    assert orange.get_output("Dataset", widget=widget, wait=5000) is None
    assert "frame" in str(widget.Error.failed)
    widget.change_parameters(origin=(0, 0))
    assert orange.get_output("Dataset", widget=widget, wait=5000) is not None
    assert not widget.Error.failed.is_shown()


@pytest.mark.parametrize("value", ["no rectangle", (1, 2, 3), (True, 1), 5, (0.5, 1)])
def test_settings_of_the_wrong_kind_give_the_error_of_the_step(orange, owroi, rocking_dataset, value):
    widget = orange.create_widget(owroi, stored_settings={"origin": value})
    orange.send_signal("Dataset", rocking_dataset, widget=widget)
    assert orange.get_output("Dataset", widget=widget, wait=5000) is None
    assert "origin must be" in str(widget.Error.failed)


def test_lists_from_a_file_do_for_tuples(orange, owroi, rocking_dataset):
    widget = orange.create_widget(owroi, stored_settings={"origin": [1, 1], "shape": [2, 2]})
    orange.send_signal("Dataset", rocking_dataset, widget=widget)
    assert orange.get_output("Dataset", widget=widget, wait=5000).frame_shape == (2, 2)


def test_without_auto_commit_a_change_waits_for_the_button(orange, qtbot, owroi, rocking_dataset):
    from AnyQt.QtCore import Qt

    widget = orange.create_widget(owroi, stored_settings={"autocommit": False})
    orange.send_signal("Dataset", rocking_dataset, widget=widget)
    assert orange.get_output("Dataset", widget=widget, wait=5000).frame_shape == (12, 16)
    widget.change_parameters(shape=(3, 3))
    orange.wait_until_finished(widget=widget)
    assert orange.get_output("Dataset", widget=widget).frame_shape == (12, 16)
    button = next(b for b in widget.buttonsArea.findChildren(type(widget.cancel_button)) if b.text() == "Apply")
    qtbot.mouseClick(button, Qt.LeftButton)
    assert orange.get_output("Dataset", widget=widget, wait=5000).frame_shape == (3, 3)


def test_change_while_running_starts_again_with_the_newest_values(orange, owroi, rocking_dataset, gate):
    widget = orange.create_widget(owroi)
    orange.send_signal("Dataset", rocking_dataset, widget=widget)
    orange.process_events(lambda: gate.started)
    widget.change_parameters(origin=(5, 5))
    widget.change_parameters(origin=(6, 6))
    orange.process_events(lambda: gate.cancelled)
    gate.opened.set()
    assert orange.get_output("Dataset", widget=widget, wait=5000).origin == (6, 6)
    assert gate.started[0] == (0, 0)
    assert gate.started[-1] == (6, 6)


def test_cancel_button_stops_and_computes_again(orange, qtbot, owroi, rocking_dataset, gate):
    from AnyQt.QtCore import Qt

    widget = orange.create_widget(owroi)
    widget.show()
    assert widget.cancel_button.isHidden()
    orange.send_signal("Dataset", rocking_dataset, widget=widget)
    orange.process_events(lambda: gate.started)
    assert widget.cancel_button.isVisible()
    assert widget.isInvalidated()
    qtbot.mouseClick(widget.cancel_button, Qt.LeftButton)
    orange.process_events(lambda: gate.cancelled)
    assert widget.Information.cancelled.is_shown()
    assert not widget.isInvalidated()
    assert orange.get_output("Dataset", widget=widget) is None
    gate.opened.set()
    assert widget.cancel_button.text() == "Compute again"
    qtbot.mouseClick(widget.cancel_button, Qt.LeftButton)
    assert orange.get_output("Dataset", widget=widget, wait=5000) is not None
    assert not widget.Information.cancelled.is_shown()
    assert widget.cancel_button.isHidden()
    widget.hide()


def test_button_stays_after_a_cancellation(orange, qtbot, owroi, rocking_dataset, gate):
    from AnyQt.QtCore import Qt

    widget = orange.create_widget(owroi, stored_settings={"autocommit": False})
    button = next(b for b in widget.buttonsArea.findChildren(type(widget.cancel_button)) if b.text() == "Apply")
    orange.send_signal("Dataset", rocking_dataset, widget=widget)
    orange.process_events(lambda: gate.started)
    assert not button.isEnabled()
    qtbot.mouseClick(widget.cancel_button, Qt.LeftButton)
    orange.process_events(lambda: gate.cancelled)
    gate.opened.set()
    qtbot.mouseClick(button, Qt.LeftButton)
    assert orange.get_output("Dataset", widget=widget, wait=5000) is not None
    assert not button.isEnabled()


def test_new_result_cancels_what_widgets_behind_compute_from_the_old_one(orange, qtbot, owroi, rocking_dataset, gate):
    from orangewidget.workflow.widgetsscheme import WidgetsScheme

    from tests.contracts.widgets import descriptions

    roi = next(found for found in descriptions() if found.name == owroi.name)
    scheme = WidgetsScheme()
    nodes = [scheme.new_node(roi) for _ in range(3)]
    for source, sink in zip(nodes, nodes[1:], strict=False):
        scheme.new_link(source, "Dataset", sink, "Dataset")
    first, second, third = (scheme.widget_for_node(node) for node in nodes)
    gate.opened.set()
    first.received["dataset"] = rocking_dataset
    first.commit.now()
    qtbot.waitUntil(lambda: third.produced is not None)
    gate.opened.clear()
    third.commit.now()
    qtbot.waitUntil(lambda: third.task is not None and len(gate.started) == 4)
    gate.opened.set()
    first.change_parameters(origin=(1, 1))
    assert third.task is None
    qtbot.waitUntil(lambda: third.produced is not None and third.produced.origin == (1, 1))
    for widget in (first, second, third):
        widget.onDeleteWidget()
    scheme.clear()


def test_one_button_computes_again(orange, qtbot, owroi, rocking_dataset, gate):
    from AnyQt.QtCore import Qt

    widget = orange.create_widget(owroi, stored_settings={"autocommit": False})
    widget.show()
    orange.send_signal("Dataset", rocking_dataset, widget=widget)
    orange.process_events(lambda: gate.started)
    qtbot.mouseClick(widget.cancel_button, Qt.LeftButton)
    assert widget.cancel_button.isHidden()
    assert widget.commit_button.isEnabled()
    gate.opened.set()
    widget.hide()


def test_what_is_done_is_told_in_the_window(orange, owroi, rocking_dataset, gate):
    widget = orange.create_widget(owroi)
    widget.show()
    assert widget.doing.isHidden()
    orange.send_signal("Dataset", rocking_dataset, widget=widget)
    orange.process_events(lambda: gate.started)
    widget.setStatusMessage("reading frames")
    assert widget.doing.isVisible()
    assert widget.doing.text() == "Reading frames …"
    gate.opened.set()
    orange.wait_until_finished(widget=widget)
    assert widget.doing.isHidden()
    widget.hide()


def test_new_window_fits_the_screen(orange, qtbot, owroi):
    widget = orange.create_widget(owroi)
    widget.window_size = (5000, 450)
    widget.show()
    assert widget.width() < widget.screen().availableSize().width()
    assert widget.height() == 450
    widget.hide()


def test_nothing_is_summarized_as_nothing(orange, owroi, rocking_dataset):
    from orangewidget.utils.signals import summarize

    import orangecontrib.dfxm.summaries  # noqa: F401  (registers)

    assert summarize(None).summary is None
    assert summarize.dispatch(type(None)) is not summarize.dispatch(object)


def test_progress_is_shown(orange, owroi, rocking_dataset, gate):
    seen = []
    widget = orange.create_widget(owroi)
    widget.progressBarValueChanged.connect(seen.append)
    gate.opened.set()
    orange.send_signal("Dataset", rocking_dataset, widget=widget)
    orange.wait_until_finished(widget=widget)
    assert 50 in seen


def test_deleting_a_running_widget_stops_its_thread(orange, owroi, rocking_dataset, gate):
    widget = orange.create_widget(owroi)
    orange.send_signal("Dataset", rocking_dataset, widget=widget)
    orange.process_events(lambda: gate.started)
    widget.onDeleteWidget()
    assert gate.cancelled == 1


def test_warnings_of_the_step_are_shown_in_the_widget(orange, owroi, rocking_dataset, gate):
    def doubtful(dataset, *, origin, shape):
        warn("the rectangle is very small")
        return dataset.crop(origin, shape)

    object.__setattr__(owroi.step, "function", doubtful)
    widget = orange.create_widget(owroi, stored_settings={"shape": (1, 1)})
    orange.send_signal("Dataset", rocking_dataset, widget=widget)
    assert orange.get_output("Dataset", widget=widget, wait=5000) is not None
    assert str(widget.Warning.doubtful) == "the rectangle is very small"


def test_mistake_in_a_step_is_logged_and_named(orange, owroi, rocking_dataset, gate, caplog):
    def broken(dataset, *, origin, shape):
        raise KeyError("mu")

    object.__setattr__(owroi.step, "function", broken)
    widget = orange.create_widget(owroi)
    orange.send_signal("Dataset", rocking_dataset, widget=widget)
    assert orange.get_output("Dataset", widget=widget, wait=5000) is None
    assert str(widget.Error.failed) == "KeyError: 'mu'"
    assert "ROI Selection failed" in caplog.text


def test_saved_settings_are_literals_that_the_headless_reader_knows(orange, owroi, rocking_dataset):
    from orangecanvas.scheme.readwrite import literal_dumps

    from darfix_core.workflow.ows import VIEW_PREFIX, WIDGET_SETTINGS

    widget = orange.create_widget(owroi)
    widget.change_parameters(origin=(1, 2), shape=(3, 4))
    settings = widget.settingsHandler.pack_data(widget)
    assert ast.literal_eval(literal_dumps(settings))["shape"] == (3, 4)
    others = {name for name in settings if name not in owroi.step.parameters.entries}
    assert all(name in WIDGET_SETTINGS or name.startswith(VIEW_PREFIX) for name in others)


def test_parameters_of_one_widget_are_no_defaults_of_the_next(orange, owroi):
    first = orange.create_widget(owroi)
    first.change_parameters(origin=(7, 7))
    first.settingsHandler.update_defaults(first)
    assert orange.create_widget(owroi).origin == (0, 0)


def test_old_settings_are_brought_up_to_date(orange):
    from orangecontrib.dfxm.widgets.step_widget import StepWidget

    class OWNewer(StepWidget):
        step_id = "roi"
        settings_version = 3
        migrations = {
            1: lambda settings: settings.update(corner=settings.pop("start")),
            2: lambda settings: settings.update(origin=settings.pop("corner")),
        }

    widget = orange.create_widget(OWNewer, stored_settings={"start": (4, 5), "__version__": 1})
    assert widget.origin == (4, 5)


def test_report_names_inputs_parameters_and_shows_the_picture(orange, owroi, rocking_dataset):
    widget = orange.create_widget(owroi, stored_settings={"shape": (4, 5)})
    orange.send_signal("Dataset", rocking_dataset, widget=widget)
    orange.wait_until_finished(widget=widget)
    widget.create_report_html()
    assert "ascan mu" in widget.report_html
    assert "4, 5 px" in widget.report_html
    assert "data:image/png;base64" in widget.report_html


def test_summaries_name_the_shape(orange, owroi, rocking_dataset):
    widget = orange.create_widget(owroi, stored_settings={"shape": (4, 5)})
    orange.send_signal("Dataset", rocking_dataset, widget=widget)
    orange.wait_until_finished(widget=widget)
    assert widget.info._StateInfo__input_summary.brief == "9 x 12 x 16"
    assert widget.info._StateInfo__output_summary.brief == "9 x 4 x 5"
    assert "mu: 9 positions, -0.4 to 0.4 deg" in widget.info._StateInfo__input_summary.details


def test_windows_stay_closed(orange, owroi, rocking_dataset):
    widget = orange.create_widget(owroi)
    orange.send_signal("Dataset", rocking_dataset, widget=widget)
    orange.wait_until_finished(widget=widget)
    assert not widget.isVisible()
    assert widget.view.browser.plot.getImage("image") is None


def test_relative_input_is_looked_for_beside_the_workflow(orange, tmp_path, monkeypatch):
    from orangecontrib.dfxm.widgets.owdataselection import OWDataSelection

    (tmp_path / "scan.h5").touch()
    widget = orange.create_widget(OWDataSelection, stored_settings={"path": "scan.h5", "dark": "scan.h5::2.1"})
    assert widget.resolved_parameters()["path"] == "scan.h5"
    monkeypatch.setattr(widget, "workflowEnv", lambda: {"basedir": str(tmp_path)})
    values = widget.resolved_parameters()
    assert values["path"] == str(tmp_path / "scan.h5")
    assert values["dark"] == f"{tmp_path / 'scan.h5'}::2.1"
    assert widget.dark == "scan.h5::2.1"


def test_stored_names_the_settings(orange, owroi):
    widget = orange.create_widget(owroi)
    assert set(stored(widget)) == {"origin", "shape"}
    assert np.array_equal(stored(widget)["origin"], (0, 0))
