"""Browser of the frames of a dataset: one frame at a time is read, and only when it can be seen."""

from __future__ import annotations

import logging
from typing import Any

import numpy as np
from AnyQt.QtCore import Qt, QTimer
from AnyQt.QtCore import pyqtSignal as Signal
from AnyQt.QtGui import QShowEvent
from AnyQt.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QSlider, QVBoxLayout, QWidget

from darfix_core.errors import DarfixError
from darfix_core.model.dataset import Dataset
from orangecontrib.dfxm.views.image_plot import ImagePlot, make_colormap, percentile_limits
from orangecontrib.dfxm.views.parameter_editors import SpinBox

log = logging.getLogger(__name__)

# Frames that are looked at for the limits of the colours and for the projection: within bounds, as many as are
# read in a moment.
_FEWEST, _MOST, _SAMPLE_BYTES = 7, 60, 64 * 2**20
_MOST_MOTORS = 4


def sample_frames(dataset: Dataset) -> Any:
    """A few frames, evenly spread over the scan, shape (n, ny, nx)."""
    n_fitting = _SAMPLE_BYTES // (dataset.frames.nbytes // dataset.n_frames)
    n_samples = min(max(_FEWEST, min(n_fitting, _MOST)), dataset.n_frames)
    # The middle of each stretch: the first and last frames of a scan are the dimmest.
    chosen = ((np.arange(n_samples) + 0.5) * dataset.n_frames / n_samples).astype(int)
    return np.stack([dataset.frames[int(number)] for number in chosen])


class FrameBrowser(QWidget):
    """One frame of a dataset with a slider.

    The colours keep the same limits over the whole scan, so that the rise and fall of the intensity shows;
    they are percentiles of a few frames, so that hot pixels do not hide the picture.

    Signals
    -------
    frame_changed(int)
        Another frame is shown.
    failed(str)
        A frame cannot be read.
    """

    frame_changed = Signal(int)
    failed = Signal(str)

    def __init__(self, *, projection: bool = False, title: str = "") -> None:
        super().__init__()
        self.dataset: Dataset | None = None
        self._projection = projection
        self._n_samples = 0
        self._colored_for: Dataset | None = None
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
        # Dragging the slider skips the frames that could not be drawn in time.
        self._pending = QTimer(self, singleShot=True, interval=0)
        self._pending.timeout.connect(self.refresh)
        self.set_dataset(None)

    @property
    def number(self) -> int:
        """Number of the frame that is shown; -1 stands for the projection."""
        return self.slider.value()

    def set_dataset(self, dataset: Dataset | None) -> None:
        """Browse another dataset; the number of the frame is kept where it exists."""
        first = self.dataset is None
        self.dataset, self._n_samples = dataset, 0
        lowest = -1 if self._projection else 0
        for control in (self.slider, self.spin):
            control.blockSignals(True)
            control.setRange(lowest, 0 if dataset is None else dataset.n_frames - 1)
            if dataset is not None and first:
                control.setValue(lowest if self._projection else dataset.n_frames // 2)
            control.blockSignals(False)
        self.spin.setSpecialValueText("brightest" if self._projection else "")
        self.setEnabled(dataset is not None)
        self._schedule()

    def show_frame(self, number: int) -> None:
        """Show the frame of that number."""
        self.slider.setValue(number)

    def _spin_changed(self, number: int) -> None:
        self.slider.blockSignals(True)
        self.slider.setValue(number)
        self.slider.blockSignals(False)
        self._schedule()

    def _schedule(self) -> None:
        if self.isVisible():
            self._pending.start()

    def showEvent(self, event: QShowEvent) -> None:
        """Read what was not read while nobody could see it."""
        super().showEvent(event)
        self._pending.start()

    def refresh(self) -> None:
        """Read and show the frame."""
        if self.dataset is None:
            self.plot.clear_image()
            self.caption.setText("No frames yet.")
            return
        try:
            if not self._n_samples:
                self._take_samples()
            frame = self._brightest if self.number < 0 else self.dataset.frames[self.number]
        except (DarfixError, OSError, ValueError, MemoryError) as error:
            log.info("a frame cannot be shown", exc_info=True)
            self.plot.clear_image()
            self.caption.setText("The frame cannot be read.")
            self.failed.emit(str(error))
            return
        self._draw(frame)
        self.frame_changed.emit(self.number)

    def _take_samples(self) -> None:
        samples = sample_frames(self.dataset)
        self._n_samples, self._brightest = len(samples), samples.max(axis=0)
        # A million values are enough for percentiles.
        stride = max(1, int((samples.size / 1e6) ** 0.5))
        low, _ = percentile_limits(samples[:, ::stride, ::stride], 1, 99)
        self._limits = low, percentile_limits(self._brightest, 1, 99.5)[1]

    def _draw(self, frame: Any) -> None:
        image = self.plot.getImage("image")
        colormap = image.getColormap() if image is not None and self._colored_for is self.dataset else None
        if colormap is None:
            colormap = make_colormap("gray", self._limits)
            self._colored_for = self.dataset
        self.plot.show_image(frame, colormap=colormap, label="counts")
        self.caption.setText(self._caption())

    def _caption(self) -> str:
        dataset, number = self.dataset, self.number
        if number < 0:
            return f"Brightest value of {self._n_samples} of {dataset.n_frames} frames"
        names = [dimension.name for dimension in dataset.dimensions] or list(dataset.positions)
        places = [
            f"{name} {dataset.positions[name][number]:.6g} {dataset.unit(name)}".rstrip()
            for name in names[:_MOST_MOTORS]
            if name in dataset.positions
        ]
        return "   ".join([f"Frame {number} of 0 to {dataset.n_frames - 1}", *places])
