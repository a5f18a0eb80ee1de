"""What the demonstration scan lacks: detectors that are uneven, faint lines, a mask, drift."""

from __future__ import annotations

from typing import Any

import numpy as np

import darfix_core as dc


def uneven_detector(shape: tuple[int, int]) -> tuple[Any, Any]:
    """Dark level of the columns, and response of the pixels: that of a lens, and none in a corner."""
    y, x = np.mgrid[: shape[0], : shape[1]] / np.reshape(shape, (2, 1, 1)) - 0.5
    response = np.where(y - x > 0.87, 0.0, 1 - 1.5 * (y**2 + x**2))
    return np.random.default_rng(5).uniform(0, 250, shape[1]), response


def faint_scene() -> Any:
    """Light of a grain with faint lines that reach out of it, in counts."""
    y, x = np.mgrid[:130, :130].astype(float)
    light = 300 / (1 + np.exp((np.hypot((y - 65) / 1.1, x - 50) - 32) / 1.5))
    for offset, bend in ((20, 30), (62, -20), (100, 12)):
        distance = y - offset - bend * np.sin(x / 45)
        light += 40 * np.exp(-(distance**2) / (2 * 1.3**2))
    return light


def aperture(shape: tuple[int, int]) -> Any:
    """Mask of what lies outside an ellipse."""
    y, x = np.ogrid[-1 : 1 : shape[0] * 1j, -1 : 1 : shape[1] * 1j]
    return (y - 0.1) ** 2 / 0.6 + (x + 0.1) ** 2 / 0.5 > 1


def made_to_drift(scan: dc.Dataset) -> tuple[dc.Dataset, dc.Shift]:
    """The scan as if its sample had drifted, and the drift."""
    values = np.outer(np.arange(scan.n_frames) - scan.n_frames / 2, (0.12, -0.07))
    return dc.correct_shift(scan, dc.Shift(-values), interpolation="cubic"), dc.Shift(values)


def textured_scan() -> dc.Dataset:
    """Rocking scan of a crystal with a fine texture, without noise."""
    from scipy.ndimage import gaussian_filter

    rng, mu, shape = np.random.default_rng(8), np.linspace(-0.2, 0.2, 41), (240, 240)
    texture, tilt = (width * gaussian_filter(rng.standard_normal(shape), width, mode="wrap") for width in (2, 8))
    y, x = np.mgrid[-1 : 1 : shape[0] * 1j, -1 : 1 : shape[1] * 1j]
    light = 1000 * np.maximum(1 + texture, 0) / (1 + np.exp((np.hypot(y / 0.75, x / 0.9 + 0.2 * y) - 1) / 0.05))
    return dc.Dataset.from_array(light * np.exp(-((mu[:, None, None] - 0.07 * tilt) ** 2) / (2 * 0.04**2)), {"mu": mu})


def drifting_crystal() -> tuple[dc.Dataset, dc.Shift]:
    """Rocking scan of a crystal with a fine texture, which drifts, and the drift."""
    still = textured_scan()
    places = np.outer(np.arange(still.n_frames) - still.n_frames // 2, (-0.2, 0.12))
    moved = dc.correct_shift(still, dc.Shift(-places), interpolation="cubic").frames[:, 12:-12, 12:-12]
    counts = np.random.default_rng(9).poisson(100 + np.maximum(moved, 0)).astype(np.uint16)
    scan = dc.Dataset.from_array(counts, {"mu": still.positions["mu"]})
    return dc.define_dimensions(scan), dc.Shift(places, reason="It was followed by a mark on the stage.")
