"""Plots as all views of the add-on use them: an image, or curves, with axes that name their unit."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from AnyQt.QtCore import QEvent, QObject, Qt, QTimer
from AnyQt.QtWidgets import QLabel, QWidget
from silx.gui.colors import Colormap
from silx.gui.plot import PlotWindow

from darfix_core.figures.style import EMPTY_COLOR
from orangecontrib.dfxm.views.color_bar import ColorBar
from orangecontrib.dfxm.views.sampled_image import SampledBackend

_NOTHING = "-"
# Masked and empty pixels.
NAN_COLOR = tuple(int(EMPTY_COLOR[start : start + 2], 16) / 255 for start in (1, 3, 5))


def percentile_limits(values: Any, low: float = 0.5, high: float = 99.5) -> tuple[float, float]:
    """Limits of the colours that a few hot pixels cannot spoil.

    Parameters
    ----------
    values : array_like, any shape
        NaN and infinity are left out.
    low, high : float, percent

    Returns
    -------
    (float, float)
        Always of different size; (0, 1) where there is no finite value.
    """
    values = np.asarray(values)
    finite = values[np.isfinite(values)] if values.dtype.kind == "f" else values.reshape(-1)
    if finite.size == 0:
        return 0.0, 1.0
    bottom, top = (float(limit) for limit in np.percentile(finite, [low, high]))
    if top <= bottom:
        bottom, top = float(finite.min()), float(finite.max())
    if top <= bottom:
        margin = max(abs(bottom) * 1e-6, 1e-12)
        bottom, top = bottom - margin, top + margin
    return bottom, top


def is_wide(shape: tuple[int, int]) -> bool:
    """True for images (ny, nx) that are better shown one below the other than side by side."""
    return shape[1] > 1.5 * shape[0]


def _rounded(bottom: float, top: float) -> tuple[float, float]:
    """Limits with no more digits than their distance deserves, which is what stands at the colour bar."""
    digits = 2 - math.floor(math.log10(top - bottom))
    # Zero is added to take the sign off -0.
    return round(bottom, digits) + 0.0, round(top, digits) + 0.0


@dataclass
class _Zoom:
    """What linked plots have in common."""

    #: True until the user zooms: then a plot that is resized goes on showing everything.
    shows_all: bool = True
    #: True while a plot follows another one.
    following: bool = False


class Plot(PlotWindow):
    """silx plot with few tools, and margins that are as wide as the labels, whatever the size of the plot."""

    _LEFT, _RIGHT, _BOTTOM, _TOP = 88, 14, 50, 10  # px
    _TITLE = 22  # px

    def __init__(self, parent: QWidget | None = None, **tools: Any) -> None:
        options = dict.fromkeys(
            (
                "autoScale",
                "logScale",
                "grid",
                "curveStyle",
                "colormap",
                "aspectRatio",
                "yInverted",
                "print_",
                "control",
                "position",
                "roi",
                "mask",
            ),
            False,
        )
        self._zoom = _Zoom()
        self._linked: Plot | None = None
        super().__init__(parent, backend=SampledBackend, **{**options, **tools})
        self._refit = QTimer(self, singleShot=True, interval=0)
        self._refit.timeout.connect(self._show_all_again)
        self.getWidgetHandle().installEventFilter(self)

    def link_zoom(self, other: Plot) -> None:
        """Show the same part as another plot from now on."""
        self._zoom = other._zoom
        for plot, leader in ((self, other), (other, self)):
            plot._linked = leader
            plot.sigPlotSignal.connect(plot._limits_changed)

    def _limits_changed(self, event: dict[str, Any]) -> None:
        if event["event"] == "limitsChanged" and not self._zoom.following:
            self._zoom.following = True
            try:
                self._linked._follow(self)
            finally:
                self._zoom.following = False

    def _follow(self, leader: Plot) -> None:
        """Show what lies in the middle of another plot, as large, on both axes at once.

        With one axis after the other, plots that keep the aspect would answer to half of a change. Their limits cannot
        be the same where they differ in size: each shows everything in its own way.
        """
        if self._zoom.shows_all:
            self._show_all_again()
            return
        sizes, others = self.getPlotBoundsInPixels()[2:], leader.getPlotBoundsInPixels()[2:]
        if not all((*sizes, *others)):
            return
        limits: list[float] = []
        for axis, size, other in zip((leader.getXAxis(), leader.getYAxis()), sizes, others, strict=True):
            low, high = axis.getLimits()
            half = (high - low) / 2 * size / other
            limits += [(low + high) / 2 - half, (low + high) / 2 + half]
        self.setLimits(*limits)

    def set_axis_labels(self, horizontal: str, vertical: str) -> None:
        """Label the axes."""
        self.getXAxis().setLabel(horizontal)
        self.getYAxis().setLabel(vertical)

    def hide_tools(self) -> None:
        """Show the plot alone."""
        for bar in (self.toolBar(), self.getInteractiveModeToolBar(), self.getOutputToolBar()):
            bar.hide()

    def set_title(self, title: str) -> None:
        """Write a title, for which the margin makes room."""
        self.setGraphTitle(title)
        self._fit_margins()

    def resetZoom(self, dataMargins: Any = None) -> None:
        """Show everything."""
        self._zoom.shows_all = True
        super().resetZoom(dataMargins)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Notice when the user zooms or pans; keep the margins as wide as the labels when the size changes."""
        dragged = event.type() == QEvent.MouseMove and event.buttons() != Qt.NoButton
        if dragged or event.type() == QEvent.Wheel:
            self._zoom.shows_all = False
        elif event.type() == QEvent.Resize:
            self._fit_margins()
            self._refit.start()
        return super().eventFilter(watched, event)

    def _show_all_again(self) -> None:
        if self._zoom.shows_all:
            self.resetZoom()

    def _top_margin(self) -> int:
        return self._TOP + (self._TITLE if self.getGraphTitle() else 0)

    def _fit_margins(self) -> None:
        size = self.getWidgetHandle().size()
        width, height = max(size.width(), 2 * self._LEFT), max(size.height(), 3 * self._BOTTOM)
        top = self._top_margin()
        self.setAxesMargins(self._LEFT / width, top / height, self._RIGHT / width, self._BOTTOM / height)


