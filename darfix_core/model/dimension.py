"""One axis of the scan grid."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from darfix_core.model.arrays import FloatArray, readonly


@dataclass(frozen=True, eq=False)
class Dimension:
    """A motor that the scan stepped through, and where it stopped.

    Parameters
    ----------
    name : str
        The motor.
    values : array_like, shape (size,)
        Nominal positions in the order of the scan (descending scans descend), in `unit`.
    unit : str
        Unit of `values`; empty when unknown.
    along : tuple of str
        Motors that move together with this one (``d2scan``).

    Raises
    ------
    ValueError
        If `values` is not one-dimensional, is empty or is not finite.
    """

    name: str
    values: FloatArray
    unit: str = ""
    along: tuple[str, ...] = field(default=())

    def __post_init__(self) -> None:
        values = np.array(self.values, dtype=np.float64)
        if values.ndim != 1 or values.size == 0 or not np.isfinite(values).all():
            raise ValueError(
                f"values of dimension {self.name!r} must be one-dimensional, finite and not empty, "
                f"got shape {values.shape}"
            )
        object.__setattr__(self, "values", readonly(values))
        object.__setattr__(self, "along", tuple(self.along))

    @property
    def size(self) -> int:
        """Number of positions."""
        return int(self.values.size)

    @property
    def step(self) -> float:
        """Mean distance between neighbouring positions, signed, in `unit`; NaN for one position."""
        return float((self.values[-1] - self.values[0]) / (self.size - 1)) if self.size > 1 else float("nan")

    def to_dict(self) -> dict[str, Any]:
        """Plain values, fit for JSON."""
        return {"name": self.name, "values": self.values.tolist(), "unit": self.unit, "along": list(self.along)}

    def __repr__(self) -> str:
        first, last = self.values[0], self.values[-1]
        moving = f" with {', '.join(self.along)}" if self.along else ""
        unit = f" {self.unit}" if self.unit else ""
        return f"Dimension({self.name}{moving}: {self.size} positions, {first:.6g} to {last:.6g}{unit})"
