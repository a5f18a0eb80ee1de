"""Table of what is known about a scan."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from AnyQt.QtCore import Qt
from AnyQt.QtWidgets import QHeaderView, QLineEdit, QTreeWidget, QTreeWidgetItem, QVBoxLayout, QWidget

from darfix_core.model.dataset import Dataset
from darfix_core.units import motor_unit

Row = tuple[str, str, str]

# What stands first, with the unit of the number.
_FACTS = {
    "title": "",
    "sample": "",
    "instrument": "",
    "detector": "",
    "detector_pixel_size": "um",
    "exposure_time": "s",
    "start_time": "",
    "scan": "",
    "file": "",
}
_LONGEST = 200


def _text(value: Any) -> str:
    if isinstance(value, float | np.floating):
        return f"{value:.8g}"
    if isinstance(value, tuple | list):
        return " x ".join(map(_text, value)) if len(value) <= 3 else ", ".join(map(_text, value))
    text = str(value)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def _range(values: Any) -> str:
    finite = values[np.isfinite(values)]
    if finite.size == 0:
        return "no number"
    low, high = finite.min(), finite.max()
    return _text(low) if low == high else f"{_text(low)} to {_text(high)}"


def metadata_rows(dataset: Dataset) -> Iterator[tuple[str, list[Row]]]:
    """Groups of rows (name, value, unit): the scan, what moves, counters, constant motors, parameters."""
    metadata = dataset.metadata
    ny, nx = dataset.frame_shape
    facts = [(name.replace("_", " "), _text(metadata[name]), unit) for name, unit in _FACTS.items() if name in metadata]
    frames = ("frames", f"{dataset.n_frames} of {ny} x {nx} px, {dataset.frames.dtype}", "")
    yield "Scan", [*facts, frames]
    yield "Moving motors", [(name, _range(values), dataset.unit(name)) for name, values in dataset.positions.items()]
    yield "Counters", [(name, _range(values), "") for name, values in dataset.counters.items()]
    motors = metadata.get("motors", {})
    yield (
        "Constant motors",
        [(name, _text(value), dataset.unit(name) or motor_unit(name)) for name, value in sorted(motors.items())],
    )
    parameters = metadata.get("scan_parameters", {})
    if isinstance(parameters, Mapping):
        yield "Scan parameters", [(name, _text(value), "") for name, value in parameters.items()]
    known = {*_FACTS, "motors", "scan_parameters"}
    yield "Other", [(name.replace("_", " "), _text(value), "") for name, value in metadata.items() if name not in known]


class MetadataView(QWidget):
    """Tree of the facts about a scan, with a line to search in it."""

    def __init__(self) -> None:
        super().__init__()
        self.search = QLineEdit()
        self.search.setPlaceholderText("Search a motor, a counter …")
        self.search.setClearButtonEnabled(True)
        self.search.textChanged.connect(self._filter)
        self.tree = QTreeWidget()
        self.tree.setHeaderLabels(["Name", "Value", "Unit"])
        self.tree.setAlternatingRowColors(True)
        self.tree.setUniformRowHeights(True)
        self.tree.setTextElideMode(Qt.ElideMiddle)  # a path ends in what matters
        header = self.tree.header()
        header.setStretchLastSection(False)
        header.setSectionResizeMode(0, QHeaderView.ResizeToContents)
        header.setSectionResizeMode(1, QHeaderView.Stretch)
        header.setSectionResizeMode(2, QHeaderView.ResizeToContents)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.search)
        layout.addWidget(self.tree, 1)

    def set_dataset(self, dataset: Dataset | None) -> None:
        """Show the facts about another scan."""
        self.tree.clear()
        for group, rows in [] if dataset is None else metadata_rows(dataset):
            if not rows:
                continue
            parent = QTreeWidgetItem(self.tree, [group])
            parent.setFirstColumnSpanned(True)
            font = parent.font(0)
            font.setBold(True)
            parent.setFont(0, font)
            for row in rows:
                item = QTreeWidgetItem(parent, list(row))
                item.setToolTip(1, row[1])
                item.setFlags(item.flags() | Qt.ItemNeverHasChildren)
            parent.setExpanded(True)
        self._filter(self.search.text())

    def _filter(self, text: str) -> None:
        for number in range(self.tree.topLevelItemCount()):
            group = self.tree.topLevelItem(number)
            shown = 0
            for row in range(group.childCount()):
                item = group.child(row)
                hidden = text.lower() not in item.text(0).lower()
                item.setHidden(hidden)
                shown += not hidden
            group.setHidden(shown == 0)
