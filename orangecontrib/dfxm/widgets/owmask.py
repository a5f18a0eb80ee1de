"""Mask."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
from AnyQt.QtWidgets import QFileDialog, QLabel, QPushButton, QWidget
from Orange.widgets.widget import Msg
from orangewidget import gui

from darfix_core.engine.execution import execution
from darfix_core.errors import DarfixError
from darfix_core.io.mask_file import read_mask, write_mask
from darfix_core.model.mask import Mask
from darfix_core.steps.apply_mask import mask_on_frames
from orangecontrib.dfxm.views.mask_view import MaskView
from orangecontrib.dfxm.views.parameter_editors import Editor
from orangecontrib.dfxm.views.source_editors import HDF5_FILTER, MASK_FILTER, FileEditor
from orangecontrib.dfxm.widgets.icon import icon_path
from orangecontrib.dfxm.widgets.step_widget import StepWidget

# What the dialog offers -> ending of a name that is typed without one.
_FORMATS = {"NumPy array (*.npy)": ".npy", "TIFF image (*.tif *.tiff)": ".tif", "EDF image (*.edf)": ".edf"}


class OWMask(StepWidget):
    """Name the pixels that are not to be used: drawn on the frames, from a file, or from another widget."""

    step_id = "apply_mask"
    icon = icon_path("mask.svg")
    keywords = "mask, pixel, hot, dead, beamstop, draw, exclude, threshold"
    window_size = (1250, 700)

    class Warning(StepWidget.Warning):
        """What the user has drawn and not saved."""

        unsaved = Msg("The drawn mask is not used yet: press Save and use.")
        aside = Msg("The drawn mask, {} x {} px, does not fit these frames. It is kept until it is saved or replaced.")

    def editors(self) -> dict[str, Editor]:
        """A dialog for the file."""
        return {"file": FileEditor("none", "Open a mask", MASK_FILTER, HDF5_FILTER)}

    def applies(self, name: str) -> bool:
        """A file is read where no mask comes in."""
        return name != "file" or self.received["mask"] is None

    def build_controls(self) -> None:
        """The form, and what becomes of a drawing."""
        box = gui.vBox(self.controlArea, "Parameters")
        box.layout().addWidget(self.form)
        box = gui.vBox(self.controlArea, "Drawing")
        self.save_button = QPushButton("Save and use…", autoDefault=False, enabled=False)
        self.save_button.setToolTip("Save what is drawn to a file, and take the mask from there")
        self.save_button.clicked.connect(self._save_and_use)
        box.layout().addWidget(self.save_button)
        self.masked = ""
        self.state = QLabel("", wordWrap=True)
        box.layout().addWidget(self.state)
        gui.rubber(self.controlArea)

    def build_view(self) -> None:
        """The frames, to draw on."""
        self._saved: Any = None
        self.view = MaskView()
        self.view.drawn.connect(self._show_state)
        self.view.browser.failed.connect(self.Warning.unreadable)
        self.mainArea.layout().addWidget(self.view)

    def waits_for(self) -> str | None:
        """A mask, from wherever it comes."""
        missing = super().waits_for()
        if missing is None and self.received["mask"] is None and self.file is None:
            return "No mask yet: draw one, choose a file, or connect one."
        return missing

    @property
    def unsaved(self) -> bool:
        """True where something is drawn that no file holds."""
        mask = self.view.mask
        return mask is not None and (self._saved is None or not np.array_equal(mask, self._saved))

    def show_inputs(self) -> None:
        """The frames, and the mask that is there for them."""
        self._enable_what_applies()
        self.view.set_dataset(self.received["dataset"])
        self._show_given()

    def show_result(self, result: Any) -> None:
        """How much is masked."""
        mask = None if result is None else result.mask
        self.masked = "" if mask is None else f"{np.count_nonzero(mask)} of {mask.size} pixels are masked."
        self._show_state()

    def picture(self) -> QWidget:
        """The frames with the mask."""
        return self.view.browser.plot

    def _form_edited(self, name: str) -> None:
        super()._form_edited(name)
        if name == "file":
            self._show_given()

    def _show_given(self) -> None:
        """Show the mask that comes in or stands in the file, unless something is drawn that would be lost."""
        if self.unsaved or self.received["dataset"] is None:
            return
        try:
            with execution(on_warning=lambda message: None):
                given = self.received["mask"] or (self.file and Mask(read_mask(self.resolved_parameters()["file"])))
                self._saved = mask_on_frames(given, self.received["dataset"]) if given else None
        except (DarfixError, ValueError):
            self._saved = None  # the step says what is wrong
        self.view.set_mask(self._saved)
        self._show_state()

    def _show_state(self) -> None:
        unsaved, fits = self.unsaved, self.view.fits
        self.save_button.setEnabled(unsaved and self.received["mask"] is None)
        self.Warning.unsaved(shown=unsaved and fits)
        self.Warning.aside(*(self.view.mask.shape if not fits else (0, 0)), shown=unsaved and not fits)
        self.state.setText(self.masked)

    def _save_and_use(self) -> None:
        """Write what is drawn to a file that the user names, and take the mask from there."""
        start = self.file or self.workflowEnv().get("basedir") or os.getcwd()
        path, chosen = QFileDialog.getSaveFileName(self, "Save the mask", start, ";;".join(_FORMATS))
        if not path:
            return
        # The dialog has asked whether a file of just this name may be replaced.
        asked = bool(Path(path).suffix)
        path += "" if asked else _FORMATS[chosen]
        try:
            write_mask(path, self.view.mask, overwrite=asked)
        except (DarfixError, ValueError) as error:
            self.Error.failed(str(error))
            return
        self._saved = self.view.mask
        self.change_parameters(file=path)
        self.commit.now()

    def _clear_messages(self) -> None:
        """Messages about the drawing outlast a result."""
        super()._clear_messages()
        self._show_state()
