"""Hot Pixel Removal."""

from __future__ import annotations

from orangecontrib.dfxm.widgets.compare_widget import CompareWidget
from orangecontrib.dfxm.widgets.icon import icon_path


class OWHotPixels(CompareWidget):
    """Replace hot pixels by the local median, and compare a frame before and after."""

    step_id = "remove_hot_pixels"
    icon = icon_path("hotpixels.svg")
    keywords = "hot, dead, cold, pixel, outlier, zinger, cosmic, median, noise, clean"

    def applies(self, name: str) -> bool:
        """The rule of darfix has a limit of its own."""
        return name != "n_sigma" or self.rule == "noise"
