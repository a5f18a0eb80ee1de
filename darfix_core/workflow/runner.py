"""Running a planned workflow: in order, one node at a time, nothing kept longer than it is needed."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from typing import Any, Protocol

from darfix_core.engine.execution import execution, warn
from darfix_core.engine.step_inputs import channel_name, empty_input
from darfix_core.errors import Cancelled, DarfixError, WorkflowError
from darfix_core.workflow.graph import Node
from darfix_core.workflow.plan import Plan


class RunObserver(Protocol):
    """Who is told how a run goes. All calls come from the thread that runs the workflow."""

    def started(self, node: Node, number: int, total: int) -> None:
        """A node begins: the `number`-th of `total`, counted from 1."""

    def progress(self, node: Node, fraction: float, what: str) -> None:
        """How far the node is, 0 to 1."""

    def warned(self, node: Node, message: str) -> None:
        """Something that the user should know about the result."""


class _Silent:
    """Observer that leaves warnings to `warnings.warn`, as a notebook expects."""

    def started(self, node: Node, number: int, total: int) -> None:
        """Say nothing."""

    def progress(self, node: Node, fraction: float, what: str) -> None:
        """Say nothing."""

    warned = None


def run_plan(
    plan: Plan,
    *,
    threads: int | None = None,
    observer: RunObserver | None = None,
    cancelled: Callable[[], bool] | threading.Event | None = None,
    on_result: Callable[[Node, Any], None] | None = None,
) -> dict[str, Any]:
    """Run a workflow.

    The first error ends the run. A node waits, as in the canvas, where one before it gives nothing for an input that
    it needs: such as the frames below a limit, which all of them may reach. Files are written whole or not at all:
    that is what the steps that write promise.

    Parameters
    ----------
    plan : Plan
        From `darfix_core.workflow.plan.make_plan`.
    threads : int, optional
        Number of threads that compute.
    observer : RunObserver, optional
        Told about nodes, progress and warnings.
    cancelled : callable or threading.Event, optional
        Tells when to stop.
    on_result : callable, optional
        Called with each node and its result.

    Returns
    -------
    dict
        Id of a node at an end of the workflow -> its result, None for nodes that write files or have not run, a
        tuple for those with several outputs.

    Raises
    ------
    WorkflowError
        If a node fails; the message names it, the cause is chained.
    Cancelled
        If the run was cancelled.
    """
    graph, watcher = plan.graph, observer or _Silent()
    results: dict[str, Any] = {}
    waiting = Counter(link.source for link in graph.links)
    for number, node in enumerate(graph.order, start=1):
        watcher.started(node, number, len(graph.order))
        results[node.id] = _run_node(plan, node, results, threads, watcher, cancelled)
        if on_result is not None:
            on_result(node, results[node.id])
        for link in graph.inputs_of(node).values():
            waiting[link.source] -= 1
            if not waiting[link.source]:
                del results[link.source]
    return results


def open_inputs(plan: Plan, observer: RunObserver | None = None) -> dict[str, Any]:
    """Open what a workflow would read, and nothing more: no frame is read.

    Parameters
    ----------
    plan : Plan
    observer : RunObserver, optional
        Told about warnings.

    Returns
    -------
    dict
        Id of a node that reads a file -> what it gives.

    Raises
    ------
    WorkflowError
        If a file cannot be opened as asked; the message names the node.
    """
    watcher = observer or _Silent()
    return {
        key: _run_node(plan, node, {}, 1, watcher, None) for key, node in plan.graph.nodes.items() if key in plan.inputs
    }


def _run_node(
    plan: Plan,
    node: Node,
    results: dict[str, Any],
    threads: int | None,
    watcher: RunObserver | _Silent,
    cancelled: Callable[[], bool] | threading.Event | None,
) -> Any:
    """Result of one node, whose inputs are there."""
    links = plan.graph.inputs_of(node)
    inputs = {
        name: plan.graph.nodes[link.source].step.results(results[link.source])[link.output]
        for name, link in links.items()
    }

    def progress(fraction: float, what: str) -> None:
        watcher.progress(node, fraction, what)

    def warned(message: str) -> None:
        if watcher.warned is not None:
            watcher.warned(node, message)

    on_warning = None if watcher.warned is None else warned
    try:
        with execution(threads=threads, progress=progress, cancelled=cancelled, on_warning=on_warning) as run:
            run.check_cancelled()
            empty = empty_input(inputs, node.step.inputs)
            if empty is not None:
                source = plan.graph.nodes[links[empty].source]
                warn(f"not run, since {source.title!r} gives nothing for its input {channel_name(empty)!r}")
                return None
            return node.step(**inputs, **node.parameters)
    except Cancelled:
        raise
    except (DarfixError, ValueError, TypeError, OSError) as error:
        raise WorkflowError(f"node {node.title!r}: {error}") from error
    except Exception as error:
        # A fault of the program, or memory that ran out: the user still learns in which node.
        raise WorkflowError(f"node {node.title!r}: {type(error).__name__}: {error}") from error
