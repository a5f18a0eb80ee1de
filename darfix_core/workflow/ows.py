"""Reading Orange workflow files (.ows) without Qt or Orange.

An .ows file is XML. The widgets' settings stand in it as Python literals; settings that were written as
pickle are refused, because reading pickle runs code that the file brings along.
"""

from __future__ import annotations

import ast
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from darfix_core.engine.registry import Step, channel_name, step_of_widget
from darfix_core.errors import WorkflowError, nearest
from darfix_core.io.atomic import write_whole
from darfix_core.workflow.graph import Graph, Link, Node
from darfix_core.workflow.paths import beside_workflow

#: Settings that Orange itself or the base of our widgets keeps, and that are no parameters of a step.
WIDGET_SETTINGS = frozenset(
    ["__version__", "autocommit", "context_settings", "controlAreaVisible", "savedWidgetGeometry"]
)
#: What the settings of a widget's view begin with: colour map, shown frame, splitter ...
VIEW_PREFIX = "view_"

_VERSIONS = ("2.0", "2.1")


# A workflow nests its elements four deep. Python writes trees by recursion.
_DEEPEST = 100


class _Builder(ElementTree.TreeBuilder):
    """Builder that stops at what only a forged file holds: a document type, whose entities could blow it up, depth."""

    def __init__(self) -> None:
        super().__init__()
        self._depth = 0

    def start(self, tag: Any, attributes: dict[Any, Any]) -> ElementTree.Element:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise WorkflowError(f"not an Orange workflow: elements are nested more than {_DEEPEST} deep")
        return super().start(tag, attributes)

    def end(self, tag: str) -> ElementTree.Element:
        self._depth -= 1
        return super().end(tag)

    def doctype(self, name: str, public: str | None, system: str | None) -> None:
        raise WorkflowError(f"a document type ({name}) is not allowed")


def _parse(file: Path) -> ElementTree.Element:
    try:
        text = file.read_bytes()
    except OSError as error:
        reason = "no such file" if isinstance(error, FileNotFoundError) else error.strerror or str(error)
        raise WorkflowError(f"{file}: {reason}") from None
    except ValueError as error:  # a zero character in the name
        raise WorkflowError(f"{str(file)!r} is no name of a file: {error}") from None
    parser = ElementTree.XMLParser(target=_Builder())
    try:
        root = ElementTree.fromstring(text, parser)
    except WorkflowError as error:
        raise WorkflowError(f"{file}: {error}") from None
    except ElementTree.ParseError as error:
        raise WorkflowError(f"{file}: not an Orange workflow: {error}") from None
    except (LookupError, ValueError) as error:  # an encoding that Python does not know
        raise WorkflowError(f"{file}: not an Orange workflow: {error}") from None
    if root.tag != "scheme" or root.get("version") not in _VERSIONS:
        raise WorkflowError(
            f"{file}: not an Orange workflow of version {' or '.join(_VERSIONS)}: "
            f"found <{root.tag}> of version {root.get('version')}"
        )
    return root


def read_ows(path: str | os.PathLike[str]) -> Graph:
    """Workflow of an .ows file.

    Disabled links are left out. Relative paths of input files are found by
    `darfix_core.workflow.paths.beside_workflow`, as in the canvas.

    Parameters
    ----------
    path : path
        The .ows file.

    Returns
    -------
    Graph
        One node for each widget, with the parameters that its settings hold. They are checked for their
        names only; see `darfix_core.workflow.plan.make_plan`.

    Raises
    ------
    WorkflowError
        If the file cannot be read, or a node in it: pickled settings, an unknown widget, setting or
        channel, a link to nowhere. The message names the file and the node.
    """
    file = Path(path)
    root = _parse(file)
    settings = {entry.get("node_id", ""): entry for entry in root.iterfind("node_properties/properties")}
    nodes: dict[str, Node] = {}
    for element in root.iterfind("nodes/node"):
        node = _node(element, settings.get(element.get("id", "")), file)
        if node.id in nodes:
            raise WorkflowError(f"{file}: two nodes have the id {node.id!r}: {nodes[node.id].title!r}, {node.title!r}")
        nodes[node.id] = node
    if not nodes:
        raise WorkflowError(f"{file}: the workflow has no nodes")
    links = [_link(element, nodes, file) for element in root.iterfind("links/link") if _enabled(element)]
    return Graph(nodes, tuple(links), str(file))


