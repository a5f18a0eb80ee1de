"""Dimensions of a scan: found from the positions, or stated."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import numpy as np
from annotated_types import Gt, Le

from darfix_core.engine.execution import warn
from darfix_core.engine.registry import step
from darfix_core.errors import DimensionError, nearest
from darfix_core.model.arrays import FloatArray, IntArray
from darfix_core.model.dataset import Dataset
from darfix_core.model.dimension import Dimension
from darfix_core.steps.motor_levels import TOLERANCE
from darfix_core.steps.scan_grid import find_dimensions
from darfix_core.units import Unit, motor_unit

_KEYS = ("name", "size", "start", "stop")


@step(
    "define_dimensions",
    version=1,
    title="Dimension Definition",
    widget="orangecontrib.dfxm.widgets.owdimensions.OWDimensions",
)
def define_dimensions(
    dataset: Dataset,
    *,
    dimensions: tuple[dict[str, float | int | str], ...] | None = None,
    tolerance: Annotated[float | None, Gt(0), Le(0.5), Unit("step")] = None,
    assign: Literal["positions", "order"] = "positions",
    snake: bool = False,
) -> Dataset:
    """Find or state the dimensions of a scan, and where each frame sits in its grid.

    Parameters
    ----------
    dataset : Dataset
        Any scan.
    dimensions : tuple of dict or None
        Slow to fast, each with name (the motor), size (number of positions), start and stop (first and last
        position, in the unit of the motor); None: found from the positions of the motors.
    tolerance : float or None, fraction of a step
        How far a read-back may deviate from its position; None: 0.3. At most 0.4 where dimensions are found.
    assign : {"positions", "order"}
        Only with stated dimensions. By positions: each frame goes to the position that is nearest to its
        read-back. By order: the first frame is the first point, and so on, the last dimension running fastest.
    snake : bool
        Only by order: every second line runs backwards.

    Returns
    -------
    Dataset
        With `dimensions` and `grid_index`. Points without a frame are missing; points with several are averaged
        by the steps that follow. By order, motors that have no positions get the stated ones.

    Raises
    ------
    TypeError, ValueError
        If a stated dimension is incomplete or not possible, or `assign` and `snake` are given without need.
    DimensionError
        If no dimensions are found, or the frames do not fit the stated ones; the message says by how much.
    AmbiguousDimensionsError
        If several grids fit; the message lists them.
    """
    if dimensions is None:
        if assign == "order" or snake:
            raise ValueError("assign='order' and snake need stated dimensions, got dimensions=None")
        return _found(dataset, tolerance)
    axes = stated_axes(dimensions)
    stated = tuple(axis.dimension(_unit(dataset, axis.name)) for axis in axes)
    limit = TOLERANCE if tolerance is None else tolerance
    if assign == "order":
        return _by_order(dataset, stated, snake, limit)
    if snake:
        raise ValueError("snake needs assign='order', got assign='positions': read-backs tell where a frame sits")
    return _by_positions(dataset, stated, limit)


def _unit(dataset: Dataset, motor: str) -> str:
    return dataset.unit(motor) or motor_unit(motor)


def _found(dataset: Dataset, tolerance: float | None) -> Dataset:
    """Dataset with the dimensions that its positions show."""
    if not dataset.positions:
        raise DimensionError(
            "The scan has no motor positions to find dimensions from. Load it with a table of them "
            '(positions="motors.csv", on the command line --positions motors.csv), or define the dimensions by hand, '
            'with assign="order" where the order of the frames gives their places.'
        )
    parameters = dataset.metadata.get("scan_parameters")
    grid = find_dimensions(
        dataset.positions,
        {name: _unit(dataset, name) for name in dataset.positions},
        dataset.title,
        parameters if isinstance(parameters, Mapping) else None,
        tolerance,
    )
    for message in grid.warnings:
        warn(message)
    return dataset.replace(dimensions=grid.dimensions, grid_index=grid.grid_index)


# --- stated dimensions ---


@dataclass(frozen=True)
class StatedAxis:
    """A dimension as the user states it.

    Parameters
    ----------
    name : str
        The motor.
    size : int
        Number of positions, at least 2.
    start, stop : float
        First and last position.
    """

    name: str
    size: int
    start: float
    stop: float

    def dimension(self, unit: str) -> Dimension:
        """Dimension with equally spaced positions."""
        return Dimension(self.name, np.linspace(self.start, self.stop, self.size), unit)


def stated_axes(dimensions: Sequence[Mapping[str, Any]]) -> tuple[StatedAxis, ...]:
    """Check what the user states.

    Parameters
    ----------
    dimensions : sequence of mapping
        Each with name, size, start and stop.

    Returns
    -------
    tuple of StatedAxis

    Raises
    ------
    TypeError
        If a value is of the wrong kind.
    ValueError
        If an entry is missing, unknown or not possible, or a motor is named twice.
    """
    if not dimensions:
        raise ValueError("dimensions must have at least one entry; None finds them from the positions")
    axes = tuple(_stated_axis(f"dimensions[{number}]", entry) for number, entry in enumerate(dimensions))
    names = [axis.name for axis in axes]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"dimensions must name each motor once, got {', '.join(twice)} more than once")
    return axes


def _stated_axis(where: str, entry: Mapping[str, Any]) -> StatedAxis:
    missing = [key for key in _KEYS if key not in entry]
    if missing:
        raise ValueError(f"{where} must have name, size, start and stop; {', '.join(missing)} missing in {dict(entry)}")
    unknown = [key for key in entry if key not in _KEYS]
    if unknown:
        raise ValueError(f"{where} has no entry {unknown[0]!r}{nearest(unknown[0], _KEYS)}")
    name, size, start, stop = (entry[key] for key in _KEYS)
    if not isinstance(name, str):
        raise TypeError(f"{where}: name must be a string, got {name!r}")
    if not name.strip():
        raise ValueError(f"{where}: name must be that of a motor, got {name!r}")
    if isinstance(size, bool) or not isinstance(size, int):
        raise TypeError(f"{where} ({name}): size must be an integer of at least 2, got {size!r}")
    if size < 2:
        raise ValueError(
            f"{where} ({name}): size must be an integer of at least 2, got {size}; leave out a motor that stands still"
        )
    for key, value in (("start", start), ("stop", stop)):
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise TypeError(f"{where} ({name}): {key} must be a number, got {value!r}")
        if not math.isfinite(value):
            raise ValueError(f"{where} ({name}): {key} must be a finite number, got {value!r}")
    if start == stop:
        raise ValueError(f"{where} ({name}): start and stop must differ, got {start!r} for both")
    return StatedAxis(name, size, float(start), float(stop))


def _product(dimensions: Sequence[Dimension]) -> str:
    """``"15 x 15 = 225 points"``."""
    sizes = [dimension.size for dimension in dimensions]
    total = f" = {math.prod(sizes)}" if len(sizes) > 1 else ""
    return f"{' x '.join(map(str, sizes))}{total} points"


# --- frames to places ---


def _by_positions(dataset: Dataset, dimensions: tuple[Dimension, ...], tolerance: float) -> Dataset:
    """Each frame at the nearest positions."""
    labels = []
    for dimension in dimensions:
        label, deviation = _nearest_positions(dataset, dimension)
        worst = int(np.argmax(np.abs(deviation)))
        if not abs(deviation[worst]) <= tolerance:
            raise DimensionError(_too_far(dataset, dimension, label, deviation, worst, tolerance))
        labels.append(label)
    shape = tuple(dimension.size for dimension in dimensions)
    index = np.ravel_multi_index(tuple(labels), shape).astype(np.int64)
    points = math.prod(shape)
    visited = int(np.unique(index).size)
    if visited < points:
        warn(f"{points - visited} of the {points} grid points have no frame.")
    if visited < index.size:
        warn(
            f"{index.size - visited} of the {index.size} frames lie at a grid point that another frame has already; "
            "such frames are averaged."
        )
    return dataset.replace(dimensions=dimensions, grid_index=index)


def _nearest_positions(dataset: Dataset, dimension: Dimension) -> tuple[IntArray, FloatArray]:
    """Number of the nearest position of each frame, and how far it is, in steps.

    Raises
    ------
    DimensionError
        If the motor has no positions.
    """
    if dimension.name not in dataset.positions:
        raise DimensionError(
            f"The scan has no positions of {dimension.name}{nearest(dimension.name, list(dataset.positions))}. "
            'With assign="order" the order of the frames gives their places.'
        )
    place = (dataset.positions[dimension.name] - dimension.values[0]) / dimension.step
    label = np.clip(np.rint(np.nan_to_num(place)), 0, dimension.size - 1)
    return label.astype(np.int64), place - label


def _too_far(
    dataset: Dataset,
    dimension: Dimension,
    label: IntArray,
    deviation: FloatArray,
    worst: int,
    tolerance: float,
) -> str:
    """Message for read-backs that lie at no stated position."""
    name, values = dimension.name, dataset.positions[dimension.name]
    nominal, unit = dimension.values, f" {dimension.unit}" if dimension.unit else ""
    if not np.isfinite(values[worst]):
        return f"{name} has no position in frame {worst}."
    n_far = int(np.count_nonzero(np.abs(deviation) > tolerance))
    return (
        f"{n_far} of the {dataset.n_frames} frames do not lie at the stated positions of {name}: frame {worst} stands "
        f"at {values[worst]:.8g}{unit}, {abs(deviation[worst]):.3g} step from {nominal[label[worst]]:.8g}{unit} "
        f"(allowed: {tolerance:g} step of {abs(dimension.step):.6g}{unit}). The read-backs of {name} reach from "
        f"{values.min():.8g} to {values.max():.8g}{unit}, the stated positions from {nominal.min():.8g} to "
        f"{nominal.max():.8g}{unit}."
    )


def _by_order(dataset: Dataset, dimensions: tuple[Dimension, ...], snake: bool, tolerance: float) -> Dataset:
    """Frame after frame through the grid."""
    shape = tuple(dimension.size for dimension in dimensions)
    difference = math.prod(shape) - dataset.n_frames
    if difference:
        raise DimensionError(
            f"{_product(dimensions)}, but the dataset has {dataset.n_frames} frames: "
            f"{abs(difference)} {'missing' if difference > 0 else 'too many'}. "
            'With assign="positions" frames may be missing.'
        )
    index = snake_index(shape) if snake else np.arange(dataset.n_frames, dtype=np.int64)
    positions, units = dict(dataset.positions), dict(dataset.units)
    for dimension, label in zip(dimensions, np.unravel_index(index, shape), strict=True):
        if dimension.name not in positions:
            positions[dimension.name] = dimension.values[label]
            units[dimension.name] = dimension.unit
            continue
        deviation = np.abs(positions[dimension.name] - dimension.values[label]) / abs(dimension.step)
        n_far = int(np.count_nonzero(~(deviation <= tolerance)))
        if n_far:
            warn(
                f"The read-backs of {dimension.name} lie up to {np.nanmax(deviation):.3g} steps from the stated "
                f"positions, {n_far} of {dataset.n_frames} more than {tolerance:g}: is the order right?"
            )
    return dataset.replace(dimensions=dimensions, grid_index=index, positions=positions, units=units)


def snake_index(shape: tuple[int, ...]) -> IntArray:
    """Places of the frames of a scan whose lines run back and forth.

    Parameters
    ----------
    shape : tuple of int
        Sizes, slow to fast.

    Returns
    -------
    ndarray of int, shape (n_frames,)
        In the flattened (C order) grid. Only the fastest dimension turns round.
    """
    grid = np.arange(math.prod(shape), dtype=np.int64).reshape(-1, shape[-1])
    grid[1::2] = grid[1::2, ::-1]
    return grid.reshape(-1)
