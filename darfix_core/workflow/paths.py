"""Where the input files of a saved workflow lie."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from darfix_core.engine.file_parameters import absolute_files
from darfix_core.engine.registry import Step


def beside_workflow(step: Step, values: Mapping[str, Any], folder: str | os.PathLike[str]) -> dict[str, Any]:
    """Parameters with relative input files looked for beside the workflow, then in the current folder.

    See `darfix_core.engine.file_parameters.absolute_files`.

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
    return absolute_files(values, step.file_parameters, step.input_path, (Path(folder), Path.cwd()))
