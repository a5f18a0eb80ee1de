"""Save Dataset."""

from __future__ import annotations

from orangecontrib.dfxm.widgets.icon import icon_path
from orangecontrib.dfxm.widgets.save_widget import SaveWidget


class OWSaveDataset(SaveWidget):
    """Write a dataset to a file."""

    step_id = "save_dataset"
    icon = icon_path("savedataset.svg")
    keywords = "save, export, write, nexus, hdf5, stack, frames, intermediate"
    window_size = (460, 260)
