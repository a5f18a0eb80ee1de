"""What has become of the files that a result was made from."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping, Sequence
from fnmatch import fnmatch
from typing import Any

from darfix_core.engine.file_parameters import file_texts
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
    """What has become of the files that a step read: a line for each, tables of positions and dark frames included.

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
    old, main = history.nodes[key], node.step.input_path
    lines: list[str] = []
    missing: dict[str, list[str]] = {}
    for name, sources in _by_parameter(old, node).items():
        label = names[key] if name == main else f"{names[key]}, {name}"
        if name == main and given is not None:
            lines.append(f"{label}: {_replaced(old, given)}")
        elif _is_set(old, node, name):
            was = f"instead of {sources[0].path}" if sources else "none was read then"
            lines.append(f"{label}: {_listed_value(node.parameters.get(name))}: {was}")
        else:
            told, gone = _kept(sources)
            lines += [f"{label}: {text}" for text in told]
            missing |= {name: gone} if gone else {}
    for name, gone in missing.items():
        n_files = len({source.path for source in old.sources})
        raise DataFileError(_how_to_replace(history, key, names, name, len(gone), n_files), file=gone[0])
    return lines


def kept_with_other_data(
    history: History,
    key: str,
    names: Mapping[str, str],
    node: Node,
    given: tuple[str, ...] | None,
    stated: Collection[tuple[str, str]],
) -> list[str]:
    """Warnings of files that belong to the data which were read, and are read with other data now.

    Such are tables of positions and dark frames. Those that are `stated`, by the id of the node and the parameter, are
    meant so. The other parameters are those of `source_lines`.
    """
    old, main = history.nodes[key], node.step.input_path
    moved = given is not None and len(given) == 1 and is_moved_from(old, given[0])
    if not any(_is_set(old, node, name) for name in (_SELECTING if moved else (main, *_SELECTING))):
        return []
    messages = []
    for name, sources in _by_parameter(old, node).items():
        if name == main or not sources or _is_set(old, node, name) or (node.id, name) in stated:
            continue
        option = "--positions FILE or " if name == "positions" else ""
        messages.append(
            f"{names[key]} reads other data, but {name} from {sources[0].path} as before; give another by "
            f"{option}--set '{names[key]}.{name}=FILE', or none by --set '{names[key]}.{name}=None'"
        )
    return messages


# Parameters that choose other data of the same file.
_SELECTING = ("scan", "detector")


def _by_parameter(old: HistoryNode, node: Node) -> dict[str, list[SourceFile]]:
    """Files that a step read, by the parameter that names them; what none does belongs to the main one."""
    main = node.step.input_path
    found: dict[str, list[SourceFile]] = {
        name: []
        for name in node.step.file_parameters
        if name == main or old.parameters.get(name) or node.parameters.get(name)
    }
    further = [name for name in found if name != main]
    for source in {source.path: source for source in old.sources}.values():
        path = source.path
        named = [name for name in further if _names(old.parameters.get(name), path)]
        found[main if not named or _names(old.parameters.get(main), path) else named[0]].append(source)
    # A dark scan of the same file is no file of its own.
    return {name: sources for name, sources in found.items() if sources or name == main or _is_set(old, node, name)}


def _names(value: Any, path: str) -> bool:
    """True where a parameter stands for a file: by its name, a pattern, or its folder."""
    files = [text.partition("::")[0] for text in file_texts(value)]
    return any(path == file or fnmatch(path, file) or path.startswith(os.path.join(file, "")) for file in files)


def _is_set(old: HistoryNode, node: Node, name: str) -> bool:
    """True where a parameter will not have the value that it had."""
    return bool(_plain(node.parameters.get(name)) != _plain(old.parameters.get(name)))


def _replaced(old: HistoryNode, given: tuple[str, ...]) -> str:
    was = old.sources[0].path
    moved = len(given) == 1 and is_moved_from(old, given[0])
    return f"{listed(given)}: {f'the same file, which was {was}' if moved else f'instead of {was}'}"


def _listed_value(value: Any) -> str:
    return "none" if value is None else listed((value,) if isinstance(value, str) else value)


def _kept(sources: Sequence[SourceFile]) -> tuple[list[str], list[str]]:
    """Words about files that are read again, and those that are gone."""
    files = {source.path: source for source in sources}
    now = {path: as_it_is_now(source) for path, source in files.items()}
    gone = [path for path, status in now.items() if status is None]
    changes = [text for path, source in files.items() if (text := change_of(source, now[path]))]
    if len(files) > _LISTED:
        more = f", {len(changes)} have changed: {changes[0]}" if changes else ": the same as then"
        return [f"{len(files)} files, {next(iter(files))} ...{more}"], gone
    same = [f"{path}: the same as then" for path, source in files.items() if not change_of(source, now[path])]
    return [*same, *changes], gone


def _how_to_replace(
    history: History, key: str, names: Mapping[str, str], parameter: str, n_missing: int, n_files: int
) -> str:
    """What to do about missing files, which a parameter names."""
    node = history.nodes[key]
    step, several = step_of(node), f", with {n_missing - 1} more of {n_files} files," if n_missing > 1 else ""
    if parameter != step.input_path:
        option = "--positions FILE or " if parameter == "positions" else ""
        setting = f"--set '{names[key]}.{parameter}=FILE'"
        return f"is missing{several}; {step.title} read {parameter} from it. Give another by {option}{setting}"
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
    return any((os.path.basename(source.path), source.size, source.mtime) == mark for source in node.sources)


def as_it_is_now(source: SourceFile) -> SourceFile | None:
    """A source as it is now; None where it is gone."""
    try:
        status = os.stat(source.path)
    except OSError:
        return None
    return SourceFile(source.url, status.st_size, status.st_mtime)


def listed(paths: Sequence[str]) -> str:
    """One file, or how many there are."""
    return paths[0] if len(paths) == 1 else f"{len(paths)} files, {paths[0]} ..."


def _plain(value: Any) -> Any:
    """Tuples as lists, as JSON keeps them."""
    return list(value) if isinstance(value, tuple) else value
