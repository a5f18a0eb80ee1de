"""The widgets of the add-on, found as modules; and those that Orange finds."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Mapping
from functools import cache
from types import ModuleType
from typing import Any

import orangecontrib.dfxm.widgets as package


@cache
def modules() -> tuple[str, ...]:
    """Names of the modules of the widgets; nothing is imported."""
    return tuple(sorted(found.name for found in pkgutil.iter_modules(package.__path__) if found.name.startswith("ow")))


def module_of(name: str) -> ModuleType:
    """Module of a widget."""
    return importlib.import_module(f"{package.__name__}.{name}")


def classes_of(name: str) -> list[type]:
    """Widget classes that a module defines."""
    from Orange.widgets.widget import OWWidget

    module = module_of(name)
    members = (entry for _, entry in inspect.getmembers(module, inspect.isclass))
    return [entry for entry in members if issubclass(entry, OWWidget) and entry.__module__ == module.__name__]


def widget_of(name: str) -> Any:
    """The widget class of a module."""
    (found,) = classes_of(name)
    return found


def descriptions() -> list[Any]:
    """What Orange finds in the package of the widgets, in the order of the tool box."""
    return sorted(registry().widgets(), key=lambda description: description.priority)


def categories() -> list[Any]:
    """The categories that Orange finds."""
    return list(registry().categories())


def registry() -> Any:
    """What Orange finds in the package of the widgets."""
    from orangecanvas.registry import WidgetRegistry
    from orangewidget.workflow.discovery import WidgetDiscovery

    found = WidgetRegistry()
    WidgetDiscovery(found).process_category_package(package.__name__)
    return found


def send(orange: Any, widget: Any, inputs: Mapping[str, Any]) -> None:
    """Send inputs of a step to its widget; several to one channel stand under their numbered names."""
    for name, value in inputs.items():
        orange.send_signal(widget.step.input_of(name).channel, value, name, widget=widget)
