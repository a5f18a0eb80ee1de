"""The docstring of a step is what users find in the form, on the command line and in the help: it is complete."""

from __future__ import annotations

import inspect

import pytest

from darfix_core.engine.docstrings import parameter_descriptions
from darfix_core.engine.registry import get_step

from .cases import ROOT, STEPS

PAGES = ROOT / "docs" / "steps"


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
        kinds = {key: kind.__name__ for key, kind in step.outputs.items()}
        stated = [line for line in found["Returns"] if not line.startswith(" ")]
        expected = [f"{key} : {kind}" for key, kind in kinds.items()] if len(kinds) > 1 else list(kinds.values())
        assert [line.removesuffix(" or None") for line in stated] == expected
        assert len(found["Returns"]) > len(kinds), f"{name} does not tell what it returns"


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


@pytest.mark.parametrize("name", STEPS)
def test_every_step_has_a_page_that_begins_with_its_title(name):
    page = PAGES / f"{name}.md"
    assert page.is_file(), f"{name} has no page in the user guide: write docs/steps/{name}.md"
    assert page.read_text(encoding="utf8").startswith(f"# {get_step(name).title}\n")


def test_every_page_is_that_of_a_step():
    assert {page.stem for page in PAGES.glob("*.md")} == set(STEPS)


@pytest.mark.parametrize("name", STEPS)
def test_page_tells_how_to_run_the_step_from_python_and_the_command_line(name):
    text = (PAGES / f"{name}.md").read_text(encoding="utf8")
    assert f"dc.{name}(" in text, "how is it called in Python?"
    assert "darfix-core" in text, "how is it called on the command line?"
