"""What a run changes in a saved workflow: parameters, files, scans. The texts are those of the command line."""

from __future__ import annotations

import ast
import contextlib
import json
import os
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from darfix_core.engine.file_parameters import is_there
from darfix_core.engine.parameters import Parameter, Parameters
from darfix_core.errors import DataFileError, WorkflowError, nearest
from darfix_core.workflow.graph import Graph, Node


@dataclass(frozen=True)
class Overrides:
    """What a run changes in a saved workflow. The texts are those of the command line.

    Parameters
    ----------
    inputs : sequence of str
        ``"PATH"`` for the only node that reads files (several paths: all of them), or ``"NODE=PATH"``.
    scan : str, optional
        Scan, or scans, that the only node with a parameter `scan` reads.
    parameters : sequence of str
        ``"Node.parameter=value"``; the value is a Python literal, or plain text where the parameter takes text.
    output : str, optional
        Folder for the files that are written.
    overwrite : bool
        Existing files may be replaced.
    positions : str, optional
        Table of the motors' positions that the only node with such a parameter reads.
    """

    inputs: Sequence[str] = ()
    scan: str | None = None
    parameters: Sequence[str] = ()
    output: str | None = None
    overwrite: bool = False
    positions: str | None = None


def set_parameters(graph: Graph, texts: Sequence[str]) -> Graph:
    """Graph with parameters changed as ``"Node.parameter=value"`` says.

    Raises
    ------
    WorkflowError
        If there is no such node or parameter, or it takes no such value.
    """
    for text in texts:
        graph = _set_parameter(graph, text)
    return graph


def _set_parameter(graph: Graph, text: str) -> Graph:
    """Apply one ``Node.parameter=value``."""
    target, equals, value = text.partition("=")
    title, dot, name = target.strip().rpartition(".")
    if not equals or not dot:
        raise WorkflowError(f"a parameter is set by 'Node.parameter=value', got {text!r}")
    node = graph.find(title)
    parameters = node.step.parameters
    if name not in parameters.entries:
        raise WorkflowError(
            f"{graph.name}: node {node.title!r} has no parameter {name!r}{nearest(name, list(parameters.entries))}"
        )
    try:
        return graph.with_node(node.with_parameters(**{name: value_of_text(parameters.entries[name], value)}))
    except (TypeError, ValueError) as error:
        raise WorkflowError(f"{graph.name}: node {node.title!r}: {error}") from None


def value_of_text(parameter: Parameter, text: str) -> Any:
    """Value of a parameter that was given as text: a literal (of Python or JSON) where that fits, else the text.

    So ``1.1`` is a number for a parameter that takes one, and the name of a scan for one that takes text.

    Raises
    ------
    TypeError, ValueError
        If the parameter takes no such value.
    """
    one = Parameters("", {parameter.name: parameter})
    try:
        return one.validate({parameter.name: _literal_of(text)})[parameter.name]
    except (TypeError, ValueError):
        with contextlib.suppress(TypeError, ValueError):
            return one.validate({parameter.name: text})[parameter.name]
        raise


