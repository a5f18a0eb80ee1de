"""Browser of the frames of a dataset: one frame at a time is read, in a thread, and only when it can be seen."""

from __future__ import annotations

import logging
import threading
from typing import Any

from AnyQt.QtCore import Qt
from AnyQt.QtCore import pyqtSignal as Signal
from AnyQt.QtGui import QShowEvent
from AnyQt.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QSlider, QVBoxLayout, QWidget

from darfix_core.model.dataset import Dataset
from orangecontrib.dfxm.views.frame_samples import FrameSamples, sample_frames, start_frame, thinned
from orangecontrib.dfxm.views.image_plot import ImagePlot, make_colormap, percentile_limits, set_limits
from orangecontrib.dfxm.views.latest_task import LatestTask
from orangecontrib.dfxm.views.parameter_editors import SpinBox

log = logging.getLogger(__name__)

_MOST_MOTORS = 4


def read_frame(dataset: Dataset, number: int, stop: threading.Event) -> tuple[int, Any]:
    """One frame, with its number."""
    return number, dataset.frames[number]


def _slow_to_fast(dataset: Dataset) -> list[str]:
    """Motors in the order in which they are named: those that tell joined scans apart first."""
    slow = dataset.metadata.get("joined_along", ())
    return [*slow, *(name for name in dataset.positions if name not in slow)]


