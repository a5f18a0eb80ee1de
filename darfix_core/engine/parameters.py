"""Parameters of steps: read from the signature, checked strictly, the same for every face of a step."""

from __future__ import annotations

import inspect
import os
import types
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import numpy as np
from annotated_types import Ge, Gt, Le, Lt, MultipleOf

from darfix_core.errors import nearest
from darfix_core.units import Unit


@dataclass(frozen=True)
class Check:
    """Constraint that is a function, for what a type cannot say.

    Parameters
    ----------
    function : callable
        ``function(value) -> value``, as the step gets it. It raises TypeError or ValueError for a value that is not
        allowed, and takes what it has given.
    """

    function: Callable[[Any], Any]


@dataclass(frozen=True)
class Parameter:
    """One parameter of a step.

    Parameters
    ----------
    name : str
    annotation : type
        Without the unit and constraints.
    default : object
        `inspect.Parameter.empty` where a value must be given.
    unit : str
        Empty for numbers without one and for other types.
    constraints : tuple
        Objects of annotated_types: Ge, Gt, Le, Lt ...; and `Check`.
    description : str
        From the docstring of the step.
    """

    name: str
    annotation: Any
    default: Any
    unit: str = ""
    constraints: tuple[Any, ...] = ()
    description: str = ""

    @property
    def required(self) -> bool:
        """True where there is no default."""
        return self.default is inspect.Parameter.empty

    @property
    def choices(self) -> tuple[Any, ...]:
        """Values of a Literal (None among them where allowed); empty for other types."""
        if get_origin(self.annotation) is Literal:
            return get_args(self.annotation)
        found: list[Any] = []
        for member in union_members(self.annotation):
            if get_origin(member) is Literal:
                found.extend(get_args(member))
        if found and type(None) in union_members(self.annotation):
            found.append(None)
        return tuple(found)

    @property
    def allowed(self) -> str:
        """What may be given, in words."""
        text = describe_type(self.annotation)
        limits = [
            f"{word} {getattr(constraint, attribute)}"
            for constraint in self.constraints
            for kind, attribute, word in (
                (Ge, "ge", "of at least"),
                (Gt, "gt", "greater than"),
                (Le, "le", "of at most"),
                (Lt, "lt", "less than"),
                (MultipleOf, "multiple_of", "that is a multiple of"),
            )
            if isinstance(constraint, kind)
        ]
        optional = text.endswith(" or None")
        text = text.removesuffix(" or None") + (" " + " and ".join(limits) if limits else "")
        return text + (" or None" if optional else "")


def union_members(annotation: Any) -> tuple[Any, ...]:
    """Members of a union; a type that is none is its own single member."""
    return get_args(annotation) if get_origin(annotation) in (Union, types.UnionType) else (annotation,)


_WORDS = {
    int: "an integer",
    float: "a number",
    bool: "True or False",
    str: "a string",
    type(None): "None",
    dict: "a dict",
}


def describe_type(annotation: Any) -> str:
    """Type of a parameter in words: ``"an integer"``, ``"one of 'median', 'mean'"`` ..."""
    members = union_members(annotation)
    if len(members) > 1:
        ordered = sorted(members, key=lambda member: member is type(None))
        return " or ".join(describe_type(member) for member in ordered)
    if get_origin(annotation) is Literal:
        return "one of " + ", ".join(repr(value) for value in get_args(annotation))
    if get_origin(annotation) is Annotated:
        return describe_type(get_args(annotation)[0])
    if get_origin(annotation) is tuple:
        parts = get_args(annotation)
        if len(parts) == 2 and parts[1] is Ellipsis:
            return f"a sequence, each entry {describe_type(parts[0])}"
        return f"a sequence of {len(parts)}: " + ", ".join(describe_type(part) for part in parts)
    if get_origin(annotation) is dict:
        return "a dict"
    return _WORDS.get(annotation, getattr(annotation, "__name__", str(annotation)))


