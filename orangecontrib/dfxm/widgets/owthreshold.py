"""Threshold."""

from __future__ import annotations

from orangecontrib.dfxm.widgets.compare_widget import CompareWidget
from orangecontrib.dfxm.widgets.icon import icon_path


class OWThreshold(CompareWidget):
    """Set counts outside two limits to zero, and compare a frame before and after."""

    step_id = "threshold"
    icon = icon_path("threshold.svg")
    keywords = "threshold, limit, bottom, top, cut, clip, noise, zero"
