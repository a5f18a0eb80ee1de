"""What a shift correction does: sums of frames and pairs of frames before and after it, and the trajectory."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
from AnyQt.QtCore import Qt
from AnyQt.QtCore import pyqtSignal as Signal
from AnyQt.QtGui import QShowEvent
from AnyQt.QtWidgets import QLabel, QSplitter, QVBoxLayout, QWidget

from darfix_core.engine.execution import execution
from darfix_core.model.dataset import Dataset
from darfix_core.model.shift import Shift
from darfix_core.steps.frame_statistics import combine_frames
from orangecontrib.dfxm.views.blink_view import BlinkView
from orangecontrib.dfxm.views.image_plot import is_wide
from orangecontrib.dfxm.views.latest_task import LatestTask
from orangecontrib.dfxm.views.parameter_editors import ComboBox, SpinBox
from orangecontrib.dfxm.views.shift_plot import ShiftPlot

# A look at the sum need not read all of a large file.
_MOST_BYTES, _FEWEST_FRAMES = 2**30, 20
_SUMS, _FRAMES = "Mean of the frames, before and after", "Two frames, after"


def summed_frames(dataset: Dataset) -> Any:
    """Numbers of the frames that are added up: all, or of a large scan some, evenly spread."""
    fitting = int(_MOST_BYTES // max(1, dataset.frames.nbytes // dataset.n_frames))
    wanted = min(dataset.n_frames, max(_FEWEST_FRAMES, fitting))
    return np.linspace(0, dataset.n_frames - 1, wanted).round().astype(int)


def on_area_of(before: Dataset, after: Dataset) -> Dataset:
    """The part of the frames before a correction that those after it show."""
    y, x = np.subtract(after.origin, before.origin).tolist()
    return before.crop((y, x), after.frame_shape)


def mean_images(before: Dataset, after: Dataset, stop: threading.Event) -> tuple[Any, Any]:
    """Mean of the same frames before and after a correction."""
    numbers = summed_frames(before)
    with execution(cancelled=stop):
        first, second = (
            combine_frames(dataset.frames.select(numbers), None) for dataset in (on_area_of(before, after), after)
        )
    return first, second


def two_frames(after: Dataset, numbers: tuple[int, int], stop: threading.Event) -> tuple[Any, Any]:
    """Two frames."""
    return after.frames[numbers[0]], after.frames[numbers[1]]


class ShiftView(QWidget):
    """Images before and after, in turns, and the trajectory with its verdict.

    Signals
    -------
    failed(str)
        The images cannot be read.
    """

    failed = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self._before: Dataset | None = None
        self._after: Dataset | None = None
        self._asked: Any = None
        self._reading = LatestTask(self)
        self._reading.done.connect(self._take_images)
        self.images = BlinkView(("Before", "After"))
        self.compared = ComboBox()
        self.compared.addItems([_SUMS, _FRAMES])
        self.numbers = (SpinBox(), SpinBox())
        for number in self.numbers:
            number.setToolTip("Number of the frame")
            self.images.controls.addWidget(number)
            number.valueChanged.connect(self._refresh)
        self.compared.currentIndexChanged.connect(self._refresh)
        self.caption = QLabel()
        self.trajectory = ShiftPlot()
        left = QWidget()
        column = QVBoxLayout(left)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.compared)
        column.addWidget(self.images, 1)
        column.addWidget(self.caption)
        self._halves = QSplitter(Qt.Horizontal)
        self._halves.setChildrenCollapsible(False)
        self._halves.addWidget(left)
        self._halves.addWidget(self.trajectory)
        self._halves.setSizes([1000, 800])
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._halves)
        self.set_result(None, None, None)

    @property
    def shows_frames(self) -> bool:
        """Whether two frames are compared, and not sums."""
        return self.compared.currentText() == _FRAMES

    def set_result(self, before: Dataset | None, after: Dataset | None, shift: Shift | None) -> None:
        """Show what came of a correction; None while there is nothing."""
        self._before, self._after = before, after
        self._asked = None
        self._reading.cancel()
        self.images.clear()
        self.caption.setText("")
        if after is not None:
            # Below wide frames there is room.
            self._halves.setOrientation(Qt.Vertical if is_wide(after.frame_shape) else Qt.Horizontal)
        self.trajectory.set_shift(shift)
        if after is not None:
            for number, value in zip(self.numbers, (after.n_frames // 3, 2 * after.n_frames // 3), strict=True):
                number.blockSignals(True)
                fresh = number.maximum() != after.n_frames - 1
                number.setRange(0, after.n_frames - 1)
                number.setValue(value if fresh else number.value())
                number.blockSignals(False)
        self._refresh()

    def showEvent(self, event: QShowEvent) -> None:
        """Read what was not read while nobody could see it."""
        super().showEvent(event)
        self._refresh()

    def _refresh(self) -> None:
        frames = self.shows_frames
        pair = (self.numbers[0].value(), self.numbers[1].value())
        names = map("Frame {}".format, pair) if frames else ("Before", "After")
        for button, name in zip(self.images.buttons, names, strict=True):
            button.setText(name)
        for number in self.numbers:
            number.setVisible(frames)
        asked = (self._after, frames, pair if frames else None)
        if self._before is None or self._after is None or not self.isVisible() or asked == self._asked:
            return
        self._asked = asked
        self.caption.setText("Reading ...")
        if frames:
            self._reading.start(two_frames, self._after, pair)
        else:
            self._reading.start(mean_images, self._before, self._after)

    def _take_images(self, result: Any) -> None:
        before, after = self._before, self._after
        if isinstance(result, Exception):
            self.images.clear()
            self.caption.setText("The frames cannot be read.")
            self.failed.emit(str(result) or type(result).__name__)
        elif before is not None and after is not None:
            self.images.show_images(*result, origin=after.origin, label="counts")
            n_summed = len(summed_frames(before))
            self.caption.setText("" if self.shows_frames else f"Mean of {n_summed} of {before.n_frames} frames")
