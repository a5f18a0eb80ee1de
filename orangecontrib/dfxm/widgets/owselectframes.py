"""Frame Selection."""

from __future__ import annotations

from typing import Any

from AnyQt.QtWidgets import QLabel, QWidget

from orangecontrib.dfxm.summaries import describe_dimension
from orangecontrib.dfxm.views.motor_editors import PositionRangesEditor
from orangecontrib.dfxm.views.parameter_editors import Editor
from orangecontrib.dfxm.views.positions_plot import PositionsPlot
from orangecontrib.dfxm.widgets.icon import icon_path
from orangecontrib.dfxm.widgets.step_widget import StepWidget


class OWSelectFrames(StepWidget):
    """Keep some of the frames, by number and by the positions of motors."""

    step_id = "select_frames"
    icon = icon_path("selectframes.svg")
    keywords = "select, frames, range, positions, motor, subset, slice, every"
    control_width = 320

    def editors(self) -> dict[str, Editor]:
        """Ranges of the motors of the scan."""
        return {"ranges": PositionRangesEditor()}

    def build_view(self) -> None:
        """What is left, and where its motors stood."""
        self.caption = QLabel(wordWrap=True)
        self.plot = PositionsPlot()
        self.mainArea.layout().addWidget(self.caption)
        self.mainArea.layout().addWidget(self.plot, 1)

    def show_inputs(self) -> None:
        """Offer the motors of the scan."""
        self.form.editors["ranges"].set_dataset(self.received["dataset"])

    def show_result(self, result: Any) -> None:
        """The positions that are left."""
        self.plot.set_dataset(result)
        if result is None:
            self.caption.setText("")
            return
        facts = [f"{result.n_frames} of {self.received['dataset'].n_frames} frames are kept"]
        facts += map(describe_dimension, result.dimensions)
        if result.missing.size:
            facts.append(f"{result.missing.size} points without a frame")
        self.caption.setText("; ".join(facts) + ".")

    def picture(self) -> QWidget:
        """The positions."""
        return self.plot
