"""Running the steps of a history again."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from darfix_core.engine.execution import warn
from darfix_core.engine.registry import Step, get_step
from darfix_core.engine.step_inputs import input_name
from darfix_core.errors import WorkflowError
from darfix_core.model.dataset import Dataset
from darfix_core.model.frame_sources import SourceFile
from darfix_core.model.history import ARRAY, History, HistoryNode


def replay(history: History, inputs: Mapping[str, Any] | None = None) -> Any:
    """Make a result again from its history.

    Files are read again from where they were; a warning tells of those that have changed since.

    Parameters
    ----------
    history : History
        That of a `Dataset` or of `Maps`.
    inputs : mapping, optional
        What the history does not know the origin of, such as a dataset that was made from an array: name of
        the input that it went to (``"dataset"``), or id of its node in the history -> value.

    Returns
    -------
    Dataset or Maps
        The result of the history's last step.

    Raises
    ------
    WorkflowError
        If the history is empty, an input of unknown origin is not given, a name is given that stands for several
        datasets, or a step was run in a version that this one cannot repeat.
    """
    given = dict(inputs or {})
    if history.head is None:
        raise WorkflowError("the history is empty: nothing is known about how the data were made")
    results: dict[str, Any] = {}
    needed = needed_nodes(history, str(history.head))
    for key, node in history.in_order():
        if key not in needed:
            continue
        if node.step == ARRAY:
            results[key] = _given_data(key, history, needed, given)
        else:
            step = step_of(node)
            made = step.results(_again(step, node, results, given))
            results[key] = made[node.output] if node.output else next(iter(made.values()), None)
            _compare_sources(node, results[key])
    return results[history.head]


def needed_nodes(history: History, head: str, given: Collection[str] = ()) -> set[str]:
    """Nodes that have to run for the result of one of them.

    Parameters
    ----------
    history : History
    head : str
        Id of the node whose result is wanted.
    given : collection of str
        Ids of nodes whose results are there already.

    Returns
    -------
    set of str
        Ids, those of `head` and of the given nodes that are used included.
    """
    needed: set[str] = set()
    waiting = [head]
    while waiting:
        key = waiting.pop()
        if key not in needed:
            needed.add(key)
            waiting.extend(() if key in given else history.nodes[key].inputs.values())
    return needed


def _given_data(key: str, history: History, needed: set[str], given: Mapping[str, Any]) -> Any:
    """What was given for data that the history begins with."""
    if key in given:
        value = given[key]
    else:
        roots = _names_of_roots(history, needed)
        name = next((name for name in roots[key] if name in given), None)
        if name is None:
            raise WorkflowError(_unknown_origin(key, history, needed, roots))
        others = [root for root, names in roots.items() if name in names and root not in given]
        if len(others) > 1:
            listed = ", ".join(f"{root!r} ({_described(history.nodes[root])})" for root in others)
            raise WorkflowError(
                f"{name!r} stands for several datasets of this history; give each by its id, inputs={{id: ...}}: "
                + listed
            )
        value = given[name]
    node = history.nodes[key]
    if isinstance(value, Dataset) and (list(value.frames.shape), str(value.frames.dtype)) != _form(node):
        warn(
            f"the result was made from {_described(node)}; the given dataset has the shape "
            f"{value.frames.shape} and the type {value.frames.dtype}"
        )
    return value


def _names_of_roots(history: History, needed: set[str]) -> dict[str, list[str]]:
    """Ids of the data that the history begins with -> names of the inputs that they went to."""
    begin = (key for key in sorted(needed) if history.nodes[key].step == ARRAY)
    roots: dict[str, list[str]] = {key: [] for key in begin}
    if history.head in roots:
        roots[history.head].append("dataset")
    for key in needed:
        for name, source in history.nodes[key].inputs.items():
            if source in roots and name not in roots[source]:
                roots[source].append(name)
    return {key: sorted(names) for key, names in roots.items()}


def _unknown_origin(key: str, history: History, needed: set[str], roots: Mapping[str, list[str]]) -> str:
    name = roots[key][0]
    users = [
        step_of(node).title
        for node_key, node in history.in_order()
        if node_key in needed and node.inputs.get(name) == key
    ]
    shared = sum(name in names for names in roots.values()) > 1
    what = f"{users[0]}: the origin of its input {name!r}" if users else "the origin of the data"
    wanted = key if shared else name
    return f"{what} is not known; give it: inputs={{{wanted!r}: ...}}, {_described(history.nodes[key])}"


def _form(node: HistoryNode) -> tuple[list[int], str]:
    return list(node.parameters["shape"]), str(node.parameters["dtype"])


def _described(node: HistoryNode) -> str:
    shape, dtype = _form(node)
    return f"an array of the shape {tuple(shape)} and the type {dtype}"


def step_of(node: HistoryNode) -> Step:
    """Step that a node of a history ran.

    Raises
    ------
    WorkflowError
        If this version of darfix-core has no such step.
    """
    try:
        return get_step(node.step)
    except KeyError as error:
        raise WorkflowError(f"the history holds a step that this version does not have: {error.args[0]}") from None


def _again(step: Step, node: HistoryNode, results: Mapping[str, Any], given: Mapping[str, Any]) -> Any:
    """Result of one step of the history."""
    parameters = step.migrated(node.parameters, node.version, node.package_version)
    inputs = {name: results[key] for name, key in node.inputs.items()}
    known = set(map(input_name, inputs))
    for name, entry in step.inputs.items():
        if name in known:
            continue
        if name in given:
            inputs[name] = given[name]
        elif not entry.optional:
            raise WorkflowError(
                f"{step.title}: the origin of its input {name!r} is not known; give it: inputs={{{name!r}: ...}}"
            )
    return step(**inputs, **parameters)


def _compare_sources(node: HistoryNode, result: Any) -> None:
    """Tell of files that are not what they were when the result was made."""
    if not node.sources:
        return
    history: History = result.history
    found = {source.url: source for source in history.nodes[str(history.head)].sources}
    changes = [change_of(old, found.get(old.url)) for old in node.sources]
    known = {old.url for old in node.sources}
    changes += [f"{new.path} was not read when the result was made" for url, new in found.items() if url not in known]
    # One file may hold several sources; a series may have thousands of files.
    told = list(dict.fromkeys(change for change in changes if change))
    if told:
        more = f" (and {len(told) - 1} more of its files differ)" if len(told) > 1 else ""
        warn(told[0] + more)


def change_of(old: SourceFile, new: SourceFile | None) -> str:
    """What has become of a source, in words; empty where it is the same."""
    if new is None:
        return f"{old.path} was read when the result was made, and is not now"
    what = []
    if new.size != old.size:
        what.append(f"it had {old.size} bytes and has {new.size}")
    if new.mtime != old.mtime:
        what.append(f"it was written on {_time(old.mtime)} and again on {_time(new.mtime)}")
    return f"{old.path} has changed since the result was made: {', '.join(what)}" if what else ""


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds).isoformat(" ", "seconds")
