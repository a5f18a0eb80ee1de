"""The tasks that ewoks runs: one class a step, named like it (``SaveMaps`` for ``save_maps``).

The classes are made from the registry when this module is imported. They need the extra ``ewoks``; without it the
module has none.
"""

from __future__ import annotations

import logging
from pathlib import Path
from types import new_class
from typing import Any, ClassVar

from darfix_core.engine.execution import execution
from darfix_core.engine.file_parameters import absolute_files
from darfix_core.engine.registry import Step, all_steps
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

        ewoks itself would only warn of an input that the task does not know; the step refuses it.
        """
        values = {str(name): value for name, value in self.get_input_values().items() if not self.missing_inputs[name]}
        values = without_empty(self.step, values)
        # A message about a file names the folder too that it was looked for in.
        values = absolute_files(values, self.step.file_parameters, self.step.input_path, (Path.cwd(),))
        with execution(progress=self._report, cancelled=lambda: self.cancelled, on_warning=self._warn):
            result = self.step(**values)
        for name in self.step.outputs:
            self.outputs[name] = result

    def cancel(self) -> None:
        """Stop the step at the next block of frames."""
        self.cancelled = True

    def _report(self, fraction: float, what: str) -> None:
        self.progress = round(100 * fraction)

    def _warn(self, message: str) -> None:
        log.warning("%s: %s", self.label, message)


def _make_task(step: Step, base: type) -> type:
    """Class of a step, known to ewoks by its name in this module."""
    parameters = step.parameters.entries
    required = {entry.name for entry in step.inputs.values() if not entry.optional}
    required |= {entry.name for entry in parameters.values() if entry.required}
    keywords = {
        "input_names": required,
        "optional_input_names": {*step.inputs, *parameters} - required,
        "output_names": set(step.outputs),
        # Results that ewoks keeps are those of this version.
        "version": step.version,
    }
    attributes = {"__module__": __name__, "__doc__": step.summary, "step": step}
    return new_class(task_name(step), (StepTask, base), keywords, lambda namespace: namespace.update(attributes))


def _make_tasks() -> dict[str, type]:
    """Name -> class, for every step."""
    try:
        from ewokscore.taskwithprogress import TaskWithProgress
    except ImportError:
        return {}
    return {task_name(step): _make_task(step, TaskWithProgress) for step in all_steps()}


globals().update(_make_tasks())
