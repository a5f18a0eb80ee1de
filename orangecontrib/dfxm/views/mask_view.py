"""A mask that is drawn on the frames of a dataset."""

from __future__ import annotations

from typing import Any

import numpy as np
from AnyQt.QtCore import Qt
from AnyQt.QtCore import pyqtSignal as Signal
from AnyQt.QtGui import QShowEvent
from AnyQt.QtWidgets import QBoxLayout, QHBoxLayout, QScrollArea, QToolButton, QWidget
from silx.gui.plot.MaskToolsWidget import MaskToolsWidget

from darfix_core.model.dataset import Dataset
from orangecontrib.dfxm.views.frame_browser import FrameBrowser

# These are seen on grey frames, and on those that are nearly black.
_COLOR = (0.85, 0.28, 0.06)


class MaskView(QWidget):
    """Frame browser beside the mask tools of silx: rectangle, polygon, pencil, threshold ...

    The tools forget the mask while there is no image, and when the frames have another shape; the view does not.

    Signals
    -------
    drawn
        The user has changed the mask.
    """

    drawn = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._values: Any = None
        self._following = False  # whether what the tools hold is what the user has drawn
        self.browser = FrameBrowser(projection=True, from_zero=True)
        self.tools = MaskToolsWidget(plot=self.browser.plot)
        self.tools.setItemMaskUpdated(False)
        self.tools.setMultipleMasks("single")
        self.tools.setMaskColors(_COLOR)
        self.tools.setDirection(QBoxLayout.TopToBottom)
        for button in self.tools.findChildren(QToolButton):
            # It would save a mask and not use it.
            button.setVisible(button.defaultAction() is None or button.defaultAction().text() != "Save...")
        scroll = QScrollArea(widgetResizable=True, horizontalScrollBarPolicy=Qt.ScrollBarAlwaysOff)
        scroll.setWidget(self.tools)
        scroll.setMinimumWidth(self.tools.minimumSizeHint().width() + scroll.verticalScrollBar().sizeHint().width())
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.browser, 1)
        layout.addWidget(scroll)
        self.tools.sigMaskChanged.connect(self._take)
        self.browser.frame_changed.connect(lambda _: self._show())
        self.browser.failed.connect(lambda _: self._leave())

    @property
    def mask(self) -> Any:
        """What is drawn, bool of shape (ny, nx); None where nothing is."""
        return self._values

    @property
    def fits(self) -> bool:
        """False where the mask was drawn on frames of another shape, and is kept aside."""
        dataset = self.browser.dataset
        return self._values is None or dataset is None or self._values.shape == dataset.frame_shape

    def set_dataset(self, dataset: Dataset | None) -> None:
        """Draw on other frames; what was drawn is kept."""
        self._leave()
        self.browser.set_dataset(dataset)

    def set_mask(self, values: Any) -> None:
        """Show a mask, bool of shape (ny, nx), or None, to be drawn further."""
        self._values = values
        if self._following:
            self._show()

    def showEvent(self, event: QShowEvent) -> None:
        """The tools look at the image anew when they are shown."""
        super().showEvent(event)
        if self._following:
            self._show()

    def _leave(self) -> None:
        self._following = False

    def _show(self) -> None:
        """Give the mask to the tools, behind the first frame of its shape."""
        self._following = False
        wanted = self._values if self.fits else None
        self.tools.setSelectionMask(np.zeros(self.browser.dataset.frame_shape, bool) if wanted is None else wanted)
        self._following = True

    def _take(self) -> None:
        """Keep what the user has drawn."""
        values = self.tools.getSelectionMask()
        if not self._following or values is None or values.shape != self.browser.dataset.frame_shape:
            return
        values = values != 0
        before = np.zeros_like(values) if self._values is None or not self.fits else self._values
        if np.array_equal(values, before):
            return
        self._values = values if values.any() else None
        self.drawn.emit()
