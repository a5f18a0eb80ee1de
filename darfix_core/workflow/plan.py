"""What a run of a workflow will do: overrides applied, parameters checked, files looked for. Nothing runs yet."""

from __future__ import annotations

import ast
import contextlib
import os
import tempfile
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from darfix_core.engine.file_parameters import is_there
from darfix_core.engine.parameters import Parameter, Parameters
from darfix_core.engine.registry import get_step
from darfix_core.errors import DataFileError, OutputExistsError, WorkflowError, nearest
from darfix_core.figures.files import files_to_write
from darfix_core.model.maps import Maps
from darfix_core.workflow.graph import Graph, Link, Node


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
    """

    inputs: Sequence[str] = ()
    scan: str | None = None
    parameters: Sequence[str] = ()
    output: str | None = None
    overwrite: bool = False


@dataclass(frozen=True, eq=False)
class Plan:
    """A workflow that is ready to run.

    Parameters
    ----------
    graph : Graph
        The nodes that run, with all their parameters.
    skipped : mapping
        Title of a node that does not run -> reason.
    inputs, outputs : mapping
        Id of a node -> the files that it reads, the file that it writes.
    files : mapping
        Id of a node -> all files that it may write or remove: its output first, then the pictures beside it.
    """

    graph: Graph
    skipped: Mapping[str, str] = field(default_factory=dict)
    inputs: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    outputs: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def make_plan(graph: Graph, overrides: Overrides | None = None) -> Plan:
    """Everything that can be known before the first step runs.

    Files are written where the nodes say, relative paths beside the current directory. With an output folder
    they all go there: relative paths keep their sub-folders, absolute ones only their names. A workflow that
    saves nothing needs an output folder; the maps at its ends are then saved as ``<title of the node>.h5``.

    Parameters
    ----------
    graph : Graph
    overrides : Overrides, optional

    Returns
    -------
    Plan

    Raises
    ------
    WorkflowError
        If an override names no node or parameter, a parameter has a wrong value, nothing can run, nothing
        would be saved, or a file would be saved outside the output folder.
    DataFileError
        If an input file does not exist, an output would replace an input, or its folder takes no files.
    OutputExistsError
        If an output file exists and may not be replaced.
    """
    overrides = overrides or Overrides()
    graph = set_parameters(graph, overrides.parameters)
    whole, (graph, skipped) = graph, graph.runnable()
    if not graph.nodes:
        reasons = "; ".join(f"{whole.nodes[key].title!r}: {reason}" for key, reason in skipped.items())
        raise WorkflowError(f"{graph.name}: no node can run: {reasons}")
    graph = _set_scan(_set_inputs(graph, overrides.inputs), overrides.scan)
    graph = _set_outputs(graph, overrides)
    for node in graph.order:
        graph = graph.with_node(_checked(node, graph.name))
    inputs = {node.id: _input_files(node, graph) for node in graph.order if node.step.input_path}
    outputs = {node.id: str(node.parameters[node.step.output_path]) for node in graph.order if node.step.output_path}
    files = {key: _files(graph.nodes[key], path, graph.name) for key, path in outputs.items()}
    _check_outputs(graph, inputs, files)
    return Plan(graph, {whole.nodes[key].title: reason for key, reason in skipped.items()}, inputs, outputs, files)


def _checked(node: Node, name: str) -> Node:
    """Node with all parameters, checked strictly."""
    path = node.step.input_path
    if path and path not in node.parameters:
        raise _no_file(name, node)
    try:
        return replace(node, parameters=node.step.parameters.validate(node.parameters))
    except (TypeError, ValueError) as error:
        raise WorkflowError(f"{name}: node {node.title!r}: {error}") from None


def _no_file(name: str, node: Node) -> WorkflowError:
    return WorkflowError(f"{name}: node {node.title!r} has no file to read; give --input PATH")


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
    """Value of a parameter that was given as text: a literal where that fits, else the text itself.

    So ``1.1`` is a number for a parameter that takes one, and the name of a scan for one that takes text.

    Raises
    ------
    TypeError, ValueError
        If the parameter takes no such value.
    """
    one = Parameters("", {parameter.name: parameter})
    try:
        literal = ast.literal_eval(text.strip())
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        literal = text
    try:
        return one.validate({parameter.name: literal})[parameter.name]
    except (TypeError, ValueError):
        with contextlib.suppress(TypeError, ValueError):
            return one.validate({parameter.name: text})[parameter.name]
        raise


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


def _set_inputs(graph: Graph, inputs: Sequence[str]) -> Graph:
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


def _set_scan(graph: Graph, scan: str | None) -> Graph:
    return graph if scan is None else graph.with_node(scan_reader(graph).with_parameters(scan=scan))


def _set_outputs(graph: Graph, overrides: Overrides) -> Graph:
    """Put the output files where they belong; without any, save the maps at the ends of the workflow."""
    writers = [node for node in graph.order if node.step.output_path]
    if not writers:
        graph, writers = _with_writers(graph, overrides)
    for node in writers:
        name, step = node.step.output_path, node.step
        path = node.parameters.get(name) or ""
        if not isinstance(path, str):
            continue  # the check of the parameters tells
        if not path and overrides.output is None:
            raise WorkflowError(
                f"{graph.name}: node {node.title!r} has no file to write; give --output DIR or "
                f"--set '{node.title}.{name}=FILE'"
            )
        try:
            changes: dict[str, Any] = {name: _placed(path or _file_name(node.title), overrides.output)}
        except ValueError as error:
            raise WorkflowError(f"{graph.name}: node {node.title!r}: {name} {error}") from None
        if overrides.overwrite and "overwrite" in step.parameters.entries:
            changes["overwrite"] = True
        graph = graph.with_node(node.with_parameters(**changes))
    return graph


def _with_writers(graph: Graph, overrides: Overrides) -> tuple[Graph, list[Node]]:
    """Graph with a node that saves behind each end that gives maps."""
    ends = [node for node in graph.order if graph.is_terminal(node) and Maps in node.step.outputs.values()]
    if not ends:
        raise WorkflowError(f"{graph.name}: no node saves anything, and no node at an end gives maps")
    if overrides.output is None:
        raise WorkflowError(
            f"{graph.name}: no node saves anything; add a Save Maps node, or give --output DIR to save the maps of "
            + ", ".join(repr(node.title) for node in ends)
        )
    step = get_step("save_maps")
    entry = next(entry.name for entry in step.inputs.values() if entry.kind is Maps)
    writers = []
    for node in ends:
        output = next(name for name, kind in node.step.outputs.items() if kind is Maps)
        same_title = sum(other.title == node.title for other in ends) > 1
        title = f"{node.title} {node.id}" if same_title else node.title
        writer = Node(f"save {node.id}", f"Save {title}", step.id, {step.output_path: _file_name(title)})
        graph = replace(
            graph,
            nodes={**graph.nodes, writer.id: writer},
            links=(*graph.links, Link(node.id, output, writer.id, entry)),
        )
        writers.append(writer)
    return graph, writers


def _file_name(title: str) -> str:
    """File name of a node's title, without what has a meaning in paths."""
    return "".join("_" if letter in '/\\:*?"<>|' else letter for letter in title) + ".h5"


