"""Table of the scan dimensions: shown as found, or edited by hand."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from AnyQt.QtCore import Qt
from AnyQt.QtCore import pyqtSignal as Signal
from AnyQt.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QHeaderView,
    QPushButton,
    QStyledItemDelegate,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from orangecontrib.dfxm.views.parameter_editors import ComboBox

NAME, SIZE, START, STOP, STEP, UNIT, DEVIATION = range(7)
_HEADERS = ("Motor", "Positions", "Start", "Stop", "Step", "Unit", "Deviation")
_TIPS = {
    SIZE: "Number of positions",
    START: "First position of the scan",
    STOP: "Last position of the scan",
    DEVIATION: "Largest distance of a read-back from its position, in steps",
}
_EDITABLE = (NAME, SIZE, START, STOP)


class MotorDelegate(QStyledItemDelegate):
    """Offers the motors of the scan, and takes any other name."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.motors: list[str] = []

    def createEditor(self, parent: QWidget, option: Any, index: Any) -> QWidget:
        """Combo box that can be typed into."""
        combo = ComboBox(parent)
        combo.setEditable(True)
        combo.addItems(self.motors)
        return combo

    def setEditorData(self, editor: Any, index: Any) -> None:
        """Show the motor."""
        editor.setEditText(index.data(Qt.EditRole) or "")

    def setModelData(self, editor: Any, model: Any, index: Any) -> None:
        """Take the motor over."""
        model.setData(index, editor.currentText().strip(), Qt.EditRole)


class DimensionTable(QWidget):
    """One row a dimension, slow to fast.

    Signals
    -------
    edited()
        The user has changed a row, added or removed one, or changed their order.
    """

    edited = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.table = QTableWidget(0, len(_HEADERS))
        self.table.setHorizontalHeaderLabels(_HEADERS)
        for column, tip in _TIPS.items():
            self.table.horizontalHeaderItem(column).setToolTip(tip)
        header = self.table.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeToContents)
        header.setSectionResizeMode(NAME, QHeaderView.Stretch)
        header.setMinimumSectionSize(44)
        self.table.verticalHeader().hide()
        self.table.setSelectionBehavior(QAbstractItemView.SelectRows)
        self.table.setSelectionMode(QAbstractItemView.SingleSelection)
        self.motors = MotorDelegate(self.table)
        self.table.setItemDelegateForColumn(NAME, self.motors)
        self.table.itemChanged.connect(self._item_changed)
        self.buttons = QWidget()
        row = QHBoxLayout(self.buttons)
        row.setContentsMargins(0, 0, 0, 0)
        for text, tip, slot in (
            ("Add", "Add a dimension", self.add),
            ("Remove", "Remove the selected dimension", self.remove),
            ("Slower", "Move the selected dimension up, to the slow motors", lambda: self._move(-1)),
            ("Faster", "Move the selected dimension down, to the fast motors", lambda: self._move(1)),
        ):
            button = QPushButton(text, autoDefault=False, toolTip=tip, objectName=text)
            button.clicked.connect(slot)
            row.addWidget(button)
        row.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.table, 1)
        layout.addWidget(self.buttons)
        self.set_editable(False)

    def set_editable(self, editable: bool) -> None:
        """Let the user type, or only look."""
        self.buttons.setVisible(editable)
        triggers = QAbstractItemView.AllEditTriggers if editable else QAbstractItemView.NoEditTriggers
        self.table.setEditTriggers(triggers)

    def set_rows(self, rows: Sequence[Sequence[Any]]) -> None:
        """Show dimensions.

        Parameters
        ----------
        rows : sequence of (name, size, start, stop, step, unit, deviation)
            None or NaN is shown as nothing.
        """
        self.table.blockSignals(True)
        self.table.setRowCount(len(rows))
        for number, values in enumerate(rows):
            for column, value in enumerate(values):
                self._set_cell(number, column, value)
        self.table.blockSignals(False)

    def set_derived(self, rows: Sequence[Sequence[Any]]) -> None:
        """Show what follows from the dimensions, beside what the user may just be typing."""
        self.table.blockSignals(True)
        for number, values in enumerate(rows[: self.table.rowCount()]):
            for column in (STEP, UNIT, DEVIATION):
                self._set_cell(number, column, values[column])
        self.table.blockSignals(False)

    def _set_cell(self, row: int, column: int, value: Any) -> None:
        item = QTableWidgetItem(_text(value))
        if column not in _EDITABLE:
            item.setFlags(item.flags() & ~Qt.ItemIsEditable)
        item.setTextAlignment(Qt.AlignVCenter | (Qt.AlignLeft if column in (NAME, UNIT) else Qt.AlignRight))
        self.table.setItem(row, column, item)

    def dimensions(self) -> tuple[dict[str, Any], ...]:
        """The rows as the step takes them: name, size, start and stop of each.

        Text that is no number stays text, for the step to complain about.
        """
        return tuple(
            {
                "name": self._cell(row, NAME),
                "size": _number(self._cell(row, SIZE), int),
                "start": _number(self._cell(row, START), float),
                "stop": _number(self._cell(row, STOP), float),
            }
            for row in range(self.table.rowCount())
        )

    def _cell(self, row: int, column: int) -> str:
        item = self.table.item(row, column)
        return "" if item is None else item.text().strip()

    def add(self) -> None:
        """Add an empty dimension, the fastest one."""
        rows = [*self._all_rows(), ("", 2, 0.0, 1.0, None, "", None)]
        self.set_rows(rows)
        self.table.selectRow(len(rows) - 1)
        self.edited.emit()

    def remove(self) -> None:
        """Remove the selected dimension."""
        row = self.table.currentRow()
        if row >= 0:
            self.table.removeRow(row)
            self.edited.emit()

    def _move(self, distance: int) -> None:
        row = self.table.currentRow()
        other = row + distance
        if row < 0 or not 0 <= other < self.table.rowCount():
            return
        rows = self._all_rows()
        rows[row], rows[other] = rows[other], rows[row]
        self.set_rows(rows)
        self.table.selectRow(other)
        self.edited.emit()

    def _all_rows(self) -> list[tuple[str, ...]]:
        columns = range(self.table.columnCount())
        return [tuple(self._cell(row, column) for column in columns) for row in range(self.table.rowCount())]

    def _item_changed(self, item: QTableWidgetItem) -> None:
        if item.column() in _EDITABLE:
            self.edited.emit()


def _text(value: Any) -> str:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _number(text: str, kind: type) -> Any:
    try:
        value = kind(text)
    except ValueError:
        return text
    return value if math.isfinite(value) else text
