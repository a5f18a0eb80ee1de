"""What every widget is and has; and that it behaves when a parameter is wrong."""

from __future__ import annotations

import ast
import asyncio
from functools import cache
from importlib.metadata import entry_points
from pathlib import Path

import pytest

pytest.importorskip("Orange", reason="the widgets need the gui extra")

from darfix_core.engine.registry import STEP_MODULES, all_steps, channel_name, get_step
from darfix_core.workflow.ows import VIEW_PREFIX, WIDGET_SETTINGS

from .cases import SERVED_BY, allows, arrays_of, inputs_of
from .widgets import classes_of, descriptions, modules, send, widget_of

MODULES = modules()
#: Module of a widget -> its step; to choose among the widgets without importing them.
STEP_OF = {step.widget.split(".")[-2]: step for step in all_steps() if step.widget}
#: Steps that are run anew on other data only where the user has chosen so, besides those that write files; and why.
WAITS = {"persist": "what it costs in memory or on the disk is looked at first"}
#: Literals of kinds that some parameters do not take.
WRONG = ({"wrong": 1}, 1.5, "no such value", [[]])


@pytest.fixture(scope="module")
def harness(qapp):
    """Orange's harness for widgets that are looked at and not changed."""
    from Orange.widgets.tests.base import WidgetTest

    class Harness(WidgetTest):
        def runTest(self):
            """Nothing: only the harness is wanted."""

    Harness.setUpClass()
    made = Harness()
    made.setUp()
    yield made
    made.tearDown()
    Harness.tearDownClass()


@pytest.fixture(scope="module")
def as_made(harness):
    """Widgets as they are when they are made; each is made once, which takes its time."""
    return cache(lambda name: harness.create_widget(widget_of(name)))


@pytest.fixture
def widget(as_made, request):
    return as_made(request.param)


def each_widget():
    return pytest.mark.parametrize("widget", MODULES, indirect=True)


@pytest.mark.parametrize("name", MODULES)
def test_a_module_has_one_widget(name):
    # Of two classes in a module the canvas silently misses one.
    assert [entry.__name__ for entry in classes_of(name)] == [widget_of(name).__name__]
    assert widget_of(name).__name__.lower() == name


def test_widgets_are_those_of_the_steps():
    stated = {step.id: step.widget for step in all_steps() if step.id not in SERVED_BY}
    found = {widget_of(name).step_id: f"{widget_of(name).__module__}.{widget_of(name).__name__}" for name in MODULES}
    assert found == stated


def test_every_widget_has_a_test_of_its_own():
    tests = Path(__file__).parents[1] / "widgets"
    assert [name for name in MODULES if not (tests / f"test_{name}.py").is_file()] == []


def test_orange_finds_the_widgets_in_the_order_of_a_workflow(qapp):
    found = descriptions()
    assert [entry.name for entry in found] == [get_step(id).title for id in STEP_MODULES if get_step(id).widget]
    assert len({entry.priority for entry in found}) == len(found)
    assert {entry.category for entry in found} == {"DFXM"}


@pytest.mark.parametrize("name", MODULES)
def test_widget_has_name_description_keywords_and_icon(qapp, name):
    entry = next(entry for entry in descriptions() if entry.qualified_name.endswith(f".{widget_of(name).__name__}"))
    assert entry.name == widget_of(name).step.title
    assert entry.description.endswith(".")
    assert len(entry.description) <= 120, "the tip of the tool box is one line"
    words = [word.strip() for word in entry.keywords]
    assert len(words) >= 3
    assert all(words)
    assert len(set(words)) == len(words)
    assert Path(entry.icon).is_absolute()
    assert Path(entry.icon).is_file()


@pytest.fixture(scope="module")
def help_of(qapp, tmp_path_factory):
    """Finds the page of a widget as the canvas does."""
    from AnyQt.QtGui import QDesktopServices
    from orangecanvas.help import manager
    from orangecanvas.registry import WidgetRegistry
    from orangewidget.workflow.discovery import WidgetDiscovery

    registry, folder = WidgetRegistry(), tmp_path_factory.mktemp("help")
    WidgetDiscovery(registry).run([point for point in entry_points(group="orange.widgets") if point.name == "DFXM"])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("platformdirs.user_cache_path", lambda name: folder / name)
        patch.setattr(manager, "_providers_cache", {})
        helper = manager.HelpManager()
        helper.set_registry(registry)
        yield lambda cls: asyncio.run(helper.search_async({"id": f"{cls.__module__}.{cls.__name__}"}))
    QDesktopServices.unsetUrlHandler("file")


@pytest.mark.parametrize("name", MODULES)
def test_help_leads_to_a_page_of_the_widget(help_of, name):
    cls = widget_of(name)
    text = Path(help_of(cls).toLocalFile()).read_text(encoding="utf8")
    assert f"<h1>{cls.name}</h1>" in text
    assert all(parameter in text for parameter in cls.step.parameters.entries)


@pytest.mark.parametrize("name", MODULES)
def test_channels_are_those_of_the_step(name):
    cls = widget_of(name)
    for kind, declared in (
        ("inputs", {entry.name: entry.kind for entry in cls.step.inputs.values()}),
        ("outputs", dict(cls.step.outputs)),
    ):
        signals = cls.get_signals(kind)
        assert [(signal.name, signal.type) for signal in signals] == [
            (channel_name(key), of) for key, of in declared.items()
        ]


@pytest.mark.parametrize("name", MODULES)
def test_settings_of_older_workflows_are_migrated(name):
    cls = widget_of(name)
    assert set(cls.migrations) == set(range(1, cls.settings_version))
    # Parameters of an older version of the step stand in older workflows.
    assert cls.settings_version >= cls.step.version


