"""Load Dataset."""

from __future__ import annotations

from typing import Any

from AnyQt.QtWidgets import QWidget

from orangecontrib.dfxm.views.frame_browser import FrameBrowser
from orangecontrib.dfxm.views.parameter_editors import Editor
from orangecontrib.dfxm.views.source_editors import HDF5_FILTER, FileEditor
from orangecontrib.dfxm.widgets.icon import icon_path
from orangecontrib.dfxm.widgets.step_widget import StepWidget


class OWLoadDataset(StepWidget):
    """Open a dataset that was saved, and go on where it was left."""

    step_id = "load_dataset"
    icon = icon_path("loaddataset.svg")
    keywords = "load, open, read, saved, dataset, intermediate, nexus, hdf5"

    def editors(self) -> dict[str, Editor]:
        """A dialog for the file."""
        return {"path": FileEditor("choose a file", "Open a saved dataset", HDF5_FILTER)}

    def build_view(self) -> None:
        """The frames."""
        self.view = FrameBrowser()
        self.view.failed.connect(self.Warning.unreadable)
        self.mainArea.layout().addWidget(self.view)

    def show_result(self, result: Any) -> None:
        """The frames that were saved."""
        self.view.set_dataset(result)

    def picture(self) -> QWidget:
        """A frame."""
        return self.view.plot
