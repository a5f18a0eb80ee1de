"""Noise removal: several operations on the frames, one after the other."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from darfix_core.engine.execution import check_cancelled, collect_warnings, current_execution, part_of_progress, warn
from darfix_core.engine.file_parameters import named_files
from darfix_core.engine.parameters import Check
from darfix_core.engine.registry import get_step, step
from darfix_core.errors import Cancelled, DarfixError, nearest
from darfix_core.model.dataset import Dataset
from darfix_core.model.mask import Mask

#: Ids of the steps that are operations.
OPERATIONS = (
    "subtract_background",
    "subtract_dark",
    "divide_flat",
    "remove_hot_pixels",
    "threshold",
    "gradient_threshold",
    "apply_mask",
)
_MOST_REMEMBERED = 16  # results, each with an image or two

_Value = str | int | float | bool | None
#: A step of `OPERATIONS` by its "type", with its parameters, and "enabled".
Operation = dict[str, _Value | tuple[_Value, ...]]


def _where(number: int, type: str) -> str:
    """Which operation a message is about."""
    return f"operations, number {number} ({type})"


def complete_operations(operations: Sequence[Mapping[str, Any]]) -> tuple[Operation, ...]:
    """Operations with all their parameters.

    Parameters
    ----------
    operations : sequence of mapping
        See `noise_removal`.

    Returns
    -------
    tuple of dict
        The same with "enabled" and the defaults of the parameters that were not given.

    Raises
    ------
    TypeError
        If there is no "type", or a parameter is unknown or of the wrong kind.
    ValueError
        If the type is unknown or a value is not allowed.
    """
    return tuple(_complete(number, operation) for number, operation in enumerate(operations, start=1))


def _complete(number: int, operation: Mapping[str, Any]) -> Operation:
    given = dict(operation)
    if "type" not in given:
        raise TypeError(f"operations, number {number}, needs a 'type': one of {', '.join(OPERATIONS)}")
    type = str(given.pop("type"))
    if type not in OPERATIONS:
        raise ValueError(f"operations, number {number}: there is no type {type!r}{nearest(type, OPERATIONS)}")
    enabled = given.pop("enabled", True)
    if not isinstance(enabled, bool):
        raise TypeError(f"{_where(number, type)}: enabled must be True or False, got {enabled!r}")
    try:
        return {"type": type, "enabled": enabled, **get_step(type).parameters.validate(given)}
    except (TypeError, ValueError) as error:
        raise _named(error, number, type) from None


def _named(error: Exception, number: int, type: str) -> Exception:
    """The same error, which names the operation."""
    kind = ValueError if isinstance(error, ValueError) else TypeError if isinstance(error, TypeError) else DarfixError
    return kind(f"{_where(number, type)}: {error}")


@step(
    "noise_removal",
    version=1,
    title="Noise Removal",
    widget="orangecontrib.dfxm.widgets.ownoiseremoval.OWNoiseRemoval",
    file_parameters=("operations",),
)
def noise_removal(
    dataset: Dataset,
    background: Dataset | None = None,
    dark: Dataset | None = None,
    flat: Dataset | None = None,
    mask: Mask | None = None,
    *,
    operations: Annotated[tuple[Operation, ...], Check(complete_operations)] = ({"type": "subtract_background"},),
) -> Dataset:
    """Clean the frames by several operations, one after the other. Each of them is the step of that name.

    The counts are those that the steps give when they are run in the same order. What needs the whole scan, such as
    the median background, is computed at once; the frames themselves are changed when they are read.

    Parameters
    ----------
    dataset : Dataset
        Any scan.
    background : Dataset, optional
        For subtract_background with ``source="dataset"``.
    dark : Dataset, optional
        For subtract_dark.
    flat : Dataset, optional
        For divide_flat.
    mask : Mask, optional
        For apply_mask.
    operations : sequence of dict
        In the order in which they are done. Each has a "type", the id of a step (subtract_background, subtract_dark,
        divide_flat, remove_hot_pixels, threshold, gradient_threshold or apply_mask), parameters of that step, and
        "enabled", False for one that is left out.

    Returns
    -------
    Dataset
        The scan with cleaned frames.

    Raises
    ------
    TypeError, ValueError
        If an operation is unknown, or takes no such parameters; the message names it by its number, counted from 1.
    DarfixError
        If an operation cannot be done.
    """
    return OperationChain()(dataset, operations=operations, background=background, dark=dark, flat=flat, mask=mask)


class OperationChain:
    """Runs operations and remembers what the last ones gave: who changes one does not wait for those before it.

    Results are remembered for the inputs of the last call only. They are lazy: of each only the images are held that
    its operation needs.
    """

    def __init__(self) -> None:
        self._inputs: dict[str, Any] = {}
        self._remembered: dict[tuple[str, ...], tuple[Dataset, list[str]]] = {}

    def __call__(
        self, dataset: Dataset, *, operations: Sequence[Operation], **further: Dataset | Mask | None
    ) -> Dataset:
        """What `noise_removal` does.

        Parameters
        ----------
        dataset : Dataset
        operations : sequence of dict
            With all their parameters: see `complete_operations`.
        **further : Dataset, Mask or None
            The other inputs, by name.

        Returns
        -------
        Dataset
        """
        inputs = {"dataset": dataset, **further}
        if any(inputs[name] is not self._inputs.get(name) for name in inputs):
            # A new dict: a call that was cancelled may still be writing to the old one.
            self._inputs, self._remembered = inputs, {}
        remembered, result = self._remembered, dataset
        key: tuple[str, ...] = ()
        chosen = [(number, entry) for number, entry in enumerate(operations, start=1) if entry["enabled"]]
        _warn_of_unused(inputs, operations)
        for done, (number, operation) in enumerate(chosen):
            # A mask file may have been written anew under the same name.
            key = (*key, f"{json.dumps(operation, sort_keys=True)} {named_files([operation])}")
            # Taken out and put in again: the dict is kept in the order of use.
            found = remembered.pop(key, None)
            if found is None:
                with part_of_progress(done / len(chosen), (done + 1) / len(chosen)):
                    found = _run({**inputs, "dataset": result}, number, operation)
            remembered[key] = found
            result, messages = found
            for message in messages:
                warn(f"{_where(number, str(operation['type']))}: {message}")
        for old in list(remembered)[:-_MOST_REMEMBERED]:
            remembered.pop(old, None)
        return result


def _warn_of_unused(inputs: Mapping[str, Any], operations: Sequence[Operation]) -> None:
    """Warn of inputs that no operation takes; those that are left out for a moment count."""
    used = {name for operation in operations for name in get_step(str(operation["type"])).inputs}
    for name, value in inputs.items():
        if name != "dataset" and value is not None and name not in used:
            warn(f"no operation uses the input {name}")


def _run(inputs: Mapping[str, Any], number: int, operation: Operation) -> tuple[Dataset, list[str]]:
    """Result of an operation, and what it warned of."""
    check_cancelled()
    type = str(operation["type"])
    parameters = {name: value for name, value in operation.items() if name not in ("type", "enabled")}
    found = get_step(type)
    try:
        given = {name: declared.checked(inputs.get(name), type) for name, declared in found.inputs.items()}
        with collect_warnings() as messages:
            result = found.function(**given, **parameters)
    except Cancelled:
        raise
    except (DarfixError, ValueError, TypeError) as error:
        raise _named(error, number, type) from error
    current_execution().report(1.0, found.title.lower())
    return result, messages
