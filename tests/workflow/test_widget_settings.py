"""What the widgets save is what the headless reader takes."""

from __future__ import annotations

import importlib
import pkgutil

import pytest

from darfix_core.engine.registry import all_steps
from darfix_core.workflow.ows import VIEW_PREFIX, WIDGET_SETTINGS


@pytest.mark.parametrize("step", [step for step in all_steps() if step.widget], ids=lambda step: step.id)
def test_settings_of_the_widget_are_parameters_or_known(step):
    pytest.importorskip("Orange", reason="the widgets need the gui extra")
    module, _, name = step.widget.rpartition(".")
    widget = getattr(importlib.import_module(module), name)
    settings = set(widget.settingsHandler.provider.settings)
    assert set(step.parameters.entries) <= settings
    others = settings - set(step.parameters.entries) - WIDGET_SETTINGS
    assert [name for name in others if not name.startswith(VIEW_PREFIX)] == []
    assert [name for name in step.parameters.entries if name.startswith(VIEW_PREFIX)] == []


def test_every_widget_has_a_step():
    pytest.importorskip("Orange", reason="the widgets need the gui extra")
    import orangecontrib.dfxm.widgets as package

    known = {step.widget for step in all_steps()}
    for module in pkgutil.iter_modules(package.__path__):
        if module.name.startswith("ow"):
            assert any(widget.startswith(f"{package.__name__}.{module.name}.") for widget in known), module.name
