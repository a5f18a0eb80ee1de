"""``darfix-core apply``: one step on files."""

from __future__ import annotations

import argparse
import os
import threading
from collections.abc import Iterable, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from darfix_core.commands.apply_options import Request, read_request
from darfix_core.commands.signals import cancel_on_interrupt
from darfix_core.commands.steps import named_step
from darfix_core.commands.terminal import RunLines, complain, say
from darfix_core.engine.execution import execution
from darfix_core.engine.registry import Step, get_step, reader_of, writer_of
from darfix_core.errors import DarfixError, DataFileError, DimensionError
from darfix_core.figures.files import files_to_write
from darfix_core.io.atomic import check_output
from darfix_core.io.maps import load_maps
from darfix_core.io.nexus import output_path
from darfix_core.io.shift_file import shift_path
from darfix_core.model.dataset import Dataset
from darfix_core.model.maps import Maps
from darfix_core.model.scan_quality import ScanQuality
from darfix_core.model.shift import Shift
from darfix_core.workflow.graph import Node

# Ending of the files that hold what is of that type; others are HDF5 files.
_SUFFIX: dict[type, str] = {Shift: ".txt"}


def apply(name: str, arguments: Sequence[str], parser: argparse.ArgumentParser) -> int:
    """Run a step on files, and save what it gives.

    Parameters
    ----------
    name : str
        Id of the step.
    arguments : sequence of str
        Inputs and options.
    parser : argparse.ArgumentParser
        For the options; see `darfix_core.commands.apply_options.read_request`.

    Returns
    -------
    int
        Exit status.

    Raises
    ------
    DarfixError
        If there is no such step or option, or a file cannot be read or written as asked.
    TypeError, ValueError
        If a parameter has a wrong value.
    """
    step = named_step(name)
    request = read_request(step, arguments, parser)
    parameters = dict(request.parameters)
    files = _files_to_write(step, request)
    if step.output_path:
        parameters |= {step.output_path: request.output, "overwrite": request.overwrite}
    step.parameters.validate(parameters)
    scheduler = execution(scheduler=request.scheduler) if request.scheduler else nullcontext()
    with scheduler, cancel_on_interrupt() as cancelled, RunLines() as lines:
        _Application(step, request, parameters, lines, cancelled).run()
    for file in files:
        if os.path.exists(file):
            say(f"wrote {file}")
    return 0


def _files_to_write(step: Step, request: Request) -> list[str]:
    """Files that the result goes to, checked before the work starts; those of pictures may not be made."""
    kind = _written_kind(step)
    if _saver(step) is None and not step.output_path:
        other = "; darfix-core check shows and saves it" if kind is ScanQuality else ""
        raise DarfixError(f"{step.id} gives a {kind.__name__}, which no step saves{other}")
    if request.output is None:
        raise DarfixError(f"{step.id} needs a file for its result; give -o FILE{_SUFFIX.get(kind, '.h5')}")
    if kind is Maps:
        files = files_to_write(request.output)
    else:
        checked = output_path if kind is Dataset else shift_path if kind is Shift else Path
        files = [checked(request.output)]
    return [str(check_output(file, overwrite=request.overwrite)) for file in files]


def _written_kind(step: Step) -> type:
    """What the file will hold: the main result of the step, or what the step is there to write."""
    if step.output_path:
        return next(iter(step.inputs.values())).kind
    return next(iter(step.outputs.values()))


def _saver(step: Step) -> Step | None:
    """Step that saves the main result of another one; None for a step that writes its file itself."""
    return None if step.output_path else writer_of(_written_kind(step))


