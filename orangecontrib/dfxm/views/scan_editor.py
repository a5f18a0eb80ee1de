"""Editor of the scans of a file: one, or several that are joined."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from AnyQt.QtCore import QEvent, QSize, Qt
from AnyQt.QtWidgets import (
    QCheckBox,
    QHBoxLayout,
    QListWidget,
    QListWidgetItem,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from darfix_core.io.scan_names import ALL, known_names, may_name_several
from orangecontrib.dfxm.views.parameter_editors import ChoiceEditor, Editor

_MOST_LINES = 8  # shown at once


class _List(QListWidget):
    """List that asks for the room of its lines, or of some of them."""

    def sizeHint(self) -> QSize:
        """A few lines."""
        n_lines = min(max(self.count(), 1), _MOST_LINES)
        line = max(self.sizeHintForRow(0), self.fontMetrics().height())
        return QSize(super().sizeHint().width(), n_lines * line + 2 * self.frameWidth() + 2)

    def minimumSizeHint(self) -> QSize:
        """The same: the form around scrolls."""
        return QSize(super().minimumSizeHint().width(), self.sizeHint().height())


class ScanEditor(Editor):
    """A choice of one scan, and behind a button a list with check marks for several.

    The value is None, a name, ``"all"``, or names with commas between them. A range that was saved stays as it is
    until the user changes a check mark.
    """

    def __init__(self) -> None:
        super().__init__()
        self._value: str | None = None
        self._offered: tuple[str | None, ...] = (None,)
        self._labels: dict[Any, str] = {}
        self._empty: frozenset[str] = frozenset()
        self.choice = ChoiceEditor((None,), "automatic")
        self.combo = self.choice.combo
        self.choice.edited.connect(self._chosen)
        self.button = QToolButton()
        self.button.setText("Several")
        self.button.setCheckable(True)
        self.button.setToolTip("Choose several scans; they are joined to one dataset")
        self.button.clicked.connect(self._show_list)
        self.all_check = QCheckBox("All that hold frames")
        self.all_check.clicked.connect(self._all_clicked)
        self.list = _List()
        self.list.setUniformItemSizes(True)
        # Long titles end in three dots; the tool tip has them whole.
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarAlwaysOff)
        self.list.setSizePolicy(QSizePolicy.Expanding, QSizePolicy.Fixed)
        self.list.itemChanged.connect(self._checked)
        self._several = QWidget()
        inner = QVBoxLayout(self._several)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.addWidget(self.all_check)
        inner.addWidget(self.list)
        row = QHBoxLayout()
        row.setSpacing(4)
        row.addWidget(self.choice, 1)
        row.addWidget(self.button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addLayout(row)
        layout.addWidget(self._several)
        self._several.hide()

    def set_choices(self, choices: Sequence[str | None], labels: Mapping[Any, str], empty: Sequence[str] = ()) -> None:
        """Offer scans.

        Parameters
        ----------
        choices : sequence of str or None
            Names in the order of the file; None: chosen by the program.
        labels : mapping
            Name -> what is shown for it.
        empty : sequence of str
            Names of the scans without frames, which cannot be joined.
        """
        self._offered, self._labels, self._empty = tuple(choices), dict(labels), frozenset(empty)
        self._show()

    def value(self) -> str | None:
        """Name or names."""
        return self._value

    def set_value(self, value: Any) -> None:
        """Show a name or names; several of them in the list.

        Raises
        ------
        TypeError
            If it is no text, such as the number 1.1.
        """
        if value is not None and not isinstance(value, str):
            raise TypeError(f"a scan is named by a text, got {value!r}")
        self._value = value
        self._show()
        if self.chosen_names() is not None and not self.button.isChecked():
            self.button.setChecked(True)
            self._show_list()

    def chosen_names(self) -> list[str] | None:
        """Names of the scans that are joined, as far as they are known; None where one scan is chosen."""
        if not may_name_several(self._value) or self._value in self._offered:
            return None
        known = [name for name in self._offered if name is not None]
        return [name for name in known_names(str(self._value), known) if name not in self._empty]

    def _show(self) -> None:
        """Choice and check marks of the value."""
        names = self.chosen_names()
        labels = dict(self._labels)
        if names is not None:
            count = f"{len(names)} scans" if names else "several"
            labels[self._value] = f"{count}: {self._value}"
        more = () if self._value in self._offered else (self._value,)
        self.choice.set_value(self._value)
        self.choice.set_choices((*self._offered, *more), labels)
        self.all_check.setChecked(names is not None and str(self._value).strip().lower() == ALL)
        checked = names if names is not None else [self._value]
        self.list.blockSignals(True)
        known = [name for name in self._offered if name is not None]
        if [self.list.item(row).data(Qt.UserRole) for row in range(self.list.count())] != known:
            self.list.clear()
            for name in known:
                item = QListWidgetItem(self.list)
                item.setData(Qt.UserRole, name)
        for row, name in enumerate(known):
            item = self.list.item(row)
            item.setText(self._labels.get(name, name))
            item.setToolTip(item.text())
            flags = Qt.ItemIsUserCheckable | Qt.ItemIsSelectable
            item.setFlags(flags if name in self._empty else flags | Qt.ItemIsEnabled)
            item.setCheckState(Qt.Checked if name in checked else Qt.Unchecked)
        self.list.blockSignals(False)
        self.list.updateGeometry()
        self._show_list()

    def changeEvent(self, event: QEvent) -> None:
        """Fold the list where there is no choice of scans."""
        super().changeEvent(event)
        if event.type() == QEvent.EnabledChange and hasattr(self, "_several"):
            self._show_list()

    def _show_list(self) -> None:
        # One that is chosen by the program, and the scans.
        several = len(self._offered) > 2 or self.chosen_names() is not None
        self.button.setVisible(several or len(self._offered) < 2)
        self._several.setVisible(self.button.isChecked() and self.isEnabled() and several)

    def _take(self, value: str | None) -> None:
        self._value = value
        self._show()
        self.edited.emit()

    def _chosen(self) -> None:
        self._take(self.choice.value())

    def _all_clicked(self, checked: bool) -> None:
        self._take(ALL if checked else None)

    def _checked(self, item: QListWidgetItem) -> None:
        items = [self.list.item(row) for row in range(self.list.count())]
        names = [item.data(Qt.UserRole) for item in items if item.checkState() == Qt.Checked]
        self._take(",".join(names) or None)
