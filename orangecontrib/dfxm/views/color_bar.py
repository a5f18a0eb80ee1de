"""Colour bar beside an image, with the same short numbers as in the figures."""

from __future__ import annotations

from typing import Any

import numpy as np
from AnyQt.QtCore import QPoint, QRect, Qt
from AnyQt.QtGui import QImage, QPainter, QPaintEvent
from AnyQt.QtWidgets import QSizePolicy, QWidget
from matplotlib.ticker import MaxNLocator, ScalarFormatter
from silx.gui.colors import Colormap

from darfix_core.figures.numbers import ShortNumbers

_BAR, _TICK, _GAP, _PITCH = 18, 5, 4, 50  # px; the last one is the least distance of two numbers


class ColorBar(QWidget):
    """Colours of an image from low to high, numbers to the right, the quantity along the edge."""

    def __init__(self, top: int, bottom: int) -> None:
        super().__init__()
        self._margins = top, bottom
        self._colormap: Colormap | None = None
        self._values: Any = None
        self._text, self._unit = "", ""
        self.label = ""
        self.setSizePolicy(QSizePolicy.Fixed, QSizePolicy.Expanding)
        self.hide()

    def set_top(self, top: int) -> None:
        """Begin so many pixels below the upper edge, where the image does."""
        self._margins = top, self._margins[1]
        self.update()

    def set_colors(self, colormap: Colormap | None, values: Any = None, text: str = "", unit: str = "") -> None:
        """Show the colours of an image and follow them; None hides the bar.

        Parameters
        ----------
        colormap : silx Colormap or None
        values : ndarray
            The image, for limits that the user lets follow the values.
        text, unit : str
            The quantity and its unit.
        """
        self.clear()
        self._colormap, self._values, self._text, self._unit = colormap, values, text, unit
        self.setVisible(colormap is not None)
        if colormap is not None:
            colormap.sigChanged.connect(self._refresh)
            self._refresh()

    def clear(self) -> None:
        """Show nothing, in the same place: what stands beside the bar keeps its width."""
        if self._colormap is not None:
            self._colormap.sigChanged.disconnect(self._refresh)
        self._colormap = self._values = None
        self.update()

    def _refresh(self) -> None:
        self.label, ticks = self.numbers()
        width = max((self.fontMetrics().horizontalAdvance(text) for _, text in ticks), default=0)
        self.setFixedWidth(_GAP + _BAR + _TICK + _GAP + width + 2 * _GAP + self.fontMetrics().height())
        self.update()

    def numbers(self) -> tuple[str, list[tuple[float, str]]]:
        """Label of the bar; place of each number, from 0 at the bottom to 1 at the top, and its text."""
        low, high = (float(limit) for limit in self._colormap.getColormapRange(self._values))
        n_ticks = max(2, self._place().height() // _PITCH)
        if self._colormap.getNormalization() != Colormap.LINEAR:
            return ShortNumbers().label(self._text, self._unit), self._uneven(low, high, n_ticks)
        short = ShortNumbers.between(low, high)
        bottom, top = (float(limit) for limit in short.of([low, high]))
        margin = 1e-6 * (top - bottom)
        ticks = [
            tick for tick in MaxNLocator(n_ticks).tick_values(bottom, top) if bottom - margin <= tick <= top + margin
        ]
        formatter = ScalarFormatter(useOffset=False)
        formatter.set_scientific(False)
        formatter.create_dummy_axis()
        formatter.axis.set_view_interval(bottom, top)
        texts = formatter.format_ticks(ticks)
        places = np.clip((np.array(ticks) - bottom) / (top - bottom), 0, 1).tolist()
        return short.label(self._text, self._unit), list(zip(places, texts, strict=True))

    def _uneven(self, low: float, high: float, n_ticks: int) -> list[tuple[float, str]]:
        """Numbers at even distances of a bar that is not linear."""
        dense = np.geomspace(low, high, 2000) if low > 0 else np.linspace(low, high, 2000)
        gray = self._colormap.copy()
        gray.setName("gray")
        places = gray.applyToData(dense[None])[0, :, 0] / 255
        chosen = np.linspace(0, 1, n_ticks)
        found = [dense[np.searchsorted(places, place).clip(0, dense.size - 1)] for place in chosen]
        return [(float(place), f"{value:.3g}") for place, value in zip(chosen, found, strict=True)]

    def _place(self) -> QRect:
        top, bottom = self._margins
        return QRect(_GAP, top, _BAR, max(1, self.height() - top - bottom))

    def resizeEvent(self, event: Any) -> None:
        """Fit the numbers to the height."""
        super().resizeEvent(event)
        if self._colormap is not None:
            self._refresh()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the bar."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), Qt.white)
        if self._colormap is None:
            return
        place, metrics = self._place(), self.fontMetrics()
        colors = np.ascontiguousarray(self._colormap.getNColors(256)[::-1, None, :])
        painter.drawImage(place, QImage(colors.data, 1, 256, 4, QImage.Format_RGBA8888))
        painter.setPen(Qt.black)
        painter.drawRect(place)
        label, ticks = self.numbers()
        for fraction, text in ticks:
            y = round(place.bottom() + 1 - fraction * place.height())
            painter.drawLine(place.right() + 1, y, place.right() + _TICK, y)
            painter.drawText(QPoint(place.right() + _TICK + _GAP, y + metrics.ascent() // 2 - 1), text)
        painter.translate(self.width() - _GAP - metrics.descent(), place.center().y())
        painter.rotate(-90)
        painter.drawText(QPoint(-metrics.horizontalAdvance(label) // 2, 0), label)
