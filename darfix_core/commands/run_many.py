"""``darfix-core run`` over several files or scans: a run for each, and a table of what came of them."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Sequence
from types import TracebackType

from darfix_core.commands.plan_lines import file_states, show_nodes, show_paths, written_since
from darfix_core.commands.signals import cancel_on_interrupt
from darfix_core.commands.terminal import RunLines, complain, say, say_table
from darfix_core.errors import Cancelled, DarfixError
from darfix_core.workflow.graph import Node
from darfix_core.workflow.many import Outcome, PlannedRun, run_many
from darfix_core.workflow.runner import open_inputs


def run_each(runs: Sequence[PlannedRun], *, threads: int | None, dry_run: bool) -> int:
    """Run one after the other, and show what came of each.

    Parameters
    ----------
    runs : sequence of PlannedRun
    threads : int or None
        Number of threads.
    dry_run : bool
        Open the inputs, show the plans and stop.

    Returns
    -------
    int
        Exit status: 0 where all went well, 2 where one failed.

    Raises
    ------
    DarfixError
        If none can run, all for the same reason.
    Cancelled
        If the runs were cancelled. The table has been shown.
    """
    errors = [run.error for run in runs if run.error is not None]
    if len(errors) == len(runs) and len({str(error) for error in errors}) == 1:
        raise errors[0]
    if dry_run:
        return _show_all(runs)
    for run in runs:
        if run.error is not None:
            complain("error", f"{run.title} will not run: {run.error}")
    first = next((run.plan for run in runs if run.plan is not None), None)
    for title, reason in {} if first is None else first.skipped.items():
        say(f"left out: {title}: {reason}")
    with cancel_on_interrupt() as cancelled, _LinesOfEach() as lines:
        outcomes = run_many(runs, threads=threads, observer=lines, cancelled=cancelled)
        _show_table(outcomes)
        good = sum(outcome.state == "ok" for outcome in outcomes)
        say(f"{good} of {len(outcomes)} runs went well")
        if any(outcome.state == "cancelled" for outcome in outcomes):
            raise Cancelled("the runs were cancelled")
    return 0 if good == len(outcomes) else 2


def _show_all(runs: Sequence[PlannedRun]) -> int:
    """Write what the runs would do."""
    outcomes: list[Outcome] = []
    nodes_shown = False
    say(FOLDERS)
    for number, run in enumerate(runs, start=1):
        say(f"run {number}/{len(runs)}: {run.title}")
        message, scan = str(run.error), ""
        if run.plan is not None:
            if not nodes_shown:
                show_nodes(run.plan)
                nodes_shown = True
            show_paths(run.plan)
            message = ""
            try:
                with RunLines(f"run {number}/{len(runs)} ") as lines:
                    for key, dataset in open_inputs(run.plan, lines).items():
                        say(f"{run.plan.graph.nodes[key].title} would read {dataset}")
                        scan = scan or str(dataset.metadata.get("scan", ""))
            except DarfixError as error:
                message = str(error)
        if message:
            complain("error", message)
        outcomes.append(Outcome(run, "failed" if message else "not run", message, scan=scan))
        say()
    _show_table(outcomes, otherwise="ready")
    say("Nothing was run.")
    return 2 if any(outcome.state == "failed" for outcome in outcomes) else 0


def _show_table(outcomes: Sequence[Outcome], otherwise: str = "not run, cancelled") -> None:
    """A row for each run; `otherwise` is the word for those that were not run."""
    rows = []
    for outcome in outcomes:
        run = outcome.run
        seconds = f"{outcome.seconds:.1f}" if outcome.seconds else "-"
        output = "" if outcome.state == "failed" else _short(run.output)
        scan = outcome.scan or run.scan
        rows.append([run.name or "-", scan or "-", seconds, output or "-", _words(outcome, otherwise)])
    say()
    say_table(["input", "scan", ">seconds", "output", "outcome"], rows)


def _words(outcome: Outcome, otherwise: str) -> str:
    """What came of a run, with the number of warnings."""
    if outcome.state == "not run":
        return otherwise
    words = f"failed: {_without_paths(outcome)}" if outcome.state == "failed" else outcome.state
    if not outcome.n_warnings:
        return words
    return f"{words}, {outcome.n_warnings} warning{'s' if outcome.n_warnings > 1 else ''}"


def _without_paths(outcome: Outcome) -> str:
    """Why a run failed, without what the other columns tell, and without naming the node twice."""
    run, message = outcome.run, outcome.message
    message = message.replace(f"{run.input}: ", "").replace(run.input, run.name) if run.input else message
    message = message.replace(os.path.join(os.getcwd(), ""), "")
    node = re.search(r"node ('[^']*')", message)
    if node is not None:
        first, rest = message[: node.end()], message[node.end() :]
        message = first + rest.replace(f" (node {node[1]})", "").replace(f": node {node[1]}:", ":")
    return message


def _short(path: str) -> str:
    """Path as short as it can be written from here."""
    if not path:
        return ""
    relative = os.path.relpath(path)
    return os.path.abspath(path) if relative.startswith(os.pardir) else relative


#: Which folder a run writes to; the help and the documentation say the same.
FOLDERS = "each run has a folder below --output: FILE where there are several files, SCAN where --scan names several"


class _LinesOfEach:
    """Observer of many runs: their lines say which of how many they belong to, and which files were written."""

    def __init__(self) -> None:
        self._lines = RunLines()

    def __enter__(self) -> _LinesOfEach:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._lines.__exit__(kind, error, trace)

    def run_started(self, run: PlannedRun, number: int, total: int) -> None:
        """Name the run. Those that cannot run have been named before the first."""
        if run.plan is None:
            return
        sys.stderr.write(f"run {number}/{total}: {run.title}\n")
        self._before = file_states(run.plan)
        # While a bar is shown what goes to the standard output would go to the terminal; so each run has its own.
        self._lines = RunLines(f"run {number}/{total} ").__enter__()

    def run_ended(self, outcome: Outcome) -> None:
        """Name the files that were written, or what went wrong."""
        if outcome.run.plan is None:
            return
        self._lines.__exit__()
        for path in written_since(self._before, outcome.run.plan):
            say(f"wrote {path}")
        if outcome.state == "failed":
            complain("error", outcome.message)

    def started(self, node: Node, number: int, total: int) -> None:
        """Show the node."""
        self._lines.started(node, number, total)

    def progress(self, node: Node, fraction: float, what: str) -> None:
        """Move the bar."""
        self._lines.progress(node, fraction, what)

    def warned(self, node: Node, message: str) -> None:
        """Show a warning."""
        self._lines.warned(node, message)
