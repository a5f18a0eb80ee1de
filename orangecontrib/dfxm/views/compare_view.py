"""The same frame before and after a step: side by side or one below the other, and how often their counts occur."""

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
        self.histogram.setMinimumHeight(120)
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
        lower = QWidget()
        below = QVBoxLayout(lower)
        below.setContentsMargins(0, 0, 0, 0)
        # What is left of the browsers: the slider, and what reads a frame only while it can be seen.
        for browser in (self.before, self.after):
            below.addWidget(browser)
        below.addLayout(texts)
        below.addWidget(self.histogram, 1)
        halves = QSplitter(Qt.Vertical)
        halves.setChildrenCollapsible(False)
        halves.addWidget(self._pictures)
        halves.addWidget(lower)
        halves.setStretchFactor(0, 1)
        halves.setSizes([1000, 200])
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(halves)

    def show_before(self, dataset: Dataset | None) -> None:
        """Browse these frames on the left."""
        if dataset is not None:
            wide = is_wide(dataset.frame_shape)
            self._pictures.setOrientation(Qt.Vertical if wide else Qt.Horizontal)
        self.before.set_dataset(dataset)

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
