"""Save Maps."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from Orange.widgets.settings import Setting
from Orange.widgets.widget import Msg

from orangecontrib.dfxm.views.parameter_editors import Editor, PathEditor
from orangecontrib.dfxm.widgets.icon import icon_path
from orangecontrib.dfxm.widgets.step_widget import StepWidget


class OWSaveMaps(StepWidget):
    """Write maps to a file. Nothing is written before the button is pressed, unless the user asks for it."""

    step_id = "save_maps"
    icon = icon_path("savemaps.svg")
    keywords = "save, export, write, nexus, hdf5, png, figures"
    want_main_area = False
    commits_on_input = False
    commit_label = "Save"
    window_size = (460, 300)

    # A workflow that is opened again does not write files by itself.
    autocommit = Setting(False)

    class Information(StepWidget.Information):
        """What was written."""

        saved = Msg("Saved: {}")

    def editors(self) -> dict[str, Editor]:
        """A file dialog for the path."""
        return {"path": PathEditor("NeXus files (*.h5 *.nxs)")}

    def show_inputs(self) -> None:
        """New maps: those that were saved are others."""
        self.Information.clear()
        if self.received["maps"] is not None and not self.autocommit:
            self.Information.waiting("Not saved yet.")

    def on_done(self, result: Any) -> None:
        """Say what was written. The user may take the file away, and want it again."""
        super().on_done(result)
        self.Information.saved(f"{Path(self.path).name}\n{Path(self.path).absolute()}")
        self.commit_button.setEnabled(not self.autocommit)
