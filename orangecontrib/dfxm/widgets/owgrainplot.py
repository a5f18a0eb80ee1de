"""Grain Plot."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from AnyQt.QtWidgets import QFileDialog, QListWidget, QPushButton, QWidget
from Orange.widgets.settings import Setting
from Orange.widgets.widget import Msg
from orangewidget import gui

from darfix_core.figures.style import map_label
from orangecontrib.dfxm.views.curve_view import CurveView, read_curve
from orangecontrib.dfxm.views.latest_task import LatestTask
from orangecontrib.dfxm.views.map_view import MapView
from orangecontrib.dfxm.views.parameter_editors import ChoiceEditor, Editor
from orangecontrib.dfxm.widgets.icon import icon_path
from orangecontrib.dfxm.widgets.step_widget import StepWidget


class OWGrainPlot(StepWidget):
    """Orientation maps; a click on a pixel shows its rocking curve."""

    step_id = "grain_plot"
    icon = icon_path("grainplot.svg")
    keywords = "mosaicity, orientation, moments, centre of mass, center of mass, fwhm, grains, rocking curve"

    view_map = Setting("", schema_only=True)

    class Warning(StepWidget.Warning):
        """What cannot be shown."""

        no_curve = Msg("The rocking curve cannot be read: {}")
        no_picture = Msg("The picture cannot be saved: {}")

    window_size = (1260, 760)

    def editors(self) -> dict[str, Editor]:
        """Motors are chosen among those of the scan."""
        return {
            "x_motor": ChoiceEditor((None,), "the fastest motor"),
            "y_motor": ChoiceEditor((None,), "the slowest motor"),
        }

    def applies(self, name: str) -> bool:
        """Colours need two motors; a motor that a scan lacks can still be taken back."""
        dataset = self.received["dataset"]
        if name not in ("x_motor", "y_motor", "color_range") or dataset is None or len(dataset.dimensions) != 1:
            return True
        return name != "color_range" and getattr(self, name) is not None

    def build_controls(self) -> None:
        """The list of maps, and the form."""
        box = gui.vBox(self.controlArea, "Maps")
        self.map_list = QListWidget()
        self.map_list.setMinimumHeight(130)
        self.map_list.currentRowChanged.connect(self._map_chosen)
        box.layout().addWidget(self.map_list)
        self.picture_button = QPushButton("Save picture…", autoDefault=False)
        self.picture_button.setToolTip("Save the map as a figure with axes, colour bar and title")
        self.picture_button.setEnabled(False)
        self.picture_button.clicked.connect(self._ask_picture)
        box.layout().addWidget(self.picture_button)
        super().build_controls()

    def build_view(self) -> None:
        """The map above, the curve of a pixel below."""
        self.view, self.curve = MapView(), CurveView()
        self.reader = LatestTask(self)
        self.view.pixel_clicked.connect(self._read_curve)
        self.reader.done.connect(self._show_curve)
        self.view.add_beside(self.curve)
        self.mainArea.layout().addWidget(self.view)

    def show_inputs(self) -> None:
        """A curve of other frames would mislead."""
        self.reader.cancel()
        dataset = self.received["dataset"]
        motors = [] if dataset is None else [dimension.name for dimension in dataset.dimensions]
        for name in ("x_motor", "y_motor"):
            self.form.editors[name].set_choices((None, *motors))
        self._enable_what_applies()
        self.curve.show_message("Click on a pixel of the map to see its rocking curve.")

    def show_result(self, result: Any) -> None:
        """List the maps and show the one that was shown."""
        self.map_list.blockSignals(True)
        self.map_list.clear()
        if result is not None:
            names = list(result)
            self.map_list.addItems([map_label(result, name) for name in names])
            self.map_list.setCurrentRow(names.index(self.view_map) if self.view_map in names else 0)
        self.map_list.blockSignals(False)
        self.picture_button.setEnabled(result is not None)
        self.view.set_maps(result)
        self.view.show_map(self.view_map)

    def _map_chosen(self, row: int) -> None:
        if self.produced is not None and row >= 0:
            self.view_map = list(self.produced)[row]
            self.view.show_map(self.view_map)

    def _read_curve(self, row: int, column: int) -> None:
        self.Warning.no_curve.clear()
        dataset = self.received["dataset"]
        if dataset is not None:
            self.reader.start(read_curve, dataset, row, column)

    def _show_curve(self, result: Any) -> None:
        dataset, maps = self.received["dataset"], self.produced
        if isinstance(result, Exception):
            self.Warning.no_curve(str(result))
        elif dataset is not None:
            pixel, counts = result
            centers = {
                dimension.name: float(np.asarray(maps[f"{dimension.name}/center_of_mass"])[pixel])
                for dimension in dataset.dimensions
                if maps is not None
            }
            self.curve.show_curve(dataset, pixel, counts, centers)

    def _ask_picture(self) -> None:
        path, _ = QFileDialog.getSaveFileName(self, "Save picture", "", "PNG (*.png);;PDF (*.pdf);;SVG (*.svg)")
        if path:
            self.save_picture(path if Path(path).suffix else f"{path}.png")

    def save_picture(self, path: str) -> None:
        """Save the shown map as the command line and the documentation draw it."""
        from darfix_core.figures import style
        from darfix_core.figures.map_figures import map_figure
        from darfix_core.figures.mosaicity_figure import mosaicity_figure

        maps, name = self.produced, self.view.name
        colored = maps[name].ndim == 3
        try:
            figure = mosaicity_figure(maps) if colored else map_figure(maps, name)
            figure.savefig(path, dpi=style.DPI)
        except (OSError, ValueError) as error:
            self.Warning.no_picture(str(error))
        else:
            self.Warning.no_picture.clear()

    def picture(self) -> QWidget:
        """The map with its key."""
        return self.view
