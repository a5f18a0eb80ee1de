"""Whether a result that was made again is the one that was stored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from darfix_core.engine.cutting import BlockSizes, frame_ranges
from darfix_core.engine.execution import current_execution
from darfix_core.engine.pool import run_in_order
from darfix_core.model.arrays import AnyArray
from darfix_core.model.dataset import Dataset
from darfix_core.model.maps import Maps


@dataclass(frozen=True)
class Difference:
    """How far two arrays of one name differ.

    Parameters
    ----------
    name : str
        Of the map; or ``"frames"``, ``"positions of mu"`` ... of a dataset.
    identical : bool
    largest : float
        Largest difference of two values, in the unit of the array.
    relative : float
        The same, divided by the largest magnitude that was stored.
    n_undefined : int
        Values that are undefined (NaN) in one of the two only.
    problem : str
        Why the two cannot be compared; empty where they can.
    """

    name: str
    identical: bool
    largest: float = 0.0
    relative: float = 0.0
    n_undefined: int = 0
    problem: str = ""


def compare(stored: Dataset | Maps, again: Dataset | Maps) -> list[Difference]:
    """Differences of all maps; or of the frames, the positions of the motors and the scan grid.

    Parameters
    ----------
    stored, again : Dataset or Maps
        Both of one kind.

    Returns
    -------
    list of Difference
        One a map, or part of the dataset, in their order.

    Raises
    ------
    TypeError
        If they are not of one kind.
    Cancelled
        If the computation was cancelled.
    """
    if isinstance(stored, Maps) and isinstance(again, Maps):
        return _of_named(stored, again)
    if isinstance(stored, Dataset) and isinstance(again, Dataset):
        return [_of_frames(stored, again), *_of_named(_arrays(stored), _arrays(again))]
    raise TypeError(f"both must be a Dataset, or Maps, got {type(stored).__name__} and {type(again).__name__}")


def _arrays(dataset: Dataset) -> dict[str, AnyArray]:
    """What belongs to each frame, or to the scan grid."""
    arrays = {f"positions of {name}": values for name, values in dataset.positions.items()}
    arrays |= {f"dimension {entry.name}": entry.values for entry in dataset.dimensions}
    return arrays if dataset.grid_index is None else arrays | {"place in the scan grid": dataset.grid_index}


def _of_named(stored: Mapping[str, AnyArray], again: Mapping[str, AnyArray]) -> list[Difference]:
    differences: list[Difference] = []
    for name in dict.fromkeys((*stored, *again)):
        if name in stored and name in again:
            parts = [_of_arrays(stored[name], again[name])]
            differences.append(_summary(name, stored[name].shape, again[name].shape, parts))
        else:
            where = "what is stored" if name in again else "what is new"
            differences.append(Difference(name, False, problem=f"is not among {where}"))
    return differences


def _of_frames(stored: Dataset, again: Dataset) -> Difference:
    """Both stacks read once, block by block."""
    if stored.frames.shape != again.frames.shape:
        return _summary("frames", stored.frames.shape, again.frames.shape, [])
    run, parts = current_execution(), []
    spans = frame_ranges(stored.frames, run.memory // (8 * run.threads), BlockSizes())

    def work(part: slice) -> tuple[slice, _Part]:
        return part, _of_arrays(stored.frames.read(part), again.frames.read(part))

    for span, part in run_in_order(work, spans, run):
        parts.append(part)
        run.report(span.stop / stored.n_frames, "comparing")
    return _summary("frames", stored.frames.shape, again.frames.shape, parts)


@dataclass(frozen=True)
class _Part:
    largest: float
    magnitude: float
    n_undefined: int


def _of_arrays(old: AnyArray, new: AnyArray) -> _Part:
    """Largest difference of two arrays of one shape, and the largest magnitude of the old one."""
    magnitude = float(np.fmax.reduce(np.abs(old, dtype=np.float64), axis=None, initial=0.0))
    if old.shape != new.shape or np.array_equal(old, new):
        return _Part(0.0, magnitude, 0)
    first, second = old.astype(np.float64), new.astype(np.float64)
    n_undefined = int(np.count_nonzero(np.isnan(first) != np.isnan(second)))
    unequal = first != second  # so that infinities of one sign do not count
    largest = float(np.fmax.reduce(np.abs(first[unequal] - second[unequal]), axis=None, initial=0.0))
    return _Part(largest, magnitude, n_undefined)


def _summary(name: str, old: tuple[int, ...], new: tuple[int, ...], parts: list[_Part]) -> Difference:
    if old != new:
        return Difference(name, False, problem=f"has the shape {new}, stored is {old}")
    largest = max((part.largest for part in parts), default=0.0)
    magnitude = max((part.magnitude for part in parts), default=0.0)
    undefined = sum(part.n_undefined for part in parts)
    relative = largest / magnitude if magnitude else largest
    return Difference(name, largest == 0 and not undefined, largest, relative, undefined)
