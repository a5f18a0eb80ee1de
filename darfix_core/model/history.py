"""How a result was made: a graph of steps, enough to make it again."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from graphlib import CycleError, TopologicalSorter
from typing import Any

from darfix_core.model.arrays import frozen_mapping
from darfix_core.model.frame_sources import SourceFile

#: Step id of the node that stands for data which no step made.
ARRAY = "array"

# What the values of a node are in JSON.
_KINDS = {"step": str, "version": int, "parameters": dict, "inputs": dict, "package_version": str, "sources": list}


@dataclass(frozen=True)
class HistoryNode:
    """One step as it was run.

    Parameters
    ----------
    step : str
        Id of the step.
    version : int
        Version of the step.
    parameters : mapping
        Every parameter with its value, defaults included; plain JSON values.
    inputs : mapping
        Name of the input -> id of the node that gave it.
    package_version : str
        Version of darfix-core.
    sources : tuple of SourceFile
        Files that the step read.
    warnings : tuple of str
        What the step warned of. Not part of the node's identity.
    stored : tuple of SourceFile
        Files that the result was saved to and read from again. Not part of the node's identity.
    output : str
        Which of its results this is, of a step that gives several.
    """

    step: str
    version: int
    parameters: Mapping[str, Any]
    inputs: Mapping[str, str]
    package_version: str
    sources: tuple[SourceFile, ...] = ()
    warnings: tuple[str, ...] = field(default=(), compare=False)
    stored: tuple[SourceFile, ...] = field(default=(), compare=False)
    output: str = ""

    @property
    def id(self) -> str:
        """Hash of what the node is: equal for equal steps on equal inputs."""
        identity = self.to_dict()
        del identity["warnings"], identity["package_version"], identity["stored"]
        text = json.dumps(identity, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def to_dict(self) -> dict[str, Any]:
        """Plain values, fit for JSON."""
        entry = {
            "step": self.step,
            "version": self.version,
            "parameters": _plain(self.parameters),
            "inputs": dict(self.inputs),
            "package_version": self.package_version,
            "sources": [asdict(source) for source in self.sources],
            "warnings": list(self.warnings),
            "stored": [asdict(file) for file in self.stored],
        }
        return entry | {"output": self.output} if self.output else entry

    @classmethod
    def from_dict(cls, entry: Mapping[str, Any]) -> HistoryNode:
        """Node from the values of `to_dict`.

        Raises
        ------
        KeyError, TypeError
            If a value is missing, or of another kind.
        """
        for name, kind in _KINDS.items():
            if not isinstance(entry[name], kind) or isinstance(entry[name], bool):
                raise TypeError(f"{name} must be a {kind.__name__}, got {entry[name]!r}")
        return cls(
            step=entry["step"],
            version=entry["version"],
            parameters=entry["parameters"],
            inputs=entry["inputs"],
            package_version=entry["package_version"],
            sources=tuple(SourceFile(**source) for source in entry["sources"]),
            warnings=tuple(entry.get("warnings", ())),
            stored=tuple(SourceFile(**file) for file in entry.get("stored", ())),
            output=str(entry.get("output", "")),
        )


@dataclass(frozen=True, eq=False)
class History:
    """Graph of the steps that led to a result.

    Parameters
    ----------
    nodes : mapping
        Node id -> node; closed: every input of a node is there.
    head : str or None
        The node that made the result; None for an empty history.
    """

    nodes: Mapping[str, HistoryNode] = field(default_factory=dict)
    head: str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "nodes", frozen_mapping(self.nodes))

    @classmethod
    def of_array(cls, shape: tuple[int, ...], dtype: str) -> History:
        """History of data that no step made: one node, like no other, that stands for them."""
        parameters = {"id": uuid.uuid4().hex, "shape": shape, "dtype": dtype}
        return cls.join(HistoryNode(ARRAY, 1, parameters, {}, ""), [])

    @classmethod
    def join(cls, node: HistoryNode, inputs: Iterable[History]) -> History:
        """History of the result of `node`, whose inputs have the given histories."""
        nodes: dict[str, HistoryNode] = {}
        for history in inputs:
            nodes.update(history.nodes)
        nodes[node.id] = node
        return cls(nodes, node.id)

    @property
    def made_by_steps(self) -> bool:
        """True where a step made the result; False for data of unknown origin."""
        return self.head is not None and self.nodes[self.head].step != ARRAY

    def read_from(self, file: SourceFile) -> History:
        """The same history, of a result that was read from a file that it had been saved to."""
        if self.head is None:
            return self
        head = self.nodes[self.head]
        known = {**self.nodes, self.head: replace(head, stored=tuple(dict.fromkeys((*head.stored, file))))}
        return History(known, self.head)

    @property
    def files(self) -> frozenset[str]:
        """Paths of all files that the data ever came from, those of intermediate results included."""
        entries = (file for node in self.nodes.values() for file in (*node.sources, *node.stored))
        return frozenset(file.path for file in entries)

    def in_order(self) -> list[tuple[str, HistoryNode]]:
        """Nodes with their ids, inputs before the steps that use them."""
        graph = {key: sorted(node.inputs.values()) for key, node in self.nodes.items()}
        return [(key, self.nodes[key]) for key in TopologicalSorter(graph).static_order()]

    def to_json(self) -> str:
        """Whole graph as JSON text."""
        entries = {key: node.to_dict() for key, node in self.in_order()}
        return json.dumps({"format": 1, "head": self.head, "nodes": entries}, indent=1)

    @classmethod
    def from_json(cls, text: str) -> History:
        """Graph from the text of `to_json`.

        Raises
        ------
        ValueError
            If the text is no history, or of a newer format; as may be where it was edited by hand.
        """
        try:
            entry = json.loads(text)
            number = entry["format"]
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(f"not a history of darfix-core: {error!r}") from error
        if number != 1:
            raise ValueError(f"the history has the format {number}, this version reads format 1")
        try:
            nodes = {key: HistoryNode.from_dict(node) for key, node in entry["nodes"].items()}
            history = cls(nodes, entry["head"])
            history._check_closed()
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"not a history of darfix-core: {error!r}") from error
        return history

    def _check_closed(self) -> None:
        """Every step that is referred to is there, and none goes before itself.

        Raises
        ------
        ValueError
            If not.
        """
        used = [source for node in self.nodes.values() for source in node.inputs.values()]
        missing = [key for key in (*used, *([] if self.head is None else [self.head])) if key not in self.nodes]
        if missing:
            raise ValueError(f"not a history of darfix-core: it refers to {missing[0]!r}, which is not there")
        try:
            self.in_order()
        except CycleError as error:
            raise ValueError("not a history of darfix-core: a step goes before itself") from error

    def describe(self) -> str:
        """One line a step, in order, for people."""
        lines = []
        for _, node in self.in_order():
            values = ", ".join(f"{name}={value!r}" for name, value in _plain(node.parameters).items())
            lines.append(f"{node.step} (version {node.version}): {values}")
        return "\n".join(lines)


def _plain(value: Any) -> Any:
    """JSON form of a literal: tuples become lists, mappings dicts."""
    if isinstance(value, Mapping):
        return {str(key): _plain(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(entry) for entry in value]
    return value
