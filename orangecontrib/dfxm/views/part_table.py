"""The scans that are put together, in their order."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from AnyQt.QtWidgets import QAbstractItemView, QHeaderView, QTableWidget, QTableWidgetItem

from darfix_core.model.dataset import Dataset

_LEAST_ROWS, _MOST_ROWS = 2, 6


class PartTable(QTableWidget):
    """One row a scan: where it comes from, its size, and where the motor stood that tells the scans apart."""

    def __init__(self) -> None:
        super().__init__(0, 4)
        self.setHorizontalHeaderLabels(["scan", "frames", "dimensions", "place"])
        self.setEditTriggers(QAbstractItemView.NoEditTriggers)
        self.setSelectionMode(QAbstractItemView.NoSelection)
        self.setToolTip("The order is that in which the links were drawn.")
        header = self.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeToContents)
        header.setSectionResizeMode(0, QHeaderView.Stretch)
        self.show_parts([], None)

    def show_parts(self, parts: Sequence[Dataset | None], whole: Dataset | None) -> None:
        """Show the scans, None for one that is still to come, and the whole that was made of them, if any."""
        self.setRowCount(len(parts))
        first = 0
        for row, part in enumerate(parts):
            cells = ["not there yet", "", "", ""]
            if part is not None:
                place = "" if whole is None else _place(whole, first)
                dimensions = " x ".join(f"{entry.name} ({entry.size})" for entry in part.dimensions)
                cells = [_name(part), str(part.n_frames), dimensions or "not defined", place]
                first += part.n_frames
            for column, text in enumerate(cells):
                item = QTableWidgetItem(text)
                item.setToolTip(text)
                self.setItem(row, column, item)
        rows = min(max(len(parts), _LEAST_ROWS), _MOST_ROWS)
        height = self.horizontalHeader().sizeHint().height() + rows * self.verticalHeader().defaultSectionSize()
        self.setFixedHeight(height + 2 * self.frameWidth())


def _name(dataset: Dataset) -> str:
    """File and scan, or the title."""
    file, scan = Path(str(dataset.metadata.get("file", ""))).name, str(dataset.metadata.get("scan", ""))
    return "::".join(filter(None, (file, scan))) or dataset.title or "a dataset"


def _place(whole: Dataset, frame: int) -> str:
    """Where the motors that tell the scans apart stood in a frame."""
    return ", ".join(
        f"{name} {whole.positions[name][frame]:.6g} {whole.unit(name)}".rstrip()
        for name in whole.metadata["joined_along"]
    )
