"""Which pixels are not to be used."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from darfix_core.model.arrays import BoolArray, readonly
from darfix_core.model.history import History


@dataclass(frozen=True, eq=False)
class Mask:
    """Pixels that are not to be used, as one image.

    Parameters
    ----------
    values : array_like of bool, shape (ny, nx)
        True where a pixel is not to be used.
    origin : (int, int), px
        Where the first pixel sits on the detector, (y, x).
    history : History
        How the mask was made.

    Raises
    ------
    ValueError
        If the values are no image.
    """

    values: BoolArray
    origin: tuple[int, int] = (0, 0)
    history: History = field(default_factory=History)

    def __post_init__(self) -> None:
        values = np.array(self.values, dtype=bool)
        if values.ndim != 2 or not values.size:
            raise ValueError(f"a mask must be an image (ny, nx), got the shape {values.shape}")
        object.__setattr__(self, "values", readonly(values))
        if self.history.head is None:
            object.__setattr__(self, "history", History.of_array(values.shape, str(values.dtype)))

    @property
    def shape(self) -> tuple[int, int]:
        """(ny, nx)."""
        ny, nx = self.values.shape
        return ny, nx

    def with_history(self, history: History) -> Mask:
        """The same mask with another history."""
        return replace(self, history=history)

    def __repr__(self) -> str:
        ny, nx = self.shape
        return f"Mask({ny} x {nx}, {np.count_nonzero(self.values)} pixels masked)"
