"""Dark Subtraction."""

from __future__ import annotations

from orangecontrib.dfxm.widgets.correction_widget import CorrectionWidget
from orangecontrib.dfxm.widgets.icon import icon_path


class OWDark(CorrectionWidget):
    """Subtract the dark image, look at it, and compare a frame before and after."""

    step_id = "subtract_dark"
    icon = icon_path("dark.svg")
    keywords = "dark, offset, pedestal, shutter, subtract"
    image_title = "Dark image"
