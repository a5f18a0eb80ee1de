"""Concatenate."""

from __future__ import annotations

from typing import Any

from AnyQt.QtWidgets import QWidget

from orangecontrib.dfxm.views.frame_browser import FrameBrowser
from orangecontrib.dfxm.views.part_table import PartTable
from orangecontrib.dfxm.widgets.icon import icon_path
from orangecontrib.dfxm.widgets.step_widget import StepWidget


class OWConcatenate(StepWidget):
    """Put several scans one after the other; they come in on links to one channel, in their order."""

    step_id = "concatenate"
    icon = icon_path("concatenate.svg")
    keywords = "concatenate, join, merge, stack, layers, several scans, energy, virtual"

    def applies(self, name: str) -> bool:
        """Values belong to a motor that is named."""
        return name != "values" or bool(self.along)

    def build_view(self) -> None:
        """The scans, and the frames of the whole."""
        self.parts, self.view = PartTable(), FrameBrowser()
        self.view.failed.connect(self.Warning.unreadable)
        self.mainArea.layout().addWidget(self.parts)
        self.mainArea.layout().addWidget(self.view)

    def waits_for(self) -> str | None:
        """More than one scan."""
        missing = super().waits_for()
        return "Connect another dataset." if missing is None and len(self.received["datasets"]) == 1 else missing

    def show_inputs(self) -> None:
        """The scans that came in."""
        self.parts.show_parts(self.received["datasets"], None)

    def show_result(self, result: Any) -> None:
        """Where each scan is, and the frames of the whole."""
        self.parts.show_parts(self.received["datasets"], result)
        self.view.set_dataset(result)

    def picture(self) -> QWidget:
        """A frame of the whole."""
        return self.view.plot
