"""The docstring of a step is what users find in the form, on the command line and in the help: it is complete."""

from __future__ import annotations

import inspect

import pytest

from darfix_core.engine.registry import get_step, parameter_descriptions

from .cases import STEPS


def sections(docstring):
    """Titles of the sections of a numpydoc docstring -> their lines."""
    lines, found, title = inspect.cleandoc(docstring).splitlines(), {}, ""
    for line, below in zip(lines, [*lines[1:], ""], strict=True):
        if below and set(below) == {"-"}:
            title = line
            found[title] = []
        elif title and set(line) != {"-"}:
            found[title].append(line)
    return {title: [line for line in lines if line.strip()] for title, lines in found.items()}


@pytest.mark.parametrize("name", STEPS)
def test_every_step_tells_what_it_gives_and_what_may_go_wrong(name):
    step = get_step(name)
    found = sections(step.function.__doc__)
    assert "Raises" in found, f"{name} does not tell what it raises"
    assert bool(step.outputs) == ("Returns" in found)
    if step.outputs:
        (kind,) = step.outputs.values()
        assert found["Returns"][0] == kind.__name__
        assert len(found["Returns"]) > 1, f"{name} does not tell what it returns"


@pytest.mark.parametrize("name", STEPS)
def test_every_input_and_parameter_is_described_with_its_unit(name):
    step = get_step(name)
    described = parameter_descriptions(step.function.__doc__)
    assert list(described) == [*step.inputs, *step.parameters.entries]
    lines = sections(step.function.__doc__)["Parameters"]
    for key, text in described.items():
        assert text.endswith("."), f"{key} of {name} is not described in whole sentences: {text!r}"
        line = next(line for line in lines if line.startswith(f"{key} :"))
        unit = step.parameters.entries[key].unit if key in step.parameters.entries else ""
        assert unit in line, f"{name}: the docstring of {key} does not state its unit {unit!r}"


@pytest.mark.parametrize("name", STEPS)
def test_choices_and_none_are_explained(name):
    step = get_step(name)
    lines = sections(step.function.__doc__)["Parameters"]
    for entry in step.parameters.entries.values():
        line = next(line for line in lines if line.startswith(f"{entry.name} :"))
        for choice in entry.choices:
            assert repr(choice).replace("'", '"') in line.replace("'", '"'), f"{entry.name} of {name}: {choice!r}"
        if entry.allowed.endswith(" or None"):
            assert "None" in line, f"{entry.name} of {name}: the docstring does not state that None is allowed"
            assert "None:" in entry.description, f"{entry.name} of {name}: what does None mean?"
