"""Grain plot: the maps by which grains and their inner spread are read."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import numpy as np

from darfix_core.engine.registry import step
from darfix_core.errors import nearest
from darfix_core.figures.mosaicity_colors import mosaicity_colors
from darfix_core.model.arrays import FloatArray
from darfix_core.model.dataset import Dataset
from darfix_core.model.joined_source import SCAN_NUMBER
from darfix_core.model.maps import Map, Maps
from darfix_core.steps.moments import compute_moments
from darfix_core.units import LENGTHS, Unit

#: Percentiles of the centres of mass that the colours span by default.
_PERCENTILES = (1.0, 99.0)


@step(
    "grain_plot",
    version=1,
    title="Grain Plot",
    widget="orangecontrib.dfxm.widgets.owgrainplot.OWGrainPlot",
    needs_dimensions=True,
)
def grain_plot(
    dataset: Dataset,
    *,
    min_intensity: Annotated[float | None, Unit("counts")] = None,
    x_motor: str | None = None,
    y_motor: str | None = None,
    color_range: Literal["percentiles", "scan"] = "percentiles",
) -> Maps:
    """Moments of every pixel and, for scans of two angles and more, the mosaicity map.

    The mosaicity map shows the two centres of mass as one colour: hue for the direction, saturation for the
    distance from the middle of the colour range.

    Parameters
    ----------
    dataset : Dataset
        A scan with dimensions, its background subtracted.
    min_intensity : float or None, counts
        Pixels whose counts, summed over the scan, are fewer become NaN. None: only pixels without positive
        intensity do.
    x_motor : str or None
        Motor along x of the colour key; None: the fastest motor that is no length, as the height of layers is.
    y_motor : str or None
        Motor along y of the colour key; None: the slowest of the others.
    color_range : {"percentiles", "scan"}
        What the colours span: the orientations that occur (1st to 99th percentile of each centre of mass),
        or the whole range of the scan.

    Returns
    -------
    Maps
        Those of `moments` and ``mosaicity``, red, green, blue in 0 to 1, NaN where there is no orientation.
        ``metadata["mosaicity"]`` holds the motors (y, x), their ranges and units: what the key needs.

    Raises
    ------
    DimensionError
        If the dataset has no dimensions.
    ValueError
        If a motor is no dimension of the scan, or both are the same.
    """
    motors = _chosen_motors(dataset, y_motor, x_motor)
    maps = compute_moments(dataset, min_intensity)
    if motors is None:
        return maps
    ranges = tuple(_span(maps, dataset, motor, color_range) for motor in motors)
    scaled = [
        (maps[f"{motor}/center_of_mass"] - (low + high) / 2) / ((high - low) / 2)
        for motor, (low, high) in zip(motors, ranges, strict=True)
    ]
    colors = mosaicity_colors(scaled[1], scaled[0])
    key: dict[str, Any] = {
        "motors": motors,
        "ranges": ranges,
        "units": tuple(dataset.unit(motor) for motor in motors),
    }
    entry = Map(colors, "", f"orientation: centres of mass in {motors[0]} and {motors[1]}")
    return Maps(
        {"mosaicity": entry} | dict(maps.entries),
        dimensions=maps.dimensions,
        pixel_size=maps.pixel_size,
        origin=maps.origin,
        metadata=dict(maps.metadata) | {"mosaicity": key},
    )


def _chosen_motors(dataset: Dataset, y_motor: str | None, x_motor: str | None) -> tuple[str, str] | None:
    """Motors along y and x of the colour key; None for scans of one angle."""
    names = [dimension.name for dimension in dataset.dimensions]
    for parameter, motor in (("x_motor", x_motor), ("y_motor", y_motor)):
        if motor is not None and motor not in names:
            raise ValueError(f"{parameter} must be a dimension of the scan, got {motor!r}{nearest(motor, names)}")
    if x_motor is not None and x_motor == y_motor:
        raise ValueError(f"x_motor and y_motor must differ, got {x_motor!r} for both")
    # What was not asked for is an orientation: no height of a layer, no number of a scan.
    angles = [name for name in names if dataset.unit(name) not in LENGTHS and name != SCAN_NUMBER]
    along_x = x_motor or next((name for name in reversed(angles) if name != y_motor), None)
    along_y = y_motor or next((name for name in angles if name != along_x), None)
    return None if along_x is None or along_y is None else (along_y, along_x)


def _span(maps: Maps, dataset: Dataset, motor: str, color_range: str) -> tuple[float, float]:
    """Range of orientations that the colours span, wide enough to divide by."""
    positions = dataset.positions[motor]
    low, high = float(positions.min()), float(positions.max())
    centres: FloatArray = maps[f"{motor}/center_of_mass"]
    valid = centres[np.isfinite(centres)]
    if color_range == "percentiles" and valid.size:
        low, high = (float(value) for value in np.percentile(valid, _PERCENTILES))
    smallest = 1e-9 * max(1.0, abs(low), abs(high))
    return (low, high) if high - low > smallest else (low - smallest, high + smallest)
