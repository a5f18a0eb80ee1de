"""Lines about a plan: what would be run, read and written, and which files were."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from itertools import chain

from darfix_core.commands.terminal import say
from darfix_core.workflow.plan import Plan

#: What tells a file from the one that replaces it; None where there is no file.
FileState = tuple[int, ...] | None


def file_states(plan: Plan) -> dict[str, FileState]:
    """State of each file that a run may write."""
    states: dict[str, FileState] = {}
    for path in chain.from_iterable(plan.files.values()):
        try:
            status = os.lstat(path)
        except OSError:
            states[path] = None
        else:
            states[path] = (status.st_ino, status.st_mtime_ns, status.st_size)
    return states


def written_since(before: Mapping[str, FileState], plan: Plan) -> list[str]:
    """Files that a run has written, by their states `before` it."""
    return [path for path, state in file_states(plan).items() if state is not None and state != before[path]]


def show_plan(plan: Plan) -> None:
    """Write what a run would do."""
    show_nodes(plan)
    show_paths(plan)


def show_nodes(plan: Plan) -> None:
    """Write the nodes with their parameters."""
    say(f"{plan.graph.name}: the nodes run in this order")
    titles = {node.id: node.title for node in plan.graph.order}
    for number, node in enumerate(plan.graph.order, start=1):
        say(f"{number:3d}  {node.title} ({node.step_id})")
        for name, link in plan.graph.inputs_of(node).items():
            say(f"       {name} from {titles[link.source]}")
        for name, value in node.parameters.items():
            unit = node.step.parameters.entries[name].unit
            say(f"       {name} = {value!r}" + (f" {unit}" if unit and value is not None else ""))
    for title, reason in plan.skipped.items():
        say(f"left out: {title}: {reason}")


def show_paths(plan: Plan) -> None:
    """Write which files a run would read and write."""
    for paths in plan.inputs.values():
        for path in paths:
            say(f"reads  {path}")
    for paths in plan.files.values():
        say(f"writes {paths[0]}{beside(paths)}")


def beside(paths: Sequence[str]) -> str:
    """What is written besides the main file: pictures, of which the maps decide."""
    return ", and pictures beside it" if len(paths) > 1 else ""
