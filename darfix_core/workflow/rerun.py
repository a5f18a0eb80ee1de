"""The steps of a stored result as a workflow, to run again on the same files or on others."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from darfix_core.engine.file_parameters import is_there
from darfix_core.engine.registry import get_step
from darfix_core.engine.step_inputs import input_name
from darfix_core.errors import DataFileError, WorkflowError, nearest
from darfix_core.io.dataset_file import is_saved_dataset, open_saved_dataset
from darfix_core.io.maps import load_maps
from darfix_core.io.nexus import OUTPUT_SUFFIXES, written_kind
from darfix_core.io.signature import is_hdf5
from darfix_core.model.dataset import Dataset
from darfix_core.model.history import ARRAY, History, HistoryNode
from darfix_core.model.maps import Maps
from darfix_core.workflow.graph import Graph, Link, Node
from darfix_core.workflow.overrides import (
    Overrides,
    set_parameters,
    set_positions,
    set_scan,
    split_input,
    stated_parameters,
)
from darfix_core.workflow.plan import Plan, make_plan
from darfix_core.workflow.replay import needed_nodes, step_of
from darfix_core.workflow.source_files import (
    as_it_is_now,
    is_moved_from,
    kept_with_other_data,
    listed,
    main_path,
    reads_a_file,
    source_lines,
)


@dataclass(frozen=True, eq=False)
class Rerun:
    """Steps that are ready to run again.

    Parameters
    ----------
    plan : Plan
        The steps, and one that saves the result.
    sources : tuple of str
        What has become of the files that are read, a line each.
    output : str
        File that is written.
    warnings : tuple of str
        What is read as before although it may not fit other data.
    """

    plan: Plan
    sources: tuple[str, ...]
    output: str
    warnings: tuple[str, ...] = ()


def open_stored(file: str) -> Dataset | Maps:
    """Maps or dataset in a file that darfix-core has written.

    Raises
    ------
    DataFileError
        If there is no such file, or it is of another kind.
    """
    path = os.path.abspath(os.path.expanduser(file))
    kind = written_kind(path)
    if kind is None:
        raise DataFileError("was not written by darfix-core: it holds no steps that could be run again", file=path)
    return open_saved_dataset(path) if kind == "dataset" else load_maps(path)


def make_rerun(stored: Dataset | Maps, file: str, changes: Overrides, *, only_plan: bool = False) -> Rerun:
    """Workflow of the steps that made a stored result.

    Parameters
    ----------
    stored : Dataset or Maps
        From `open_stored`.
    file : str
        Its file.
    changes : Overrides
        What to change. `inputs` name files by ``"PATH"`` or ``"STEP=PATH"``, where STEP is the id or title of a step
        that reads a file, or of one whose result is replaced by what the file holds. A saved intermediate result
        is recognised. `output` is a folder, or a file; None: ``<stem>_rerun.h5`` beside the stored file.
    only_plan : bool
        The plan will not run: its output may exist.

    Returns
    -------
    Rerun

    Raises
    ------
    WorkflowError
        If the history is empty, begins with data of unknown origin, or its steps cannot be run in this version; or
        if `changes` name something that is not there.
    DataFileError
        If a file that was read is missing; the message tells how to give another.
    OutputExistsError
        If the output exists and may not be replaced.
    """
    history = stored.history
    if not history.made_by_steps:
        raise WorkflowError(f"{file}: nothing is known about how its content was made")
    names = step_names(history)
    given = _given_files(history, names, changes.inputs)
    starts = {key: paths for key, paths in given.items() if not reads_a_file(history.nodes[key])}
    lines = [f"{names[key]}: begins with {listed(paths)}" for key, paths in starts.items()]
    for key, path in _stored_instead(history, set(starts)).items():
        starts[key] = (path,)
        lines.append(f"{names[key]}: its result is read from {path}; it was made from data of unknown origin")
    needed = needed_nodes(history, str(history.head), starts)
    unused = [key for key in given if key not in needed]
    if unused:
        raise WorkflowError(f"{names[unused[0]]!r} is not needed for the result: a later step is given too")
    _check_origin(history, names, needed - set(starts))
    graph = _graph(history, names, needed, given | starts, os.path.basename(file))
    graph = set_parameters(graph, changes.parameters)
    stated = stated_parameters(graph, changes)
    graph = set_positions(set_scan(graph, changes.scan), changes.positions)
    warnings: list[str] = []
    for key, node in history.in_order():
        if key in needed and key not in starts and node.sources:
            what = history, key, names, graph.nodes[names[key]], given.get(key)
            lines += source_lines(*what)
            warnings += kept_with_other_data(*what, stated)
    output = _output_file(file, changes.output)
    _check_output(output, file, history)
    head = str(history.head)
    graph = _with_writer(graph, names[head], history.nodes[head], isinstance(stored, Maps), output)
    plan = make_plan(graph, Overrides(overwrite=changes.overwrite or only_plan))
    if only_plan:
        (key,) = plan.files
        writer = plan.graph.nodes[key].with_parameters(overwrite=changes.overwrite)
        plan = replace(plan, graph=plan.graph.with_node(writer))
    return Rerun(plan, tuple(lines), output, tuple(warnings))


def step_names(history: History) -> dict[str, str]:
    """Id of a node of a history -> name for people: the id of its step, numbered where a step was run several times."""
    order = history.in_order()
    counts, seen, names = Counter(node.step for _, node in order), Counter[str](), dict[str, str]()
    for key, node in order:
        seen[node.step] += 1
        names[key] = node.step if counts[node.step] == 1 else f"{node.step}_{seen[node.step]}"
    return names


def may_be_equal(old: History, new: History) -> bool:
    """True where two results may have been made from the same data: from files of equal names and sizes.

    A copy has another time; whether its content is the same, the results tell.
    """

    def files(history: History) -> set[tuple[str, int]]:
        needed = needed_nodes(history, str(history.head))
        sources = (source for key in needed for source in history.nodes[key].sources)
        return {(os.path.basename(source.path), source.size) for source in sources}

    return files(old) == files(new)


# --- what is given ---


def _given_files(history: History, names: Mapping[str, str], inputs: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Files that are given, by the node that they are meant for."""
    keys = _keys_of_names(history, names)
    given: dict[str, list[str]] = {}
    for text in inputs:
        name, path = split_input(text, keys)
        if name is not None and name not in keys:
            raise WorkflowError(f"the history has no step {name!r}{nearest(name, list(names.values()))}")
        path = os.path.abspath(os.path.expanduser(path))
        if not is_there(path):
            raise DataFileError("no such file", file=path)
        for key in _meant(history, names, path) if name is None else [keys[name]]:
            given.setdefault(key, []).append(path)
    return {key: tuple(paths) for key, paths in given.items()}