def _node(element: ElementTree.Element, settings: ElementTree.Element | None, file: Path) -> Node:
    key, widget = element.get("id"), element.get("qualified_name", "")
    title = element.get("title") or element.get("name") or str(key)
    where = f"{file}: node {title!r}"
    if key is None:
        raise WorkflowError(f"{where} has no id")
    step = step_of_widget(widget)
    if step is None:
        raise WorkflowError(f"{where} is the widget {widget!r}, for which darfix-core has no step")
    values = {} if settings is None else _settings(settings, where)
    parameters = _parameters(values, step, where)
    return Node(key, title, step.id, beside_workflow(step, parameters, file.absolute().parent))


def _settings(element: ElementTree.Element, where: str) -> Mapping[str, Any]:
    """Settings of a widget, from their literal."""
    kind = element.get("format")
    if kind == "pickle":
        raise WorkflowError(
            f"{where} has pickled settings, which are not read: pickle can run code. "
            "Open the workflow in the canvas, set the node anew and save it"
        )
    if kind != "literal":
        raise WorkflowError(f"{where} has settings of the format {kind!r}; only 'literal' can be read")
    try:
        values = ast.literal_eval((element.text or element.get("data") or "").strip())
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError) as error:
        raise WorkflowError(f"{where} has settings that are no literal: {error}") from None
    if not isinstance(values, dict) or not all(isinstance(name, str) for name in values):
        raise WorkflowError(f"{where} has settings that are no dict of names")
    return values


def _parameters(settings: Mapping[str, Any], step: Step, where: str) -> dict[str, Any]:
    """Parameters among the settings; other names must be known ones."""
    known = step.parameters.entries
    for name in settings:
        if name not in known and name not in WIDGET_SETTINGS and not name.startswith(VIEW_PREFIX):
            raise WorkflowError(f"{where} has a setting {name!r} that is no parameter{nearest(name, list(known))}")
    return {name: value for name, value in settings.items() if name in known}


def _enabled(element: ElementTree.Element) -> bool:
    return element.get("enabled", "true") == "true"


def _link(element: ElementTree.Element, nodes: Mapping[str, Node], file: Path) -> Link:
    ends = [element.get("source_node_id", ""), element.get("sink_node_id", "")]
    for end, other in (ends, ends[::-1]):
        if end not in nodes:
            known = f" of {nodes[other].title!r}" if other in nodes else ""
            raise WorkflowError(f"{file}: a link{known} leads to the node {end!r}, which does not exist")
    source, sink = (nodes[end] for end in ends)
    output = _channel(element.get("source_channel", ""), source.step.outputs, f"{source.title!r}", "output", file)
    taken = _channel(element.get("sink_channel", ""), sink.step.inputs, f"{sink.title!r}", "input", file)
    return Link(source.id, output, sink.id, taken)


def _channel(channel: str, names: Mapping[str, Any], title: str, what: str, file: Path) -> str:
    """Name of the input or output behind a channel of the canvas."""
    channels = {channel_name(name): name for name in names}
    if channel not in channels:
        raise WorkflowError(f"{file}: node {title} has no {what} {channel!r}{nearest(channel, list(channels))}")
    return channels[channel]


def write_changed(source: str | os.PathLike[str], target: str | os.PathLike[str], changes: Mapping[str, Any]) -> None:
    """Copy a workflow file with some settings changed.

    Parameters
    ----------
    source, target : path
        The .ows file to read and the one to write, which is replaced when it exists.
    changes : mapping
        Title of a node -> mapping of parameter to its new value.

    Raises
    ------
    WorkflowError
        If the file cannot be read or has no such node.
    """
    file = Path(source)
    root = _parse(file)
    ids = {element.get("title"): element.get("id") for element in root.iterfind("nodes/node")}
    settings = {entry.get("node_id"): entry for entry in root.iterfind("node_properties/properties")}
    for title, values in changes.items():
        if title not in ids:
            raise WorkflowError(f"{file}: no node {title!r}{nearest(title, [str(name) for name in ids])}")
        entry = settings.get(ids[title])
        if entry is None:
            parent = root.find("node_properties")
            parent = ElementTree.SubElement(root, "node_properties") if parent is None else parent
            entry = ElementTree.SubElement(parent, "properties", node_id=str(ids[title]), format="literal")
            entry.text = "{}"
        entry.text = repr({**_settings(entry, f"{file}: node {title!r}"), **values})

    def write(part: Path) -> None:
        ElementTree.ElementTree(root).write(part, encoding="utf-8", xml_declaration=True)

    write_whole({Path(target): write}, overwrite=True)
