"""Concatenation: several scans as one, with a further dimension."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence

import numpy as np

from darfix_core.engine.execution import warn
from darfix_core.engine.registry import step
from darfix_core.errors import DataFileError, nearest
from darfix_core.io.join import part_labels
from darfix_core.io.join_checks import check_alike, check_place, same_frames
from darfix_core.io.joined_dataset import joined_dataset, read_back_noise
from darfix_core.model.arrays import BoolArray, FloatArray
from darfix_core.model.dataset import Dataset
from darfix_core.model.dimension import Dimension
from darfix_core.model.frames import Frames
from darfix_core.model.joined_source import SCAN_NUMBER
from darfix_core.model.noise import NoiseModel
from darfix_core.steps.motor_levels import TOLERANCE
from darfix_core.units import motor_unit


@step(
    "concatenate",
    version=1,
    title="Concatenate",
    widget="orangecontrib.dfxm.widgets.owconcatenate.OWConcatenate",
)
def concatenate(
    datasets: tuple[Dataset, ...], *, along: str | None = None, values: tuple[float, ...] | None = None
) -> Dataset:
    """Put scans of the same kind one after the other, with a further dimension such as height or energy.

    The frames stay where they are, with what was done to them; nothing is read or copied. Where all scans have the same
    dimensions, those of the whole are defined at once: what tells the scans apart is the slowest. The mask of the whole
    has the masked pixels of all scans.

    Parameters
    ----------
    datasets : tuple of Dataset
        At least two, in their order.
    along : str or None
        Motor that tells the scans apart, such as ``"samz"``; None: the one that was moved. Where none was moved between
        them, the scans are numbered, as ``"scan"``.
    values : tuple of float or None
        Where that motor stood in each scan, in its unit; None: where it was recorded.

    Returns
    -------
    Dataset
        All frames. Dark frames and the noise of the detector are kept where they are the same in all scans.

    Raises
    ------
    ValueError
        If there are fewer than two scans; if `values` are not one number for each scan; if it is not known where the
        motor of `along` stood, it moves within a scan, or it stood at one place in two of them; if scans that are
        numbered already are to be numbered again.
    DataFileError
        If the scans differ in the shape or type of their frames, their place on the detector, in detector, motors or
        units; the message names two of them.
    """
    if len(datasets) < 2:
        raise ValueError(f"datasets must be at least two, got {len(datasets)}")
    if along is None and values is not None:
        raise ValueError("along must name the motor that values belong to, got None")
    parts = _labelled(datasets)
    check_alike(parts)
    check_place(parts)
    if along is None and any(SCAN_NUMBER in one.positions for one in datasets):
        raise ValueError(f"along must be given for scans that are numbered by {SCAN_NUMBER!r} already, got None")
    first = datasets[0]
    joined = joined_dataset(
        parts,
        along=None if along is None else (along, _places(parts, along, values)),
        mask=_common_mask(datasets),
        dark=_common_dark(datasets),
        noise=_common_noise(datasets),
        pixel_size=first.pixel_size,
        origin=first.origin,
        orientation=first.orientation,
    )
    return _with_dimensions(joined, datasets)


def _labelled(datasets: Sequence[Dataset]) -> dict[str, Dataset]:
    """What to call each scan in messages: file and scan where they tell them apart, else a number."""
    places = [(str(one.metadata.get("file", "")), one.metadata.get("scan")) for one in datasets]
    try:
        labels = part_labels(places) if all(file for file, _ in places) else []
    except DataFileError:
        # Two parts of one scan.
        labels = []
    return dict(zip(labels or [f"dataset {number}" for number in range(1, len(datasets) + 1)], datasets, strict=True))


def _places(parts: Mapping[str, Dataset], along: str, values: Sequence[float] | None) -> FloatArray:
    """Where a motor stood in each scan, shape (number of scans,)."""
    for label, dataset in parts.items():
        if along in dataset.positions and np.ptp(dataset.positions[along]) > _noise(dataset, along):
            raise ValueError(f"along must be a motor that stands still in each scan, {along} moves in {label}")
    if values is not None and len(values) != len(parts):
        raise ValueError(f"values must hold a number for each of the {len(parts)} scans, got {len(values)}")
    places = np.array([_place(label, one, along) for label, one in parts.items()] if values is None else values)
    same = _noise(next(iter(parts.values())), along) if values is None else 0.0
    order = np.argsort(places, kind="stable")
    close = np.flatnonzero(np.diff(places[order]) <= same)
    if close.size:
        labels = list(parts)
        one, other = sorted(order[close[0] : close[0] + 2])
        raise ValueError(
            f"along must be a motor that stood elsewhere in each scan, {along} is {places[one]:.6g} in {labels[one]} "
            f"and {places[other]:.6g} in {labels[other]}; give other values"
        )
    return places.astype(np.float64)


def _noise(dataset: Dataset, motor: str) -> float:
    return read_back_noise(dataset.unit(motor) or motor_unit(motor))


def _place(label: str, dataset: Dataset, along: str) -> float:
    """Where a motor stood in a scan."""
    if along in dataset.positions:
        return float(np.median(dataset.positions[along]))
    motors = dataset.metadata.get("motors", {})
    if not isinstance(motors.get(along), int | float):
        raise ValueError(
            f"along must be a motor whose place is known, or its values must be given: {label} has no {along!r}"
            f"{nearest(along, [*dataset.positions, *motors])}"
        )
    return float(motors[along])


def _common_mask(datasets: Sequence[Dataset]) -> BoolArray | None:
    """Pixels that are masked in any of the scans."""
    masks = [one.mask for one in datasets if one.mask is not None]
    return np.logical_or.reduce(masks) if masks else None


def _common_dark(datasets: Sequence[Dataset]) -> Frames | None:
    first = datasets[0].dark
    if all(same_frames(first, one.dark) for one in datasets[1:]):
        return first
    warn("the dark frames of the scans differ and are left out")
    return None


def _common_noise(datasets: Sequence[Dataset]) -> NoiseModel | None:
    first = datasets[0].noise
    if all(first == one.noise for one in datasets[1:]):
        return first
    warn("the noise of the detector differs between the scans, as behind a background of each, and is left out")
    return None


def _with_dimensions(joined: Dataset, datasets: Sequence[Dataset]) -> Dataset:
    """The whole with the dimensions that all scans have, behind the one that tells them apart."""
    if not any(one.dimensions for one in datasets):
        return joined
    for one in datasets[1:]:
        if not _same_dimensions(datasets[0].dimensions, one.dimensions):
            warn(
                f"the dimensions of the scans differ, {_listed(datasets[0])} and {_listed(one)}: those of the whole "
                "are not defined"
            )
            return joined
    name, *together = joined.metadata["joined_along"]
    bounds = np.cumsum([0, *(one.n_frames for one in datasets)])
    places = np.array([np.median(joined.positions[name][start:stop]) for start, stop in itertools.pairwise(bounds)])
    if np.unique(places).size < len(places):
        warn(f"{name} stood at one place in several scans: the dimensions of the whole are not defined")
        return joined
    # Scans that were not measured in order: the grid runs up, and the frames stay where they are.
    ordered = places if np.all(np.diff(places) < 0) else np.sort(places)
    fast = datasets[0].dimensions
    size = math.prod(dimension.size for dimension in fast)
    index = [
        np.asarray(one.grid_index) + size * np.flatnonzero(ordered == place)
        for one, place in zip(datasets, places, strict=True)
    ]
    slow = Dimension(name, ordered, joined.unit(name), tuple(together))
    return joined.replace(dimensions=(slow, *fast), grid_index=np.concatenate(index))


def _same_dimensions(mine: Sequence[Dimension], theirs: Sequence[Dimension]) -> bool:
    """True for the same motors with the same positions, as far as read-backs tell."""
    if [(one.name, one.size) for one in mine] != [(one.name, one.size) for one in theirs]:
        return False
    return all(
        np.allclose(one.values, other.values, rtol=1e-6, atol=TOLERANCE * abs(one.step) if one.size > 1 else 0.0)
        for one, other in zip(mine, theirs, strict=True)
    )


def _listed(dataset: Dataset) -> str:
    return " x ".join(f"{entry.name} ({entry.size})" for entry in dataset.dimensions) or "none"
