"""``darfix-core run``: run a saved workflow."""

from __future__ import annotations

import os
from itertools import chain

from darfix_core.commands.signals import cancel_on_interrupt
from darfix_core.commands.terminal import RunLines, say
from darfix_core.workflow.ows import read_ows
from darfix_core.workflow.plan import Overrides, Plan, make_plan
from darfix_core.workflow.runner import open_inputs, run_plan


def run(file: str, overrides: Overrides, *, threads: int | None, dry_run: bool) -> int:
    """Plan a workflow, and run it unless only the plan is asked for.

    Parameters
    ----------
    file : str
        The .ows file.
    overrides : Overrides
        What to change in it.
    threads : int or None
        Number of threads.
    dry_run : bool
        Show the plan and stop.

    Returns
    -------
    int
        Exit status.
    """
    plan = make_plan(read_ows(file), overrides)
    if dry_run:
        show_plan(plan)
        with RunLines() as lines:
            for key, dataset in open_inputs(plan, lines).items():
                say(f"{plan.graph.nodes[key].title} would read {dataset}")
        say("Nothing was run.")
        return 0
    for title, reason in plan.skipped.items():
        say(f"left out: {title}: {reason}")
    execute_and_tell(plan, threads)
    return 0


def _states(plan: Plan) -> dict[str, tuple[int, ...] | None]:
    """What tells a file that a run may write from the one that it replaces; None where there is no file."""
    states: dict[str, tuple[int, ...] | None] = {}
    for path in chain.from_iterable(plan.files.values()):
        try:
            status = os.lstat(path)
        except OSError:
            states[path] = None
        else:
            states[path] = (status.st_ino, status.st_mtime_ns, status.st_size)
    return states


def execute(plan: Plan, threads: int | None) -> None:
    """Run a plan with lines for the user; Ctrl-C or SIGTERM cancels it."""
    with cancel_on_interrupt() as cancelled, RunLines() as lines:
        run_plan(plan, threads=threads, observer=lines, cancelled=cancelled)


def execute_and_tell(plan: Plan, threads: int | None) -> None:
    """Run a plan, and write which files it has written."""
    before = _states(plan)
    execute(plan, threads)
    for path, state in _states(plan).items():
        if state is not None and state != before[path]:
            say(f"wrote {path}")


def show_plan(plan: Plan) -> None:
    """Write what a run would do."""
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
    for paths in plan.inputs.values():
        for path in paths:
            say(f"reads  {path}")
    for path in chain.from_iterable(plan.files.values()):
        say(f"writes {path}")
