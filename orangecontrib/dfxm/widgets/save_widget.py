"""What the widgets have in common that write a file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from Orange.widgets.settings import Setting
from Orange.widgets.widget import Msg

from orangecontrib.dfxm.views.parameter_editors import Editor, PathEditor
from orangecontrib.dfxm.widgets.step_widget import StepWidget


class SaveWidget(StepWidget, openclass=True):
    """A widget that writes a NeXus file. Nothing is written before the button is pressed, unless the user asks for it.

    Its step has one input, and the file is its parameter `path`.
    """

    want_main_area = False
    commits_on_input = False
    commit_label = "Save"

    # A workflow that is opened again does not write files by itself.
    autocommit = Setting(False)

    class Information(StepWidget.Information):
        """What was written."""

        saved = Msg("Saved: {}")

    def editors(self) -> dict[str, Editor]:
        """A file dialog for the path."""
        return {"path": PathEditor("NeXus files (*.h5 *.nxs)")}

    def show_inputs(self) -> None:
        """Something else came in: it is not what was saved."""
        self.Information.clear()
        if all(value is not None for value in self.received.values()) and not self.autocommit:
            self.Information.waiting("Not saved yet.")

    def on_done(self, result: Any) -> None:
        """Say what was written. The user may take the file away, and want it again."""
        super().on_done(result)
        self.Information.saved(f"{Path(self.path).name}\n{Path(self.path).absolute()}")
        self.commit_button.setEnabled(not self.autocommit)
