"""What has become of the files that a result was made from."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

from darfix_core.errors import DataFileError
from darfix_core.model.frame_sources import SourceFile
from darfix_core.model.history import ARRAY, History, HistoryNode
from darfix_core.workflow.graph import Node
from darfix_core.workflow.replay import change_of, needed_nodes, step_of

# A series has thousands of files: more than these are told of together.
_LISTED = 3


def reads_a_file(node: HistoryNode) -> bool:
    """True for a step that reads a file."""
    return node.step != ARRAY and bool(step_of(node).input_path)


def main_path(node: HistoryNode) -> Any:
    """File that a step read; for data of unknown origin something that equals no other."""
    return node.parameters["id"] if node.step == ARRAY else node.parameters.get(step_of(node).input_path)


def source_lines(
    history: History, key: str, names: Mapping[str, str], node: Node, given: tuple[str, ...] | None
) -> list[str]:
    """What has become of the files that a step read.

    Parameters
    ----------
    history : History
    key : str
        Node of the step in the history.
    names : mapping
        Node -> name for people.
    node : Node
        The step as it will run again.
    given : tuple of str or None
        Files that are given to be read instead.

    Returns
    -------
    list of str

    Raises
    ------
    DataFileError
        If one is missing, and no other is given.
    """
    old = history.nodes[key]
    if given is not None:
        moved = len(given) == 1 and is_moved_from(old, given[0])
        was = file_of(old.sources[0].url)
        words = f"the same file, which was {was}" if moved else f"instead of {was}"
        return [f"{names[key]}: {listed(given)}: {words}"]
    before = {name: old.parameters.get(name) for name in node.step.file_parameters}
    if any(_plain(node.parameters.get(name)) != _plain(value) for name, value in before.items()):
        return [f"{names[key]}: other files than before, as --set says"]
    files = {file_of(source.url): source for source in old.sources}
    now = {path: as_it_is_now(source) for path, source in files.items()}
    missing = [path for path, status in now.items() if status is None]
    if missing:
        raise DataFileError(_how_to_replace(history, key, names, len(missing), len(files)), file=missing[0])
    changes = [text for path, source in files.items() if (text := change_of(source, now[path]))]
    if len(files) > _LISTED:
        more = f", {len(changes)} have changed: {changes[0]}" if changes else ": the same as then"
        return [f"{names[key]}: {len(files)} files, {next(iter(files))} ...{more}"]
    same = [f"{path}: the same as then" for path, source in files.items() if not change_of(source, now[path])]
    return [f"{names[key]}: {text}" for text in (*same, *changes)]


def _how_to_replace(history: History, key: str, names: Mapping[str, str], n_missing: int, n_files: int) -> str:
    """What to do about missing files."""
    node = history.nodes[key]
    step, several = step_of(node), f", with {n_missing - 1} more of {n_files} files," if n_missing > 1 else ""
    readers = [entry for entry in history.nodes.values() if entry.step == ARRAY or reads_a_file(entry)]
    only = len({repr(main_path(entry)) for entry in readers}) == 1
    option = "--input PATH" if only else f"--input {names[key]}=PATH"
    text = f"is missing{several}; {step.title} read it. Where it lies elsewhere, or for other data, give {option}"
    further = [name for name in step.file_parameters if name != step.input_path and node.parameters.get(name)]
    if further:
        text += "".join(f"; for {name} give --set '{names[key]}.{name}=PATH'" for name in further)
    stored = [
        (names[later], file.url)
        for later, entry in history.in_order()
        for file in entry.stored
        if key in needed_nodes(history, later) and as_it_is_now(file) is not None
    ]
    if stored:
        name, path = stored[-1]
        text += f". The result of {name} is stored: --input {path} goes on from there"
    return text


def is_moved_from(node: HistoryNode, path: str) -> bool:
    """True where a file is one that a step read, in another place: of the same name, size and time."""
    if not os.path.isfile(path):
        return False
    status = os.stat(path)
    mark = (os.path.basename(path), status.st_size, status.st_mtime)
    return any((os.path.basename(file_of(source.url)), source.size, source.mtime) == mark for source in node.sources)


def as_it_is_now(source: SourceFile) -> SourceFile | None:
    """A source as it is now; None where it is gone."""
    try:
        status = os.stat(file_of(source.url))
    except OSError:
        return None
    return SourceFile(source.url, status.st_size, status.st_mtime)


def file_of(url: str) -> str:
    """File of a source, without the path inside it."""
    return url.partition("::")[0]


def listed(paths: Sequence[str]) -> str:
    """One file, or how many there are."""
    return paths[0] if len(paths) == 1 else f"{len(paths)} files, {paths[0]} ..."


def _plain(value: Any) -> Any:
    """Tuples as lists, as JSON keeps them."""
    return list(value) if isinstance(value, tuple) else value
