"""``darfix-core rerun``: make a stored result again."""

from __future__ import annotations

import os

from darfix_core.commands.plan_lines import beside
from darfix_core.commands.run import execute_and_tell
from darfix_core.commands.signals import cancel_on_interrupt
from darfix_core.commands.terminal import RunLines, complain, say, say_table
from darfix_core.engine.execution import execution
from darfix_core.model.dataset import Dataset
from darfix_core.model.maps import Maps
from darfix_core.workflow.comparison import Difference, compare
from darfix_core.workflow.graph import Node
from darfix_core.workflow.overrides import Overrides
from darfix_core.workflow.plan import Plan
from darfix_core.workflow.rerun import Rerun, make_rerun, may_be_equal, open_stored
from darfix_core.workflow.runner import open_inputs


def rerun(file: str, changes: Overrides, *, threads: int | None, dry_run: bool) -> int:
    """Run the steps again that made the maps, or the dataset, in a file.

    Parameters
    ----------
    file : str
        The maps or the dataset.
    changes : Overrides
        See `darfix_core.workflow.rerun.make_rerun`.
    threads : int or None
        Number of threads.
    dry_run : bool
        Show the steps and the files, and stop.

    Returns
    -------
    int
        Exit status.
    """
    stored = open_stored(file)
    again = make_rerun(stored, file, changes, only_plan=dry_run)
    _show_steps(again, os.path.basename(file))
    for message in again.warnings:
        complain("warning", message)
    if dry_run:
        _show_plan(again.plan, overwrite=changes.overwrite)
        return 0
    execute_and_tell(again.plan, threads)
    made = open_stored(again.output)
    name = os.path.basename(file)
    if not may_be_equal(stored.history, made.history):
        say(f"Made from other data than {name}: not compared.")
        return 0
    _show_differences(_compared(stored, made, threads), "maps" if isinstance(stored, Maps) else "part", name)
    return 0


def _show_steps(again: Rerun, name: str) -> None:
    """Steps with their parameters and inputs, and the files that they read."""
    say(f"Steps of {name}:")
    for number, node in enumerate(again.plan.graph.order, start=1):
        say(f"{number:3d}  {node.id}: {node.title}")
        for input_name, link in again.plan.graph.inputs_of(node).items():
            say(f"       {input_name} from {link.source}")
        for parameter, value in node.parameters.items():
            unit = node.step.parameters.entries[parameter].unit
            say(f"       {parameter} = {value!r}" + (f" {unit}" if unit and value is not None else ""))
    say("Files that were read:")
    for line in again.sources:
        say(f"     {line}")


def _show_plan(plan: Plan, *, overwrite: bool) -> None:
    """What would be read and written, and which of the files stand in the way."""
    with RunLines() as lines:
        for key, dataset in open_inputs(plan, lines).items():
            say(f"{plan.graph.nodes[key].title} would read {dataset}")
    note = "exists, would be replaced" if overwrite else "exists: give --overwrite, or another --output"
    for paths in plan.files.values():
        say(f"writes {paths[0]}{beside(paths)}")
        for path in filter(os.path.lexists, paths):
            say(f"       {path} {note}")
    say("Nothing was run.")


def _compared(stored: Dataset | Maps, made: Dataset | Maps, threads: int | None) -> list[Difference]:
    """Differences, with a line and the progress; frames take as long as reading them twice."""
    node = Node("compare", "Comparison", "")
    with cancel_on_interrupt() as cancelled, RunLines() as lines:
        lines.started(node, 1, 1)

        def progress(fraction: float, what: str) -> None:
            lines.progress(node, fraction, what)

        with execution(threads=threads, cancelled=cancelled, progress=progress):
            return compare(stored, made)


def _show_differences(differences: list[Difference], what: str, name: str) -> None:
    different = [entry for entry in differences if not entry.identical]
    if not different:
        words = f"all {len(differences)} maps are those" if what == "maps" else "the dataset is that"
        say(f"Identical: {words} of {name}.")
        return
    say(f"Compared with {name}:")
    rows = [[entry.name, *_described(entry)] for entry in differences]
    say_table([what, ">largest difference", ">of the largest value", ""], rows, indent=2)


def _described(entry: Difference) -> list[str]:
    """Largest difference, relative difference, and what else is to be said."""
    if entry.problem:
        return ["", "", entry.problem]
    undefined = f"{entry.n_undefined} values undefined in one of them" if entry.n_undefined else ""
    return [f"{entry.largest:.3g}", f"{entry.relative:.2g}", "identical" if entry.identical else undefined]
