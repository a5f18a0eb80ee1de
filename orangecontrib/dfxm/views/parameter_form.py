"""The form of a step: one row a parameter, made from the parameters that the step declares."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, get_args, get_origin

from AnyQt.QtCore import pyqtSignal as Signal
from AnyQt.QtWidgets import QFormLayout, QLabel, QWidget

from darfix_core.engine.parameters import Parameter, split_annotation, union_members
from orangecontrib.dfxm.views.parameter_editors import (
    BoolEditor,
    ChoiceEditor,
    Editor,
    FloatEditor,
    IntEditor,
    OptionalEditor,
    SequenceEditor,
    TextEditor,
    TupleEditor,
)

_NONE_MEANS = re.compile(r"\bNone: (.+?)(?:;|\.\s|\.?$)")
_LONGEST_CHECK = 30


def parameter_label(name: str) -> str:
    """Name of a parameter as people write it: ``min_intensity`` becomes ``"Min intensity"``."""
    text = name.replace("_", " ")
    return text[:1].upper() + text[1:]


def meaning_of_none(parameter: Parameter) -> str:
    """What None stands for, from the description ("None: up to the end of the frame"), if that is short."""
    match = _NONE_MEANS.search(parameter.description)
    text = " ".join(match[1].split()) if match else ""
    return f"default: {text}" if 0 < len(text) <= _LONGEST_CHECK else "default"


def value_text(parameter: Parameter, value: Any) -> str:
    """Value of a parameter for people, with its unit."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value is None:
        return meaning_of_none(parameter)
    text = ", ".join(map(_entry_text, value)) if isinstance(value, tuple | list) else str(value)
    return f"{text} {parameter.unit}".rstrip()


def operation_text(operation: Mapping[str, Any]) -> str:
    """Operation of a list as people write it: its type, and its other entries in brackets."""
    others = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in operation.items() if name != "type")
    return f"{operation.get('type')} ({others})" if others else str(operation.get("type"))


def _entry_text(entry: Any) -> str:
    return operation_text(entry) if isinstance(entry, Mapping) else str(entry)


def make_editor(parameter: Parameter) -> Editor:
    """Editor that fits the type of a parameter.

    Raises
    ------
    TypeError
        If there is none; the widget then has to bring its own.
    """
    members = union_members(parameter.annotation)
    optional = type(None) in members
    kinds = [member for member in members if member is not type(None)]
    if parameter.choices:
        return ChoiceEditor(parameter.choices)
    if kinds == [str]:
        return TextEditor(optional=optional, placeholder=meaning_of_none(parameter) if optional else "")
    inner, first = _plain_editor(kinds, parameter)
    return OptionalEditor(inner, meaning_of_none(parameter), first) if optional else inner


def _plain_editor(kinds: list[Any], parameter: Parameter) -> tuple[Editor, Any]:
    """Editor of a type that is not optional, with a first value to show."""
    if kinds == [bool]:
        return BoolEditor(), False
    if kinds == [int]:
        editor = IntEditor(parameter.unit, parameter.constraints)
        return editor, max(0, editor.spin.minimum())
    if kinds in ([float], [int, float], [float, int]):
        return FloatEditor(parameter.unit), 0.0
    if len(kinds) == 1 and get_origin(kinds[0]) is tuple:
        parts = get_args(kinds[0])
        entry = split_annotation(parts[0])[0]
        if len(parts) == 2 and parts[1] is Ellipsis and entry in (int, float, str):
            return SequenceEditor(entry), ()
        if Ellipsis not in parts:
            made = [_plain_editor([split_annotation(part)[0]], parameter) for part in parts]
            return TupleEditor([editor for editor, _ in made]), tuple(first for _, first in made)
    raise TypeError(f"there is no editor for {parameter.name!r}: {parameter.allowed}")


class ParameterForm(QWidget):
    """One row a parameter, with its unit, and its description as the tool tip.

    Signals
    -------
    edited(str)
        The user has changed the parameter of that name.

    Parameters
    ----------
    parameters : iterable of Parameter
    editors : dict, optional
        Name -> editor, where the one that fits the type does not do.
    """

    edited = Signal(str)

    def __init__(self, parameters: Iterable[Parameter], editors: dict[str, Editor] | None = None) -> None:
        super().__init__()
        self.editors: dict[str, Editor] = {}
        self._tips: dict[str, str] = {}
        layout = QFormLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setFieldGrowthPolicy(QFormLayout.AllNonFixedFieldsGrow)
        layout.setRowWrapPolicy(QFormLayout.WrapLongRows)
        for parameter in parameters:
            editor = (editors or {}).get(parameter.name) or make_editor(parameter)
            label = QLabel(parameter_label(parameter.name))
            tip = f"{parameter.description}\nAllowed: {parameter.allowed}".strip()
            for widget in (label, editor):
                widget.setToolTip(tip)
            editor.edited.connect(lambda name=parameter.name: self.edited.emit(name))
            self.editors[parameter.name], self._tips[parameter.name] = editor, tip
            layout.addRow(label, editor)

    def value(self, name: str) -> Any:
        """Literal that the editor of a parameter shows."""
        return self.editors[name].value()

    def set_value(self, name: str, value: Any) -> None:
        """Show a literal; one that the editor cannot show is left to the step to complain about."""
        try:
            self.editors[name].set_value(value)
            self.editors[name].setToolTip(self._tips[name])
        except (TypeError, ValueError):
            self.editors[name].setToolTip(f"{value!r} cannot be shown here")