class _Application:
    """The run of a step, with what goes before and after it.

    Parameters
    ----------
    step : Step
    request : Request
    parameters : dict
        Those of the step.
    lines : RunLines
        Told about steps, progress and warnings.
    cancelled : threading.Event
    """

    def __init__(
        self, step: Step, request: Request, parameters: dict[str, Any], lines: RunLines, cancelled: threading.Event
    ) -> None:
        self._step, self._request, self._parameters = step, request, parameters
        self._lines, self._cancelled = lines, cancelled
        self._number = self._total = 0

    def run(self) -> None:
        """Open the inputs, run the step and save its result."""
        saver = _saver(self._step)
        inputs = {name: self._open(name, file) for name, file in self._request.files.items()}
        self._check_inputs_stay(inputs.values())
        lacking = [name for name, value in inputs.items() if self._lacks_dimensions(value)]
        self._total = len(lacking) + 1 + (saver is not None)
        for name in lacking:
            inputs[name] = self._with_dimensions(inputs[name])
        result = self._call(self._step, inputs, self._parameters)
        if saver is not None:
            main = next(iter(self._step.results(result).values()))
            parameters = {saver.output_path: self._request.output, "overwrite": self._request.overwrite}
            self._call(saver, {next(iter(saver.inputs)): main}, parameters)

    def _with_dimensions(self, dataset: Dataset) -> Dataset:
        """Dataset with its dimensions; as it is where a step can do without, and they cannot be found."""
        try:
            found: Dataset = self._call(get_step("define_dimensions"), {"dataset": dataset}, {})
        except DimensionError as error:
            if self._step.needs_dimensions:
                raise
            complain("warning", f"the dimensions cannot be found, and the frames are taken as they come: {error}")
            return dataset
        names = [f"{entry.name} ({entry.size})" for entry in found.dimensions]
        order = ", slow to fast" if len(names) > 1 else ""
        say(f"The dimensions were not defined; found: {' x '.join(names)}{order}")
        return found

    def _check_inputs_stay(self, inputs: Iterable[Any]) -> None:
        """The result may not go to a file that it is made from; better known now than when all is computed."""
        read = {os.path.realpath(file) for value in inputs for file in value.history.files}
        target = os.path.realpath(os.path.expanduser(str(self._request.output)))
        if target in read:
            raise DataFileError("is one of the files that the result is made from; choose another name", file=target)

    def _lacks_dimensions(self, value: Any) -> bool:
        return self._step.uses_dimensions and isinstance(value, Dataset) and not value.dimensions

    def _open(self, name: str, file: str) -> Any:
        """What a file holds for an input of the step."""
        kind = self._step.input_of(name).kind
        if kind is Maps:
            return load_maps(file)
        reader = reader_of(kind)
        if reader is None:
            raise DarfixError(f"{name} is a {kind.__name__}, which cannot be read from a file")
        if kind is not Dataset:
            return self._run(reader, {}, {reader.input_path: file}, Node(name, reader.title, reader.id))
        path, separator, scan = file.partition("::")
        if separator and self._request.scan:
            raise DataFileError(f"two scans are named, {scan!r} and --scan {self._request.scan}", file=path)
        first = name == next(iter(self._request.files))
        parameters = {
            "path": path,
            "scan": scan or self._request.scan,
            "positions": self._request.positions if first else None,
        }
        return self._run(reader, {}, parameters, Node(name, reader.title, reader.id))

    def _call(self, step: Step, inputs: dict[str, Any], parameters: dict[str, Any]) -> Any:
        """Result of a step, with a line for it."""
        node = Node(step.id, step.title, step.id)
        self._number += 1
        self._lines.started(node, self._number, self._total)
        result = self._run(step, inputs, parameters, node)
        self._lines.ended(node, result)
        return result

    def _run(self, step: Step, inputs: dict[str, Any], parameters: dict[str, Any], node: Node) -> Any:
        def progress(fraction: float, what: str) -> None:
            self._lines.progress(node, fraction, what)

        def warned(message: str) -> None:
            self._lines.warned(node, message)

        threads, asked = self._request.threads, self._cancelled
        with execution(threads=threads, progress=progress, cancelled=asked, on_warning=warned) as run:
            run.check_cancelled()
            return step(**inputs, **parameters)
