"""What a run of a workflow will do: overrides applied, parameters checked, files looked for. Nothing runs yet."""

from __future__ import annotations

import glob
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from darfix_core.engine.file_parameters import file_texts, is_there
from darfix_core.engine.registry import get_step
from darfix_core.errors import DataFileError, OutputExistsError, WorkflowError
from darfix_core.figures.files import files_to_write
from darfix_core.model.maps import Maps
from darfix_core.workflow.graph import Graph, Link, Node
from darfix_core.workflow.overrides import Overrides, set_inputs, set_parameters, set_positions, set_scan


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
    graph = set_scan(set_inputs(graph, overrides.inputs), overrides.scan)
    graph = set_positions(graph, overrides.positions)
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


def _set_outputs(graph: Graph, overrides: Overrides) -> Graph:
    """Put the output files where they belong; without any, save the maps at the ends of the workflow."""
    writers = [node for node in graph.order if node.step.output_path]
    # A copy on the way is no result.
    if not any(not node.step.outputs or graph.is_terminal(node) for node in writers):
        graph, added = _with_writers(graph, overrides)
        writers += added
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
    """Files, folders and patterns that a node reads; those of its main parameter must be there."""
    value = node.parameters[node.step.input_path]
    paths = (value,) if isinstance(value, str) else tuple(value)
    if not paths or not all(paths):
        raise _no_file(graph.name, node)
    for path in paths:
        if not is_there(path):
            raise DataFileError(f"no such file (node {node.title!r})", file=path)
    return (*paths, *filter(is_there, _further_files(node)))


def _further_files(node: Node) -> list[str]:
    """What a node may read besides its input: dark frames, positions."""
    values = (node.parameters[name] for name in node.step.file_parameters if name != node.step.input_path)
    return [os.path.expanduser(text.partition("::")[0]) for value in values for text in file_texts(value)]


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
    read = {os.path.realpath(file) for paths in inputs.values() for path in paths for file in _matching(path)}
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


def _matching(path: str) -> list[str]:
    """Files that a pattern stands for now, or the path itself."""
    return glob.glob(path, recursive=True) if glob.has_magic(path) and not os.path.exists(path) else [path]


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
