"""Background Subtraction."""

from __future__ import annotations

from orangecontrib.dfxm.widgets.compare_widget import CompareWidget
from orangecontrib.dfxm.widgets.icon import icon_path


class OWBackground(CompareWidget):
    """Subtract a background image, and compare a frame before and after."""

    step_id = "subtract_background"
    icon = icon_path("background.svg")
    keywords = "background, pedestal, dark, median, mean, subtract, noise"

    def applies(self, name: str) -> bool:
        """The percentile only matters to the method of that name."""
        return name != "percentile" or self.method == "percentile"