class FrameBrowser(QWidget):
    """One frame of a dataset with a slider.

    The colours keep the same limits over the whole scan, so that the rise and fall of the intensity shows;
    they are percentiles of some frames, so that hot pixels do not hide the picture.

    Parameters
    ----------
    projection : bool
        Whether the brightest value of each pixel comes before the first frame.
    title : str
        Above the frame.
    from_zero : bool
        True: rows and columns are counted from 0 in the frames; False: on the detector.

    Signals
    -------
    frame_changed(int)
        Another frame is shown.
    drawn(object)
        The image that is shown, shape (ny, nx), or None.
    failed(str)
        A frame cannot be read.
    """

    frame_changed = Signal(int)
    drawn = Signal(object)
    failed = Signal(str)

    def __init__(self, *, projection: bool = False, title: str = "", from_zero: bool = False) -> None:
        super().__init__()
        self._from_zero = from_zero
        self.dataset: Dataset | None = None
        self._last: int | None = None  # number of the frame that was shown last, also while there is none
        self._projection = projection
        self._sampled: Dataset | None = None
        self._samples: FrameSamples | None = None
        self._image: Any = None
        self._colormap: Any = None
        self._percentiles = (1.0, 99.5)
        self._sampling, self._reading = LatestTask(self), LatestTask(self)
        self._sampling.done.connect(self._take_samples)
        self._reading.done.connect(self._take_frame)
        self.plot = ImagePlot(self)
        self.plot.set_title(title)
        self.slider = QSlider(Qt.Horizontal)
        self.spin = SpinBox()
        self.caption = QLabel()
        self.caption.setTextInteractionFlags(Qt.TextSelectableByMouse)
        self.caption.setSizePolicy(QSizePolicy.Ignored, QSizePolicy.Preferred)
        self.controls = QWidget()
        row = QHBoxLayout(self.controls)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(QLabel("Frame"))
        row.addWidget(self.spin)
        row.addWidget(self.slider, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.plot, 1)
        layout.addWidget(self.controls)
        layout.addWidget(self.caption)
        self.slider.valueChanged.connect(self.spin.setValue)
        self.spin.valueChanged.connect(self._spin_changed)
        self.set_dataset(None)

    @property
    def number(self) -> int:
        """Number of the frame that is shown; -1 stands for the projection."""
        return self.slider.value()

    def set_dataset(self, dataset: Dataset | None) -> None:
        """Browse another dataset; the number of the frame is kept where it exists."""
        first = self._last is None
        self.dataset, self._sampled, self._samples, self._colormap = dataset, None, None, None
        self._sampling.cancel()
        self._reading.cancel()
        lowest = -1 if self._projection else 0
        for control in (self.slider, self.spin):
            control.blockSignals(True)
            if dataset is not None:
                start = start_frame(dataset) if first or self._last >= dataset.n_frames else self._last
                control.setRange(lowest, dataset.n_frames - 1)
                control.setValue(lowest if first and self._projection else start)
            control.blockSignals(False)
        self.spin.setSpecialValueText("brightest" if self._projection else "")
        self.setEnabled(dataset is not None)
        self._refresh()

    def show_frame(self, number: int) -> None:
        """Show the frame of that number."""
        self.slider.setValue(number)

    def set_percentiles(self, low: float, high: float) -> None:
        """Give the colours other limits, percentiles of the counts of the scan."""
        self._percentiles = (low, high)
        if self._colormap is not None:
            set_limits(self._colormap, self._limits())

    def _limits(self) -> tuple[float, float]:
        """Limits of the colours: those of the frame that is shown, until enough of the others are known."""
        if self._samples is None:
            return percentile_limits(thinned(self._image), *self._percentiles)
        return self._samples.limits(*self._percentiles)

    def _spin_changed(self, number: int) -> None:
        self.slider.blockSignals(True)
        self.slider.setValue(number)
        self.slider.blockSignals(False)
        self._refresh()

    def showEvent(self, event: QShowEvent) -> None:
        """Read what was not read while nobody could see it."""
        super().showEvent(event)
        self._refresh()

    def _refresh(self) -> None:
        """Read the frame, where somebody looks."""
        if self.dataset is not None:
            self._last = self.number
        else:
            self._clear("No frames yet.")
            return
        if not self.isVisible():
            return
        if self._sampled is not self.dataset:
            self._sampled = self.dataset
            self._sampling.start(sample_frames, self.dataset)
        if self.number >= 0:
            self._reading.start(read_frame, self.dataset, self.number)
        elif self._samples is not None:
            self._draw(self._samples.brightest)

    def _take_samples(self, result: Any) -> None:
        if isinstance(result, Exception):
            self._fail(result)
            return
        self._samples = result
        if self._colormap is not None:
            set_limits(self._colormap, self._limits())
        if self.number < 0:
            self._draw(result.brightest)

    def _take_frame(self, result: Any) -> None:
        if isinstance(result, Exception):
            self._fail(result)
        elif result[0] == self.number:
            self._draw(result[1])

    def _draw(self, frame: Any) -> None:
        self._image = frame
        if self._colormap is None:
            self._colormap = make_colormap("gray", self._limits())
        origin = (0, 0) if self._from_zero else self.dataset.origin
        self.plot.show_image(frame, origin=origin, colormap=self._colormap, label="counts")
        self.caption.setText(self._caption())
        self.caption.setToolTip(self.caption.text())
        self.frame_changed.emit(self.number)
        self.drawn.emit(frame)

    def _clear(self, caption: str) -> None:
        self._image = self._colormap = None
        self.plot.clear_image()
        self.caption.setText(caption)
        self.drawn.emit(None)

    def _fail(self, error: Exception) -> None:
        log.info("a frame cannot be shown", exc_info=error)
        self._clear("The frame cannot be read.")
        self.failed.emit(str(error) or type(error).__name__)

    def _caption(self) -> str:
        dataset, number = self.dataset, self.number
        if number < 0:
            return f"Brightest value of {self._samples.n_frames} of {dataset.n_frames} frames"
        names = [dimension.name for dimension in dataset.dimensions] or _slow_to_fast(dataset)
        places = [
            f"{name} {dataset.positions[name][number]:.6g} {dataset.unit(name)}".rstrip()
            for name in names[:_MOST_MOTORS]
            if name in dataset.positions
        ]
        return "   ".join([f"Frame {number} of 0 to {dataset.n_frames - 1}", *places])
