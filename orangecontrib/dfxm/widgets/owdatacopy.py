"""Data Copy."""

from __future__ import annotations

from orangecontrib.dfxm.widgets.icon import icon_path
from orangecontrib.dfxm.widgets.save_widget import SaveWidget


class OWDataCopy(SaveWidget):
    """Write the frames to a file once, and go on from there."""

    step_id = "data_copy"
    icon = icon_path("datacopy.svg")
    keywords = "copy, materialise, write, cache, pixel order, chunks, fast curves"
    commit_label = "Copy"
    window_size = (460, 320)

    def show_inputs(self) -> None:
        """Something else came in: the copy that was made is not one of it."""
        super().show_inputs()
        if not self.autocommit:
            self.drop_result("" if self.received["dataset"] is None else "Not copied yet.")
