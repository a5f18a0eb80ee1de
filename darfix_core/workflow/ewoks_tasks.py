"""The tasks that ewoks runs: one class a step, named like it (``SaveMaps`` for ``save_maps``).

The classes are made from the registry when this module is imported. They need the extra ``ewoks``; without it the
module has none.
"""

from __future__ import annotations

import logging
from functools import partial
from pathlib import Path
from types import new_class
from typing import Any, ClassVar

from darfix_core.engine.execution import execution
from darfix_core.engine.file_parameters import absolute_files
from darfix_core.engine.registry import Step, all_steps
from darfix_core.engine.step_inputs import channel_name, empty_input, numbered
from darfix_core.workflow.ewoks_graph import task_name, without_empty

log = logging.getLogger(__name__)


class StepTask:
    """What the tasks have in common: they run a step. The other half of each class is a task of ewoks.

    Inputs and parameters of the step are the inputs of the task, so that all of them can be set when a workflow
    is run.
    """

    step: ClassVar[Step]

    # These come from ewoks.
    label: str
    cancelled: bool
    progress: int | None
    outputs: Any
    missing_inputs: Any
    get_input_values: Any

    def run(self) -> None:
        """Run the step with what is given.

        ewoks itself would only warn of an input that the task does not know; the step refuses it. A task waits where
        one before it has nothing to give for an input that the step needs.
        """
        values = {name: value for name, value in self.get_input_values().items() if not self.missing_inputs[name]}
        values = without_empty(self.step, values)
        # A message about a file names the folder too that it was looked for in.
        values = absolute_files(values, self.step.file_parameters, self.step.input_path, (Path.cwd(),))
        empty = empty_input(values, self.step.inputs)
        if empty is not None:
            self._warn(f"not run, since there is nothing for its input {channel_name(empty)!r}")
            result = None
        else:
            with execution(progress=self._report, cancelled=lambda: self.cancelled, on_warning=self._warn):
                result = self.step(**values)
        for name, value in self.step.results(result).items():
            self.outputs[name] = value

    def cancel(self) -> None:
        """Stop the step at the next block of frames."""
        self.cancelled = True

    def _report(self, fraction: float, what: str) -> None:
        self.progress = round(100 * fraction)

    def _warn(self, message: str) -> None:
        log.warning("%s: %s", self.label, message)


def _descriptions(step: Step) -> dict[str, tuple[bool, str]]:
    """Whether an input of the task must be given, and what it is, for the tools of ewoks that show a workflow."""
    # Several links cannot lead to one input of ewoks: such an input may be given under its numbered names instead.
    found = {
        entry.name: (not (entry.optional or entry.many), f"{entry.takes}, or '{numbered(entry.name, 1)}' ...")
        if entry.many
        else (not entry.optional, entry.kind.__name__)
        for entry in step.inputs.values()
    }
    for entry in step.parameters.entries.values():
        unit = f", {entry.unit}" if entry.unit else ""
        default = "" if entry.required else f"; default {entry.default!r}"
        found[entry.name] = (entry.required, f"{entry.description} ({entry.allowed}{unit}{default})")
    return found


def _make_tasks() -> dict[str, type]:
    """Name -> class, for every step, and the models of their inputs."""
    try:
        from ewokscore.missing_data import MISSING_DATA
        from ewokscore.model import BaseInputModel
        from ewokscore.taskwithprogress import TaskWithProgress
    except ImportError:
        return {}
    from pydantic import Field, create_model

    made: dict[str, type] = {}
    for step in all_steps():
        name = task_name(step)
        # The step itself checks the values: pydantic would turn "3" into 3.
        fields: dict[str, Any] = {
            key: (Any, Field(... if required else MISSING_DATA, description=text))
            for key, (required, text) in _descriptions(step).items()
        }
        model = create_model(f"{name}Inputs", __base__=BaseInputModel, __module__=__name__, **fields)
        # Results that ewoks keeps are those of this version.
        keywords = {"input_model": model, "output_names": set(step.outputs), "version": step.version}
        attributes = {"__module__": __name__, "__doc__": step.summary, "step": step}
        made[model.__name__] = model
        made[name] = new_class(name, (StepTask, TaskWithProgress), keywords, partial(_fill, attributes))
    return made


def _fill(attributes: dict[str, Any], namespace: dict[str, Any]) -> None:
    namespace.update(attributes)


globals().update(_make_tasks())
