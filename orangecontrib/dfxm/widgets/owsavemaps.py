"""Save Maps."""

from __future__ import annotations

from orangecontrib.dfxm.widgets.icon import icon_path
from orangecontrib.dfxm.widgets.save_widget import SaveWidget


class OWSaveMaps(SaveWidget):
    """Write maps to a file."""

    step_id = "save_maps"
    icon = icon_path("savemaps.svg")
    keywords = "save, export, write, nexus, hdf5, png, figures"
    window_size = (460, 300)
