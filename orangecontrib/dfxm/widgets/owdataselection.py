"""Data Selection."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from AnyQt.QtCore import Qt
from AnyQt.QtWidgets import QLabel, QPushButton, QTabWidget, QWidget
from Orange.widgets.utils.concurrent import TaskState
from orangewidget import gui

from darfix_core.engine.registry import Step
from darfix_core.errors import DarfixError
from darfix_core.io.report import FileReport, ScanReport
from darfix_core.model.dataset import Dataset
from darfix_core.steps.persist import size_text
from orangecontrib.dfxm.views.frame_browser import FrameBrowser
from orangecontrib.dfxm.views.metadata_view import MetadataView
from orangecontrib.dfxm.views.parameter_editors import ChoiceEditor, Editor
from orangecontrib.dfxm.views.scan_editor import ScanEditor
from orangecontrib.dfxm.views.source_editors import TABLE_FILTER, DarkEditor, FileEditor, SourceEditor
from orangecontrib.dfxm.widgets.icon import icon_path
from orangecontrib.dfxm.widgets.step_widget import StepWidget, run_step

log = logging.getLogger(__name__)

_OF_THE_FILE = ("scan", "detector", "dark", "positions", "frames")


def inspect_and_load(
    step: Step, inputs: Mapping[str, Any], parameters: Mapping[str, Any], state: TaskState, *, inspect: bool
) -> Any:
    """Look what is in the file, tell the widget, and open the scan."""
    if inspect:
        from darfix_core.io.inspect import inspect_file

        try:
            state.set_partial_result(inspect_file(parameters["path"]))
        except (DarfixError, OSError, ValueError):
            # The step meets the same file and says what is wrong with it.
            log.info("the file cannot be looked at", exc_info=True)
    return run_step(step, inputs, parameters, state)


class OWDataSelection(StepWidget):
    """Choose a scan on disk, or several to join. It is opened, not read: frames are read when they are needed."""

    step_id = "load"
    icon = icon_path("dataselection.svg")
    keywords = "load, open, read, file, hdf5, bliss, nexus, edf, tiff, npy, csv, positions, scan, detector, dark"
    window_size = (1150, 700)
    control_width = 340

    def editors(self) -> dict[str, Editor]:
        """Editors that know what is in the file."""
        self.source, self.scans = SourceEditor(), ScanEditor()
        self.detectors, self.darks = ChoiceEditor((None,), "automatic"), DarkEditor()
        self.positions_table = FileEditor("those of the scan", "Open a table of positions", TABLE_FILTER)
        return {
            "path": self.source,
            "scan": self.scans,
            "detector": self.detectors,
            "dark": self.darks,
            "positions": self.positions_table,
        }

    def build_controls(self) -> None:
        """The form, and what kind of file it is."""
        self.report: FileReport | None = None
        self._inspected: Any = None
        box = gui.vBox(self.controlArea, "Scan")
        box.layout().addWidget(self.form)
        self.file_label = QLabel()
        self.file_label.setWordWrap(True)
        self.file_label.setTextInteractionFlags(Qt.TextSelectableByMouse)
        box.layout().addWidget(self.file_label)
        self.joined_label = QLabel(visible=False)
        self.joined_label.setWordWrap(True)
        self.joined_label.setTextInteractionFlags(Qt.TextSelectableByMouse)
        box.layout().addWidget(self.joined_label)
        self.reload_button = QPushButton("Reload", autoDefault=False)
        self.reload_button.setToolTip("Read the file again: it may have grown")
        self.reload_button.clicked.connect(self._reload)
        box.layout().addWidget(self.reload_button)
        self.source.scan_chosen.connect(self._scan_picked)
        gui.rubber(self.controlArea)

    def build_view(self) -> None:
        """Frames and metadata."""
        self.browser, self.metadata = FrameBrowser(), MetadataView()
        self.browser.failed.connect(self.Warning.unreadable)
        self.tabs = QTabWidget()
        self.tabs.addTab(self.browser, "Frames")
        self.tabs.addTab(self.metadata, "Metadata")
        self.mainArea.layout().addWidget(self.tabs)

    def runner(self) -> Callable[..., Any]:
        """Inspects the file first where it is another one."""
        fresh, self._inspected = self.path != self._inspected, self.path
        return partial(inspect_and_load, inspect=fresh)

    def applies(self, name: str) -> bool:
        """Files without scans, such as EDF files, leave no choice of scan and detector."""
        no_scans = self.report is not None and not any(scan.name for scan in self.report.scans)
        return not (no_scans and name in ("scan", "detector"))

    def waits_for(self) -> str | None:
        """A file."""
        return None if self.path else "Choose a file or a folder."

    def _form_edited(self, name: str) -> None:
        if name == "path":
            # Scans, detectors and frames of another file.
            self._forget()
            for other in _OF_THE_FILE:
                self.form.set_value(other, None)
                setattr(self, other, None)
        elif name == "scan":
            self.detector = None
            self.form.set_value("detector", None)
        super()._form_edited(name)

    def _scan_picked(self, path: str, scan: str) -> None:
        self._forget()
        self.change_parameters(path=path, scan=scan or None, detector=None, dark=None, positions=None, frames=None)

    def _reload(self) -> None:
        self._forget()
        self.commit.now()

    def _forget(self) -> None:
        self._inspected = self.report = None
        self._offer()

    def on_partial_result(self, result: FileReport) -> None:
        """Offer what the file holds, even if the scan cannot be opened."""
        self.report = result
        self._offer()

    def show_result(self, result: Any) -> None:
        """Show frames and metadata."""
        self.browser.set_dataset(result)
        self.metadata.set_dataset(result)
        self.joined_label.setText(joined_text(result))
        self.joined_label.setVisible(bool(self.joined_label.text()))
        self._offer()

    def picture(self) -> QWidget:
        """The frame."""
        return self.browser.plot

    def _offer(self) -> None:
        scans = () if self.report is None else self.report.scans
        named = [scan for scan in scans if scan.name]
        labels = {scan.name: scan_label(scan) for scan in named}
        empty = [scan.name for scan in named if not scan.n_frames]
        self.scans.set_choices((None, *labels), {None: self._automatic("scan"), **labels}, empty)
        self.darks.set_scans([scan.name for scan in named if scan.n_frames])
        self.file_label.setText("" if self.report is None else file_text(self.report))
        for name in ("scan", "detector"):
            self.form.set_value(name, getattr(self, name))
        self._enable_what_applies()
        self._offer_detectors()

    def _offer_detectors(self) -> None:
        scan = self._chosen_scan()
        detectors = () if scan is None else [entry for entry in scan.detectors if entry.name]
        labels = {
            entry.name: f"{entry.name}  {' x '.join(map(str, entry.shape))}, {entry.dtype}" for entry in detectors
        }
        self.detectors.set_choices((None, *labels), {None: self._automatic("detector"), **labels})

    def _automatic(self, name: str) -> str:
        """What is shown where the program chooses: the choice, once it is known."""
        chosen = "" if self.produced is None or getattr(self, name) is not None else self.produced.metadata.get(name)
        return f"automatic: {chosen}" if chosen else "automatic"

    def _chosen_scan(self) -> ScanReport | None:
        scans = () if self.report is None else self.report.scans
        name = self.scan
        if name is None and self.produced is not None:
            name = self.produced.metadata.get("scan")
        elif self.scans.chosen_names():
            name = self.scans.chosen_names()[0]
        return next((scan for scan in scans if scan.name == name), None)


def scan_label(scan: ScanReport) -> str:
    """Name, number of frames and title of a scan; what is cut off where the window is narrow comes last."""
    frames = f"{scan.n_frames} frames" if scan.n_frames else "no frames"
    return f"{scan.name}  ({frames})  {scan.title}".rstrip()


def file_text(report: FileReport) -> str:
    """Kind and size of the files."""
    n_files, n_scans = len(report.files), len(report.scans)
    files = f"{n_files} files, " if n_files > 1 else ""
    scans = "" if n_scans == 1 else f", {n_scans} scans"
    return f"{report.kind}: {files}{size_text(report.size)}{scans}"


def joined_text(dataset: Dataset | None) -> str:
    """What was joined: number of scans and frames, and the motors that tell them apart; empty for a single scan."""
    if dataset is None or "parts" not in dataset.metadata:
        return ""
    frames = dataset.metadata["frames_of_parts"]
    alike = f"{frames[0]} frames each" if len(set(frames)) == 1 else f"{min(frames)} to {max(frames)} frames"
    along = []
    for motor in dataset.metadata["joined_along"]:
        values = dataset.positions[motor]
        along.append(f"{motor} from {values[0]:.6g} to {values[-1]:.6g} {dataset.unit(motor)}".rstrip())
    return f"{len(frames)} scans joined, {alike}, {dataset.n_frames} in all. Told apart by {', '.join(along)}."
