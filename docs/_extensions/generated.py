"""What the pages take from the program while they are built: the reference of the steps, of the command line
and of the modules.
"""

from __future__ import annotations

import argparse
import inspect
import re
from collections.abc import Callable, Iterator
from typing import Any

from modules import module_tables

import darfix_core
from darfix_core.cli import make_parser
from darfix_core.engine.registry import STEP_MODULES, all_steps, get_step
from orangecontrib.dfxm.help.reference import step_reference

#: Step -> heading of the steps from there on, in the order of a workflow.
_PURPOSES = {
    "load": "Open a scan",
    "select_frames": "Choose frames and pixels",
    "apply_mask": "Correct the counts",
    "find_shift": "Take drift back",
    "projection": "Combine frames, and keep them",
    "scan_quality": "Check and map",
    "save_maps": "Save",
}
#: First part of the name of a module -> heading in the list of names.
_HEADINGS = {
    "steps": "Steps",
    "model": "Data",
    "io": "Files",
    "workflow": "Workflows",
    "engine": "How steps run",
    "errors": "Errors and warnings",
}


def step_pages() -> str:
    """Entries of a table of contents."""
    return "\n".join(f"steps/{id}" for id in STEP_MODULES)


def public_names() -> str:
    """The names of the package with their docstrings."""
    found: dict[str, list[str]] = {heading: [] for heading in _HEADINGS.values()}
    for name in darfix_core.__all__:
        if name.startswith("__"):
            continue
        entry = getattr(darfix_core, name)
        module = inspect.unwrap(entry).__module__
        found[_HEADINGS[module.split(".")[1]]].append(_directive(name, entry))
    parts = (f"## {heading}\n\n" + "\n\n".join(entries) for heading, entries in found.items() if entries)
    return "\n\n".join(parts)


def _directive(name: str, entry: Any) -> str:
    kind = "function"
    if isinstance(entry, type):
        kind = "exception" if issubclass(entry, BaseException) else "class"
    members = "\n   :members:" if kind == "class" else ""
    return f"```{{eval-rst}}\n.. auto{kind}:: darfix_core.{name}{members}\n```"


def steps_table() -> str:
    """All steps by purpose, in the order of a workflow."""
    lines: list[str] = []
    for step in all_steps():
        if step.id in _PURPOSES:
            lines += ["", f"## {_PURPOSES[step.id]}", "", "| step | in the canvas | what it does |", "|---|---|---|"]
        summary = step.summary.split(". ")[0].rstrip(".")
        lines.append(f"| [`{step.id}`](../steps/{step.id}.md) | {step.title if step.widget else ''} | {summary} |")
    return "\n".join(lines)


def _commands(parser: argparse.ArgumentParser) -> dict[str, tuple[argparse.ArgumentParser, str]]:
    """Parsers of the commands, and what they do."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            texts = {choice.dest: choice.help or "" for choice in action._choices_actions}
            return {name: (command, texts[name]) for name, command in action.choices.items()}
    return {}


def command_reference() -> str:
    """Every command with its arguments."""
    parts = []
    for name, (parser, text) in _commands(make_parser()).items():
        usage = " ".join(parser.format_usage().removeprefix("usage: ").split())
        parts.append(f"### {name}\n\n{text[:1].upper()}{text[1:]}.\n\n```text\n{usage}\n```\n")
        rows = list(_arguments(parser))
        if rows:
            parts.append("\n".join(["| argument | meaning |", "|---|---|", *rows]) + "\n")
    return "\n".join(parts)


def _arguments(parser: argparse.ArgumentParser) -> Iterator[str]:
    for action in parser._actions:
        if isinstance(action, argparse._HelpAction) or action.help == argparse.SUPPRESS:
            continue
        shown = action.metavar if isinstance(action.metavar, str) else action.dest.upper()
        value = "" if action.nargs == 0 else f" {shown}"
        names = ", ".join(action.option_strings) + value if action.option_strings else shown
        # argparse writes "%%" for a percent sign.
        text = (action.help or "").replace("%%", "%").replace("|", "\\|")
        yield f"| `{names}` | {text} |"


_MADE: dict[str, Callable[[], str]] = {
    "<!-- pages of the steps -->": step_pages,
    "<!-- table of the steps -->": steps_table,
    "<!-- public names -->": public_names,
    "<!-- reference of the command line -->": command_reference,
    "<!-- tables of the modules -->": module_tables,
}


def _fill(app: Any, name: str, source: list[str]) -> None:
    """Sphinx has read the page `name`."""
    if name.startswith("steps/"):
        source[0] = f"{source[0].rstrip()}\n\n{step_reference(get_step(name.removeprefix('steps/')))}"
    for mark, make in _MADE.items():
        if mark in source[0]:
            source[0] = source[0].replace(mark, make())


def _escape_stars(app: Any, what: str, name: str, obj: Any, options: Any, lines: list[str]) -> None:
    """In docstrings, ``(*scan, y, x)`` is a shape, not the beginning of an emphasis."""
    lines[:] = [re.sub(r"(?<!`)\(\*(?=\w)", r"(\\*", line) for line in lines]


def setup(app: Any) -> dict[str, bool]:
    """Tell Sphinx."""
    app.connect("source-read", _fill)
    app.connect("autodoc-process-docstring", _escape_stars, priority=400)  # before numpydoc
    return {"parallel_read_safe": True, "parallel_write_safe": True}
