"""What the demonstration scan lacks: detectors that are uneven, faint lines, a mask, drift."""

from __future__ import annotations

from typing import Any

import numpy as np

import darfix_core as dc

_DRIFT = (0.12, -0.07)  # px/frame


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
    values = np.outer(np.arange(scan.n_frames) - scan.n_frames / 2, _DRIFT)
    drift = dc.Shift(
        values,
        reason="It was followed by a mark on the stage.",
        velocity=_DRIFT,
        positions=scan.positions,
        units=scan.units,
    )
    return dc.correct_shift(scan, dc.Shift(-values), interpolation="cubic"), drift
