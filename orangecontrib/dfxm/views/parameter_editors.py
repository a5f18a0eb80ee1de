"""Editors of single values: a number, a choice, a path ... Each shows a literal and gives one back."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from annotated_types import Ge, Gt, Le, Lt, MultipleOf
from AnyQt.QtCore import Qt
from AnyQt.QtCore import pyqtSignal as Signal
from AnyQt.QtGui import QWheelEvent
from AnyQt.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QSizePolicy,
    QSpinBox,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

_LARGEST = 2**31 - 1


class Editor(QWidget):
    """A widget that edits one literal.

    Signals
    -------
    edited()
        The user has changed the value. Not sent when the program does.
    """

    edited = Signal()

    def value(self) -> Any:
        """The literal as it stands."""
        raise NotImplementedError

    def set_value(self, value: Any) -> None:
        """Show a literal.

        Raises
        ------
        TypeError, ValueError
            If the editor cannot show it.
        """
        raise NotImplementedError

    def _lay_out(self, *widgets: QWidget, vertical: bool = False) -> None:
        layout = QVBoxLayout(self) if vertical else QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        for widget in widgets:
            layout.addWidget(widget)


class SpinBox(QSpinBox):
    """Spin box that leaves the wheel to the form unless it has been clicked, and reports finished input only."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFocusPolicy(Qt.StrongFocus)
        self.setKeyboardTracking(False)
        self.setRange(-_LARGEST, _LARGEST)
        self.setMinimumWidth(64)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Scroll the form instead of changing a value that nobody looks at."""
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()


class ComboBox(QComboBox):
    """Combo box that leaves the wheel to the form unless it has been clicked."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFocusPolicy(Qt.StrongFocus)
        self.setSizeAdjustPolicy(QComboBox.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(10)
        self.setSizePolicy(QSizePolicy.Expanding, QSizePolicy.Fixed)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Scroll the form instead of changing a value that nobody looks at."""
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()


class BoolEditor(Editor):
    """True or False."""

    def __init__(self, label: str = "") -> None:
        super().__init__()
        self.check = QCheckBox(label)
        self.check.clicked.connect(lambda: self.edited.emit())
        self._lay_out(self.check)

    def value(self) -> bool:
        """True where checked."""
        return self.check.isChecked()

    def set_value(self, value: Any) -> None:
        """Show True or False."""
        self.check.setChecked(bool(value))


class ChoiceEditor(Editor):
    """One of several literals.

    Parameters
    ----------
    choices : sequence of literals
    none : str
        What is shown for None.
    """

    def __init__(self, choices: Sequence[Any], none: str = "none") -> None:
        super().__init__()
        self._labels: dict[Any, str] = {None: none}
        self.choices: tuple[Any, ...] = ()
        self.combo = ComboBox()
        self.combo.activated.connect(lambda _: self.edited.emit())
        self._lay_out(self.combo)
        self.set_choices(choices)

    def set_choices(self, choices: Sequence[Any], labels: Mapping[Any, str] | None = None) -> None:
        """Offer other literals. One that is chosen and not among them stays, for the step to judge.

        Parameters
        ----------
        choices : sequence of literals
        labels : mapping, optional
            Literal -> what is shown for it.
        """
        chosen = self.value() if self.choices else choices[0]
        self._labels = {None: self._labels[None]} | dict(labels or {})
        self.choices = tuple(choices) if chosen in choices else (*choices, chosen)
        self.combo.clear()
        for choice in self.choices:
            self._add(choice)
        self.combo.setCurrentIndex(self.choices.index(chosen))

    def _add(self, choice: Any) -> None:
        label = self._labels.get(choice, str(choice))
        self.combo.addItem(label)
        self.combo.setItemData(self.combo.count() - 1, label, Qt.ToolTipRole)

    def value(self) -> Any:
        """The chosen literal."""
        return self.choices[self.combo.currentIndex()]

    def set_value(self, value: Any) -> None:
        """Show a literal."""
        if value not in self.choices:
            self._add(value)  # before it becomes a choice: a list or dict can be none
            self.choices = (*self.choices, value)
        self.combo.setCurrentIndex(self.choices.index(value))


class IntEditor(Editor):
    """An integer, within its limits."""

    def __init__(self, unit: str = "", constraints: Sequence[Any] = ()) -> None:
        super().__init__()
        self.spin = SpinBox()
        if unit:
            self.spin.setSuffix(f" {unit}")
        for constraint in constraints:
            if isinstance(constraint, Ge):
                self.spin.setMinimum(math.ceil(constraint.ge))
            elif isinstance(constraint, Gt):
                self.spin.setMinimum(math.floor(constraint.gt) + 1)
            elif isinstance(constraint, Le):
                self.spin.setMaximum(math.floor(constraint.le))
            elif isinstance(constraint, Lt):
                self.spin.setMaximum(math.ceil(constraint.lt) - 1)
            elif isinstance(constraint, MultipleOf):
                self.spin.setSingleStep(int(constraint.multiple_of))
        self.spin.valueChanged.connect(lambda _: self.edited.emit())
        self._lay_out(self.spin)

    def value(self) -> int:
        """The integer."""
        return self.spin.value()

    def set_value(self, value: Any) -> None:
        """Show an integer; one outside the limits is shown as it is."""
        self.spin.blockSignals(True)
        self.spin.setRange(min(self.spin.minimum(), int(value)), max(self.spin.maximum(), int(value)))
        self.spin.setValue(int(value))
        self.spin.blockSignals(False)


class FloatEditor(Editor):
    """A number, as text: nobody knows its order of magnitude beforehand.

    Text that is no number is given as text, and the step says what it wants in the same words as everywhere.
    """

    def __init__(self, unit: str = "") -> None:
        super().__init__()
        self.line = QLineEdit()
        self.line.setMinimumWidth(64)
        self._shown = ""
        self.line.editingFinished.connect(self._finished)
        self._lay_out(self.line, *([QLabel(unit)] if unit else []))

    def _finished(self) -> None:
        if self.line.text() != self._shown:
            self._shown = self.line.text()
            self.edited.emit()

    def value(self) -> float | str:
        """The number; text that is none, and what is not finite, as it was typed."""
        text = self.line.text().strip()
        try:
            number = float(text)
        except ValueError:
            return text
        return number if math.isfinite(number) else text

    def set_value(self, value: Any) -> None:
        """Show a number."""
        self._shown = value if isinstance(value, str) else f"{value:.12g}"
        self.line.setText(self._shown)


class TextEditor(Editor):
    """A line of text; empty stands for None where None is allowed."""

    def __init__(self, *, optional: bool = False, placeholder: str = "") -> None:
        super().__init__()
        self._optional, self._shown = optional, ""
        self.line = QLineEdit()
        self.line.setPlaceholderText(placeholder)
        self.line.editingFinished.connect(self._finished)
        self._lay_out(self.line)

    def _finished(self) -> None:
        if self.line.text() != self._shown:
            self._shown = self.line.text()
            self.edited.emit()

    def value(self) -> str | None:
        """The text."""
        text = self.line.text().strip()
        return None if self._optional and not text else text

    def set_value(self, value: Any) -> None:
        """Show a text."""
        self._shown = "" if value is None else str(value)
        self.line.setText(self._shown)


class PathEditor(TextEditor):
    """Path of a file that is written, with a button for the file dialog.

    Parameters
    ----------
    file_filter : str
        As the file dialog takes it: ``"HDF5 files (*.h5)"``.
    """

    def __init__(self, file_filter: str) -> None:
        super().__init__(placeholder="choose a file")
        self._filter = file_filter
        self.button = QToolButton()
        self.button.setText("…")
        self.button.setToolTip("Choose a file")
        self.button.clicked.connect(self._ask)
        self.layout().addWidget(self.button)

    def _ask(self) -> None:
        # The step decides about overwriting, the dialog does not ask a second time.
        path, _ = QFileDialog.getSaveFileName(
            self, "Save as", self.line.text(), self._filter, options=QFileDialog.DontConfirmOverwrite
        )
        if path:
            self.set_value(path)
            self.edited.emit()


class TupleEditor(Editor):
    """Several values side by side."""

    def __init__(self, parts: Sequence[Editor]) -> None:
        super().__init__()
        self.parts = tuple(parts)
        for part in self.parts:
            part.edited.connect(self.edited)
        self._lay_out(*self.parts)

    def value(self) -> tuple[Any, ...]:
        """The values of the parts."""
        return tuple(part.value() for part in self.parts)

    def set_value(self, value: Any) -> None:
        """Show a sequence of the right length."""
        for part, entry in zip(self.parts, value, strict=True):
            part.set_value(entry)


class SequenceEditor(Editor):
    """Any number of values of one kind, as text with commas between them."""

    def __init__(self, read: Callable[[str], Any]) -> None:
        super().__init__()
        self._read = read
        self.line = TextEditor()
        self.line.edited.connect(self.edited)
        self._lay_out(self.line)

    def value(self) -> tuple[Any, ...]:
        """The values; those that cannot be read as text."""
        return tuple(self._entry(text.strip()) for text in str(self.line.value()).split(",") if text.strip())

    def _entry(self, text: str) -> Any:
        try:
            return self._read(text)
        except ValueError:
            return text

    def set_value(self, value: Any) -> None:
        """Show a sequence."""
        self.line.set_value(", ".join(map(str, value)))


class OptionalEditor(Editor):
    """An editor with a check for None: not set, found automatically, no limit ...

    Parameters
    ----------
    inner : Editor
    label : str
        What None means.
    first : object
        Shown when the user takes the check away for the first time.
    """

    def __init__(self, inner: Editor, label: str, first: Any) -> None:
        super().__init__()
        self.inner = inner
        self.check = QCheckBox(label)
        inner.set_value(first)
        inner.edited.connect(self.edited)
        self.check.clicked.connect(self._clicked)
        self._lay_out(self.check, inner, vertical=True)
        self.set_value(None)

    def _clicked(self) -> None:
        self.inner.setVisible(not self.check.isChecked())
        self.edited.emit()

    def value(self) -> Any:
        """None where checked."""
        return None if self.check.isChecked() else self.inner.value()

    def set_value(self, value: Any) -> None:
        """Show a value or None."""
        if value is not None:
            self.inner.set_value(value)
        self.check.setChecked(value is None)
        self.inner.setVisible(value is not None)
