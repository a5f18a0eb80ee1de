"""Projection."""

from __future__ import annotations

from typing import Any

from orangecontrib.dfxm.views.motor_editors import MotorsEditor
from orangecontrib.dfxm.views.parameter_editors import Editor
from orangecontrib.dfxm.widgets.browser_widget import BrowserWidget
from orangecontrib.dfxm.widgets.icon import icon_path


class OWProjection(BrowserWidget):
    """Combine the frames along motors of the scan."""

    step_id = "projection"
    icon = icon_path("projection.svg")
    keywords = "projection, sum, mean, maximum, along motor, reduce, collapse, dimension"

    def editors(self) -> dict[str, Editor]:
        """The motors of the scan."""
        return {"motors": MotorsEditor("the slowest motor")}

    def show_inputs(self) -> None:
        """Offer the motors of the scan."""
        dataset = self.received["dataset"]
        self.form.editors["motors"].set_motors([] if dataset is None else [entry.name for entry in dataset.dimensions])

    def summary(self, result: Any) -> str:
        """Number of frames before and after, and the motors that are left."""
        left = ", ".join(f"{dimension.name} ({dimension.size})" for dimension in result.dimensions)
        given = self.received["dataset"]
        return f"{given.n_frames} frames become {result.n_frames}. Motors that are left: {left or 'none'}."
