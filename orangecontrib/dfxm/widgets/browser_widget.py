"""Base of the widgets of steps whose result has other frames or pixels than what comes in: it alone is shown."""

from __future__ import annotations

from typing import Any

from AnyQt.QtCore import Qt
from AnyQt.QtWidgets import QLabel, QWidget

from orangecontrib.dfxm.views.frame_browser import FrameBrowser
from orangecontrib.dfxm.widgets.step_widget import StepWidget


class BrowserWidget(StepWidget, openclass=True):
    """A widget that shows the frames of its result, and above them in words what was made of what.

    A concrete widget sets `step_id`, `icon` and `keywords`, and gives the words in `summary`.
    """

    def build_view(self) -> None:
        """The words, and the frames."""
        self.caption = QLabel(wordWrap=True)
        self.caption.setTextInteractionFlags(Qt.TextSelectableByMouse)
        self.view = FrameBrowser()
        self.view.failed.connect(self.Warning.unreadable)
        self.mainArea.layout().addWidget(self.caption)
        self.mainArea.layout().addWidget(self.view, 1)

    def summary(self, result: Any) -> str:
        """What was made of what."""
        raise NotImplementedError

    def show_result(self, result: Any) -> None:
        """The frames as they leave."""
        self.caption.setText("" if result is None else self.summary(result))
        self.view.set_dataset(result)

    def picture(self) -> QWidget:
        """A frame."""
        return self.view.plot
