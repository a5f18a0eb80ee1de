"""Workflows as graphs for ewoks, the workflow system of the ESRF: plain JSON, written without ewoks."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from darfix_core.engine.parameters import Parameters
from darfix_core.engine.registry import Step
from darfix_core.errors import WorkflowError
from darfix_core.io.atomic import write_whole
from darfix_core.workflow.graph import Graph, Node

#: Version of the graph format of ewoks that is written.
SCHEMA_VERSION = "1.2"
#: Module that holds the tasks which ewoks runs.
TASKS_MODULE = "darfix_core.workflow.ewoks_tasks"


def task_name(step: Step) -> str:
    """Name of the class that ewoks runs for a step: ``SaveMaps`` for ``save_maps``."""
    return "".join(part.capitalize() for part in step.id.split("_"))


def ewoks_graph(graph: Graph) -> dict[str, Any]:
    """The graph that ewoks runs, in the form of its JSON files.

    Parameters
    ----------
    graph : Graph
        A workflow whose nodes can all run; see `darfix_core.workflow.graph.Graph.runnable`.

    Returns
    -------
    dict
        Nodes keep their ids, their titles are the labels and their parameters the default inputs. A parameter
        that a step requires and that is empty is left out: ewoks asks for it.

    Raises
    ------
    WorkflowError
        If a parameter is unknown or has a wrong value; the message names the node.
    """
    wires: dict[tuple[str, str], list[dict[str, str]]] = {}
    for node in graph.nodes.values():
        for name, link in graph.inputs_of(node).items():
            # ewoks wants one link between two nodes, whatever travels along it.
            wires.setdefault((link.source, link.sink), []).append({"source_output": link.output, "target_input": name})
    return {
        "graph": {"id": Path(graph.name).stem, "schema_version": SCHEMA_VERSION},
        "nodes": [_node(node, graph.name) for node in graph.nodes.values()],
        "links": [
            {"source": source, "target": target, "data_mapping": mapping} for (source, target), mapping in wires.items()
        ],
    }


def without_empty(step: Step, values: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters less those that the step requires and that a widget has saved empty: they are not given."""
    entries = step.parameters.entries
    return {
        name: value
        for name, value in values.items()
        if not (name in entries and entries[name].required and value in ("", ()))
    }


def _node(node: Node, name: str) -> dict[str, Any]:
    try:
        values = _checked(node.step, without_empty(node.step, node.parameters))
    except (TypeError, ValueError) as error:
        raise WorkflowError(f"{name}: node {node.title!r}: {error}") from None
    return {
        "id": node.id,
        "label": node.title,
        "task_type": "class",
        "task_identifier": f"{TASKS_MODULE}.{task_name(node.step)}",
        "default_inputs": [{"name": key, "value": value} for key, value in values.items()],
    }


def _checked(step: Step, given: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters that are given, checked; none of the others filled in."""
    entries = {name: entry for name, entry in step.parameters.entries.items() if name in given}
    return Parameters(step.id, entries).validate(given)


def write_ewoks_graph(graph: Graph, path: str | os.PathLike[str], *, overwrite: bool = False) -> Path:
    """Write a workflow as a JSON file that ewoks runs.

    Input files are named by their absolute paths, so that the file runs from any folder. Relative paths of
    outputs stay: they lie in the folder where ewoks is started.

    Parameters
    ----------
    graph : Graph
        A workflow whose nodes can all run.
    path : path
        The file; it ends in .json, by which ewoks knows it.
    overwrite : bool
        An existing file may be replaced.

    Returns
    -------
    Path
        Absolute path.

    Raises
    ------
    ValueError
        If the path ends otherwise.
    WorkflowError
        If a parameter has a wrong value.
    OutputExistsError
        If the file exists and may not be replaced.
    DataFileError
        If the file cannot be written.
    """
    if Path(path).suffix.lower() != ".json":
        raise ValueError(f"a graph for ewoks is written to a file that ends in .json, got {os.fspath(path)!r}")
    text = json.dumps(ewoks_graph(graph), indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    return write_whole({Path(path): lambda part: _write(part, text)}, overwrite=overwrite)[0]


def _write(part: Path, text: str) -> None:
    part.write_text(text, encoding="utf-8")
