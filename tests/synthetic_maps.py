"""Maps as a scan of a few grains gives them, small, for tests of writers and figures."""

from __future__ import annotations

from typing import Any

import numpy as np

from darfix_core.figures.mosaicity_colors import mosaicity_colors
from darfix_core.model.dimension import Dimension
from darfix_core.model.frame_sources import SourceFile
from darfix_core.model.history import History, HistoryNode
from darfix_core.model.maps import Map, Maps


def synthetic_maps(shape: tuple[int, int] = (12, 20), motors: tuple[str, ...] = ("chi", "mu"), **changes: Any) -> Maps:
    """Intensity, centre of mass and width of each motor, covariance and mosaicity; the left column is empty."""
    y, x = np.mgrid[: shape[0], : shape[1]].astype(np.float64)
    empty = x == 0
    entries = {"intensity": Map(np.where(empty, np.nan, 100 + x * y), "counts", "Integrated intensity")}
    for number, motor in enumerate(motors):
        center = np.where(empty, np.nan, number + 0.01 * (x if number else y)).astype(np.float32)
        entries[f"{motor}/center_of_mass"] = Map(center, "deg", f"Centre of mass in {motor}")
        entries[f"{motor}/fwhm"] = Map(np.where(empty, np.nan, 0.1 + 0.001 * y), "deg", f"Width in {motor}")
    metadata: dict[str, Any] = {
        "title": "fscan2d chi 0 0.02 10 mu 1 0.02 10",
        "sample": "Al 5 %",
        "start_time": "2024-03-01T12:00:00+01:00",
        "motors": {"obpitch": 17.94, "unknown_motor": 2.0},
        "detector_pixel_size": (0.65, 0.65),
        "exposure_time": None,
    }
    if len(motors) == 2:
        entries[",".join(motors) + "/covariance"] = Map(np.where(empty, np.nan, 1e-4 * x), "deg²", "Covariance")
        u, v = (entries[f"{motor}/center_of_mass"].values for motor in motors)
        entries["mosaicity"] = Map(mosaicity_colors(u * 10 - 0.5, v * 10 - 11), "", "Mosaicity of chi and mu")
        ranges = ((0.0, 0.11), (1.0, 1.19))
        metadata["mosaicity"] = {"motors": motors, "ranges": ranges, "units": ("deg", "deg")}
    source = SourceFile("/data/scan.h5::/1.1", 1234, 1.5)
    load = HistoryNode("load", 1, {"path": "/data/scan.h5", "frames": (0, 121)}, {}, "0.1.0", (source,))
    moments = HistoryNode("moments", 1, {"min_intensity": None}, {"dataset": load.id}, "0.1.0", (), ("a warning",))
    given: dict[str, Any] = {
        "dimensions": [Dimension(motor, np.linspace(0.2, 0, 11), "deg", ("omega",)) for motor in motors],
        "pixel_size": (0.15, 0.04),
        "origin": (30, 40),
        "metadata": metadata,
        "history": History.join(moments, [History.join(load, [])]),
    }
    return Maps(entries, **(given | changes))
