"""Background Subtraction."""

from __future__ import annotations

from typing import Any

from AnyQt.QtWidgets import QWidget

from orangecontrib.dfxm.views.compare_view import CompareView
from orangecontrib.dfxm.widgets.icon import icon_path
from orangecontrib.dfxm.widgets.step_widget import StepWidget


class OWBackground(StepWidget):
    """Subtract a background image, and compare a frame before and after."""

    step_id = "subtract_background"
    icon = icon_path("background.svg")
    keywords = "background, pedestal, dark, median, mean, subtract, noise"
    window_size = (1200, 700)

    def applies(self, name: str) -> bool:
        """The percentile only matters to the method of that name."""
        return name != "percentile" or self.method == "percentile"

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
        self.view.show_after(result)

    def picture(self) -> QWidget:
        """Both frames."""
        return self.view
