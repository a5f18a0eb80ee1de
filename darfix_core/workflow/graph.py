"""A workflow: steps with their parameters, and the wires between them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from graphlib import CycleError, TopologicalSorter
from typing import Any

from darfix_core.engine.registry import Step, channel_name, get_step
from darfix_core.engine.step_inputs import numbered
from darfix_core.errors import WorkflowError, nearest
from darfix_core.model.arrays import frozen_mapping


@dataclass(frozen=True, eq=False)
class Node:
    """A step in a workflow.

    Parameters
    ----------
    id : str
        Unique in the workflow.
    title : str
        What the user called it.
    step_id : str
        Id of the step.
    parameters : mapping
        Parameters that differ from the defaults, or all of them.
    """

    id: str
    title: str
    step_id: str
    parameters: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "parameters", frozen_mapping(self.parameters))

    @property
    def step(self) -> Step:
        """The step that the node runs."""
        return get_step(self.step_id)

    def with_parameters(self, **changes: Any) -> Node:
        """The same node with some parameters changed."""
        return replace(self, parameters={**self.parameters, **changes})


@dataclass(frozen=True)
class Link:
    """A wire.

    Parameters
    ----------
    source : str
        Id of the node that gives.
    output : str
        Name of its output: ``"dataset"``, ``"maps"`` ...
    sink : str
        Id of the node that takes.
    input : str
        Name of its input. Several wires may lead to one that takes several values: in the order of the graph.
    """

    source: str
    output: str
    sink: str
    input: str


@dataclass(frozen=True, eq=False)
class Graph:
    """Nodes and wires. Disabled wires are left out.

    Parameters
    ----------
    nodes : mapping
        Id -> `Node`, in the order of the file.
    links : tuple of Link
    name : str
        File that the workflow came from, for messages.

    Raises
    ------
    WorkflowError
        If a wire does not fit, or the wires form a loop; the message names the nodes.
    """

    nodes: Mapping[str, Node]
    links: tuple[Link, ...] = ()
    name: str = "workflow"

    def __post_init__(self) -> None:
        object.__setattr__(self, "nodes", frozen_mapping(self.nodes))
        object.__setattr__(self, "links", tuple(self.links))
        for link in self.links:
            self._check_link(link)
        taken: set[tuple[str, str]] = set()
        for link in self.links:
            several = self.nodes[link.sink].step.inputs[link.input].many
            if (link.sink, link.input) in taken and not several:
                raise WorkflowError(
                    f"{self.name}: several links lead to the input {channel_name(link.input)!r} "
                    f"of {self.nodes[link.sink].title!r}; it takes one"
                )
            taken.add((link.sink, link.input))
        self.order  # noqa: B018  (finds loops)

    def _check_link(self, link: Link) -> None:
        for end in (link.source, link.sink):
            if end not in self.nodes:
                other = self.nodes.get(link.sink if end == link.source else link.source)
                where = f" of {other.title!r}" if other else ""
                raise WorkflowError(f"{self.name}: a link{where} leads to the node {end!r}, which does not exist")
        source, sink = self.nodes[link.source], self.nodes[link.sink]
        outputs, inputs = source.step.outputs, sink.step.inputs
        if link.output not in outputs:
            raise WorkflowError(f"{self.name}: {source.title!r} has no output {link.output!r}{_channels(outputs)}")
        if link.input not in inputs:
            raise WorkflowError(f"{self.name}: {sink.title!r} has no input {link.input!r}{_channels(inputs)}")
        if not issubclass(outputs[link.output], inputs[link.input].kind):
            raise WorkflowError(
                f"{self.name}: {source.title!r} gives {channel_name(link.output)}, but the input "
                f"{inputs[link.input].channel!r} of {sink.title!r} takes a {inputs[link.input].kind.__name__}"
            )

    @cached_property
    def order(self) -> tuple[Node, ...]:
        """Nodes, each behind those that it takes its inputs from.

        Raises
        ------
        WorkflowError
            If the links form a loop.
        """
        before: dict[str, list[str]] = {key: [] for key in self.nodes}
        for link in self.links:
            before[link.sink].append(link.source)
        try:
            return tuple(self.nodes[key] for key in TopologicalSorter(before).static_order())
        except CycleError as error:
            loop = " -> ".join(repr(self.nodes[key].title) for key in error.args[1])
            raise WorkflowError(f"{self.name}: the links form a loop: {loop}") from None

    def inputs_of(self, node: Node) -> dict[str, Link]:
        """Input name -> wire, for the inputs of a node that are connected.

        The wires of an input that takes several values stand under its numbered names: ``"datasets 1"`` ...
        """
        found: dict[str, Link] = {}
        counts: Counter[str] = Counter()
        for link in self.links:
            if link.sink == node.id:
                counts[link.input] += 1
                several = node.step.inputs[link.input].many
                found[numbered(link.input, counts[link.input]) if several else link.input] = link
        return found

    def is_terminal(self, node: Node) -> bool:
        """True where no wire leaves the node."""
        return all(link.source != node.id for link in self.links)

    def find(self, name: str) -> Node:
        """Node with that title, else with that id.

        Raises
        ------
        WorkflowError
            If there is none, with the nearest titles, or if several share the title.
        """
        found = [node for node in self.nodes.values() if node.title == name]
        if len(found) > 1:
            ids = ", ".join(node.id for node in found)
            raise WorkflowError(f"{self.name}: several nodes are called {name!r}; name one by its id: {ids}")
        if found:
            return found[0]
        if name in self.nodes:
            return self.nodes[name]
        titles = [node.title for node in self.nodes.values()]
        raise WorkflowError(f"{self.name}: no node {name!r}{nearest(name, titles)}")

    def with_node(self, node: Node) -> Graph:
        """The same graph with a node replaced, or added."""
        return replace(self, nodes={**self.nodes, node.id: node})

    def runnable(self) -> tuple[Graph, dict[str, str]]:
        """The nodes whose required inputs are connected, and why the others are left out.

        An unconnected widget does nothing in the canvas, and nothing behind it runs either.

        Returns
        -------
        Graph
            What can run.
        dict
            Id of a node that cannot -> reason.
        """
        skipped: dict[str, str] = {}
        for node in self.order:
            for entry in node.step.inputs.values():
                sources = [link.source for link in self.links if (link.sink, link.input) == (node.id, entry.name)]
                if entry.optional:
                    continue
                if not sources:
                    skipped[node.id] = f"nothing is connected to its input {entry.channel!r}"
                elif idle := [source for source in sources if source in skipped]:
                    skipped[node.id] = f"{self.nodes[idle[0]].title!r} before it does not run"
        kept = {key: node for key, node in self.nodes.items() if key not in skipped}
        links = tuple(link for link in self.links if link.source in kept and link.sink in kept)
        return replace(self, nodes=kept, links=links), skipped


def _channels(names: Mapping[str, Any]) -> str:
    """Closing words about the channels that a node has."""
    return "; it has: " + ", ".join(channel_name(name) for name in names) if names else "; it has none"