def split_annotation(annotation: Any) -> tuple[Any, str, tuple[Any, ...]]:
    """Type, unit and constraints of an annotation."""
    if get_origin(annotation) is not Annotated:
        return annotation, "", ()
    kind, *extras = get_args(annotation)
    unit = next((extra.symbol for extra in extras if isinstance(extra, Unit)), "")
    return kind, unit, tuple(extra for extra in extras if not isinstance(extra, Unit))


def _literal(value: Any) -> Any:
    """Plain literal of what users pass: paths as text, numpy scalars as numbers, lists as tuples."""
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        return _literal(value.tolist())
    if isinstance(value, list | tuple):
        return tuple(_literal(entry) for entry in value)
    if isinstance(value, Mapping):
        return {key: _literal(entry) for key, entry in value.items()}
    return value


class Parameters:
    """The parameters of a step, and their checking.

    Parameters
    ----------
    step : str
        Id of the step, for messages.
    entries : mapping
        Name -> `Parameter`.
    """

    def __init__(self, step: str, entries: Mapping[str, Parameter]) -> None:
        self.step, self.entries = step, dict(entries)

    @cached_property
    def _model(self) -> Any:
        from pydantic import ConfigDict, Field, create_model

        fields: dict[str, Any] = {}
        for parameter in self.entries.values():
            annotation = parameter.annotation
            limits = [constraint for constraint in parameter.constraints if not isinstance(constraint, Check)]
            if limits:
                annotation = _constrained(annotation, limits)
            default = ... if parameter.required else parameter.default
            fields[parameter.name] = (annotation, Field(default))
        config = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False, protected_namespaces=())
        return create_model(f"{self.step}_parameters", __config__=config, **fields)

    def validate(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """All parameters with their values, defaults filled in.

        Parameters
        ----------
        given : mapping
            Name -> value.

        Returns
        -------
        dict
            Literals only: str, int, float, bool, None, tuple, dict.

        Raises
        ------
        TypeError
            If a parameter is unknown, missing or of the wrong kind.
        ValueError
            If a value is not allowed.
        """
        from pydantic import ValidationError

        for name in given:
            if name not in self.entries:
                raise TypeError(f"{self.step} has no parameter {name!r}{nearest(name, list(self.entries))}")
        literals = {name: _literal(value) for name, value in given.items()}
        try:
            model = self._model(**literals)
        except ValidationError as error:
            raise self._explained(error, literals) from None
        return {name: _checked(parameter, getattr(model, name)) for name, parameter in self.entries.items()}

    def _explained(self, error: Any, given: Mapping[str, Any]) -> Exception:
        """TypeError or ValueError that names the parameter, what is allowed and what it got."""
        first = error.errors(include_url=False)[0]
        name = str(first["loc"][0])
        parameter = self.entries[name]
        if first["type"] == "missing" and len(first["loc"]) == 1:
            return TypeError(f"{self.step} needs the parameter {name!r}: {parameter.allowed}")
        message = f"{name} must be {parameter.allowed}, got {given.get(name)!r}"
        inside = [str(part) for part in first["loc"][1:] if isinstance(part, int) or given.get(name) is not None]
        if isinstance(given.get(name), tuple | dict) and inside:
            message += f" ({'.'.join(inside)}: {first['msg'].lower()})"
        kinds = {entry["type"] for entry in error.errors(include_url=False) if entry["loc"][0] == name}
        wrong_kind = all(kind.endswith(("_type", "_parsing")) or kind == "is_instance_of" for kind in kinds)
        return TypeError(message) if wrong_kind else ValueError(message)


def _checked(parameter: Parameter, value: Any) -> Any:
    for constraint in parameter.constraints:
        if isinstance(constraint, Check):
            value = constraint.function(value)
    return value


def _constrained(annotation: Any, constraints: Sequence[Any]) -> Any:
    """Constraints put on the members of a union that are not None, as pydantic wants them."""
    members = union_members(annotation)
    if len(members) == 1:
        return Annotated[annotation, *constraints]
    parts = [m if m is type(None) else Annotated[m, *constraints] for m in members]
    return Union[tuple(parts)]  # noqa: UP007  (made at run time)