def _keys_of_names(history: History, names: Mapping[str, str]) -> dict[str, str]:
    """Every way to name a step: as it is listed, by its title where that is unique, by the id of its node."""
    titles = {key: step_of(node).title for key, node in history.nodes.items() if node.step != ARRAY}
    counts = Counter(titles.values())
    unique = {title: key for key, title in titles.items() if counts[title] == 1}
    return unique | {key: key for key in names} | {name: key for key, name in names.items()}


def _meant(history: History, names: Mapping[str, str], path: str) -> list[str]:
    """Nodes that a file is meant for which is given without a name."""
    if os.path.isfile(path) and is_hdf5(path) and is_saved_dataset(path):
        head = open_saved_dataset(path).history.head
        if head in needed_nodes(history, str(history.head)):
            return [str(head)]
    readers = [key for key, node in history.in_order() if node.step == ARRAY or reads_a_file(node)]
    moved = [key for key in readers if is_moved_from(history.nodes[key], path)]
    read = {repr(main_path(history.nodes[key])) for key in readers}
    if moved or len(readers) == 1 or len(read) == 1:
        return moved or readers
    several = ", ".join(names[key] for key in readers)
    raise WorkflowError(f"several steps read files: {several}; name the one that {path} is for by --input STEP=PATH")


def _stored_instead(history: History, given: set[str]) -> dict[str, str]:
    """Saved results that stand for the data of unknown origin which they were made from, as far as they exist."""
    found: dict[str, str] = {}
    for key, node in reversed(history.in_order()):
        needed = needed_nodes(history, str(history.head), {*given, *found})
        if key not in needed or key in given:
            continue
        below = needed_nodes(history, key, {*given, *found})
        if any(history.nodes[name].step == ARRAY and name not in given for name in below):
            path = next((file.url for file in node.stored if as_it_is_now(file) == file), None)
            found |= {key: path} if path else {}
    return found


