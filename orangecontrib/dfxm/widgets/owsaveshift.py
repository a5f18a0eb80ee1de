"""Save Shift."""

from __future__ import annotations

from orangecontrib.dfxm.views.parameter_editors import Editor, PathEditor
from orangecontrib.dfxm.widgets.icon import icon_path
from orangecontrib.dfxm.widgets.save_widget import SaveWidget


class OWSaveShift(SaveWidget):
    """Write a shift to a text file."""

    step_id = "save_shift"
    icon = icon_path("saveshift.svg")
    keywords = "save, export, write, drift, shift, table, csv"
    window_size = (460, 300)

    def editors(self) -> dict[str, Editor]:
        """A file dialog for the path."""
        return {"path": PathEditor("Tables (*.txt *.csv *.dat)")}
