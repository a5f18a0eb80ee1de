"""Editors of what concerns the motors of a scan: which of them, and ranges of their positions."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial
from typing import Any

from AnyQt.QtWidgets import QCheckBox, QGridLayout, QLabel, QLineEdit, QVBoxLayout

from darfix_core.model.dataset import Dataset
from orangecontrib.dfxm.views.parameter_editors import Editor


class MotorsEditor(Editor):
    """Some of the motors, each with a check; none stands for None.

    Parameters
    ----------
    none : str
        What None means.
    """

    def __init__(self, none: str) -> None:
        super().__init__()
        self.checks: dict[str, QCheckBox] = {}
        self._chosen: list[str] = []
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.addWidget(QLabel(f"None checked: {none}", wordWrap=True))

    def set_motors(self, motors: Sequence[str]) -> None:
        """Offer other motors. Those that are chosen and not among them stay, for the step to judge."""
        for check in self.checks.values():
            check.deleteLater()
        self.checks = {}
        self._add(motors)
        self.set_value(self._chosen)

    def _add(self, motors: Sequence[str]) -> None:
        for motor in motors:
            self.checks[motor] = check = QCheckBox(motor)
            check.clicked.connect(partial(self._clicked, motor))
            self._layout.addWidget(check)

    def _clicked(self, motor: str, checked: bool) -> None:
        if checked:
            self._chosen.append(motor)
        else:
            self._chosen.remove(motor)
        self.edited.emit()

    def value(self) -> tuple[str, ...] | None:
        """The motors that are checked, in the order in which they were."""
        return tuple(self._chosen) or None

    def set_value(self, value: Any) -> None:
        """Check motors.

        Raises
        ------
        TypeError
            If they are no texts.
        """
        wanted = list(value or ())
        if isinstance(value, str | dict) or not all(isinstance(motor, str) for motor in wanted):
            raise TypeError(f"motors must be texts, got {value!r}")
        self._chosen = wanted
        self._add([motor for motor in dict.fromkeys(wanted) if motor not in self.checks])
        for motor, check in self.checks.items():
            check.setChecked(motor in wanted)


class PositionRangesEditor(Editor):
    """Lowest and highest position of each motor, as text; an empty field is no limit.

    The fields show in grey where the scan begins and ends.
    """

    def __init__(self) -> None:
        super().__init__()
        self.fields: dict[str, tuple[QLineEdit, QLineEdit]] = {}
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self.set_dataset(None)

    def set_dataset(self, dataset: Dataset | None) -> None:
        """Offer the motors of another scan that move. Those with a limit stay, for the step to judge."""
        ranges = self.value()
        while self._grid.count():
            self._grid.takeAt(0).widget().deleteLater()
        self.fields = {}
        for motor, values in ({} if dataset is None else dataset.positions).items():
            if values.min() < values.max() or motor in (ranges or {}):
                self._add(motor, dataset.unit(motor), (f"{values.min():.6g}", f"{values.max():.6g}"))
        if not self.fields and not ranges:
            self._grid.addWidget(QLabel("No motor moves." if dataset is not None else "No motors yet."), 0, 0)
        self.set_value(ranges)

    def _add(self, motor: str, unit: str = "", ends: tuple[str, str] = ("", "")) -> None:
        row = self._grid.rowCount()
        self._grid.addWidget(QLabel(f"{motor} ({unit})" if unit else motor), row, 0)
        made = QLineEdit(), QLineEdit()
        for column, (field, word, end) in enumerate(zip(made, ("from", "to"), ends, strict=True), start=1):
            field.setPlaceholderText(f"{word} {end}".rstrip())
            field.setMinimumWidth(64)
            field.editingFinished.connect(self._finished)
            self._grid.addWidget(field, row, column)
        self.fields[motor] = made

    def _finished(self) -> None:
        if self.value() != self._shown:
            self._shown = self.value()
            self.edited.emit()

    def value(self) -> dict[str, tuple[Any, Any]] | None:
        """Motor -> limits, None where there is none; text that is no number as it was typed."""
        ranges = {motor: (_limit(low.text()), _limit(high.text())) for motor, (low, high) in self.fields.items()}
        return {motor: limits for motor, limits in ranges.items() if limits != (None, None)} or None

    def set_value(self, value: Any) -> None:
        """Show ranges.

        Raises
        ------
        TypeError, ValueError
            If they are none.
        """
        texts = {motor: tuple(map(_text, limits)) for motor, limits in dict(value or {}).items()}
        if any(not isinstance(motor, str) or len(limits) != 2 for motor, limits in texts.items()):
            raise ValueError(f"ranges must be two limits for each motor, got {value!r}")
        for motor in texts:
            if motor not in self.fields:
                self._add(motor)
        for motor, fields in self.fields.items():
            for field, text in zip(fields, texts.get(motor, ("", "")), strict=True):
                field.setText(text)
        self._shown = self.value()


def _limit(text: str) -> float | str | None:
    text = text.strip()
    if not text:
        return None
    try:
        number = float(text)
    except ValueError:
        return text
    return number if math.isfinite(number) else text


def _text(limit: Any) -> str:
    return "" if limit is None else limit if isinstance(limit, str) else f"{limit:.12g}"
