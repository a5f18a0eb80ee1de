"""Flat-Field Correction."""

from __future__ import annotations

from orangecontrib.dfxm.widgets.correction_widget import CorrectionWidget
from orangecontrib.dfxm.widgets.icon import icon_path


class OWFlat(CorrectionWidget):
    """Divide by the response of the pixels, look at it, and compare a frame before and after."""

    step_id = "divide_flat"
    icon = icon_path("flat.svg")
    keywords = "flat field, response, sensitivity, vignetting, divide"
    image_title = "Response"
    image_label = "response"
