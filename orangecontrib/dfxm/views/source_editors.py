"""Editors of where data come from: files that are read, dark frames, and positions of the motors."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from AnyQt.QtCore import Qt
from AnyQt.QtCore import pyqtSignal as Signal
from AnyQt.QtWidgets import QComboBox, QFileDialog, QLineEdit, QMenu, QSizePolicy, QToolButton

from orangecontrib.dfxm.views.parameter_editors import Editor, TextEditor

_SEPARATOR = "; "
HDF5_FILTER = "HDF5 files (*.h5 *.hdf5 *.nxs *.nx)"
EDF_FILTER = "EDF files (*.edf *.edf.gz *.edf.bz2)"
TIFF_FILTER = "TIFF files (*.tif *.tiff *.TIF *.TIFF)"
NPY_FILTER = "NumPy arrays (*.npy)"
TABLE_FILTER = "Tables (*.csv *.txt *.dat *.tsv)"
MASK_FILTER = "Masks (*.npy *.tif *.tiff *.edf *.msk)"
ANY_FILTER = "All files (*)"


class SourceEditor(Editor):
    """Files of a scan: HDF5 files, some EDF, TIFF or npy files, a pattern or a folder.

    Signals
    -------
    scan_chosen(str, str)
        File and scan that were picked in the HDF5 dialog.
    """

    scan_chosen = Signal(str, str)

    def __init__(self) -> None:
        super().__init__()
        self._value: str | tuple[str, ...] = ""
        self.line = QLineEdit()
        self.line.setPlaceholderText("HDF5 files, images, folder or pattern")
        self.line.editingFinished.connect(self._typed)
        self.button = QToolButton()
        self.button.setText("Open")
        self.button.setPopupMode(QToolButton.InstantPopup)
        self.button.setToolButtonStyle(Qt.ToolButtonTextOnly)
        menu = QMenu(self.button)
        menu.addAction("HDF5 files…", lambda: self._ask_files(HDF5_FILTER))
        menu.addAction("Scan inside an HDF5 file…", self._ask_scan)
        menu.addAction("EDF files…", lambda: self._ask_files(EDF_FILTER))
        menu.addAction("TIFF files…", lambda: self._ask_files(TIFF_FILTER))
        menu.addAction("NumPy array…", lambda: self._ask_files(NPY_FILTER))
        menu.addAction("Folder of images…", self._ask_folder)
        self.button.setMenu(menu)
        self._lay_out(self.line, self.button)

    def value(self) -> str | tuple[str, ...]:
        """One path, or several."""
        return self._value

    def set_value(self, value: Any) -> None:
        """Show a path or several."""
        self._value = value if isinstance(value, str) else tuple(value)
        self.line.setText(value if isinstance(value, str) else _SEPARATOR.join(value))
        self.line.setToolTip(self.line.text().replace(_SEPARATOR, "\n"))

    def choose(self, paths: list[str]) -> None:
        """Take paths over from the user."""
        self.set_value(paths[0] if len(paths) == 1 else tuple(paths))
        self.edited.emit()

    def _typed(self) -> None:
        paths = [part.strip() for part in self.line.text().split(_SEPARATOR.strip()) if part.strip()]
        value = "" if not paths else paths[0] if len(paths) == 1 else tuple(paths)
        if value != self._value:
            self.set_value(value)
            self.edited.emit()

    def _folder(self) -> str:
        path = self._value if isinstance(self._value, str) else self._value[0]
        return str(Path(path).parent) if path else ""

    def _ask_files(self, file_filter: str) -> None:
        filters = ";;".join([file_filter, ANY_FILTER])
        paths, _ = QFileDialog.getOpenFileNames(self, "Open a scan", self._folder(), filters)
        if paths:
            self.choose(paths)

    def _ask_folder(self) -> None:
        path = QFileDialog.getExistingDirectory(self, "Open a folder of EDF or TIFF files", self._folder())
        if path:
            self.choose([path])

    def _ask_scan(self) -> None:
        # Imported when asked for: the dialog is heavy and rarely used.
        from silx.gui.dialog.DataFileDialog import DataFileDialog

        dialog = DataFileDialog(self)
        dialog.setWindowTitle("Open a scan: choose its group")
        dialog.setFilterMode(DataFileDialog.FilterMode.ExistingGroup)
        if self._folder():
            dialog.setDirectory(self._folder())
        if dialog.exec():
            url = dialog.selectedDataUrl()
            self.scan_chosen.emit(str(url.file_path()), scan_of(url.data_path()))


def scan_of(data_path: str | None) -> str:
    """Name of the scan that a path inside a file leads into: ``/1.1/measurement`` lies in ``1.1``."""
    return (data_path or "").strip("/").split("/")[0]


class DarkEditor(Editor):
    """Dark frames: none, another scan of the file, or another file."""

    _NONE = "none"

    def __init__(self) -> None:
        super().__init__()
        self._shown = self._NONE
        self.combo = QComboBox()
        self.combo.setEditable(True)
        self.combo.setInsertPolicy(QComboBox.NoInsert)
        self.combo.setSizeAdjustPolicy(QComboBox.AdjustToMinimumContentsLengthWithIcon)
        self.combo.setMinimumContentsLength(8)
        self.combo.setSizePolicy(QSizePolicy.Expanding, QSizePolicy.Fixed)
        self.combo.addItem(self._NONE)
        self.combo.activated.connect(lambda _: self._finished())
        self.combo.lineEdit().editingFinished.connect(self._finished)
        self.button = QToolButton()
        self.button.setText("…")
        self.button.setToolTip("Choose a file with dark frames")
        self.button.clicked.connect(self._ask)
        self._lay_out(self.combo, self.button)

    def set_scans(self, names: list[str]) -> None:
        """Offer the scans of the file."""
        text = self.combo.currentText()
        self.combo.clear()
        self.combo.addItems([self._NONE, *names])
        self.combo.setEditText(text)

    def _finished(self) -> None:
        if self.combo.currentText() != self._shown:
            self._shown = self.combo.currentText()
            self.edited.emit()

    def value(self) -> str | None:
        """Scan or file; None for none."""
        text = self.combo.currentText().strip()
        return None if text in ("", self._NONE) else text

    def set_value(self, value: Any) -> None:
        """Show a scan or file."""
        self._shown = self._NONE if value is None else str(value)
        self.combo.setEditText(self._shown)

    def _ask(self) -> None:
        filters = ";;".join([HDF5_FILTER, EDF_FILTER, TIFF_FILTER, NPY_FILTER, ANY_FILTER])
        path, _ = QFileDialog.getOpenFileName(self, "Open dark frames", "", filters)
        if path:
            self.combo.setEditText(path)
            self._finished()


class _ChosenPath(TextEditor):
    """Path that may be left out, with a button for a dialog."""

    def __init__(self, placeholder: str, tip: str) -> None:
        super().__init__(optional=True, placeholder=placeholder)
        self.button = QToolButton()
        self.button.setText("…")
        self.button.setToolTip(tip)
        self.button.clicked.connect(self._ask)
        self.layout().addWidget(self.button)

    def choose(self, path: str) -> None:
        """Take a path over from the user."""
        self.set_value(path)
        self.edited.emit()

    def _ask(self) -> None:
        raise NotImplementedError


class FolderEditor(_ChosenPath):
    """Folder: none, or one of the disk."""

    def __init__(self, placeholder: str) -> None:
        super().__init__(placeholder, "Choose a folder")

    def _ask(self) -> None:
        path = QFileDialog.getExistingDirectory(self, "Choose a folder", self.line.text())
        if path:
            self.choose(path)


class FileEditor(_ChosenPath):
    """One file that is read: none, or one of the disk.

    Parameters
    ----------
    placeholder : str
        What stands there for none.
    title : str
        Of the dialog: ``"Open a mask"``.
    *filters : str
        As the file dialog takes them.
    """

    def __init__(self, placeholder: str, title: str, *filters: str) -> None:
        super().__init__(placeholder, title)
        self._title, self._filters = title, (*filters, ANY_FILTER)

    def _ask(self) -> None:
        path, _ = QFileDialog.getOpenFileName(self, self._title, self.line.text(), ";;".join(self._filters))
        if path:
            self.choose(path)
