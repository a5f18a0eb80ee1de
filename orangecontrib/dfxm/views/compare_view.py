"""The same frame before and after a step, and how often their counts occur.

Pictures side by side have their histograms below them; wide ones lie one below the other, with the histograms beside.
"""

from __future__ import annotations

from typing import Any

from AnyQt.QtCore import Qt
from AnyQt.QtCore import pyqtSignal as Signal
from AnyQt.QtWidgets import QHBoxLayout, QLabel, QSplitter, QVBoxLayout, QWidget

from darfix_core.model.dataset import Dataset
from orangecontrib.dfxm.views.frame_browser import FrameBrowser
from orangecontrib.dfxm.views.histogram_plot import HistogramPlot
from orangecontrib.dfxm.views.image_plot import is_wide
from orangecontrib.dfxm.views.parameter_editors import ComboBox

_COLORS = {"Before": "#6b7280", "After": "#d9480f"}
#: Percentiles of the counts that the colours span.
_PERCENTILES = ((1.0, 99.5), (0.0, 100.0), (0.1, 99.9), (2.0, 98.0), (5.0, 95.0))

# Of the histograms below and beside the pictures, px, where those have 1000.
_HEIGHT, _WIDTH = 180, 300


class CompareView(QWidget):
    """Two frame browsers with one slider, one zoom and one choice of the colours' limits, and their histograms.

    Signals
    -------
    failed(str)
        A frame cannot be read.
    """

    failed = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.before, self.after = FrameBrowser(title="Before"), FrameBrowser(title="After")
        self.after.controls.hide()
        self.after.caption.hide()
        self._images: dict[str, Any] = {}
        self._pictures = QSplitter(Qt.Horizontal)
        self._pictures.setChildrenCollapsible(False)
        for name, browser in (("Before", self.before), ("After", self.after)):
            browser.plot.setMinimumSize(240, 200)
            browser.failed.connect(self.failed)
            browser.drawn.connect(lambda image, name=name: self._show_histogram(name, image))
            self._pictures.addWidget(browser.plot)
        self._pictures.setSizes([1000, 1000])
        self.histogram = HistogramPlot(_COLORS)
        self.histogram.setMinimumSize(240, 120)
        self._add_percentiles()
        self._lay_out()
        self.before.frame_changed.connect(self.after.show_frame)
        self.after.plot.link_zoom(self.before.plot)

    def _add_percentiles(self) -> None:
        """Choice of the colours' limits, beside the slider."""
        self.percentiles = ComboBox()
        for low, high in _PERCENTILES:
            self.percentiles.addItem(f"{low:g} to {high:g} %", (low, high))
        self.percentiles.setToolTip("Percentiles of the counts of the scan that the colours span")
        self.percentiles.currentIndexChanged.connect(self._choose_percentiles)
        row = self.before.controls.layout()
        row.addWidget(QLabel("Colours"))
        row.addWidget(self.percentiles)

    def _lay_out(self) -> None:
        marks = [f'<span style="color: {color}">▬</span> {name.lower()}' for name, color in _COLORS.items()]
        texts = QHBoxLayout()
        texts.addWidget(self.before.caption, 1)
        texts.addWidget(QLabel("   ".join(marks), textFormat=Qt.RichText))
        upper = QWidget()
        column = QVBoxLayout(upper)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self._pictures, 1)
        # What is left of the browsers: the slider, and what reads a frame only while it can be seen.
        for browser in (self.before, self.after):
            column.addWidget(browser)
        column.addLayout(texts)
        self._whole = QSplitter(Qt.Vertical)
        self._whole.setChildrenCollapsible(False)
        self._whole.addWidget(upper)
        self._whole.addWidget(self.histogram)
        self._whole.setStretchFactor(0, 1)
        self._whole.setSizes([1000, _HEIGHT])
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._whole)

    def show_before(self, dataset: Dataset | None) -> None:
        """Browse these frames on the left."""
        if dataset is not None:
            self._turn(is_wide(dataset.frame_shape))
        self.before.set_dataset(dataset)

    def _turn(self, wide: bool) -> None:
        """Lay the pictures out for wide frames, or for others."""
        pictures, whole = (Qt.Vertical, Qt.Horizontal) if wide else (Qt.Horizontal, Qt.Vertical)
        if self._pictures.orientation() != pictures:
            self._pictures.setOrientation(pictures)
            self._whole.setOrientation(whole)
            self._whole.setSizes([1000, _WIDTH if wide else _HEIGHT])

    def show_after(self, dataset: Dataset | None, title: str = "After") -> None:
        """Browse these frames on the right."""
        self.after.plot.set_title(title)
        self.after.set_dataset(dataset)
        self.after.show_frame(self.before.number)

    def _choose_percentiles(self) -> None:
        for browser in (self.before, self.after):
            browser.set_percentiles(*self.percentiles.currentData())

    def _show_histogram(self, name: str, image: Any) -> None:
        self._images[name] = image
        shown = {name: self._images[name] for name in _COLORS if self._images.get(name) is not None}
        self.histogram.show_images(shown)
