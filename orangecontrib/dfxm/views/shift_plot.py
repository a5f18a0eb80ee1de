"""Trajectory of a shift with its error bars."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from AnyQt.QtCore import Qt
from AnyQt.QtWidgets import QLabel, QVBoxLayout, QWidget

from darfix_core.figures.numbers import ShortNumbers
from darfix_core.figures.shift_figure import COLORS, places_of, verdict
from darfix_core.model.shift import Shift
from orangecontrib.dfxm.views.image_plot import Plot

_NOT_TRUSTED = "#9a9a9a"
_MANY = 80  # points
_MOST_BARS = 30


class ShiftPlot(QWidget):
    """Shift of the frames against the motor that it is linear in, or against the frames; above it the verdict."""

    def __init__(self) -> None:
        super().__init__()
        self.verdict = QLabel(wordWrap=True, textFormat=Qt.PlainText)
        self.verdict.setTextInteractionFlags(Qt.TextSelectableByMouse)
        marks = [f'<span style="color: {color}">▬</span> {name}' for name, color in COLORS.items()]
        legend = QLabel("   ".join([*marks, f'<span style="color: {_NOT_TRUSTED}">●</span> not trusted']))
        self.plot = Plot(self)
        self.plot.getInteractiveModeToolBar().hide()
        self.plot.setDataMargins(0.03, 0.03, 0.08, 0.08)
        self.plot.setMinimumSize(300, 200)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.verdict)
        layout.addWidget(self.plot, 1)
        layout.addWidget(legend, 0, Qt.AlignRight)
        self.set_shift(None)

    def set_shift(self, shift: Shift | None) -> None:
        """Show another shift, or none."""
        self.plot.clear()
        if shift is None:
            self.verdict.setText("")
            self.plot.set_axis_labels("", "")
            return
        words, color = verdict(shift)
        self.verdict.setText(words)
        self.verdict.setStyleSheet(f"color: {color}; font-weight: bold")
        places, name, unit = places_of(shift)
        short = ShortNumbers.between(float(places.min()), float(places.max()))
        order = np.argsort(places, kind="stable")
        x = short.of(places[order])
        for axis, (label, line_color) in enumerate(COLORS.items()):
            values, errors = shift.values[order, axis], np.nan_to_num(shift.uncertainty[order, axis])
            # The bars of all frames of a long scan would cover the curve.
            errors[np.arange(errors.size) % math.ceil(errors.size / _MOST_BARS) > 0] = 0
            self._add(x, values, label, color=line_color, yerror=errors, symbol="o")
            doubtful = ~shift.trusted[order]
            if doubtful.any():
                self._add(
                    x[doubtful], values[doubtful], f"{label} doubtful", color=_NOT_TRUSTED, symbol="o", linestyle=" "
                )
        self.plot.set_axis_labels(short.label(name, unit), "shift (px)")
        self.plot.resetZoom()

    def _add(self, x: Any, y: Any, legend: str, **style: Any) -> None:
        finite = np.isfinite(y)
        style["yerror"] = style["yerror"][finite] if "yerror" in style else None
        self.plot.addCurve(x[finite], y[finite], legend=legend, resetzoom=False, **style)
        curve = self.plot.getCurve(legend)
        if curve is not None:
            curve.setSymbolSize(5 if len(x) < _MANY else 3)
