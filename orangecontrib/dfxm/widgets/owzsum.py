"""Z Sum."""

from __future__ import annotations

from typing import Any

from AnyQt.QtWidgets import QWidget
from Orange.widgets.settings import Setting
from orangewidget import gui

from orangecontrib.dfxm.views.image_plot import ImagePlot
from orangecontrib.dfxm.views.map_view import colormap_of, note_of
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
        self.view = ImagePlot()
        self.mainArea.layout().addWidget(self.view)

    def show_result(self, result: Any) -> None:
        """The image that was chosen."""
        if result is None:
            self.view.clear_image()
            return
        values, note = result[self.view_map], note_of(result[self.view_map], "counts")
        colormap = colormap_of(self.view_map, values)
        self.view.show_image(values, origin=result.origin, colormap=colormap, label="counts", note=note)

    def _image_chosen(self) -> None:
        self.view_map = self.chosen.value()
        self.show_result(self.produced)

    def picture(self) -> QWidget:
        """The image."""
        return self.view
