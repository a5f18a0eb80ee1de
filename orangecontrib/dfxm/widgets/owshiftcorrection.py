"""Shift Correction."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from AnyQt.QtWidgets import QFileDialog, QPushButton, QWidget
from Orange.widgets.widget import Msg
from orangewidget import gui

from darfix_core.errors import DarfixError
from darfix_core.io.atomic import write_whole
from darfix_core.io.shift_file import shift_path, shift_writer
from orangecontrib.dfxm.views.parameter_editors import ChoiceEditor, Editor, FloatEditor, TupleEditor
from orangecontrib.dfxm.views.shift_view import ShiftView
from orangecontrib.dfxm.views.source_editors import TABLE_FILTER, FileEditor
from orangecontrib.dfxm.widgets.icon import icon_path
from orangecontrib.dfxm.widgets.step_widget import StepWidget

# Parameters of the way in which a shift is found -> models that they belong to.
_FOUND = ("linear", "frames", "dimension", "published")
_BELONG_TO = {
    "motor": ("linear", "dimension", "published", "given"),
    "lags": ("linear",),
    "reference": ("frames", "dimension"),
    "reference_frame": ("frames", "dimension"),
    "region": _FOUND,
    "velocity": ("given",),
}


class OWShiftCorrection(StepWidget):
    """Find the shift of the frames, look at it, and take it back."""

    step_id = "shift_correction"
    icon = icon_path("shiftcorrection.svg")
    keywords = "shift, drift, align, registration, alignment, movement, correct"
    window_size = (1320, 760)

    class Warning(StepWidget.Warning):
        """What cannot be done with the shift."""

        no_file = Msg("The shift cannot be saved: {}")

    def editors(self) -> dict[str, Editor]:
        """Motors are chosen among those of the scan, a file by a dialog; two numbers share their unit."""
        return {
            "motor": ChoiceEditor((None,), "chosen by the step"),
            "velocity": TupleEditor([FloatEditor(), FloatEditor("px per unit")]),
            "file": FileEditor("find the shift", "Open a shift", TABLE_FILTER),
        }

    def applies(self, name: str) -> bool:
        """What tells how to find a shift has no meaning for one that is there already."""
        if name in ("interpolation", "borders", "apply_untrusted"):
            return True
        if self.received["shift"] is not None:
            return name == "file" and self.file is not None
        return name == "file" or (self.file is None and self.model in _BELONG_TO.get(name, (self.model,)))

    def _enable_what_applies(self) -> None:
        """Offer the motors of the scan, and say what none of them means to the model."""
        super()._enable_what_applies()
        dataset = self.received["dataset"]
        motors = () if dataset is None else tuple(dataset.positions)
        none = "none: px per frame" if self.model == "given" else "chosen by the step"
        self.form.editors["motor"].set_choices((None, *motors), {None: none})

    def build_controls(self) -> None:
        """The form, and a button that saves the shift."""
        box = gui.vBox(self.controlArea, "Parameters")
        box.layout().addWidget(self.form)
        self.save_button = QPushButton("Save shift…", autoDefault=False)
        self.save_button.setToolTip("Save the shift to a text file, which File takes for this or another scan")
        self.save_button.setEnabled(False)
        self.save_button.clicked.connect(self._ask_file)
        box.layout().addWidget(self.save_button)
        gui.rubber(self.controlArea)

    def build_view(self) -> None:
        """Frames before and after, and the trajectory."""
        self.view = ShiftView()
        self.view.failed.connect(self.Warning.unreadable)
        self.mainArea.layout().addWidget(self.view)

    def show_inputs(self) -> None:
        """What is shown belongs to other data."""
        self._enable_what_applies()
        self.view.set_result(None, None, None)

    def show_result(self, result: Any) -> None:
        """The corrected frames and the shift."""
        corrected, shift = result or (None, None)
        self.view.set_result(self.received["dataset"], corrected, shift)
        self.save_button.setEnabled(shift is not None)

    def _ask_file(self) -> None:
        path, _ = QFileDialog.getSaveFileName(self, "Save shift", "shift.txt", "Tables (*.txt *.csv *.dat)")
        if path:
            self.save_shift(path if Path(path).suffix else f"{path}.txt")

    def save_shift(self, path: str) -> None:
        """Save the shift that was found, over a file that the dialog has asked about."""
        try:
            write_whole({shift_path(path): shift_writer(self.produced[1])}, overwrite=True)
        except (DarfixError, ValueError) as error:
            self.Warning.no_file(str(error))
        else:
            self.Warning.no_file.clear()

    def picture(self) -> QWidget:
        """Frames and trajectory."""
        return self.view
