"""Running the steps of a history again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from darfix_core.engine.execution import warn
from darfix_core.engine.registry import get_step
from darfix_core.errors import WorkflowError
from darfix_core.model.history import History, HistoryNode


def replay(history: History, inputs: Mapping[str, Any] | None = None) -> Any:
    """Make a result again from its history.

    Files are read again from where they were.

    Parameters
    ----------
    history : History
        That of a `Dataset` or of `Maps`.
    inputs : mapping, optional
        What the history does not know the origin of, such as a dataset that was made from an array: name of
        the input (``"dataset"``) -> value.

    Returns
    -------
    Dataset or Maps
        The result of the history's last step.

    Raises
    ------
    WorkflowError
        If the history is empty, or an input of unknown origin is not given.
    """
    given = dict(inputs or {})
    if history.head is None:
        raise WorkflowError("the history is empty: nothing is known about how the data were made")
    results: dict[str, Any] = {}
    needed = _needed(history)
    for key, node in history.in_order():
        if key in needed:
            results[key] = _again(node, results, given)
    return results[history.head]


def _needed(history: History) -> set[str]:
    """Nodes that the head stands on."""
    needed: set[str] = set()
    waiting = [str(history.head)]
    while waiting:
        key = waiting.pop()
        if key not in needed:
            needed.add(key)
            waiting.extend(history.nodes[key].inputs.values())
    return needed


def _again(node: HistoryNode, results: Mapping[str, Any], given: Mapping[str, Any]) -> Any:
    """Result of one step of the history."""
    try:
        step = get_step(node.step)
    except KeyError as error:
        raise WorkflowError(f"the history holds a step that this version does not have: {error.args[0]}") from None
    if step.version != node.version:
        warn(
            f"{step.title}: the result was made by version {node.version} of the step, this is version "
            f"{step.version}; the new result may differ"
        )
    inputs: dict[str, Any] = {}
    for name, entry in step.inputs.items():
        if name in node.inputs:
            inputs[name] = results[node.inputs[name]]
        elif name in given:
            inputs[name] = given[name]
        elif not entry.optional:
            raise WorkflowError(
                f"{step.title}: the origin of its input {name!r} is not known; give it: inputs={{{name!r}: ...}}"
            )
    return step(**inputs, **node.parameters)