def _check_origin(history: History, names: Mapping[str, str], keys: set[str]) -> None:
    for key in keys:
        node = history.nodes[key]
        if node.step == ARRAY:
            raise WorkflowError(
                f"the steps begin with an array of unknown origin, of the shape {tuple(node.parameters['shape'])} and "
                f"the type {node.parameters['dtype']}; give a file that holds it by --input {names[key]}=PATH"
            )


# --- the workflow ---


def _graph(
    history: History, names: Mapping[str, str], needed: set[str], given: Mapping[str, tuple[str, ...]], file: str
) -> Graph:
    """Steps of a history, those that are replaced by files as steps that load them."""
    nodes: dict[str, Node] = {}
    links: list[Link] = []
    for key, node in history.in_order():
        if key not in needed:
            continue
        name, paths = names[key], given.get(key, ())
        path: Any = paths[0] if len(paths) == 1 else paths
        if node.step == ARRAY or (paths and not reads_a_file(node)):
            nodes[name] = Node(name, f"{name}, from a file", "load", {"path": path})
            continue
        step = step_of(node)
        parameters = step.migrated(node.parameters, node.version, node.package_version)
        nodes[name] = Node(name, step.title, step.id, parameters | ({step.input_path: path} if paths else {}))
        for value, source in node.inputs.items():
            output = _output_of(nodes[names[source]], history.nodes[source])
            links.append(Link(names[source], output, name, input_name(value)))
    return Graph(nodes, tuple(links), f"steps of {file}")


def _output_of(node: Node, recorded: HistoryNode) -> str:
    """Output of a node of the workflow for a result in the history; it may be loaded from a file instead of made."""
    outputs = node.step.outputs
    return recorded.output if recorded.output in outputs else next(iter(outputs), "")


def _with_writer(graph: Graph, head: str, recorded: HistoryNode, is_maps: bool, path: str) -> Graph:
    """Graph with a step behind its end that saves the result."""
    step = get_step("save_maps" if is_maps else "save_dataset")
    output = _output_of(graph.nodes[head], recorded)
    writer = Node(step.id, step.title, step.id, {step.output_path: path})
    link = Link(head, output, writer.id, next(iter(step.inputs)))
    return Graph({**graph.nodes, writer.id: writer}, (*graph.links, link), graph.name)


def _check_output(output: str, file: str, history: History) -> None:
    """What the result was made from stays, and so does the stored result, whatever is asked for."""
    if os.path.realpath(output) == os.path.realpath(os.path.expanduser(file)):
        raise DataFileError("holds the result that is made again; choose another name", file=output)
    if os.path.realpath(output) in map(os.path.realpath, history.files):
        raise DataFileError("is one of the files that the result was made from; choose another name", file=output)


def _output_file(file: str, output: str | None) -> str:
    """File to write: the one that is named, or one in the folder that is named."""
    path = Path(os.path.abspath(os.path.expanduser(file)))
    if output is None:
        return str(path.with_name(f"{path.stem}_rerun.h5"))
    target = Path(os.path.abspath(os.path.expanduser(output)))
    is_file = target.suffix.lower() in OUTPUT_SUFFIXES and not target.is_dir()
    return str(target if is_file else target / f"{path.stem}_rerun.h5")
