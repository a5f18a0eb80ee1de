"""Parameters that name files: where the files lie."""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from darfix_core.model.frame_sources import SourceFile

_SCAN_NAME = re.compile(r"\d+\.\d+")


def is_there(path: str) -> bool:
    """True for a file or folder that exists, and for a pattern that fits some."""
    return os.path.exists(path) or (glob.has_magic(path) and bool(glob.glob(path, recursive=True)))


def absolute_files(
    values: Mapping[str, Any], names: Sequence[str], main: str, folders: Sequence[Path]
) -> dict[str, Any]:
    """Parameters with the files that they name as absolute paths, valid in any current folder.

    A file that is in none of the folders is taken to be in the first. That holds for the main parameter; another
    one may name something else, such as a scan, and stays where there is no such file. What follows ``::`` is a
    path inside the file and stays.

    Parameters
    ----------
    values : mapping
        Parameters of a step, all or some.
    names : sequence of str
        Those that may name files.
    main : str
        The one that always does.
    folders : sequence of Path
        Where relative paths are looked for, in this order.

    Returns
    -------
    dict
    """
    return {
        name: _found(value, folders, only_file=name == main) if name in names else value
        for name, value in values.items()
    }


def named_files(values: Iterable[Any], known: Iterable[SourceFile] = ()) -> tuple[SourceFile, ...]:
    """Files that parameters name, beyond those that are known.

    Parameters
    ----------
    values : iterable
        Values of parameters as `absolute_files` gives them; what is no file that exists is passed over.
    known : iterable of SourceFile

    Returns
    -------
    tuple of SourceFile
    """
    seen = {file.path for file in known}
    paths = dict.fromkeys(text.partition("::")[0] for value in values for text in file_texts(value))
    found = {path: os.stat(path) for path in paths if path not in seen and os.path.isfile(path)}
    return tuple(SourceFile(path, status.st_size, status.st_mtime) for path, status in found.items())


def file_texts(value: Any) -> list[str]:
    """Texts in the value of a parameter that may name files: in a list those of its entries, in a dict its "file"."""
    if isinstance(value, list | tuple):
        return [text for entry in value for text in file_texts(entry)]
    if isinstance(value, Mapping):
        return file_texts(value.get("file"))
    return [value] if isinstance(value, str) else []


def _found(value: Any, folders: Sequence[Path], *, only_file: bool) -> Any:
    """Absolute path of a file, a pattern, or a list of them; of a dict, that of its "file"."""
    if isinstance(value, list | tuple):
        return tuple(_found(entry, folders, only_file=only_file) for entry in value)
    if isinstance(value, Mapping) and "file" in value:
        return {**value, "file": _found(value["file"], folders, only_file=only_file)}
    if not isinstance(value, str) or not value or (not only_file and _SCAN_NAME.fullmatch(value)):
        return value
    file, separator, inside = value.partition("::")
    if not file:
        return value
    places = [os.path.abspath(folder / os.path.expanduser(file)) for folder in folders]
    place = next(filter(is_there, places), places[0] if only_file or separator else None)
    return value if place is None else place + separator + inside
