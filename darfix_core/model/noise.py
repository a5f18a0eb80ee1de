"""Noise of the detector, as photon transfer describes it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from darfix_core.model.arrays import AnyArray, FloatArray, readonly

_PARTS = ("gain", "offset", "read_noise")


@dataclass(frozen=True, eq=False)
class NoiseModel:
    """Variance of the counts: ``Var = gain * (counts - offset) + read_noise**2``.

    Each part is one number for the whole detector, or an image with a value for each pixel: behind the subtraction of a
    background every pixel has an offset of its own.

    Parameters
    ----------
    gain : float or array_like of shape (ny, nx), counts per detected quantum
    offset : float or array_like of shape (ny, nx), counts
        Mean signal without light.
    read_noise : float or array_like of shape (ny, nx), counts
        Standard deviation without light.

    Raises
    ------
    ValueError
        If a part is neither a number nor an image.
    """

    gain: float | FloatArray
    offset: float | FloatArray
    read_noise: float | FloatArray

    def __post_init__(self) -> None:
        for name in _PARTS:
            values = np.array(getattr(self, name), dtype=np.float64)
            if values.ndim not in (0, 2):
                raise ValueError(f"{name} must be a number or an image (ny, nx), got the shape {values.shape}")
            object.__setattr__(self, name, readonly(values) if values.ndim else float(values))

    @property
    def shape(self) -> tuple[int, int] | None:
        """(ny, nx) where a part is an image, else None.

        Raises
        ------
        ValueError
            If two images differ in shape.
        """
        shapes = {values.shape for values in self.parts().values() if isinstance(values, np.ndarray)}
        if len(shapes) > 1:
            raise ValueError(f"images of the noise must share one shape, got {sorted(shapes)}")
        return next(iter(shapes), None)

    def parts(self) -> dict[str, float | FloatArray]:
        """Name -> number or image."""
        return {name: getattr(self, name) for name in _PARTS}

    def variance(self, counts: AnyArray | float) -> FloatArray:
        """Variance of counts, shape (..., ny, nx); a signal below the offset has the noise of none."""
        variance: FloatArray = self.gain * np.maximum(np.subtract(counts, self.offset), 0) + np.square(self.read_noise)
        return variance

    def crop(self, origin: tuple[int, int], shape: tuple[int, int]) -> NoiseModel:
        """Noise of a rectangle of every frame."""
        (y, x), (height, width) = origin, shape
        return NoiseModel(
            **{
                name: values[y : y + height, x : x + width] if isinstance(values, np.ndarray) else values
                for name, values in self.parts().items()
            }
        )

    def subtracted(self, level: float | AnyArray) -> NoiseModel:
        """Noise of the counts from which a level, shape (ny, nx), without noise of its own has been subtracted."""
        return NoiseModel(self.gain, self.offset - np.asarray(level, dtype=np.float64), self.read_noise)

    def scaled(self, factor: float | AnyArray) -> NoiseModel:
        """Noise of the counts that have been multiplied by a positive factor, a number or shape (ny, nx)."""
        by = np.asarray(factor, dtype=np.float64)
        return NoiseModel(self.gain * by, self.offset * by, self.read_noise * by)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, NoiseModel):
            return NotImplemented
        return all(np.array_equal(values, other.parts()[name]) for name, values in self.parts().items())

    __hash__ = None  # type: ignore[assignment]
