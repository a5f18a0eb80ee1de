"""Where the motors stood, frame by frame, on the grid of the scan."""

from __future__ import annotations

from typing import Any

import numpy as np

from darfix_core.figures.numbers import ShortNumbers
from darfix_core.model.dataset import Dataset
from orangecontrib.dfxm.views.image_plot import Plot

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
        short_x, short_y = _short(dataset, x), _short(dataset, y)
        if x in places and y in places:
            grid_y, grid_x = np.meshgrid(short_y.of(places[y]), short_x.of(places[x]), indexing="ij")
            self._points(grid_x.ravel(), grid_y.ravel(), "grid", _GRID, "+")
        read_x, read_y = short_x.of(dataset.positions[x]), short_y.of(dataset.positions[y])
        self._points(read_x, read_y, "read-backs", _READ_BACK, ".")
        self.set_axis_labels(short_x.label(x, dataset.unit(x)), short_y.label(y, dataset.unit(y)))
        hidden = [name for name in places if name not in (x, y)]
        over = f", all of {', '.join(hidden)}" if hidden else ""
        self.set_title(f"Read-backs (points) and grid (crosses){over}" if places else "Read-backs")

    def _show_line(self, dataset: Dataset, name: str) -> None:
        numbers, short = np.arange(dataset.n_frames), _short(dataset, name)
        dimension = next((entry for entry in dataset.dimensions if entry.name == name), None)
        if dimension is not None and len(dataset.dimensions) == 1:
            self._points(numbers, short.of(dimension.values[dataset.grid_index]), "grid", _GRID, "+")
        self._points(numbers, short.of(dataset.positions[name]), "read-backs", _READ_BACK, ".")
        self.set_axis_labels("frame", short.label(name, dataset.unit(name)))
        self.set_title("Read-backs (points) and grid (crosses)" if dimension is not None else "Read-backs")

    def _points(self, x: Any, y: Any, legend: str, color: str, symbol: str) -> None:
        self.addCurve(x, y, legend=legend, color=color, symbol=symbol, linestyle=" ", resetzoom=False)
        self.getCurve(legend).setSymbolSize(7)


def _short(dataset: Dataset, name: str) -> ShortNumbers:
    """How the positions of a motor are written at an axis."""
    positions = dataset.positions[name]
    return ShortNumbers.between(float(positions.min()), float(positions.max()))


def _widest(dataset: Dataset) -> list[str]:
    """The motors that move: those that move at all."""
    return [name for name, values in dataset.positions.items() if np.ptp(values) > 0][:2] or [
        next(iter(dataset.positions))
    ]
