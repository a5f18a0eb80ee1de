"""Gradient Threshold."""

from __future__ import annotations

from orangecontrib.dfxm.widgets.compare_widget import CompareWidget
from orangecontrib.dfxm.widgets.icon import icon_path


class OWGradientThreshold(CompareWidget):
    """Set faint counts to zero where the frame is flat, and compare a frame before and after."""

    step_id = "gradient_threshold"
    icon = icon_path("gradientthreshold.svg")
    keywords = "gradient, edge, threshold, faint, dislocation, noise, clean"

    def applies(self, name: str) -> bool:
        """Gradients matter to counts below a threshold, and their scale where they have a limit."""
        if name == "min_gradient":
            return self.bottom is not None
        return name != "scale" or (self.bottom is not None and self.min_gradient is not None)
