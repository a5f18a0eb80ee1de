"""Dimension definition: the scan grid, found from the read-backs or given by hand."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Annotated, Any, Literal

import numpy as np
from annotated_types import Gt, Le

from darfix_core.engine.execution import warn
from darfix_core.engine.registry import step
from darfix_core.errors import DimensionError, nearest
from darfix_core.model.arrays import IntArray
from darfix_core.model.dataset import Dataset
from darfix_core.model.dimension import Dimension
from darfix_core.steps.motor_levels import TOLERANCE
from darfix_core.steps.scan_grid import find_dimensions
from darfix_core.units import Unit

_KEYS = {"name": "the motor", "size": "the number of positions", "start": "the first", "stop": "the last position"}


@step(
    "define_dimensions",
    version=1,
    title="Dimension Definition",
    widget="orangecontrib.dfxm.widgets.owdimensions.OWDimensions",
)
def define_dimensions(
    dataset: Dataset,
    *,
    dimensions: tuple[dict[str, str | int | float], ...] | None = None,
    tolerance: Annotated[float | None, Gt(0), Le(0.5), Unit("steps")] = None,
    assign: Literal["positions", "order"] = "positions",
    snake: bool = False,
) -> Dataset:
    """Define the scan grid: which motors were stepped, through which positions, and where each frame sits.

    Parameters
    ----------
    dataset : Dataset
        Any scan. Its frames stay as they are: missing and repeated grid points need no copy.
    dimensions : sequence of dict or None
        None: found from the positions that were read back. By hand: one dict for each motor, slow to fast,
        with its name, size (the number of positions), start and stop (the first and the last position).
    tolerance : float or None, steps
        How far a read-back may lie from its grid position. None: 0.3. At most 0.4 where the grid is found.
    assign : {"positions", "order"}
        By hand: each frame belongs to the grid position next to its read-backs, or its place follows from the
        order of the frames. With "order" motors without read-backs get the grid positions.
    snake : bool
        With ``assign="order"``: every second line was scanned backwards.

    Returns
    -------
    Dataset
        With `dimensions`, slow to fast, in the direction of the scan, and `grid_index`.

    Raises
    ------
    DimensionError
        If no grid fits the positions, or the dimensions do not fit the frames.
    AmbiguousDimensionsError
        If several grids fit; the message lists them.
    TypeError, ValueError
        If the dimensions by hand are not complete.
    """
    if dimensions is None:
        if assign == "order" or snake:
            raise ValueError("assign='order' and snake need dimensions that are given by hand, got dimensions=None")
        title, parameters = dataset.title, dataset.metadata.get("scan_parameters")
        grid = find_dimensions(dataset.positions, dataset.units, title, parameters, tolerance)
        for message in grid.warnings:
            warn(message)
        return dataset.replace(dimensions=grid.dimensions, grid_index=grid.grid_index)
    axes = tuple(_dimension(number, entry, dataset) for number, entry in enumerate(dimensions))
    names = [axis.name for axis in axes]
    if not 1 <= len(axes) <= 4 or len(set(names)) != len(names):
        raise ValueError(f"dimensions must be one to four different motors, got {', '.join(names) or 'none'}")
    if assign == "order":
        return _by_order(dataset, axes, snake)
    if snake:
        raise ValueError("snake needs assign='order': read-backs tell by themselves where a frame sits")
    index = _by_positions(dataset, axes, TOLERANCE if tolerance is None else tolerance)
    return dataset.replace(dimensions=axes, grid_index=index)


def _dimension(number: int, entry: Mapping[str, Any], dataset: Dataset) -> Dimension:
    """One dimension that was given by hand, checked."""
    where = f"dimensions[{number}]"
    for key in entry:
        if key not in _KEYS:
            raise TypeError(f"{where} has no entry {key!r}{nearest(key, list(_KEYS))}")
    for key, text in _KEYS.items():
        if key not in entry:
            raise TypeError(f"{where} needs the entry {key!r}: {text}")
    name, size = entry["name"], entry["size"]
    if not isinstance(name, str) or not name:
        raise TypeError(f"name in {where} must be the name of a motor, got {name!r}")
    if isinstance(size, bool) or not isinstance(size, int):
        raise TypeError(f"size in {where} ({name}) must be an integer, got {size!r}")
    if size < 1:
        raise ValueError(f"size in {where} ({name}) must be at least 1, got {size}")
    ends = entry["start"], entry["stop"]
    if any(isinstance(end, bool) or not isinstance(end, int | float) for end in ends):
        raise TypeError(f"start and stop in {where} ({name}) must be numbers, got {ends[0]!r} and {ends[1]!r}")
    if size > 1 and ends[0] == ends[1]:
        raise ValueError(f"start and stop in {where} ({name}) must differ for {size} positions, got {ends[0]} for both")
    return Dimension(name, np.linspace(*ends, size), dataset.unit(name))


def _points(axes: tuple[Dimension, ...]) -> str:
    sizes = " x ".join(f"{axis.size}" for axis in axes)
    total = math.prod(axis.size for axis in axes)
    return f"{sizes} = {total} points" if len(axes) > 1 else f"{total} points"


def _by_order(dataset: Dataset, axes: tuple[Dimension, ...], snake: bool) -> Dataset:
    """Frames placed in the order in which they were recorded."""
    shape = tuple(axis.size for axis in axes)
    n, difference = dataset.n_frames, math.prod(shape) - dataset.n_frames
    if difference:
        lacking = f"{difference} missing" if difference > 0 else f"{-difference} too many"
        raise DimensionError(f"the dimensions give {_points(axes)}, but the dataset has {n} frames: {lacking}")
    places = list(np.unravel_index(np.arange(n), shape))
    if snake:
        for axis in range(1, len(shape)):
            # A line turns round when the number of lines before it is odd.
            line = np.arange(n) // math.prod(shape[axis:])
            places[axis] = np.where(line % 2 == 1, shape[axis] - 1 - places[axis], places[axis])
    nominal = {axis.name: axis.values[place] for axis, place in zip(axes, places, strict=True)}
    positions = nominal | dict(dataset.positions)
    return dataset.replace(dimensions=axes, grid_index=np.ravel_multi_index(tuple(places), shape), positions=positions)


def _by_positions(dataset: Dataset, axes: tuple[Dimension, ...], tolerance: float) -> IntArray:
    """Frames placed next to their read-backs."""
    places: list[IntArray] = []
    for axis in axes:
        if axis.name not in dataset.positions:
            raise DimensionError(
                f"the dataset has no positions of {axis.name}{nearest(axis.name, list(dataset.positions))}; "
                "with assign='order' the order of the frames tells where they sit"
            )
        read_back = dataset.positions[axis.name]
        distance = np.abs(read_back[:, None] - axis.values)
        place = distance.argmin(axis=1)
        step = abs(axis.step) if axis.size > 1 else max(1.0, abs(float(axis.values[0])))
        deviation = distance[np.arange(len(place)), place] / step
        worst = int(np.nanargmax(deviation)) if np.isfinite(deviation).any() else 0
        if not deviation[worst] <= tolerance or not np.isfinite(deviation).all():
            unit = f" {axis.unit}" if axis.unit else ""
            raise DimensionError(
                f"frame {worst} was taken at {axis.name} = {read_back[worst]:.6g}{unit}, {deviation[worst]:.3g} steps "
                f"from the next of the {axis.size} positions from {axis.values[0]:.6g} to {axis.values[-1]:.6g}{unit}; "
                f"allowed are {tolerance:g} steps"
            )
        places.append(place)
    index = np.ravel_multi_index(tuple(places), tuple(axis.size for axis in axes))
    n_points, n_used = math.prod(axis.size for axis in axes), np.unique(index).size
    if n_used < n_points:
        warn(f"{n_points - n_used} of the {_points(axes)} have no frame")
    if n_used < index.size:
        warn(f"{index.size - n_used} frames repeat a grid point: repeated points are averaged")
    return index.astype(np.int64)
