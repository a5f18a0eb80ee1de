"""The same frame before and after a step, side by side, or one below the other."""

from __future__ import annotations

from AnyQt.QtCore import Qt
from AnyQt.QtCore import pyqtSignal as Signal
from AnyQt.QtWidgets import QSplitter, QVBoxLayout, QWidget
from silx.gui.plot.utils.axis import SyncAxes

from darfix_core.model.dataset import Dataset
from orangecontrib.dfxm.views.frame_browser import FrameBrowser
from orangecontrib.dfxm.views.image_plot import is_wide


class CompareView(QWidget):
    """Two frame browsers with one slider and one zoom.

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
        self._splitter = splitter = QSplitter(Qt.Horizontal)
        splitter.setChildrenCollapsible(False)
        for browser in (self.before, self.after):
            browser.failed.connect(self.failed)
            splitter.addWidget(browser.plot)
        splitter.setSizes([1000, 1000])
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(splitter, 1)
        layout.addWidget(self.before)
        layout.addWidget(self.after)
        self.before.frame_changed.connect(self.after.show_frame)
        plots = (self.before.plot, self.after.plot)
        # Limits cannot be the same where the plots differ in width and keep the aspect: they would fight for ever.
        same = {"syncLimits": False, "syncCenter": True, "syncZoom": True}
        self._sync = [
            SyncAxes([plot.getXAxis() for plot in plots], **same),
            SyncAxes([plot.getYAxis() for plot in plots], **same),
        ]

    def show_before(self, dataset: Dataset | None) -> None:
        """Browse these frames on the left."""
        if dataset is not None:
            wide = is_wide(dataset.frame_shape)
            self._splitter.setOrientation(Qt.Vertical if wide else Qt.Horizontal)
        self.before.set_dataset(dataset)

    def show_after(self, dataset: Dataset | None) -> None:
        """Browse these frames on the right."""
        self.after.set_dataset(dataset)
        self.after.show_frame(self.before.number)
