"""Where the input files of a saved workflow lie."""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from darfix_core.engine.registry import Step

_SCAN_NAME = re.compile(r"\d+\.\d+")


def beside_workflow(step: Step, values: Mapping[str, Any], folder: str | os.PathLike[str]) -> dict[str, Any]:
    """Parameters with relative input files looked for beside the workflow, then in the current folder.

    A file that is in neither place is taken to be beside the workflow. That holds for the parameter that names the
    step's input; another one may name something else, such as a scan, and stays where there is no such file. What
    follows ``::`` is a path inside the file and stays.

    Parameters
    ----------
    step : Step
    values : mapping
        Parameters of the step, all or some, not checked yet.
    folder : path
        Folder of the workflow file.

    Returns
    -------
    dict
    """
    return {
        name: _found(value, Path(folder), only_file=name == step.input_path) if name in step.file_parameters else value
        for name, value in values.items()
    }


def is_there(path: str) -> bool:
    """True for a file or folder that exists, and for a pattern that fits some."""
    return os.path.exists(path) or (glob.has_magic(path) and bool(glob.glob(path, recursive=True)))


def _found(value: Any, folder: Path, *, only_file: bool) -> Any:
    """Absolute path of a file, a pattern, or a list of them."""
    if isinstance(value, list | tuple):
        return tuple(_found(entry, folder, only_file=only_file) for entry in value)
    if not isinstance(value, str) or not value or (not only_file and _SCAN_NAME.fullmatch(value)):
        return value
    file, separator, inside = value.partition("::")
    if not file:
        return value
    places = [os.path.abspath(place / os.path.expanduser(file)) for place in (folder, Path.cwd())]
    place = next(filter(is_there, places), places[0] if only_file or separator else None)
    return value if place is None else place + separator + inside
