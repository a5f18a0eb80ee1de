"""Two images in one place, shown in turns: what moves between them jumps to the eye."""

from __future__ import annotations

from typing import Any

from AnyQt.QtCore import QTimer
from AnyQt.QtWidgets import QButtonGroup, QCheckBox, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from orangecontrib.dfxm.views.image_plot import ImagePlot, make_colormap, percentile_limits

_INTERVAL = 600  # ms


class BlinkView(QWidget):
    """One of two images, chosen by a button or in turns, with the same colours and zoom.

    Parameters
    ----------
    names : (str, str)
        What the buttons say.
    """

    def __init__(self, names: tuple[str, str]) -> None:
        super().__init__()
        self._images: tuple[Any, Any] = (None, None)
        self._origin, self._colormap, self._label = (0, 0), None, ""
        self.plot = ImagePlot(self)
        self.plot.setMinimumSize(380, 300)
        self.buttons = tuple(QPushButton(name, checkable=True, autoDefault=False) for name in names)
        group = QButtonGroup(self)
        self.controls = QHBoxLayout()
        for number, button in enumerate(self.buttons):
            group.addButton(button, number)
            button.clicked.connect(self._draw)
            self.controls.addWidget(button)
        self.buttons[1].setChecked(True)
        self.blink = QCheckBox("Blink")
        self.blink.setToolTip("Show both images in turns")
        self.blink.toggled.connect(self._blink_toggled)
        self.controls.addWidget(self.blink)
        self.controls.addStretch(1)
        self._timer = QTimer(self, interval=_INTERVAL)
        self._timer.timeout.connect(self.turn)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.plot, 1)
        layout.addLayout(self.controls)
        self.clear()

    @property
    def shown(self) -> int:
        """Which image is shown, 0 or 1."""
        return int(self.buttons[1].isChecked())

    def show_images(self, first: Any, second: Any, *, origin: tuple[int, int] = (0, 0), label: str = "") -> None:
        """Show two images.

        Parameters
        ----------
        first, second : ndarray, shape (ny, nx)
        origin : (int, int), px
            Row and column of their first pixel.
        label : str
            Beside the colour bar.
        """
        self._images, self._origin, self._label = (first, second), origin, label
        self._colormap = make_colormap("gray", percentile_limits([first, second]))
        self.setEnabled(True)
        self._draw()

    def clear(self) -> None:
        """Show nothing."""
        self._images = (None, None)
        self.plot.clear_image()
        self.setEnabled(False)

    def turn(self) -> None:
        """Show the other image."""
        self.buttons[1 - self.shown].setChecked(True)
        self._draw()

    def _blink_toggled(self, on: bool) -> None:
        if on:
            self._timer.start()
        else:
            self._timer.stop()

    def _draw(self) -> None:
        image = self._images[self.shown]
        if image is not None and self._colormap is not None:
            self.plot.show_image(image, origin=self._origin, colormap=self._colormap, label=self._label)
