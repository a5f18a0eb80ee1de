"""How far the content of each frame has moved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from darfix_core.model.arrays import BoolArray, FloatArray, frozen_mapping, per_frame_values, readonly
from darfix_core.model.history import History


@dataclass(frozen=True, eq=False)
class Shift:
    """Where the content of each frame sits, against where it would sit without drift.

    Parameters
    ----------
    values : array_like, shape (n_frames, 2), px
        Displacement (dy, dx) of the content of each frame.
    uncertainty : array_like, shape (n_frames, 2), px, optional
        One standard deviation of each value; NaN where it is not known, as for values that a user has typed.
    trusted : array_like of bool, shape (n_frames,), optional
        True where the value may be used for correcting; None: all.
    reason : str
        Why the shift is, or is not, to be trusted: one sentence for the user.
    velocity : (float, float), px per motor unit, optional
        (dy, dx), where the shift is linear in a motor.
    motor : str
        The motor that `velocity` belongs to; empty: px per frame.
    positions : mapping
        Motor -> position of every frame, shape (n_frames,), in the unit of `units`; so that the shift can be drawn and
        applied to another scan.
    units : mapping
        Motor -> unit.
    history : History
        How the shift was found.

    Raises
    ------
    ValueError
        If the parts do not fit each other; the message names the part.
    """

    values: FloatArray
    uncertainty: FloatArray = None  # type: ignore[assignment]
    trusted: BoolArray = None  # type: ignore[assignment]
    reason: str = ""
    velocity: tuple[float, float] | None = None
    motor: str = ""
    positions: Mapping[str, FloatArray] = field(default_factory=dict)
    units: Mapping[str, str] = field(default_factory=dict)
    history: History = field(default_factory=History)

    def __post_init__(self) -> None:
        change = object.__setattr__
        values = np.array(self.values, dtype=np.float64)
        if values.ndim != 2 or values.shape[1] != 2 or not len(values):
            raise ValueError(f"values must be (dy, dx) for each frame, shape (n_frames, 2), got {values.shape}")
        n_frames = len(values)
        uncertainty = np.full(values.shape, np.nan) if self.uncertainty is None else np.array(self.uncertainty, float)
        if uncertainty.shape != values.shape:
            raise ValueError(f"uncertainty must have the shape of values, {values.shape}, got {uncertainty.shape}")
        trusted = np.ones(n_frames, bool) if self.trusted is None else np.array(self.trusted, bool)
        if trusted.shape != (n_frames,):
            raise ValueError(f"trusted must hold one value for each of the {n_frames} frames, got {trusted.shape}")
        if not np.isfinite(values[trusted]).all():
            raise ValueError("values must be finite numbers where they are trusted")
        for name, array in (("values", values), ("uncertainty", uncertainty), ("trusted", trusted)):
            change(self, name, readonly(array))
        change(self, "positions", per_frame_values(self.positions, n_frames, "positions"))
        change(self, "units", frozen_mapping(self.units))
        if self.history.head is None:
            change(self, "history", History.of_array(values.shape, str(values.dtype)))

    @property
    def n_frames(self) -> int:
        """Number of frames."""
        return len(self.values)

    @property
    def is_trusted(self) -> bool:
        """True where the shift of at least one frame may be used for correcting."""
        return bool(np.any(self.trusted))

    @property
    def verdict(self) -> str:
        """Whether the shift is to be trusted, and why: one sentence."""
        n_trusted = int(np.count_nonzero(self.trusted))
        words = "Trusted" if n_trusted == self.n_frames else f"Trusted in {n_trusted} of {self.n_frames} frames"
        words = words if n_trusted else "Not trusted"
        return f"{words}: {self.reason}" if self.reason else f"{words}."

    def select_frames(self, indices: Any) -> Shift:
        """Shift of some of the frames, in that order."""
        chosen = np.asarray(indices)
        return replace(
            self,
            values=self.values[chosen],
            uncertainty=self.uncertainty[chosen],
            trusted=self.trusted[chosen],
            positions={name: values[chosen] for name, values in self.positions.items()},
            history=History(),
        )

    def with_history(self, history: History) -> Shift:
        """The same shift with another history."""
        return replace(self, history=history)

    def __repr__(self) -> str:
        largest = np.nanmax(np.abs(self.values), axis=0)
        return f"Shift({self.n_frames} frames, up to {largest[0]:.3g} px in y and {largest[1]:.3g} px in x)"
