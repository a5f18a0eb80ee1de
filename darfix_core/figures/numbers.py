"""How the numbers at an axis are written: short, with what they have in common moved into the label."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from darfix_core.figures import style
from darfix_core.model.arrays import FloatArray

# Numbers whose range is a smaller part of them would need more than five digits.
_SMALLEST_RANGE = 1e-3


@dataclass(frozen=True)
class ShortNumbers:
    """What is taken off the numbers of an axis, and the power of ten that is taken out of the rest.

    Parameters
    ----------
    offset : float
        Zero unless the numbers are nearly the same.
    decimals : int
        Number of decimals of the offset.
    power : int
    """

    offset: float = 0.0
    decimals: int = 0
    power: int = 0

    @classmethod
    def between(cls, low: float, high: float) -> ShortNumbers:
        """For an axis from `low` to `high`."""
        span, offset, decimals = high - low, 0.0, 0
        if 0 < span < _SMALLEST_RANGE * max(abs(low), abs(high)):
            decimals = -math.ceil(math.log10(span))
            offset = round(math.floor(low * 10.0**decimals) / 10.0**decimals, decimals)
        return cls(offset, decimals, style.decimal_power(low - offset, high - offset))

    def of(self, values: Any) -> FloatArray:
        """The numbers that stand at the axis.

        Parameters
        ----------
        values : array_like, any shape

        Returns
        -------
        ndarray, same shape
        """
        numbers: FloatArray = (np.asarray(values, dtype=np.float64) - self.offset) / 10.0**self.power
        return numbers

    def unit(self, unit: str) -> str:
        """Unit of the numbers: ``"10⁻³ deg"``."""
        return " ".join(filter(None, (style.power_text(self.power) if self.power else "", style.pretty_unit(unit))))

    def label(self, text: str, unit: str) -> str:
        """``"mu (deg)"``, or ``"obpitch − 25.102 deg (10⁻⁶ deg)"``."""
        if self.offset:
            sign = "−" if self.offset > 0 else "+"
            text = f"{text} {sign} {abs(self.offset):.{max(0, self.decimals)}f} {style.pretty_unit(unit)}".rstrip()
        return f"{text} ({self.unit(unit)})" if self.unit(unit) else text
