"""Rocking curve of one pixel: counts against one motor, or over the plane of two."""

from __future__ import annotations

import math
import threading
from collections.abc import Mapping
from typing import Any

import numpy as np
from AnyQt.QtCore import Qt
from AnyQt.QtWidgets import QLabel, QSizePolicy, QStackedWidget, QVBoxLayout, QWidget

from darfix_core.figures.numbers import ShortNumbers
from darfix_core.model.dataset import Dataset
from orangecontrib.dfxm.views.image_plot import ImagePlot, Plot, make_colormap, percentile_limits

_CURVE, _CENTER = "#1f3a5f", "#d9480f"
_BLOCK = 64 * 2**20  # bytes of frames that are read between two looks at the stop flag


def read_curve(dataset: Dataset, row: int, column: int, stop: threading.Event) -> tuple[tuple[int, int], Any]:
    """Pixel (row, column) and its counts, shape (n_frames,), incomplete once `stop` is set.

    The frames of a compressed file have to be decoded for it: use a `LatestTask`.
    """
    n_frames, ny, nx = dataset.frames.shape
    counts = np.empty(n_frames, dtype=np.float64)
    step = max(1, _BLOCK // (ny * nx * dataset.frames.dtype.itemsize))
    for start in range(0, n_frames, step):
        if stop.is_set():
            break
        part = slice(start, min(n_frames, start + step))
        block = dataset.frames.read(part, slice(row, row + 1), slice(column, column + 1))
        counts[part] = block[:, 0, 0]
    return (row, column), counts


class CurveView(QWidget):
    """Plots the curve of a pixel. Scans of more than two motors are summed over the slowest ones."""

    def __init__(self) -> None:
        super().__init__()
        self.line = Plot(self)
        self.line.setDataMargins(0.02, 0.02, 0.05, 0.08)
        self.image = ImagePlot(self)
        self.image.setKeepDataAspectRatio(False)
        self.image.getYAxis().setInverted(False)
        self.image.getPositionInfoWidget().hide()
        for plot in (self.line, self.image):
            plot.setMinimumSize(240, 200)
            plot.getInteractiveModeToolBar().hide()
        self.message = QLabel(alignment=Qt.AlignCenter, wordWrap=True)
        self._stack = QStackedWidget()
        self._stack.addWidget(self.message)
        self._stack.addWidget(self.line)
        self._stack.addWidget(self.image)
        self.caption = QLabel()
        self.caption.setTextInteractionFlags(Qt.TextSelectableByMouse)
        self.caption.setSizePolicy(QSizePolicy.Ignored, QSizePolicy.Preferred)
        self.caption.setWordWrap(True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._stack, 1)
        layout.addWidget(self.caption)
        self.show_message("Click on a pixel of the map to see its rocking curve.")

    def show_message(self, text: str) -> None:
        """Show a text in place of a curve."""
        self._stack.setCurrentWidget(self.message)
        self.line.clear()
        self.message.setText(text)
        self.caption.setText("")

    def show_curve(
        self, dataset: Dataset, pixel: tuple[int, int], counts: Any, centers: Mapping[str, float] | None = None
    ) -> None:
        """Plot the curve of a pixel.

        Parameters
        ----------
        dataset : Dataset
        pixel : (int, int)
            Index along y and x in the frames; the title names the pixel of the detector.
        counts : ndarray, shape (n_frames,)
        centers : mapping, optional
            Motor -> centre of mass, which is marked.
        """
        title = f"row {dataset.origin[0] + pixel[0]}, column {dataset.origin[1] + pixel[1]}"
        dimensions = dataset.dimensions
        places = [f"{name} {value:.6g} {dataset.unit(name)}".rstrip() for name, value in (centers or {}).items()]
        self.caption.setText("Centre of mass: " + ",  ".join(places) if places else "")
        if len(dimensions) >= 2:
            self._show_plane(dataset, title, counts, centers or {})
        else:
            name = dimensions[0].name if dimensions else next(iter(dataset.positions), "")
            self._show_line(dataset, title, name, counts, (centers or {}).get(name))

    def _show_line(self, dataset: Dataset, title: str, name: str, counts: Any, center: float | None) -> None:
        self._stack.setCurrentWidget(self.line)
        self.line.clear()
        places = dataset.positions[name] if name else np.arange(counts.size)
        order = np.argsort(places, kind="stable")
        short = _short(places)
        x = short.of(places[order])
        self.line.addCurve(x, counts[order], legend="counts", color=_CURVE, symbol="o", linewidth=1.5, resetzoom=False)
        if center is not None and math.isfinite(center):
            self.line.addXMarker(float(short.of(center)), legend="center", color=_CENTER)
        self.line.set_axis_labels(short.label(name, dataset.unit(name)) if name else "frame", "counts")
        self.line.set_title(title)
        self.line.resetZoom()

    def _show_plane(self, dataset: Dataset, title: str, counts: Any, centers: Mapping[str, float]) -> None:
        self._stack.setCurrentWidget(self.image)
        grid = dataset.on_grid(counts)
        summed = dataset.dimensions[:-2]
        if summed:
            grid = np.nansum(grid, axis=tuple(range(len(summed))))
            title += ", summed over " + ", ".join(dimension.name for dimension in summed)
        slow, fast = dataset.dimensions[-2:]
        colormap = make_colormap("viridis", percentile_limits(grid, 0, 100))
        short_y, short_x = _short(slow.values), _short(fast.values)
        self.image.show_grid(grid, short_y.of(slow.values), short_x.of(fast.values), colormap=colormap, label="counts")
        self.image.set_axis_labels(short_x.label(fast.name, fast.unit), short_y.label(slow.name, slow.unit))
        self.image.set_title(title)
        self.image.remove("center", kind="marker")
        x, y = centers.get(fast.name, math.nan), centers.get(slow.name, math.nan)
        if math.isfinite(x) and math.isfinite(y):
            place = float(short_x.of(x)), float(short_y.of(y))
            self.image.addMarker(*place, legend="center", color=_CENTER, symbol="+")


def _short(places: Any) -> ShortNumbers:
    """How the positions of a motor are written at an axis."""
    return ShortNumbers.between(float(np.min(places)), float(np.max(places)))
