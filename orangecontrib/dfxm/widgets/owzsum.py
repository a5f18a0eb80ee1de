"""Z Sum."""

from __future__ import annotations

from typing import Any

from AnyQt.QtWidgets import QWidget
from Orange.widgets.settings import Setting
from orangewidget import gui

from orangecontrib.dfxm.views.map_view import MapView
from orangecontrib.dfxm.views.parameter_editors import ChoiceEditor
from orangecontrib.dfxm.widgets.icon import icon_path
from orangecontrib.dfxm.widgets.step_widget import StepWidget

_LABELS = {"z_sum": "sum of all frames", "z_max": "highest count"}


class OWZSum(StepWidget):
    """Add up all frames to one image."""

    step_id = "z_sum"
    icon = icon_path("zsum.svg")
    keywords = "z sum, sum, stack, maximum, integrate, overview"

    view_map = Setting("z_sum", schema_only=True)

    def build_controls(self) -> None:
        """Which of the images is shown."""
        box = gui.vBox(self.controlArea, "Image")
        self.chosen = ChoiceEditor(tuple(_LABELS))
        self.chosen.set_choices(tuple(_LABELS), _LABELS)
        self.chosen.set_value(self.view_map)
        self.chosen.edited.connect(self._image_chosen)
        box.layout().addWidget(self.chosen)
        super().build_controls()

    def build_view(self) -> None:
        """The image."""
        self.view = MapView()
        self.mainArea.layout().addWidget(self.view)

    def show_result(self, result: Any) -> None:
        """The image that was chosen."""
        self.view.set_maps(result)
        self.view.show_map(self.view_map)

    def _image_chosen(self) -> None:
        self.view_map = self.chosen.value()
        self.view.show_map(self.view_map)

    def picture(self) -> QWidget:
        """The image."""
        return self.view
