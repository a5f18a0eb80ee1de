"""The worked example of "How to add a step" does what the page says, in the place that the page gives it."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest

import darfix_core as dc
from darfix_core.engine import registry

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"
STEP = "darfix_core.steps.normalize_by_counter"
WIDGET = "orangecontrib.dfxm.widgets.ownormalize"


def imported(name, file, monkeypatch=None):
    """Module of a file under the name that it would have in the tree."""
    specification = importlib.util.spec_from_file_location(name, EXAMPLES / file)
    module = importlib.util.module_from_spec(specification)
    if monkeypatch is not None:
        monkeypatch.setitem(sys.modules, name, module)
    specification.loader.exec_module(module)
    return module


@pytest.fixture(autouse=True)
def in_its_place(qapp, monkeypatch):
    """The step is registered, and a name of the package."""
    monkeypatch.setattr(registry, "_steps", dict(registry._steps))
    monkeypatch.setitem(registry.STEP_MODULES, "normalize_by_counter", STEP)
    monkeypatch.setitem(dc._MODULES, "normalize_by_counter", "steps.normalize_by_counter")
    monkeypatch.delitem(vars(dc), "normalize_by_counter", raising=False)
    imported(STEP, "normalize_by_counter.py", monkeypatch)
    imported(WIDGET, "ownormalize.py", monkeypatch)
    yield
    vars(dc).pop("normalize_by_counter", None)


# The tests that the page shows.
_shown = imported("tests.docs.normalize_by_counter", "test_normalize_by_counter.py")
fading = _shown.fading
globals().update({name: value for name, value in vars(_shown).items() if name.startswith("test_")})


@pytest.mark.parametrize("threads", [1, 3])
def test_blocks_do_not_change_the_result(fading, threads):
    whole = dc.normalize_by_counter(fading, counter="current")
    with dc.execution(threads=threads, memory=4000):
        parts = dc.moments(dc.normalize_by_counter(fading, counter="current"))
    np.testing.assert_allclose(parts["intensity"], np.asarray(whole.frames).sum(axis=0), rtol=1e-5)


def test_reference_of_the_step_is_made_from_it():
    from orangecontrib.dfxm.help.reference import step_reference

    text = step_reference(registry.get_step("normalize_by_counter"))
    assert "| `counter` | a string | must be given | Name of the counter" in text
    assert "- `ValueError`: If there is no such counter" in text


def test_step_is_described_on_the_command_line(capsys):
    from darfix_core.cli import main

    assert main(["steps", "normalize_by_counter"]) == 0
    assert "counter: a string; must be given" in capsys.readouterr().out
