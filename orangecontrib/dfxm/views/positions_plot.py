"""Where the motors stood, frame by frame, on the grid of the scan."""

from __future__ import annotations

from typing import Any

import numpy as np

from darfix_core.model.dataset import Dataset
from orangecontrib.dfxm.views.image_plot import Plot
from orangecontrib.dfxm.views.mosaicity_key import axis_label

_READ_BACK, _GRID = "#d9480f", "#1f3a5f"


class PositionsPlot(Plot):
    """Read-backs as points; the grid as crosses. One motor: over the frames. Two: over their plane."""

    def __init__(self) -> None:
        super().__init__()
        self.getInteractiveModeToolBar().hide()
        self.setDataMargins(0.05, 0.05, 0.08, 0.08)
        self.setMinimumHeight(180)

    def set_dataset(self, dataset: Dataset | None) -> None:
        """Show the positions of another scan, its two fastest dimensions where it has some."""
        self.clear()
        self.set_title("")
        if dataset is None or not dataset.positions:
            self.set_axis_labels("", "")
            return
        names = [dimension.name for dimension in dataset.dimensions if dimension.name in dataset.positions]
        if not names:
            names = _widest(dataset)
        if len(names) >= 2:
            self._show_plane(dataset, names[-1], names[-2])
        else:
            self._show_line(dataset, names[0])
        self.resetZoom()

    def _show_plane(self, dataset: Dataset, x: str, y: str) -> None:
        places = {dimension.name: dimension.values for dimension in dataset.dimensions}
        if x in places and y in places:
            grid_y, grid_x = np.meshgrid(places[y], places[x], indexing="ij")
            self._points(grid_x.ravel(), grid_y.ravel(), "grid", _GRID, "+")
        self._points(dataset.positions[x], dataset.positions[y], "read-backs", _READ_BACK, ".")
        self.set_axis_labels(axis_label(x, dataset.unit(x)), axis_label(y, dataset.unit(y)))
        self.set_title("Read-backs (points) and grid (crosses)" if places else "Read-backs")

    def _show_line(self, dataset: Dataset, name: str) -> None:
        numbers = np.arange(dataset.n_frames)
        dimension = next((entry for entry in dataset.dimensions if entry.name == name), None)
        if dimension is not None and len(dataset.dimensions) == 1:
            self._points(numbers, dimension.values[dataset.grid_index], "grid", _GRID, "+")
        self._points(numbers, dataset.positions[name], "read-backs", _READ_BACK, ".")
        self.set_axis_labels("frame", axis_label(name, dataset.unit(name)))
        self.set_title("Read-backs (points) and grid (crosses)" if dimension is not None else "Read-backs")

    def _points(self, x: Any, y: Any, legend: str, color: str, symbol: str) -> None:
        self.addCurve(x, y, legend=legend, color=color, symbol=symbol, linestyle=" ", resetzoom=False)
        self.getCurve(legend).setSymbolSize(7)


def _widest(dataset: Dataset) -> list[str]:
    """The motors that move: those that move at all."""
    return [name for name, values in dataset.positions.items() if np.ptp(values) > 0][:2] or [
        next(iter(dataset.positions))
    ]
