"""Persist."""

from __future__ import annotations

import threading
from typing import Any

from AnyQt.QtWidgets import QLabel, QWidget
from orangewidget import gui

from darfix_core.errors import DarfixError
from darfix_core.model.dataset import Dataset
from darfix_core.steps.persist import PersistPlan, plan_persist, size_text
from orangecontrib.dfxm.views.frame_browser import FrameBrowser
from orangecontrib.dfxm.views.latest_task import LatestTask
from orangecontrib.dfxm.views.parameter_editors import Editor
from orangecontrib.dfxm.views.source_editors import FolderEditor
from orangecontrib.dfxm.widgets.icon import icon_path
from orangecontrib.dfxm.widgets.step_widget import StepWidget


def measure(dataset: Dataset, to: str, folder: str | None, stop: threading.Event) -> PersistPlan:
    """What it would cost to keep a dataset."""
    return plan_persist(dataset, to=to, folder=folder)


class OWPersist(StepWidget):
    """Keep the frames in memory or in a scratch file; size and time are told before."""

    step_id = "persist"
    icon = icon_path("persist.svg")
    keywords = "persist, cache, memory, keep, scratch, speed, big"

    # The cost can be looked at first: without "Keep automatically" nothing is kept before the button is pressed.
    commits_on_input = False
    commit_label = "Keep"

    def editors(self) -> dict[str, Editor]:
        """A dialog for the folder."""
        return {"folder": FolderEditor("that for temporary files")}

    def applies(self, name: str) -> bool:
        """The folder is that of the scratch file."""
        return name != "folder" or self.to == "scratch"

    def build_controls(self) -> None:
        """The form, and what it costs."""
        box = gui.vBox(self.controlArea, "Parameters")
        box.layout().addWidget(self.form)
        cost = gui.vBox(self.controlArea, "Cost")
        self.cost = QLabel("", wordWrap=True)
        cost.layout().addWidget(self.cost)
        self._measuring = LatestTask(self)
        self._measuring.done.connect(self._show_cost)
        gui.rubber(self.controlArea)

    def build_view(self) -> None:
        """The frames that are kept."""
        self.view = FrameBrowser()
        self.view.failed.connect(self.Warning.unreadable)
        self.mainArea.layout().addWidget(self.view)

    def show_inputs(self) -> None:
        """What it would cost to keep them; those that were kept are others."""
        self._measure()
        if not self.autocommit:
            self.drop_result("" if self.received["dataset"] is None else "Not kept yet.")

    def _form_edited(self, name: str) -> None:
        super()._form_edited(name)
        self._measure()

    def _measure(self) -> None:
        dataset = self.received["dataset"]
        if dataset is None:
            self._measuring.cancel()
            self.cost.setText("")
            return
        self.cost.setText(f"{size_text(dataset.frames.nbytes)}; the time is measured ...")
        self._measuring.start(measure, dataset, self.to, self.folder)

    def _show_cost(self, plan: PersistPlan | Exception) -> None:
        if isinstance(plan, DarfixError | OSError):
            self.cost.setText(str(plan))
        elif isinstance(plan, Exception):
            raise plan
        else:
            self.cost.setText(plan.describe() + ("" if plan.fits else ". This does not fit."))

    def show_result(self, result: Any) -> None:
        """The frames that are kept."""
        self.view.set_dataset(result)

    def picture(self) -> QWidget:
        """A frame."""
        return self.view.plot
