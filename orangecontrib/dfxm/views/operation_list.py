"""An ordered list of operations: added, removed, moved and switched off; and the form of the one that is selected."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from AnyQt.QtCore import QSize, Qt
from AnyQt.QtCore import pyqtSignal as Signal
from AnyQt.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QMenu,
    QPushButton,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from darfix_core.engine.registry import Step, get_step
from darfix_core.steps.noise_removal import complete_operations
from orangecontrib.dfxm.views.parameter_form import ParameterForm, operation_text
from orangecontrib.dfxm.views.source_editors import HDF5_FILTER, MASK_FILTER, FileEditor

_HEIGHT = 170  # px, of the list


class _Item(QListWidgetItem):
    """A row of the list, which holds its operation. As data of the item, Qt would make lists of its tuples."""

    def __init__(self, operation: dict[str, Any]) -> None:
        super().__init__()
        self.operation = operation
        # Dropped between the others, never on one.
        self.setFlags(Qt.ItemIsSelectable | Qt.ItemIsEnabled | Qt.ItemIsUserCheckable | Qt.ItemIsDragEnabled)
        self.setCheckState(Qt.Checked if operation.get("enabled", True) is True else Qt.Unchecked)


class OperationList(QWidget):
    """Edits a list of operations, each ``{"type": step id, "enabled": bool, parameter: value ...}``.

    What cannot be understood stays as it is, for the step to complain about.

    Parameters
    ----------
    types : sequence of str
        Ids of the steps that can be added.

    Signals
    -------
    edited()
        The user has changed something.
    """

    edited = Signal()

    def __init__(self, types: Sequence[str]) -> None:
        super().__init__()
        self._types = tuple(types)
        # All forms lie over each other, so that the widest of them makes the room that each may need.
        self._pages = QStackedWidget()
        self._pages.addWidget(QWidget())
        self._forms = {type: self._make_form(get_step(type)) for type in types}
        self.list = QListWidget()
        self.list.setDragDropMode(QAbstractItemView.InternalMove)
        self.list.setMinimumHeight(_HEIGHT)
        self.list.setToolTip("Done from top to bottom. Drag to reorder; take the check away to leave one out.")
        self.list.currentRowChanged.connect(self._show_form)
        self.list.itemChanged.connect(self._check_changed)
        self.list.model().rowsMoved.connect(lambda *_: self._changed())
        self.title = QLabel()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.list)
        layout.addLayout(self._make_buttons())
        layout.addWidget(self.title)
        layout.addWidget(self._pages)
        self._show_form()

    def _make_buttons(self) -> QHBoxLayout:
        row = QHBoxLayout()
        self.add_button = QPushButton("Add", autoDefault=False)
        self.add_button.setToolTip("Add an operation behind the selected one")
        menu = QMenu(self.add_button)
        for type in self._types:
            step = get_step(type)
            action = menu.addAction(step.title, lambda type=type: self.add(type))
            action.setToolTip(step.summary)
        menu.setToolTipsVisible(True)
        self.add_button.setMenu(menu)
        self.remove_button = QPushButton("Remove", autoDefault=False)
        self.remove_button.setToolTip("Remove the selected operation")
        self.remove_button.clicked.connect(lambda: self.remove())
        self.up_button = _arrow(Qt.UpArrow, "Do the selected operation earlier", lambda: self.move(-1))
        self.down_button = _arrow(Qt.DownArrow, "Do the selected operation later", lambda: self.move(1))
        for button in (self.add_button, self.remove_button, self.up_button, self.down_button):
            button.setMinimumHeight(self.add_button.sizeHint().height())
            row.addWidget(button)
        row.addStretch()
        return row

    @property
    def form(self) -> ParameterForm | None:
        """Form of the selected operation."""
        item = self.list.currentItem()
        return None if item is None else self._forms.get(item.operation.get("type"))

    def operations(self) -> tuple[dict[str, Any], ...]:
        """The operations as they stand."""
        return tuple(item.operation for item in self._items())

    def set_operations(self, operations: Any) -> None:
        """Show other operations; the selected row is kept."""
        known = operations if isinstance(operations, list | tuple) else ()
        shown = [dict(entry) for entry in known if isinstance(entry, Mapping)]
        if shown == list(self.operations()):
            return
        row = self.list.currentRow()
        self._silently(self.list.clear)
        for number, operation in enumerate(shown):
            self._insert(number, operation)
        self._silently(lambda: self.list.setCurrentRow(min(max(row, 0), len(shown) - 1)))
        self._show_form()

    def add(self, type: str) -> None:
        """Add an operation behind the selected one, with its defaults."""
        row = self.list.currentRow() + 1
        self._insert(row, *complete_operations([{"type": type}]))
        self.list.setCurrentRow(row)
        self._changed()

    def remove(self) -> None:
        """Remove the selected operation."""
        self.list.takeItem(self.list.currentRow())
        self._show_form()
        self._changed()

    def move(self, by: int) -> None:
        """Move the selected operation down by so many places."""
        row = self.list.currentRow()
        item = self._silently(lambda: self.list.takeItem(row))
        self._silently(lambda: self.list.insertItem(row + by, item))
        self._silently(lambda: self.list.setCurrentRow(row + by))
        self._changed()

    def _insert(self, row: int, operation: dict[str, Any]) -> None:
        self._silently(lambda: self.list.insertItem(row, _Item(operation)))
        self._write_texts()

    def _items(self) -> list[_Item]:
        return [self.list.item(row) for row in range(self.list.count())]

    def _silently(self, call: Callable[[], Any]) -> Any:
        """Result of a change of the list that the user did not make by it."""
        self.list.blockSignals(True)
        try:
            return call()
        finally:
            self.list.blockSignals(False)

    def _write_texts(self) -> None:
        def write() -> None:
            for number, item in enumerate(self._items(), start=1):
                operation = item.operation
                step = self._step_of(operation)
                title = f"unknown: {operation.get('type')!r}" if step is None else step.title
                item.setText(f"{number}. {title}")
                item.setToolTip(operation_text(operation))
                item.setSizeHint(QSize(0, self.list.fontMetrics().height() + 8))

        self._silently(write)
        row, last = self.list.currentRow(), self.list.count() - 1
        self.remove_button.setEnabled(row >= 0)
        self.up_button.setEnabled(row > 0)
        self.down_button.setEnabled(0 <= row < last)

    def _step_of(self, operation: Mapping[str, Any]) -> Step | None:
        type = operation.get("type")
        return get_step(type) if type in self._types else None

    def _make_form(self, step: Step) -> ParameterForm:
        files = {name: FileEditor("none", "Open a file", MASK_FILTER, HDF5_FILTER) for name in step.file_parameters}
        form = ParameterForm(step.parameters.entries.values(), files)
        form.edited.connect(lambda name: self._set(self.list.currentItem(), name, form.value(name)))
        self._pages.addWidget(form)
        return form

    def _show_form(self, _: int = 0) -> None:
        """Show the parameters of the selected operation."""
        item = self.list.currentItem()
        step = None if item is None else self._step_of(item.operation)
        self.title.setText("" if step is None else f"<b>{step.title}</b>")
        self._pages.setCurrentIndex(0)
        if step is not None:
            self._pages.setCurrentWidget(self.form)
            for name, entry in step.parameters.entries.items():
                self.form.set_value(name, item.operation.get(name, entry.default))
        self._write_texts()

    def _check_changed(self, item: _Item) -> None:
        self._set(item, "enabled", item.checkState() == Qt.Checked)

    def _set(self, item: _Item, name: str, value: Any) -> None:
        item.operation = {**item.operation, name: value}
        self._changed()

    def _changed(self) -> None:
        self._write_texts()
        self.edited.emit()


def _arrow(kind: Qt.ArrowType, tip: str, clicked: Callable[[], None]) -> QToolButton:
    button = QToolButton()
    button.setArrowType(kind)
    button.setToolTip(tip)
    button.clicked.connect(lambda: clicked())
    return button
