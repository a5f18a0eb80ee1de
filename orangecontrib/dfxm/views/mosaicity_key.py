"""Colour key of a mosaicity map: which colour stands for which orientation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from darfix_core.figures.mosaicity_colors import mosaicity_key
from orangecontrib.dfxm.views.image_plot import Plot

_PIXELS = 128


def axis_label(name: str, unit: str) -> str:
    """Name of a motor with its unit."""
    return f"{name} ({unit})" if unit else name


class MosaicityKey(Plot):
    """Colours of the plane of two motors, with axes in the units of the motors, and a mark for one pixel."""

    def __init__(self) -> None:
        super().__init__(resetzoom=False, copy=False, save=False)
        self.hide_tools()
        self.setMinimumSize(230, 200)
        self.setInteractiveMode("select")
        self.setDataMargins(0, 0, 0, 0)
        self.set_title("Colour key")

    def set_colors(self, description: Mapping[str, Any]) -> None:
        """Show the colours that a map was made with.

        Parameters
        ----------
        description : mapping
            ``maps.metadata["mosaicity"]``: motors (y, x), their ranges and units.
        """
        (y_motor, x_motor), (y_unit, x_unit) = description["motors"], description["units"]
        (y_low, y_high), (x_low, x_high) = description["ranges"]
        step_y, step_x = (y_high - y_low) / (_PIXELS - 1), (x_high - x_low) / (_PIXELS - 1)
        colors = np.rint(mosaicity_key(_PIXELS) * 255).astype(np.uint8)
        origin = (x_low - step_x / 2, y_low - step_y / 2)
        self.addImage(colors, legend="key", origin=origin, scale=(step_x, step_y), resetzoom=True)
        self.set_axis_labels(axis_label(x_motor, x_unit), axis_label(y_motor, y_unit))

    def mark(self, place: tuple[float, float] | None) -> None:
        """Mark an orientation (y, x), or none."""
        self.remove("pixel", kind="marker")
        if place is not None:
            self.addMarker(place[1], place[0], legend="pixel", color="#000000", symbol="+")
