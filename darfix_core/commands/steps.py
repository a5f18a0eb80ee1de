"""``darfix-core steps``: what there is to run."""

from __future__ import annotations

import json
import shutil
import textwrap
from typing import Any

from darfix_core.commands.terminal import say, say_table
from darfix_core.engine.registry import Step, all_steps, get_step
from darfix_core.errors import DarfixError


def steps(name: str | None, *, as_json: bool = False) -> int:
    """List the steps, or describe one.

    Parameters
    ----------
    name : str or None
        Id of a step.
    as_json : bool
        Write JSON instead of text: of a step an object, of all a list of objects.

    Returns
    -------
    int
        Exit status.

    Raises
    ------
    DarfixError
        If there is no such step.
    """
    if name is None and as_json:
        say(json.dumps([_plain(step) for step in all_steps()], indent=2))
        return 0
    if name is None:
        say_table(
            ["step", "widget", "what it does"], [[s.id, s.title, _first_sentence(s.summary)] for s in all_steps()]
        )
        say()
        say("Parameters of a step: darfix-core steps STEP; run it on files: darfix-core apply STEP --help")
        return 0
    step = named_step(name)
    if as_json:
        say(json.dumps(_plain(step), indent=2))
    else:
        _describe(step)
    return 0


def named_step(name: str) -> Step:
    """Step that a user names.

    Raises
    ------
    DarfixError
        If there is none; the message holds the nearest ids.
    """
    try:
        return get_step(name)
    except KeyError as error:
        raise DarfixError(error.args[0]) from None


def _plain(step: Step) -> dict[str, Any]:
    """What is known about a step, as plain values."""
    return {
        "id": step.id,
        "title": step.title,
        "version": step.version,
        "summary": step.summary,
        "needs_dimensions": step.needs_dimensions,
        "inputs": {
            entry.name: {"kind": entry.kind.__name__, "optional": entry.optional, "many": entry.many}
            for entry in step.inputs.values()
        },
        "outputs": {name: kind.__name__ for name, kind in step.outputs.items()},
        "parameters": {
            parameter.name: {
                "allowed": parameter.allowed,
                "choices": list(parameter.choices),
                "unit": parameter.unit,
                "required": parameter.required,
                "default": None if parameter.required else parameter.default,
                "description": parameter.description,
            }
            for parameter in step.parameters.entries.values()
        },
    }


def _first_sentence(text: str) -> str:
    return text.split(". ")[0].rstrip(".")


def _describe(step: Step) -> None:
    width = min(100, shutil.get_terminal_size((100, 24)).columns)

    def paragraph(text: str, indent: int) -> None:
        margin = " " * indent
        say(textwrap.fill(text, width, initial_indent=margin, subsequent_indent=margin))

    say(f"{step.id}: {step.title} (version {step.version})")
    paragraph(step.summary, 2)
    say()
    for entry in step.inputs.values():
        taken = entry.takes if entry.many else entry.kind.__name__
        say(f"input   {entry.name}: {taken}" + (", may be left out" if entry.optional else ""))
    for name, kind in step.outputs.items():
        say(f"output  {name}: {kind.__name__}")
    for parameter in step.parameters.entries.values():
        say()
        unit = f", in {parameter.unit}" if parameter.unit else ""
        default = "must be given" if parameter.required else f"default {parameter.default!r}"
        say(f"{parameter.name}: {parameter.allowed}{unit}; {default}")
        if parameter.description:
            paragraph(parameter.description, 4)
