"""What holds for every widget, and for the add-on as Orange finds it."""

from __future__ import annotations

import ast
import importlib
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from darfix_core.engine.registry import STEP_MODULES, all_steps, get_step

WIDGETS = {
    "OWDataSelection": "load",
    "OWDimensions": "define_dimensions",
    "OWRoi": "roi",
    "OWBackground": "subtract_background",
    "OWPersist": "persist",
    "OWGrainPlot": "grain_plot",
    "OWSaveMaps": "save_maps",
    "OWSaveDataset": "save_dataset",
}


def widget_class(step_id):
    module, _, name = get_step(step_id).widget.rpartition(".")
    return getattr(importlib.import_module(module), name)


@pytest.fixture
def registry(qapp):
    """What Orange finds in the package of the widgets."""
    from orangecanvas.registry import WidgetRegistry
    from orangewidget.workflow.discovery import WidgetDiscovery

    found = WidgetRegistry()
    WidgetDiscovery(found).process_category_package("orangecontrib.dfxm.widgets")
    return found


def test_orange_finds_the_widgets_and_nothing_else(registry):
    names = {description.qualified_name.rpartition(".")[2] for description in registry.widgets()}
    assert names == set(WIDGETS)
    assert [category.name for category in registry.categories()] == ["DFXM"]


def test_widgets_stand_in_the_order_of_a_workflow(registry):
    descriptions = sorted(registry.widgets(), key=lambda description: description.priority)
    assert [description.name for description in descriptions] == [
        get_step(id).title for id in STEP_MODULES if get_step(id).widget
    ]


def test_every_widget_has_an_icon_of_its_own_and_words_to_be_found_by(registry):
    icons = [description.icon for description in registry.widgets()]
    assert len(set(icons)) == len(icons)
    for description in registry.widgets():
        assert Path(description.icon).is_absolute()
        assert Path(description.icon).is_file()
        assert description.keywords
        assert description.description


def test_category_icon_exists(registry):
    assert Path(registry.categories()[0].icon).is_file()


def test_icons_are_of_one_family():
    """48 x 48, two colours, one width of line."""
    folder = Path(__file__).parents[2] / "icons"
    colors: set[str] = set()
    for file in sorted(folder.glob("*.svg")):
        root = ElementTree.parse(file).getroot()
        assert (root.get("viewBox"), root.get("stroke-width")) == ("0 0 48 48", "3"), file
        colors |= {element.get("stroke") for element in root if element.get("stroke")}
        assert all(element.get("stroke-width") is None or element.get("stroke-width") == "3" for element in root), file
    assert len(colors) == 2


def test_every_widget_is_named_by_its_step():
    assert {step.widget.rpartition(".")[2]: step.id for step in all_steps() if step.widget} == WIDGETS


@pytest.mark.parametrize("step_id", WIDGETS.values())
def test_names_of_parameters_are_free_in_widgets(qapp, step_id):
    from orangecontrib.dfxm.widgets.step_widget import StepWidget

    taken = set(dir(StepWidget))
    assert not taken & set(get_step(step_id).parameters.entries)


@pytest.mark.parametrize("step_id", WIDGETS.values())
def test_every_parameter_is_a_setting_with_its_default(orange, step_id):
    from darfix_core.workflow.ows import VIEW_PREFIX, WIDGET_SETTINGS

    widget = orange.create_widget(widget_class(step_id))
    packed = widget.settingsHandler.pack_data(widget)
    for name, parameter in widget.step.parameters.entries.items():
        assert packed[name] == ("" if parameter.required else parameter.default), name
        # An attribute of the same name, such as a view, would have replaced the value.
        assert getattr(widget, name) == packed[name]
    others = set(packed) - set(widget.step.parameters.entries)
    assert all(name in WIDGET_SETTINGS or name.startswith(VIEW_PREFIX) for name in others), others
    assert ast.literal_eval(repr(packed)) == packed


@pytest.mark.parametrize("step_id", WIDGETS.values())
def test_channels_are_those_of_the_step(qapp, step_id):
    cls = widget_class(step_id)
    inputs = {signal.name: signal.type for signal in cls.get_signals("inputs")}
    assert list(inputs) == [declared.channel for declared in cls.step.inputs.values()]
    assert len(cls.get_signals("outputs")) == len(cls.step.outputs)


@pytest.mark.parametrize("step_id", WIDGETS.values())
def test_windows_fit_a_small_screen(orange, step_id):
    widget = orange.create_widget(widget_class(step_id))
    size = widget.minimumSizeHint()
    assert size.width() <= 1100, size
    assert size.height() <= 700, size


@pytest.mark.parametrize("step_id", WIDGETS.values())
def test_every_parameter_has_a_control_with_a_tip(orange, step_id):
    widget = orange.create_widget(widget_class(step_id))
    shown = set(widget.form.editors) | set(widget.own_parameters)
    assert shown == set(widget.step.parameters.entries)
    assert all(editor.toolTip() for editor in widget.form.editors.values())
