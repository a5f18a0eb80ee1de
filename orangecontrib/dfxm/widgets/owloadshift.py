"""Load Shift."""

from __future__ import annotations

from typing import Any

from AnyQt.QtWidgets import QWidget

from orangecontrib.dfxm.views.parameter_editors import Editor
from orangecontrib.dfxm.views.shift_plot import ShiftPlot
from orangecontrib.dfxm.views.source_editors import TABLE_FILTER, FileEditor
from orangecontrib.dfxm.widgets.icon import icon_path
from orangecontrib.dfxm.widgets.step_widget import StepWidget


class OWLoadShift(StepWidget):
    """Open a shift from a text file, and show its trajectory."""

    step_id = "load_shift"
    icon = icon_path("loadshift.svg")
    keywords = "load, open, read, drift, shift, table, csv"
    window_size = (900, 480)

    def editors(self) -> dict[str, Editor]:
        """A file dialog for the path."""
        return {"path": FileEditor("choose a file", "Open a shift", TABLE_FILTER)}

    def build_view(self) -> None:
        """The trajectory with its verdict."""
        self.view = ShiftPlot()
        self.mainArea.layout().addWidget(self.view)

    def show_result(self, result: Any) -> None:
        """The shift of the file."""
        self.view.set_shift(result)

    def picture(self) -> QWidget:
        """The trajectory."""
        return self.view
