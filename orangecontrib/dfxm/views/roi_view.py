"""A rectangle that is drawn on the frames of a dataset."""

from __future__ import annotations

from AnyQt.QtCore import pyqtSignal as Signal
from AnyQt.QtWidgets import QVBoxLayout, QWidget
from silx.gui.plot.items.roi import RectangleROI
from silx.gui.plot.tools.roi import RegionOfInterestManager

from darfix_core.model.dataset import Dataset
from orangecontrib.dfxm.views.frame_browser import FrameBrowser

#: What the numbers of rows and columns mean here.
COUNTED = "Rows and columns are counted from 0 in the frames that come in, which may be a part of the detector."

_COLOR = "#ff7f0e"


class RoiView(QWidget):
    """Frame browser with a rectangle that can be dragged by its corners, edges and middle.

    Signals
    -------
    rectangle_drawn(tuple, tuple)
        Origin (row, column) and shape (rows, columns) after the user has moved the rectangle, inside the frame.
    """

    rectangle_drawn = Signal(tuple, tuple)

    def __init__(self) -> None:
        super().__init__()
        # As the parameters of the step count: the picture has to agree with the numbers beside it.
        self.browser = FrameBrowser(projection=True, from_zero=True)
        self.browser.plot.setToolTip(COUNTED)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.browser)
        self._manager = RegionOfInterestManager(self.browser.plot)
        self._manager.setColor(_COLOR)
        self.roi = RectangleROI()
        self.roi.setGeometry(origin=(-0.5, -0.5), size=(1, 1))
        self.roi.setEditable(True)
        self.roi.setSelectable(True)
        self.roi.setLineWidth(2)
        self.roi.setVisible(False)
        self._manager.addRoi(self.roi)
        self._manager.setCurrentRoi(self.roi)
        self.roi.sigEditingFinished.connect(self.finish_drawing)
        self._manager.sigInteractiveRoiFinalized.connect(self._take_drawn)

    def set_dataset(self, dataset: Dataset | None) -> None:
        """Draw on other frames."""
        self.browser.set_dataset(dataset)
        self.roi.setVisible(dataset is not None)

    def set_rectangle(self, origin: tuple[int, int], shape: tuple[int, int]) -> None:
        """Show a rectangle, given as (row, column) and (rows, columns)."""
        # Pixel centres have whole numbers, so that the border of pixel 3 lies at 2.5.
        self.roi.setGeometry(origin=(origin[1] - 0.5, origin[0] - 0.5), size=(shape[1], shape[0]))

    def start_drawing(self) -> None:
        """Let the user draw a new rectangle with the next drag of the mouse."""
        self.roi.setVisible(False)
        self._manager.start(RectangleROI)

    def _take_drawn(self, drawn: RectangleROI) -> None:
        """Take over what was drawn, and drop the helper that it was drawn with."""
        self._manager.stop()
        self.roi.setGeometry(origin=drawn.getOrigin(), size=drawn.getSize())
        self._manager.removeRoi(drawn)
        self._manager.setCurrentRoi(self.roi)
        self.roi.setVisible(True)
        self.finish_drawing()

    def finish_drawing(self) -> None:
        """Round what was drawn to whole pixels, keep it inside the frame and tell about it."""
        dataset = self.browser.dataset
        if dataset is None:
            return
        (x, y), (width, height) = self.roi.getOrigin(), self.roi.getSize()
        rows = _whole_range(y, height, dataset.frame_shape[0])
        columns = _whole_range(x, width, dataset.frame_shape[1])
        origin, shape = (rows[0], columns[0]), (rows[1] - rows[0], columns[1] - columns[0])
        self.set_rectangle(origin, shape)
        self.rectangle_drawn.emit(origin, shape)


def _whole_range(start: float, length: float, size: int) -> tuple[int, int]:
    """First pixel and the one behind the last, inside a frame of `size` pixels and never empty."""
    first = min(max(0, round(float(start) + 0.5)), size - 1)
    behind = min(max(first + 1, round(float(start + length) + 0.5)), size)
    return first, behind
