"""The frames of a scan along a motor."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from darfix_core.errors import DimensionError
from darfix_core.model.arrays import FloatArray, IntArray
from darfix_core.model.dataset import Dataset


@dataclass(frozen=True, eq=False)
class Lines:
    """Frames along a motor: a mesh has one line for each place of the other motors.

    Parameters
    ----------
    frames : ndarray of int, shape (n_frames,)
        Numbers of the frames, line by line.
    line : ndarray of int, shape (n_frames,)
    place : ndarray of int, shape (n_frames,)
        Which position of the motor.
    position : ndarray, shape (n_frames,)
        In the unit of the motor; for frames as they were recorded, their number.
    motor : str
        Empty for frames as they were recorded.
    """

    frames: IntArray
    line: IntArray
    place: IntArray
    position: FloatArray
    motor: str


def lines_along(dataset: Dataset, motor: str | None) -> Lines:
    """Lines of a scan along a motor.

    Parameters
    ----------
    dataset : Dataset
    motor : str or None
        None: that of the only dimension; without dimensions, the frames as they were recorded.

    Returns
    -------
    Lines

    Raises
    ------
    ValueError
        If the motor is no dimension, or there are several and none is named.
    DimensionError
        If the dimensions are not defined, and the motor does not move in one direction.
    """
    names = [dimension.name for dimension in dataset.dimensions]
    listed = ", ".join(map(repr, names))
    if motor is None and len(names) > 1:
        raise ValueError(f"motor must be one of {listed} for a scan of several motors, got None")
    if motor is not None and not names:
        return _recorded_along(dataset, motor)
    if dataset.grid_index is None:
        order = np.arange(dataset.n_frames)
        return Lines(order, np.zeros_like(order), order, order.astype(float), "")
    motor = motor or names[0]
    if motor not in names:
        raise ValueError(f"motor must be one of {listed}, got {motor!r}")
    axis = names.index(motor)
    indices = np.array(np.unravel_index(dataset.grid_index, dataset.scan_shape))
    others = np.delete(indices, axis, axis=0)
    other_shape = tuple(np.delete(dataset.scan_shape, axis))
    line = np.ravel_multi_index(tuple(others), other_shape) if other_shape else np.zeros_like(indices[axis])
    order = np.lexsort((indices[axis], line))
    return Lines(order, line[order], indices[axis][order], dataset.positions[motor][order], motor)


def _recorded_along(dataset: Dataset, motor: str) -> Lines:
    """The frames as they were recorded, along a motor that moved all the time."""
    if motor not in dataset.positions:
        raise ValueError(f"motor must be one of {', '.join(dataset.positions) or 'no motor'}, or None, got {motor!r}")
    positions = dataset.positions[motor]
    steps = np.diff(positions)
    if not ((steps > 0).all() or (steps < 0).all()):
        raise DimensionError(
            f"motor {motor!r} does not move in one direction: use define_dimensions (Dimension Definition) first"
        )
    order = np.arange(dataset.n_frames)
    return Lines(order, np.zeros_like(order), order, positions, motor)


def groups_along(dataset: Dataset, by_position: bool, motor: str | None) -> list[IntArray]:
    """Frames with the same position of a motor, in the order of its positions; or each frame alone.

    Parameters
    ----------
    dataset : Dataset
    by_position : bool
        False: every frame is a group, whatever the motor.
    motor : str or None
        See `lines_along`.

    Returns
    -------
    list of ndarray of int
        Numbers of the frames of each group.

    Raises
    ------
    ValueError
        If the motor is no dimension, or there are several and none is named.
    DimensionError
        If the dimensions are not defined, and the motor does not move in one direction.
    """
    if not by_position:
        return [np.array([number]) for number in range(dataset.n_frames)]
    lines = lines_along(dataset, motor)
    return [np.sort(lines.frames[lines.place == place]) for place in np.unique(lines.place)]
