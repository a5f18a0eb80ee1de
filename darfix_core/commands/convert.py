"""``darfix-core convert``: a saved workflow for ewoks."""

from __future__ import annotations

from darfix_core.commands.terminal import say
from darfix_core.errors import WorkflowError
from darfix_core.workflow.ewoks_graph import write_ewoks_graph
from darfix_core.workflow.ows import read_ows


def convert(file: str, target: str, *, overwrite: bool) -> int:
    """Write a workflow as a graph that ewoks runs.

    Parameters
    ----------
    file : str
        The .ows file.
    target : str
        The .json file.
    overwrite : bool
        An existing file may be replaced.

    Returns
    -------
    int
        Exit status.

    Raises
    ------
    WorkflowError
        If the workflow cannot be read, or none of its nodes can run.
    """
    if file.lower().endswith(".json"):
        raise WorkflowError(f"{file}: a graph for ewoks cannot be converted back; convert takes an .ows file")
    whole = read_ows(file)
    graph, skipped = whole.runnable()
    reasons = [f"{whole.nodes[key].title}: {reason}" for key, reason in skipped.items()]
    if not graph.nodes:
        raise WorkflowError(f"{whole.name}: no node can run: {'; '.join(reasons)}")
    written = write_ewoks_graph(graph, target, overwrite=overwrite)
    for reason in reasons:
        say(f"left out: {reason}")
    say(f"wrote {written}")
    return 0