@each_widget()
def test_every_parameter_is_a_setting_with_its_default(widget):
    packed = widget.settingsHandler.pack_data(widget)
    for name, parameter in widget.step.parameters.entries.items():
        assert packed[name] == ("" if parameter.required else parameter.default), name
        # An attribute of the same name, such as a view, would have replaced the value.
        assert getattr(widget, name) == packed[name]
    others = set(packed) - set(widget.step.parameters.entries)
    assert all(name in WIDGET_SETTINGS or name.startswith(VIEW_PREFIX) for name in others), others
    assert not [name for name in widget.step.parameters.entries if name.startswith(VIEW_PREFIX)]
    assert ast.literal_eval(repr(packed)) == packed


@pytest.mark.parametrize("name", MODULES)
def test_settings_of_a_widget_replace_nothing_of_its_base(name):
    from orangecontrib.dfxm.widgets.step_widget import StepWidget

    own = {key for key in widget_of(name).settingsHandler.provider.settings if key not in WIDGET_SETTINGS}
    assert not own & set(dir(StepWidget))


@each_widget()
def test_every_parameter_has_a_control_with_a_tip_and_its_unit(widget):
    from AnyQt.QtWidgets import QDoubleSpinBox, QLabel, QSpinBox

    entries, editors = widget.step.parameters.entries, widget.form.editors
    assert set(widget.own_parameters) <= set(entries)
    assert set(editors) == set(entries) - set(widget.own_parameters)
    for name, editor in editors.items():
        assert entries[name].description in editor.toolTip(), name
        texts = [label.text() for label in editor.findChildren(QLabel)]
        texts += [spin.suffix() for kind in (QSpinBox, QDoubleSpinBox) for spin in editor.findChildren(kind)]
        assert not entries[name].unit or any(entries[name].unit in text for text in texts), f"{name} shows no unit"
    for name in widget.own_parameters:
        # What the widget edits by itself shows its unit somewhere.
        unit = entries[name].unit
        spins = widget.controlArea.findChildren(QSpinBox)
        assert not unit or any(unit in spin.suffix() for spin in spins), f"{name} shows no unit"


@each_widget()
def test_widget_commits_by_itself_or_by_a_button_and_can_be_cancelled(widget):
    from AnyQt.QtWidgets import QAbstractButton

    buttons = widget.buttonsArea.findChildren(QAbstractButton)
    assert "autocommit" in widget.settingsHandler.provider.settings
    assert widget.cancel_button in buttons
    assert not widget.cancel_button.isVisibleTo(widget)
    assert any(widget.commit_label in button.text() for button in buttons)
    # Files are written when they are asked for; all else is computed without a click.
    assert widget.autocommit == (not widget.step.output_path)
    assert widget.commits_on_input == (not widget.step.output_path and widget.step.id not in WAITS)


@each_widget()
def test_window_fits_a_small_screen(widget):
    size = widget.minimumSizeHint()
    assert size.width() <= 1100, size
    assert size.height() <= 700, size


def committed(orange, widget):
    """What a widget has computed, and its error."""
    widget.commit.now()
    orange.wait_until_finished(widget=widget)
    produced = {} if widget.produced is None else widget.step.results(widget.produced)
    for key in widget.step.outputs:
        output = orange.get_output(channel_name(key), widget=widget)
        assert output is produced.get(key), "what is sent is what was computed"
    return widget.produced, str(widget.Error.failed) if widget.Error.failed.is_shown() else ""


@pytest.mark.parametrize("name", MODULES)
@pytest.mark.usefixtures("without_pictures")
def test_wrong_parameter_is_named_and_nothing_is_sent(orange, files, name):
    cls = widget_of(name)
    good = files(cls.step) | ({"overwrite": True} if "overwrite" in cls.step.parameters.entries else {})
    widget = orange.create_widget(cls, stored_settings=good)
    send(orange, widget, inputs_of(cls.step))
    first, error = committed(orange, widget)
    assert not error
    assert (first is not None) == bool(cls.step.outputs)
    for parameter in cls.step.parameters.entries:
        kept = getattr(widget, parameter)
        for wrong in WRONG:
            if allows(cls.step, {**good, parameter: wrong}):
                continue
            widget.change_parameters(**{parameter: wrong})
            produced, error = committed(orange, widget)
            assert produced is None
            assert f"{parameter} must be" in error
            assert repr(wrong if wrong != [[]] else ((),)) in error
        widget.change_parameters(**{parameter: kept})
    again, error = committed(orange, widget)
    assert not error
    assert (again is not None) == bool(cls.step.outputs)


@pytest.mark.parametrize("name", [name for name in MODULES if STEP_OF[name].inputs])
def test_without_its_input_a_widget_waits_quietly(orange, name):
    widget = orange.create_widget(widget_of(name))
    assert committed(orange, widget) == (None, "")
    send(orange, widget, inputs_of(widget.step))
    send(orange, widget, dict.fromkeys(inputs_of(widget.step)))
    assert committed(orange, widget) == (None, "")


# Files are not written without a click.
@pytest.mark.parametrize("name", [name for name in MODULES if STEP_OF[name].outputs and not STEP_OF[name].output_path])
def test_reopened_widget_computes_without_a_click(orange, files, name):
    cls = widget_of(name)
    closed = orange.create_widget(cls, stored_settings=files(cls.step))
    widget = orange.create_widget(cls, stored_settings=closed.settingsHandler.pack_data(closed))
    send(orange, widget, inputs_of(cls.step))
    main = next(iter(cls.step.outputs))
    assert arrays_of(orange.get_output(channel_name(main), widget=widget, wait=5000))
