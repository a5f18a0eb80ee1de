"""The inputs of steps: each takes one value, or several in their order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


def channel_name(name: str) -> str:
    """Name of an input or output as users see it on the wires: ``background`` is "Background".

    The widgets, the .ows files and the workflow runner all take their channel names from here.
    """
    return name.replace("_", " ").capitalize()


@dataclass(frozen=True)
class StepInput:
    """A named input of a step.

    Parameters
    ----------
    name : str
    kind : type
        `Dataset`, `Maps` ...
    optional : bool
        True where the step also runs without it.
    many : bool
        True where it takes several values of that kind, as a tuple.
    """

    name: str
    kind: type
    optional: bool = False
    many: bool = False

    @property
    def channel(self) -> str:
        """Name of the channel in the canvas."""
        return channel_name(self.name)

    @property
    def takes(self) -> str:
        """What is to be given, in words that follow "takes"."""
        return f"several {self.kind.__name__}s" if self.many else f"a {self.kind.__name__}"

    def checked(self, value: Any, step: str) -> Any:
        """A value for the input, several of them as a tuple.

        Parameters
        ----------
        value : object
            What was given; None where nothing was.
        step : str
            Id of the step, for the message.

        Raises
        ------
        TypeError
            If it is of another kind, or needed and not given.
        """
        if value is None or (self.many and isinstance(value, list | tuple) and not value):
            if not self.optional:
                raise TypeError(f"{step} needs the input {self.name!r}: {self.takes}")
            return None
        kind = self.kind.__name__
        if not self.many:
            if not isinstance(value, self.kind):
                raise TypeError(f"{self.name} must be a {kind}, got {type(value).__name__}")
            return value
        if not isinstance(value, list | tuple):
            raise TypeError(f"{self.name} must be a list of {kind}s, got {type(value).__name__}")
        for number, part in enumerate(value, start=1):
            if not isinstance(part, self.kind):
                raise TypeError(f"{self.name} must be a list of {kind}s, number {number} is {type(part).__name__}")
        return tuple(value)


def numbered(name: str, number: int) -> str:
    """Name of one of the values of an input that takes several: ``"datasets 2"``; they are counted from 1."""
    return f"{name} {number}"


def input_name(name: str) -> str:
    """Name of the input behind that of one of its values: ``"datasets"`` for ``"datasets 2"``."""
    return name.partition(" ")[0]


def spread(inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Inputs one by one: ``{"datasets": (a, b)}`` as ``{"datasets 1": a, "datasets 2": b}``; None is left out."""
    found: dict[str, Any] = {}
    for name, value in inputs.items():
        if isinstance(value, tuple):
            found |= {numbered(name, number): part for number, part in enumerate(value, start=1)}
        elif value is not None:
            found[name] = value
    return found


def gathered(values: Mapping[str, Any], inputs: Mapping[str, StepInput]) -> dict[str, Any]:
    """Inputs of a step from what `spread` has made of them."""
    found: dict[str, Any] = {}
    parts: dict[str, dict[int, Any]] = {}
    for key, value in values.items():
        name, _, number = key.partition(" ")
        if name in inputs and inputs[name].many and number.isdecimal():
            parts.setdefault(name, {})[int(number)] = value
        else:
            found[key] = value
    return found | {name: tuple(part for _, part in sorted(several.items())) for name, several in parts.items()}


def empty_input(values: Mapping[str, Any], inputs: Mapping[str, StepInput]) -> str | None:
    """Name of an input that a step needs and that was given None, as by a step that had nothing to give; else None."""
    needed = {name for name, entry in inputs.items() if not entry.optional}
    return next((key for key, value in values.items() if value is None and input_name(key) in needed), None)