class ImagePlot(Plot):
    """Image with a colour bar and few tools: zoom, colour map, aspect, copy and save.

    Row 0 is at the top, as on the detector; pixel (row, column) is centred on its numbers.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        # Set first: the mouse may already be over the plot while it is made.
        self._image: Any = None
        self._frame: Any = None
        super().__init__(
            parent,
            colormap=True,
            aspectRatio=True,
            position=[("column", _whole), ("row", lambda _, y: _whole(y)), ("value", self._value_text)],
        )
        self.setDataMargins(0, 0, 0, 0)
        self.setKeepDataAspectRatio(True)
        self.getYAxis().setInverted(True)
        self.set_axis_labels("column (px)", "row (px)")
        self.color_bar = ColorBar(self._TOP, self._BOTTOM)
        self.centralWidget().layout().addWidget(self.color_bar, 0, 2)
        self.note = QLabel(self.getWidgetHandle(), alignment=Qt.AlignCenter)
        self.note.setAttribute(Qt.WA_TransparentForMouseEvents)
        self.note.setStyleSheet("background: rgba(255, 255, 255, 200); padding: 4px; border-radius: 4px")
        self.note.hide()

    def show_image(
        self,
        values: Any,
        *,
        origin: tuple[int, int] = (0, 0),
        colormap: Colormap | None = None,
        label: str = "",
        unit: str = "",
        note: str = "",
    ) -> None:
        """Show an image in place of the last one; the zoom is kept while the shape is.

        Parameters
        ----------
        values : ndarray, shape (ny, nx) or (ny, nx, 3)
        origin : (int, int), px
            Row and column of the first pixel.
        colormap : silx Colormap, optional
            For images of numbers.
        label, unit : str
            Beside the colour bar: the quantity and its unit.
        note : str
            Text that stands in the picture in place of a colour bar.
        """
        corner = (origin[1] - 0.5, origin[0] - 0.5)
        self._draw(np.asarray(values), corner, (1.0, 1.0), colormap, (label, unit, note))

    def show_grid(self, values: Any, y: Any, x: Any, *, colormap: Colormap, label: str = "") -> None:
        """Show values over the plane of two motors.

        Parameters
        ----------
        values : ndarray, shape (ny, nx)
        y, x : array_like, shape (ny,) and (nx,)
            Positions of the rows and columns, evenly spaced, in either direction.
        colormap : silx Colormap
        label : str
            Beside the colour bar: the quantity.
        """
        values, y, x = np.asarray(values), np.asarray(y), np.asarray(x)
        values = values[:: -1 if y[-1] < y[0] else 1, :: -1 if x[-1] < x[0] else 1]
        steps = tuple(float(np.ptp(axis)) / (axis.size - 1) if axis.size > 1 else 1.0 for axis in (x, y))
        corner = (float(x.min()) - steps[0] / 2, float(y.min()) - steps[1] / 2)
        self._draw(values, corner, steps, colormap, (label, "", ""))

    def _draw(
        self,
        values: Any,
        corner: tuple[float, float],
        scale: tuple[float, ...],
        colormap: Colormap | None,
        texts: tuple[str, str, str],
    ) -> None:
        frame = (values.shape[:2], corner, scale)
        fresh, self._frame = frame != self._frame, frame
        other, self._image = values is not self._image, values
        colormap = colormap if values.ndim == 2 else None
        self.addImage(
            _drawable(values),
            legend="image",
            origin=corner,
            scale=scale,
            colormap=colormap,
            resetzoom=fresh,
            replace=False,
            copy=False,
        )
        self.setActiveImage("image")
        label, unit, note = texts
        self.color_bar.set_colors(None if note else colormap, values, label, unit)
        self._show_note(note)
        if other:
            self._renew_position()

    def _show_all_again(self) -> None:
        if self._image is not None:
            super()._show_all_again()

    def clear_image(self) -> None:
        """Show nothing; the next image of the same shape has the zoom of this one."""
        self._image = None
        self.remove("image", kind="image")
        self.color_bar.clear()
        self._show_note("")
        self._renew_position()

    def _show_note(self, text: str) -> None:
        self.note.setText(text)
        self.note.setVisible(bool(text))
        self._fit_margins()

    def _fit_margins(self) -> None:
        """Keep what lies beside and on the image in its place, too."""
        super()._fit_margins()
        if not hasattr(self, "note"):
            return  # still being made
        top, size = self._top_margin(), self.getWidgetHandle().size()
        self.color_bar.set_top(top)
        self.note.adjustSize()
        x = self._LEFT + (size.width() - self._LEFT - self._RIGHT - self.note.width()) // 2
        self.note.move(x, top + (size.height() - top - self._BOTTOM - self.note.height()) // 2)

    def _renew_position(self) -> None:
        """Take the numbers below away that belong to another picture; show the new ones where the mouse is."""
        nowhere = dict.fromkeys(("x", "y", "xpixel", "ypixel"))
        self.sigPlotSignal.emit({"event": "mouseMoved", **nowhere})
        if self.getWidgetHandle().underMouse():
            self.getPositionInfoWidget().updateInfo()

    def value_at(self, column: float, row: float) -> tuple[int, int, Any] | None:
        """Index along y and x of the pixel at a place of the plot, and its value; None outside the image."""
        if self._image is None or column is None or row is None:
            return None
        _, (left, top), (width, height) = self._frame
        y, x = math.floor((row - top) / height), math.floor((column - left) / width)
        if not (0 <= y < self._image.shape[0] and 0 <= x < self._image.shape[1]):
            return None
        return y, x, self._image[y, x]

    def _value_text(self, column: float, row: float) -> str:
        found = self.value_at(column, row)
        if found is None or np.ndim(found[2]):
            return _NOTHING
        return f"{found[2]:.7g}" if isinstance(found[2], np.floating) else str(found[2])


def _whole(place: float | None, _: float | None = None) -> str:
    return _NOTHING if place is None else str(math.floor(place + 0.5))


def _drawable(values: Any) -> Any:
    """What silx can draw: colours as bytes, with NaN in the grey of empty pixels; float16 as float32."""
    if values.ndim == 2:
        return values.astype(np.float32) if values.dtype == np.float16 else values
    empty = ~np.isfinite(values).all(axis=-1)
    filled = np.where(empty[..., None], NAN_COLOR, values)
    return np.rint(np.clip(filled, 0, 1) * 255).astype(np.uint8)


def make_colormap(colors: Any, limits: tuple[float, float]) -> Colormap:
    """Colour map with fixed limits and grey for empty pixels.

    Parameters
    ----------
    colors : str or array_like, shape (n, 4)
        Name of a colour map of silx, or its colours.
    limits : (float, float)
    """
    colormap = Colormap(colors) if isinstance(colors, str) else Colormap(colors=np.asarray(colors))
    colormap.setNaNColor(NAN_COLOR)
    set_limits(colormap, limits)
    return colormap


def set_limits(colormap: Colormap, limits: tuple[float, float]) -> None:
    """Give a colour map fixed limits, rounded to what is worth reading."""
    colormap.setVRange(*(_rounded(*limits) if limits[0] < limits[1] else (limits[0] - 0.5, limits[1] + 0.5)))
