"""The options of ``darfix-core apply STEP``, made from the registry."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from darfix_core.engine.parameters import Parameter
from darfix_core.engine.registry import Step
from darfix_core.engine.step_inputs import spread
from darfix_core.errors import DarfixError, nearest
from darfix_core.model.dataset import Dataset
from darfix_core.workflow.overrides import value_of_text

_PARAMETER, _INPUT = "parameter ", "input "


@dataclass(frozen=True)
class Request:
    """What is asked of a step.

    Parameters
    ----------
    files : dict
        Name of an input -> file that it is read from; of one that takes several ``"datasets 1"`` ...
    parameters : dict
        Name -> value, for those that are given.
    output : str or None
        File to write.
    scan : str or None
        Scan to read from the files of datasets.
    positions : str or None
        Table of the motors' positions for the first of these files.
    overwrite : bool
    threads : int or None
    scheduler : str or None
    """

    files: dict[str, str]
    parameters: dict[str, Any]
    output: str | None
    scan: str | None
    positions: str | None
    overwrite: bool
    threads: int | None
    scheduler: str | None


def read_request(step: Step, arguments: Sequence[str], parser: argparse.ArgumentParser) -> Request:
    """What the arguments behind ``apply STEP`` ask for.

    Parameters
    ----------
    step : Step
    arguments : sequence of str
    parser : argparse.ArgumentParser
        With the options ``--threads`` and ``--scheduler``; it gets those of the step.

    Returns
    -------
    Request

    Raises
    ------
    DarfixError
        If there is no such option, or there are too many or too few files.
    TypeError, ValueError
        If a parameter takes no such value.
    """
    _add_options(step, parser)
    given, unknown = parser.parse_known_intermixed_args(list(arguments))
    if unknown:
        options = (option for action in parser._actions for option in action.option_strings)
        # Parameters may be written with dashes or underscores; once is enough.
        known = [option for option in options if option.startswith("--") and "_" not in option]
        raise DarfixError(f"{step.id} has no option {unknown[0]!r}{nearest(unknown[0].partition('=')[0], known)}")
    values = {key: value for key, value in vars(given).items() if value is not None}
    entries = step.parameters.entries
    parameters = {
        name: values[_PARAMETER + name]
        if isinstance(values[_PARAMETER + name], bool)
        else value_of_text(entry, values[_PARAMETER + name])
        for name, entry in entries.items()
        if _PARAMETER + name in values
    }
    files = {name: values[_INPUT + name] for name in step.inputs if _INPUT + name in values}
    if step.input_path:
        parameters |= _file_parameter(step, given.files)
    else:
        files = _by_place(step, given.files, files) | files
    scan, positions = values.get("scan"), values.get("positions")
    return Request(files, parameters, given.output, scan, positions, given.overwrite, given.threads, given.scheduler)


def _add_options(step: Step, parser: argparse.ArgumentParser) -> None:
    """Files, parameters, and what every step has."""
    parser.description = step.summary
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    files = parser.add_argument_group("files")
    files.add_argument("files", nargs="*", metavar="INPUT", help=_help_of_files(step))
    for entry in list(step.inputs.values())[1:]:
        files.add_argument(f"--{entry.name}", dest=_INPUT + entry.name, metavar="FILE", help=f"{entry.kind.__name__}")
    if any(entry.kind is Dataset for entry in step.inputs.values()):
        files.add_argument("--scan", metavar="S", help="scan to read from the INPUT, such as 1.1 (1 for short)")
        files.add_argument(
            "--positions", metavar="FILE", help="table with the positions of the motors for the first INPUT"
        )
    files.add_argument("--output", "-o", metavar="FILE", help="file to write the result to: .h5; a shift: .txt")
    files.add_argument("--overwrite", action="store_true", help="replace files that exist")
    group = parser.add_argument_group("parameters")
    for name, parameter in step.parameters.entries.items():
        if name not in (step.input_path, step.output_path, "overwrite"):
            _add_parameter(group, parameter)


def _help_of_files(step: Step) -> str:
    if step.input_path:
        return _escaped(step.parameters.entries[step.input_path].description)
    wanted = [
        f"{entry.name}{' (one or more)' if entry.many else ' (may be left out)' if entry.optional else ''}"
        for entry in step.inputs.values()
    ]
    return f"{', '.join(wanted)}: a scan (FILE, or FILE::SCAN), or what an earlier step has written"


def _add_parameter(group: Any, parameter: Parameter) -> None:
    names = list(dict.fromkeys([f"--{parameter.name.replace('_', '-')}", f"--{parameter.name}"]))
    unit = f", in {parameter.unit}" if parameter.unit else ""
    default = "" if parameter.required else f"; default: {parameter.default!r}"
    text = _escaped(f"{parameter.description} ({parameter.allowed}{unit}{default})")
    if parameter.annotation is bool:
        group.add_argument(
            *names, dest=_PARAMETER + parameter.name, action=argparse.BooleanOptionalAction, default=None, help=text
        )
    else:
        group.add_argument(*names, dest=_PARAMETER + parameter.name, metavar="VALUE", help=text)


def _escaped(text: str) -> str:
    """Text in which argparse replaces nothing."""
    return text.replace("%", "%%")


def _file_parameter(step: Step, files: list[str]) -> dict[str, Any]:
    """The parameter that names the file, for a step that reads one."""
    if not files:
        raise DarfixError(f"{step.id} needs a file to read")
    return {step.input_path: files[0] if len(files) == 1 else tuple(files)}


def _by_place(step: Step, files: list[str], named: dict[str, str]) -> dict[str, str]:
    """Files in the order of the inputs that have no option given."""
    free = [entry.name for entry in step.inputs.values() if entry.name not in named]
    if free and files and step.inputs[free[0]].many:
        return spread({free[0]: tuple(files)})
    if len(files) > len(free):
        raise DarfixError(
            f"{step.id} takes {len(step.inputs)} input(s) ({', '.join(step.inputs)}), got {len(files) + len(named)} "
            "files; a series of files is one input: its folder, or a pattern in quotes"
        )
    lacking = [name for name in free[len(files) :] if not step.inputs[name].optional]
    if lacking:
        raise DarfixError(f"{step.id} needs a file for its input {lacking[0]!r}")
    return dict(zip(free, files, strict=False))
