"""``darfix-core run``: run a saved workflow."""

from __future__ import annotations

from darfix_core.commands.plan_lines import file_states, show_plan, written_since
from darfix_core.commands.run_many import run_each
from darfix_core.commands.signals import cancel_on_interrupt
from darfix_core.commands.terminal import RunLines, say
from darfix_core.workflow.many import plan_runs
from darfix_core.workflow.overrides import Overrides
from darfix_core.workflow.ows import read_ows
from darfix_core.workflow.plan import Plan, make_plan
from darfix_core.workflow.runner import open_inputs, run_plan


def run(file: str, overrides: Overrides, *, threads: int | None, dry_run: bool, join: bool = False) -> int:
    """Plan a workflow, and run it unless only the plan is asked for.

    Parameters
    ----------
    file : str
        The .ows file.
    overrides : Overrides
        What to change in it. Several HDF5 files or scans mean a run for each.
    threads : int or None
        Number of threads.
    dry_run : bool
        Show the plan and stop.
    join : bool
        Several files or scans are joined to one dataset instead, in one run.

    Returns
    -------
    int
        Exit status.
    """
    graph = read_ows(file)
    if join:
        plan = make_plan(graph, overrides)
    else:
        runs = plan_runs(graph, overrides)
        if len(runs) > 1:
            return run_each(runs, threads=threads, dry_run=dry_run)
        plan = runs[0].ready()
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


def execute(plan: Plan, threads: int | None) -> None:
    """Run a plan with lines for the user; Ctrl-C or SIGTERM cancels it."""
    with cancel_on_interrupt() as cancelled, RunLines() as lines:
        run_plan(plan, threads=threads, observer=lines, cancelled=cancelled, on_result=lines.ended)


def execute_and_tell(plan: Plan, threads: int | None) -> None:
    """Run a plan, and write which files it has written."""
    before = file_states(plan)
    execute(plan, threads)
    for path in written_since(before, plan):
        say(f"wrote {path}")
