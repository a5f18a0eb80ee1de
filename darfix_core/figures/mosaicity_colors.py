"""Colours of two-motor maps: direction is hue, distance is chroma, evenly to the eye.

The disk of radius 1 is laid over a cone in the colour space OKLab (B. Ottosson, 2020), in which equal distances
look equally different. The tip of the cone is a near-white grey, its rim a true circle, so that equal steps along
the rim are equal steps of colour. sRGB holds more saturated reds than cyans and lighter yellows than blues: the
rim is therefore shifted and tilted a little, which makes it a fifth wider than the widest upright circle.
The numbers below give the widest rim whose distance from the tip varies by less than a factor of 1.3.
The whole cone lies inside sRGB, so that no colour is cut off.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from darfix_core.model.arrays import AnyArray

RGB = NDArray[np.float32]

_TIP_LIGHTNESS = 0.95
_RIM_LIGHTNESS = 0.7069
_RIM_RADIUS = 0.1535
_RIM_CENTER = (0.0371, -0.007)  # a, b
_RIM_TILT = (-0.0972, 0.1065)  # change of lightness along a and b

# OKLab to the cube roots of the cone responses, and these to linear sRGB: inverses of the published matrices.
_LAB_TO_CONES = np.linalg.inv(
    np.array(
        [
            [0.2104542553, 0.7936177850, -0.0040720468],
            [1.9779984951, -2.4285922050, 0.4505937099],
            [0.0259040371, 0.7827717662, -0.8086757660],
        ]
    )
)
_CONES_TO_RGB = np.linalg.inv(
    np.array(
        [
            [0.4122214708, 0.5363325363, 0.0514459929],
            [0.2119034982, 0.6806995451, 0.1073969566],
            [0.0883024619, 0.2817188376, 0.6299787005],
        ]
    )
)
_BLOCK = 2**16


def mosaicity_colors(u: AnyArray, v: AnyArray) -> RGB:
    """Colour of each point of the plane of two motors.

    Parameters
    ----------
    u, v : array_like, any shape (broadcast together), dimensionless
        Position along the two motors, -1 to 1 from one end of the colour range to the other. What lies outside
        the circle of radius 1 gets the colour of the rim in its direction. NaN or infinity gives NaN.

    Returns
    -------
    ndarray, shape (..., 3), float32
        Red, green, blue (sRGB) in 0 to 1.
    """
    first, second = np.broadcast_arrays(np.asarray(u, dtype=np.float32), np.asarray(v, dtype=np.float32))
    flat_u, flat_v = first.reshape(-1), second.reshape(-1)
    colors = np.empty((flat_u.size, 3), dtype=np.float32)
    # In blocks that stay in the cache: twice as fast as whole images, and without their temporaries.
    for start in range(0, flat_u.size, _BLOCK):
        part = slice(start, start + _BLOCK)
        colors[part] = srgb_of_oklab(*_on_cone(flat_u[part], flat_v[part]))
    return colors.reshape(*first.shape, 3)


def mosaicity_key(n: int) -> RGB:
    """Colour key: the colours of the square from -1 to 1.

    Parameters
    ----------
    n : int
        Number of pixels of a side, at least 2.

    Returns
    -------
    ndarray, shape (n, n, 3), float32
        ``key[i, j]`` is the colour of ``v = linspace(-1, 1, n)[i]``, ``u = linspace(-1, 1, n)[j]``.

    Raises
    ------
    ValueError
        If `n` is smaller than 2.
    """
    if n < 2:
        raise ValueError(f"n must be an integer of at least 2, got {n!r}")
    line = np.linspace(-1, 1, n)
    return mosaicity_colors(line[None, :], line[:, None])


def _on_cone(u: Any, v: Any) -> tuple[Any, Any, Any]:
    """OKLab coordinates of points of the disk; NaN for what is not finite."""
    with np.errstate(invalid="ignore", over="ignore"):
        radius = np.hypot(u, v)
        scale = _RIM_RADIUS / np.maximum(radius, 1)
        a, b = u * scale, v * scale
    radius = np.minimum(radius, 1)
    lightness = (
        np.float32(_TIP_LIGHTNESS)
        + radius * np.float32(_RIM_LIGHTNESS - _TIP_LIGHTNESS)
        + a * np.float32(_RIM_TILT[0])
        + b * np.float32(_RIM_TILT[1])
    )
    return lightness, a + radius * np.float32(_RIM_CENTER[0]), b + radius * np.float32(_RIM_CENTER[1])


def srgb_of_oklab(lightness: Any, a: Any, b: Any) -> RGB:
    """Red, green and blue of OKLab colours that lie inside sRGB, shape (..., 3)."""
    lab = np.stack([lightness, a, b], axis=-1)
    linear = (lab @ _LAB_TO_CONES.T.astype(np.float32)) ** 3 @ _CONES_TO_RGB.T.astype(np.float32)
    linear = np.clip(linear, 0, 1)  # rounding only: the cone lies inside
    encoded: RGB = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055).astype(np.float32)
    return encoded
