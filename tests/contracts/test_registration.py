"""A step is where it is looked for: a public function, in a module of its own, with a test beside it."""

from __future__ import annotations

import ast
import importlib
import inspect
import json
from collections import Counter

import pytest

import darfix_core as dc
from darfix_core.cli import main
from darfix_core.engine.registry import SIGNALS, STEP_MODULES, all_steps, get_step

from .cases import PURE, ROOT, SERVED_BY, STEPS, required_of

#: Steps that write a file and give what is in it, and why.
GIVES_ITS_FILE = {"data_copy": "what follows is to read from the copy"}


def decorated_functions(path):
    """Ids of the steps that a module defines."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf8"))):
        for decorator in getattr(node, "decorator_list", []):
            if isinstance(decorator, ast.Call) and getattr(decorator.func, "id", "") == "step":
                yield node.name


@pytest.mark.parametrize("name", STEPS)
def test_step_is_a_public_function_under_its_id(name):
    step = get_step(name)
    function = getattr(dc, name)
    assert function.step is step
    assert step.id == name == step.function.__name__ == function.__name__
    assert name in dc.__all__
    assert dc._MODULES[name] == f"steps.{name}"
    assert step.version >= 1
    assert step.title
    assert step.summary.endswith(".")


@pytest.mark.parametrize("name", STEPS)
def test_step_has_a_module_and_a_test_of_its_name(name):
    assert STEP_MODULES[name] == get_step(name).function.__module__ == f"darfix_core.steps.{name}"
    assert (ROOT / "darfix_core" / "steps" / f"{name}.py").is_file()
    assert (ROOT / "tests" / "steps" / f"test_{name}.py").is_file(), f"tests/steps/test_{name}.py is missing"


def test_steps_of_all_modules_are_registered():
    folder = ROOT / "darfix_core" / "steps"
    found = [name for path in sorted(folder.glob("*.py")) for name in decorated_functions(path)]
    assert sorted(found) == sorted(STEP_MODULES)


def test_public_names_are_known_to_type_checkers():
    # What is only in _MODULES is Any to an editor.
    tree = ast.parse(inspect.getsource(dc))
    block = next(node for node in tree.body if isinstance(node, ast.If) and node.test.id == "TYPE_CHECKING")
    shown = {node.names[0].asname: node.module for node in block.body if isinstance(node, ast.ImportFrom)}
    assert shown == {name: f"darfix_core.{module}" for name, module in dc._MODULES.items()}


def test_titles_tell_steps_apart():
    assert [title for title, number in Counter(step.title for step in all_steps()).items() if number > 1] == []


@pytest.mark.parametrize("name", STEPS)
def test_every_step_has_a_widget(name):
    pytest.importorskip("Orange", reason="the widgets need the gui extra")
    step, served_by = get_step(name), SERVED_BY.get(name)
    if served_by is None:
        assert step.widget, f"{name} has neither a widget nor an exemption in SERVED_BY"
        module, _, widget = step.widget.rpartition(".")
        assert hasattr(importlib.import_module(module), widget)
    else:
        assert not step.widget, f"{name} has a widget: it need not stand in SERVED_BY"
        assert get_step(served_by).widget


@pytest.mark.parametrize("name", STEPS)
def test_inputs_come_first_and_results_are_named(name):
    step = get_step(name)
    signature = inspect.signature(step.function)
    assert list(signature.parameters)[: len(step.inputs)] == list(step.inputs)
    required = [not entry.optional for entry in step.inputs.values()]
    assert required == sorted(required, reverse=True), "optional inputs come after the others"
    assert all(entry.kind in SIGNALS.values() for entry in step.inputs.values())
    if step.output_path:
        assert bool(step.outputs) == (name in GIVES_ITS_FILE), "a step that writes a file gives nothing else"
    else:
        assert step.outputs, f"{name} gives nothing that travels on a wire: see SIGNALS"


def test_programs_are_told_of_every_step(capsys):
    assert main(["steps", "--json"]) == 0
    told = {entry["id"]: entry for entry in json.loads(capsys.readouterr().out)}
    assert list(told) == STEPS
    for name, entry in told.items():
        step = get_step(name)
        assert {key: (of["kind"], of["optional"], of["many"]) for key, of in entry["inputs"].items()} == {
            key: (of.kind.__name__, of.optional, of.many) for key, of in step.inputs.items()
        }
        assert list(entry["outputs"].items()) == [(key, kind.__name__) for key, kind in step.outputs.items()]
        defaults = {key: of["default"] for key, of in entry["parameters"].items() if not of["required"]}
        needed = {key: required_of(step)[key] for key, of in entry["parameters"].items() if of["required"]}
        assert step.parameters.validate(needed | defaults) == step.parameters.validate(needed)


def test_there_are_steps_from_data_to_data():
    assert PURE
    assert not set(SERVED_BY) - set(STEPS)
