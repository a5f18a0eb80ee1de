"""Partition."""

from __future__ import annotations

from typing import Any

from AnyQt.QtWidgets import QLabel, QWidget

from darfix_core.steps.partition import intensity_limit, known_intensity
from orangecontrib.dfxm.views.frame_plot import FramePlot
from orangecontrib.dfxm.widgets.icon import icon_path
from orangecontrib.dfxm.widgets.step_widget import StepWidget


class OWPartition(StepWidget):
    """Part the frames with little intensity from the others, at a limit that can be dragged."""

    step_id = "partition"
    icon = icon_path("partition.svg")
    keywords = "partition, filter, intensity, threshold, dark frames, empty frames, low intensity"

    def applies(self, name: str) -> bool:
        """The share tells the limit only where it is not given."""
        return name != "share" or self.min_intensity is None

    def build_view(self) -> None:
        """The intensity of the frames, with the limit."""
        self.caption = QLabel(wordWrap=True)
        self.plot = FramePlot()
        self.plot.setToolTip("Drag the line to move the limit.")
        self.plot.limit_dragged.connect(self._limit_dragged)
        self.mainArea.layout().addWidget(self.caption)
        self.mainArea.layout().addWidget(self.plot, 1)

    def show_inputs(self) -> None:
        """Intensities of other frames would mislead."""
        self.plot.show_nothing()

    def show_result(self, result: Any) -> None:
        """The intensities, also where the limit lies above all of them."""
        dataset = self.received["dataset"]
        intensity = None if dataset is None else known_intensity(dataset)
        if intensity is None:
            self.caption.setText("")
            self.plot.show_nothing()
            return
        try:
            limit = intensity_limit(intensity, self.min_intensity, self.share)
            n_kept = int((intensity >= limit).sum())
        except (TypeError, ValueError):
            return  # the step says what is wrong
        self.plot.show_values(intensity, "mean of the frame", "counts", limit)
        n_below = intensity.size - n_kept
        self.caption.setText(
            f"{n_kept} frames reach {limit:.5g} counts, {n_below} lie below. Drag the line to change it."
        )

    def _limit_dragged(self, limit: float) -> None:
        self.change_parameters(min_intensity=float(f"{limit:.5g}"))

    def picture(self) -> QWidget:
        """The intensities."""
        return self.plot
