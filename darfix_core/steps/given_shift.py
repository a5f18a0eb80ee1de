"""A shift that is known beforehand."""

from __future__ import annotations

import numpy as np

from darfix_core.model.dataset import Dataset
from darfix_core.model.shift import Shift


def given_shift(dataset: Dataset, velocity: tuple[float, float], motor: str | None = None) -> Shift:
    """Shift with a constant velocity, zero at the mean position.

    Parameters
    ----------
    dataset : Dataset
    velocity : (float, float)
        (dy, dx), in px per unit of the motor, or px per frame.
    motor : str or None
        None: the frames, in the order in which they were recorded.

    Returns
    -------
    Shift

    Raises
    ------
    ValueError
        If the dataset has no such motor.
    """
    if motor is not None and motor not in dataset.positions:
        raise ValueError(f"motor must be one of {', '.join(dataset.positions) or 'no motor'}, or None, got {motor!r}")
    places = np.arange(dataset.n_frames, dtype=float) if motor is None else dataset.positions[motor]
    return Shift(
        np.outer(places - places.mean(), velocity),
        reason="The velocity was given.",
        velocity=velocity,
        motor=motor or "",
        positions=dataset.positions,
        units=dataset.units,
    )
