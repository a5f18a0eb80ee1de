"""Base of the widgets of steps from frames to frames: a frame before and after, which follows every change."""

from __future__ import annotations

from typing import Any

from AnyQt.QtWidgets import QWidget

from orangecontrib.dfxm.views.compare_view import CompareView
from orangecontrib.dfxm.widgets.step_widget import StepWidget


class CompareWidget(StepWidget, openclass=True):
    """A widget that shows the frames that come in beside those of its first output.

    A concrete widget sets `step_id`, `icon` and `keywords`; `view` is the `CompareView`.
    """

    window_size = (1200, 780)

    def build_view(self) -> None:
        """Before and after."""
        self.view = CompareView()
        self.view.failed.connect(self.Warning.unreadable)
        self.mainArea.layout().addWidget(self.view)

    def show_inputs(self) -> None:
        """The frames as they come in."""
        self.view.show_before(self.received["dataset"])

    def show_result(self, result: Any) -> None:
        """The frames as they leave."""
        self.view.show_after(result[0] if isinstance(result, tuple) else result)

    def picture(self) -> QWidget:
        """Both frames and their histograms."""
        return self.view