def _literal_of(text: str) -> Any:
    """Python literal, or list or object of JSON; all other text as it is."""
    with contextlib.suppress(ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return ast.literal_eval(text.strip())
    if text.strip().startswith(("[", "{")):
        with contextlib.suppress(ValueError, RecursionError):
            return json.loads(text)
    return text


def _only(graph: Graph, nodes: list[Node], what: str, option: str) -> Node:
    """The single node that reads a file or a scan."""
    if not nodes:
        raise WorkflowError(f"{graph.name}: no node reads a {what}")
    if len(nodes) > 1:
        titles = ", ".join(repr(node.title) for node in nodes)
        raise WorkflowError(f"{graph.name}: several nodes read {what}s: {titles}; give {option}")
    return nodes[0]


def inputs_by_node(graph: Graph, inputs: Sequence[str]) -> dict[str, list[str]]:
    """Files that are given for the nodes that read some.

    Parameters
    ----------
    graph : Graph
        The nodes that run.
    inputs : sequence of str
        See `Overrides`.

    Returns
    -------
    dict
        Id of the node -> absolute paths or patterns.

    Raises
    ------
    WorkflowError
        If there is no such node, it reads no file, or it is not clear which one is meant.
    """
    readers = [node for node in graph.order if node.step.input_path]
    paths: dict[str, list[str]] = {}
    for text in inputs:
        title, path = split_input(text, {*graph.nodes, *(node.title for node in graph.nodes.values())})
        node = _only(graph, readers, "file", "--input NODE=PATH") if title is None else graph.find(title)
        if not node.step.input_path:
            raise WorkflowError(f"{graph.name}: node {node.title!r} reads no file")
        paths.setdefault(node.id, []).append(os.path.abspath(os.path.expanduser(path)))
    return paths


def scan_reader(graph: Graph) -> Node:
    """The node that a scan is chosen for.

    Raises
    ------
    WorkflowError
        If there is none, or several.
    """
    readers = [node for node in graph.order if node.step.input_path and "scan" in node.step.parameters.entries]
    return _only(graph, readers, "scan", "--set 'NODE.scan=...'")


def set_inputs(graph: Graph, inputs: Sequence[str]) -> Graph:
    """Graph in which nodes read the given files; see `inputs_by_node`."""
    for key, given in inputs_by_node(graph, inputs).items():
        node = graph.nodes[key]
        value = given[0] if len(given) == 1 else tuple(given)
        graph = graph.with_node(node.with_parameters(**{node.step.input_path: value}))
    return graph


def split_input(text: str, known: Collection[str]) -> tuple[str | None, str]:
    """Parts of ``NODE=PATH``; no node where the equal sign belongs to the path.

    Parameters
    ----------
    text : str
    known : collection of str
        Names of nodes.

    Returns
    -------
    (str or None, str)
        Name and path; where the name is none of those known, the path is empty.
    """
    title, equals, path = text.partition("=")
    first = title
    while equals:
        if title in known:
            return title, path
        more, equals, path = path.partition("=")
        title = f"{title}={more}"
    is_path = first == text or any(separator in first for separator in (os.sep, os.altsep) if separator)
    if is_path or is_there(os.path.expanduser(text)):
        return None, text
    return first, ""  # a name that no node has; the search for it tells the nearest ones


def set_scan(graph: Graph, scan: str | None) -> Graph:
    """Graph in which the only node that can reads the given scan; None: that of the workflow."""
    return graph if scan is None else graph.with_node(scan_reader(graph).with_parameters(scan=scan))


def positions_reader(graph: Graph) -> Node:
    """The node that a table of positions is given for; of several that can read one, the one that does.

    Raises
    ------
    WorkflowError
        If it is not clear which node is meant.
    """
    nodes = [node for node in graph.order if node.step.input_path and "positions" in node.step.parameters.entries]
    reading = [node for node in nodes if node.parameters.get("positions")]
    return _only(graph, reading if len(reading) == 1 else nodes, "positions table", "--set 'NODE.positions=FILE'")


def set_positions(graph: Graph, positions: str | None) -> Graph:
    """Graph in which `positions_reader` reads the given table of positions; None: those of the workflow.

    Raises
    ------
    WorkflowError
        If it is not clear which node is meant.
    DataFileError
        If there is no such file.
    """
    if positions is None:
        return graph
    path = os.path.abspath(os.path.expanduser(positions))
    if not os.path.isfile(path):
        raise DataFileError("no such file: a table of positions", file=path)
    return graph.with_node(positions_reader(graph).with_parameters(positions=path))


def stated_parameters(graph: Graph, overrides: Overrides) -> set[tuple[str, str]]:
    """Ids of nodes with the names of the parameters that overrides set, be it to what they were."""
    targets = (text.partition("=")[0].strip().rpartition(".") for text in overrides.parameters)
    stated = {(graph.find(title).id, name) for title, _, name in targets}
    return stated if overrides.positions is None else stated | {(positions_reader(graph).id, "positions")}
