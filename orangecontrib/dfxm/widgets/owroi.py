"""ROI Selection."""

from __future__ import annotations

from typing import Any

from AnyQt.QtWidgets import QFormLayout, QPushButton, QWidget
from orangewidget import gui

from orangecontrib.dfxm.views.parameter_editors import SpinBox
from orangecontrib.dfxm.views.roi_view import COUNTED, RoiView
from orangecontrib.dfxm.widgets.icon import icon_path
from orangecontrib.dfxm.widgets.step_widget import StepWidget

_ROWS = (
    ("first_row", "First row", "Row of the first pixel to keep."),
    ("first_column", "First column", "Column of the first pixel to keep."),
    ("rows", "Rows", "Number of rows to keep."),
    ("columns", "Columns", "Number of columns to keep."),
)


class OWRoi(StepWidget):
    """Crop to a rectangle that is drawn on the frames or typed."""

    step_id = "roi"
    icon = icon_path("roi.svg")
    keywords = "roi, crop, rectangle, region of interest, cut"
    own_parameters = ("origin", "shape")

    def build_controls(self) -> None:
        """Four numbers and a button."""
        box = gui.vBox(self.controlArea, "Rectangle to keep")
        form = QFormLayout()
        self.numbers: dict[str, SpinBox] = {}
        for name, label, tip in _ROWS:
            self.numbers[name] = spin = SpinBox()
            spin.setSuffix(" px")
            spin.setToolTip(f"{tip} {COUNTED}")
            spin.valueChanged.connect(self._typed)
            form.addRow(label, spin)
        box.layout().addLayout(form)
        self.draw_button = QPushButton("Draw", autoDefault=False)
        self.draw_button.setToolTip("Draw a new rectangle on the frame; or drag the corners of the present one")
        self.draw_button.clicked.connect(lambda: self.view.start_drawing())
        box.layout().addWidget(self.draw_button)
        self.reset_button = QPushButton("Whole frame", autoDefault=False)
        self.reset_button.setToolTip("Keep everything")
        self.reset_button.clicked.connect(lambda: self._choose((0, 0), None))
        box.layout().addWidget(self.reset_button)
        gui.rubber(self.controlArea)
        self._show_numbers()

    def build_view(self) -> None:
        """The rectangle on the frames."""
        self.view = RoiView()
        self.view.rectangle_drawn.connect(self._choose)
        self.view.browser.failed.connect(self.Warning.unreadable)
        self.mainArea.layout().addWidget(self.view)

    def picture(self) -> QWidget:
        """The rectangle on the frame."""
        return self.view.browser.plot

    def show_inputs(self) -> None:
        """Frames to draw on, and limits for the numbers."""
        dataset = self.received["dataset"]
        self.view.set_dataset(dataset)
        self._show_numbers()

    def rectangle(self) -> tuple[tuple[int, int], tuple[int, int]]:
        """Origin and shape in pixels, with the end of the frame put in where the shape is open."""
        dataset = self.received["dataset"]
        if self.shape is not None or dataset is None:
            return tuple(self.origin), tuple(self.shape or (0, 0))
        ny, nx = dataset.frame_shape
        return tuple(self.origin), (ny - self.origin[0], nx - self.origin[1])

    def _choose(self, origin: tuple[int, int], shape: tuple[int, int] | None) -> None:
        self.change_parameters(origin=origin, shape=shape)
        self._show_numbers()

    def _typed(self) -> None:
        y, x, rows, columns = (self.numbers[name].value() for name, _, _ in _ROWS)
        ny, nx = self.received["dataset"].frame_shape
        y, x = min(max(0, y), ny - 1), min(max(0, x), nx - 1)
        self._choose((y, x), (min(max(1, rows), ny - y), min(max(1, columns), nx - x)))

    def _show_numbers(self) -> None:
        try:
            (y, x), (rows, columns) = self.rectangle()
            values = [int(y), int(x), int(rows), int(columns)]
        except (TypeError, ValueError):
            return  # the step says what is wrong with the parameters
        for (name, _, _), value in zip(_ROWS, values, strict=True):
            spin = self.numbers[name]
            spin.blockSignals(True)
            spin.setValue(value)
            spin.setEnabled(self.received["dataset"] is not None)
            spin.blockSignals(False)
        self._show_rectangle(values)

    def _show_rectangle(self, values: list[int]) -> None:
        view: Any = getattr(self, "view", None)
        if view is not None and self.received["dataset"] is not None:
            view.set_rectangle(tuple(values[:2]), tuple(values[2:]))
