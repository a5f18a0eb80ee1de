"""Weak Beam."""

from __future__ import annotations

from orangecontrib.dfxm.widgets.compare_widget import CompareWidget
from orangecontrib.dfxm.widgets.icon import icon_path


class OWWeakBeam(CompareWidget):
    """Keep the flanks of the rocking curves, and compare a frame before and after."""

    step_id = "weak_beam"
    icon = icon_path("weakbeam.svg")
    keywords = "weak, beam, dislocation, strain, flank, tail, contrast, sigma"
