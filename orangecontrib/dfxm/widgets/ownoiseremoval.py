"""Noise Removal."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from orangewidget import gui

from darfix_core.errors import Cancelled
from darfix_core.steps.noise_removal import OPERATIONS, OperationChain
from orangecontrib.dfxm.summaries import error_text
from orangecontrib.dfxm.views.latest_task import LatestTask
from orangecontrib.dfxm.views.operation_list import OperationList
from orangecontrib.dfxm.widgets.compare_widget import CompareWidget
from orangecontrib.dfxm.widgets.icon import icon_path
from orangecontrib.dfxm.widgets.step_widget import run_step


class OWNoiseRemoval(CompareWidget):
    """Clean the frames by a list of operations, and see at once what each does to them."""

    step_id = "noise_removal"
    icon = icon_path("noiseremoval.svg")
    keywords = "noise, clean, background, hot pixels, threshold, flat, mask, operations"
    own_parameters = ("operations",)
    control_width = 310

    def build_controls(self) -> None:
        """The list of operations, and the form of one."""
        # Background images and the like are not computed again while what stands before them stays.
        self._chain = OperationChain()
        self._preview = LatestTask(self)
        self._preview.done.connect(self._show_preview)
        box = gui.vBox(self.controlArea, "Operations")
        self.list = OperationList(OPERATIONS)
        self.list.edited.connect(self._list_edited)
        box.layout().addWidget(self.list)
        gui.rubber(self.controlArea)

    def _show_parameters(self) -> None:
        super()._show_parameters()
        self.list.set_operations(self.operations)

    def _list_edited(self) -> None:
        self.change_parameters(operations=self.list.operations())
        if not self.autocommit and self.received["dataset"] is not None:
            inputs, parameters = dict(self.received), self.resolved_parameters()
            self._preview.start(run_unseen, self.runner(), self.step, inputs, parameters)

    def runner(self) -> Callable[..., Any]:
        """Function that runs in the thread: the step, with what the last runs have left."""
        chain = self._chain
        return lambda step, *rest: run_step(replace(step, function=chain), *rest)

    def show_inputs(self) -> None:
        """The frames as they come in; what was computed from others is forgotten."""
        super().show_inputs()
        if self.received["dataset"] is None:
            self._chain = OperationChain()

    def show_result(self, result: Any) -> None:
        """The frames as they leave."""
        self._preview.cancel()
        super().show_result(result)

    def _show_preview(self, result: Any) -> None:
        """The frames as they would leave; what has left before stays."""
        self.Error.clear()
        if not isinstance(result, Exception):
            self.view.show_after(result[0], "After, not applied yet")
        elif not isinstance(result, Cancelled):
            self.Error.failed(error_text(result))
            self.view.show_after(None)


class _Unseen:
    """State of a task that shows no progress."""

    def __init__(self, stop: threading.Event) -> None:
        self.is_interruption_requested = stop.is_set

    def set_status(self, text: str) -> None:
        """Nowhere to show it."""

    def set_progress_value(self, value: float) -> None:
        """Nowhere to show it."""


def run_unseen(runner: Callable[..., Any], *arguments: Any) -> Any:
    """Run a step beside the task of the widget; the last argument is the event that stops it."""
    *given, stop = arguments
    return runner(*given, _Unseen(stop))
