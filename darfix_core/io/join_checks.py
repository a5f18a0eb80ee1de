"""Whether scans fit together, to be joined."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import numpy as np

from darfix_core.engine.execution import current_execution
from darfix_core.errors import DataFileError
from darfix_core.model.arrays import BoolArray
from darfix_core.model.dataset import Dataset
from darfix_core.model.frames import Frames


def check_alike(parts: Mapping[str, Dataset]) -> None:
    """All parts are scans of the same kind.

    Raises
    ------
    DataFileError
        If not; the message names two parts and in what they differ.
    """
    (name, first), *others = parts.items()
    for label, other in others:
        for what, mine, theirs in _compared(first, other):
            if mine != theirs:
                raise not_joined(name, label, f"{what}: {mine} and {theirs}", other)


def _compared(first: Dataset, other: Dataset) -> Iterator[tuple[str, str, str]]:
    """What must be equal in two parts: in words, and as it is in each."""

    def both(what: str, tell: Callable[[Dataset], str]) -> tuple[str, str, str]:
        return what, tell(first), tell(other)

    yield both("the shape of their frames", lambda one: f"{one.frame_shape[0]} x {one.frame_shape[1]} px")
    yield both("the type of their counts", lambda one: str(one.frames.dtype))
    yield both("their detector", lambda one: str(one.metadata.get("detector", "no name")))
    yield both("the motors that were recorded with each frame", _motors)
    for motor in first.positions:
        yield f"the unit of {motor}", first.unit(motor) or "no unit", other.unit(motor) or "no unit"
    yield both("the size of their pixels", lambda one: str(one.metadata.get("detector_pixel_size", "unknown")))


def _motors(dataset: Dataset) -> str:
    return ", ".join(sorted(dataset.positions)) or "none"


def check_pixels(parts: Mapping[str, Dataset]) -> None:
    """The pixels are the same in all parts, and treated alike.

    Raises
    ------
    DataFileError
        If not; the message names two parts and in what they differ.
    """
    check_place(parts)
    _check_equal(
        parts,
        {
            "their mask": lambda one, other: _same_mask(one.mask, other.mask),
            "their dark frames": lambda one, other: same_frames(one.dark, other.dark),
            "the noise of the detector": lambda one, other: one.noise == other.noise,
        },
    )


def check_place(parts: Mapping[str, Dataset]) -> None:
    """The pixels are the same in all parts.

    Raises
    ------
    DataFileError
        If not; the message names two parts and in what they differ.
    """
    _check_equal(
        parts,
        {
            "their place on the detector": lambda one, other: one.origin == other.origin,
            "the size of their pixels": lambda one, other: one.pixel_size == other.pixel_size,
            "their orientation": lambda one, other: one.orientation == other.orientation,
        },
    )


def _check_equal(parts: Mapping[str, Dataset], equal: Mapping[str, Callable[[Dataset, Dataset], bool]]) -> None:
    """All parts are like the first one, in what is named."""
    (name, first), *others = parts.items()
    for label, other in others:
        for what, is_equal in equal.items():
            if not is_equal(first, other):
                raise not_joined(name, label, what, other)


def _same_mask(mine: BoolArray | None, theirs: BoolArray | None) -> bool:
    if mine is None or theirs is None:
        return mine is theirs
    return np.array_equal(mine, theirs)


def same_frames(mine: Frames | None, theirs: Frames | None) -> bool:
    """True for dark frames that are the same; they are read one by one."""
    if mine is None or theirs is None:
        return mine is theirs
    run = current_execution()
    if mine.shape != theirs.shape or mine.dtype != theirs.dtype:
        return False
    for number in range(len(mine)):
        run.check_cancelled()
        if not np.array_equal(mine[number], theirs[number]):
            return False
    return True


def not_joined(name: str, label: str, what: str, other: Dataset) -> DataFileError:
    """Error that names two scans, in what they differ, and the file of the `other` one."""
    file = next((source.path for source in other.frames.source.files), label)
    return DataFileError(f"the scans {name} and {label} cannot be joined, they differ in {what}", file=file)
