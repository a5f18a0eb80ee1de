"""Background Subtraction."""

from __future__ import annotations

from orangecontrib.dfxm.widgets.correction_widget import CorrectionWidget
from orangecontrib.dfxm.widgets.icon import icon_path


class OWBackground(CorrectionWidget):
    """Subtract a background image, look at it, and compare a frame before and after."""

    step_id = "subtract_background"
    icon = icon_path("background.svg")
    keywords = "background, pedestal, dark, median, mean, subtract, noise"
    image_title = "Background"

    def applies(self, name: str) -> bool:
        """The percentile only matters to the method of that name."""
        return name != "percentile" or self.method == "percentile"