def _placed(path: str, output: str | None) -> str:
    """Where an output file goes: with an output folder never out of it, whoever wrote the workflow."""
    file = Path(os.path.expanduser(path))
    if output is None:
        return str(file.absolute())
    folder = os.path.abspath(os.path.expanduser(output))
    placed = os.path.normpath(Path(folder, file.name if file.is_absolute() else file))
    if not Path(placed).is_relative_to(folder):
        raise ValueError(f"{path!r} would lie outside the output folder {folder}")
    return placed


def _input_files(node: Node, graph: Graph) -> tuple[str, ...]:
    """Files, folders and patterns that a node reads, each looked for."""
    value = node.parameters[node.step.input_path]
    paths = (value,) if isinstance(value, str) else tuple(value)
    if not paths or not all(paths):
        raise _no_file(graph.name, node)
    for path in paths:
        if not is_there(path):
            raise DataFileError(f"no such file (node {node.title!r})", file=path)
    return paths


def _further_files(node: Node) -> list[str]:
    """What a node may read besides its input: dark frames."""
    values = (node.parameters[name] for name in node.step.file_parameters if name != node.step.input_path)
    return [os.path.expanduser(value.partition("::")[0]) for value in values if isinstance(value, str)]


def _files(node: Node, path: str, name: str) -> tuple[str, ...]:
    """Files that a node may write; those of maps have certain endings, better known now than after a long run."""
    if not any(entry.kind is Maps for entry in node.step.inputs.values()):
        return (path,)
    try:
        return tuple(map(str, files_to_write(path)))
    except ValueError as error:
        raise WorkflowError(f"{name}: node {node.title!r}: {error}") from None


def _check_outputs(graph: Graph, inputs: Mapping[str, tuple[str, ...]], files: Mapping[str, tuple[str, ...]]) -> None:
    """No output may replace an input, another output, or a file that is to stay."""
    read = {os.path.realpath(path) for paths in inputs.values() for path in paths}
    read |= {os.path.realpath(path) for node in graph.order for path in _further_files(node)}
    writers: dict[str, Node] = {}
    for key, paths in files.items():
        node = graph.nodes[key]
        for path in paths:
            real = os.path.realpath(path)
            if real in read:
                raise DataFileError(f"node {node.title!r} would write over an input file", file=path)
            if real in writers:
                raise DataFileError(f"{writers[real].title!r} and {node.title!r} would both write it", file=path)
            writers[real] = node
            if os.path.isdir(path):
                raise DataFileError(f"node {node.title!r} cannot write it: it is a folder", file=path)
            if os.path.lexists(path) and not node.parameters.get("overwrite", False):
                raise OutputExistsError(
                    f"exists already (node {node.title!r}); give --overwrite to replace it", file=path
                )
        _check_folder(node, paths[0])


def _check_folder(node: Node, path: str) -> None:
    """A file can be made where the output goes, or in the folder that its folder is to be made in."""
    folder = next(parent for parent in Path(path).parents if os.path.lexists(parent))
    if not folder.is_dir():
        raise DataFileError(f"node {node.title!r} cannot write into {folder}: it is no folder", file=path)
    try:
        # What the permissions say does not hold on every file system; a file without a name tells.
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as error:
        reason = error.strerror or str(error)
        raise DataFileError(f"node {node.title!r} cannot write into {folder}: {reason}", file=path) from None
