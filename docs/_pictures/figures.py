"""All figures of the documentation that the demonstration scan gives."""

from __future__ import annotations

from pathlib import Path

import darfix_core as dc
from _pictures.choosing import choosing_figures
from _pictures.correcting import correcting_figures
from _pictures.explaining import moments_figure, pedestal_figure
from _pictures.files import save
from darfix_core.figures.map_figures import map_figure, overview_figure
from darfix_core.figures.mosaicity_figure import mosaicity_figure
from darfix_core.figures.quality_figure import quality_figure


def make_figures(target: Path, scan_file: Path) -> list[Path]:
    """Write all figures.

    Parameters
    ----------
    target : Path
        Folder that stands for ``docs``.
    scan_file : Path
        The demo scan.

    Returns
    -------
    list of Path
    """
    scan = dc.load(scan_file, scan="1.1")
    gridded = dc.define_dimensions(scan)
    clean = dc.subtract_background(gridded)
    maps = dc.grain_plot(clean, min_intensity=1000)
    of_steps = {
        **choosing_figures(scan, gridded, clean),
        **correcting_figures(scan, gridded, clean),
        "scan_quality": quality_figure(dc.scan_quality(gridded)[0]),
        "moments": map_figure(maps, "chi/center_of_mass"),
        "grain_plot": mosaicity_figure(maps),
        "save_maps": overview_figure(maps),
    }
    of_physics = {"pedestal": pedestal_figure(gridded, clean), "rocking_curve": moments_figure()}
    pictures = {target / "steps" / "pictures" / f"{name}.png": figure for name, figure in of_steps.items()}
    pictures |= {target / "pictures" / f"{name}.png": figure for name, figure in of_physics.items()}
    for path, figure in pictures.items():
        save(figure, path)
    return list(pictures)
