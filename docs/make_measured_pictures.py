"""Make the pictures of the guide that show a measured scan.

    python docs/make_measured_pictures.py rocking.h5

The scan is a rocking scan of the ESRF beamline ID03 (``fscan mu``, 150 frames), one of the samples of darling. It is no
part of this repository; the pictures are.
"""

from __future__ import annotations

import sys
import warnings
from pathlib import Path
from typing import Any

from _pictures.files import save

import darfix_core as dc
from darfix_core.figures import style
from darfix_core.figures.quality_figure import quality_figure
from darfix_core.figures.shift_figure import shift_figure

TARGET = Path(__file__).parent / "guide" / "pictures"
#: What the tutorial "preprocessing.ows" does to the frames.
OPERATIONS = ({"type": "subtract_background", "method": "percentile", "percentile": 5.0},)
_LEAST = 30_000.0  # counts of a pixel in all frames: less is noise
_MAPS = {"intensity": "intensity", "mu/center_of_mass": "centre of mass", "mu/fwhm": "FWHM"}


def cleaning_figure(scans: dict[str, dc.Dataset]) -> Any:
    """Three maps of a scan in several states, a row each; the colours of a map are those of the last row."""
    figure = style.new_figure(11.5, 5.9)
    figure.set_layout_engine("constrained")
    maps = [dc.moments(scan, min_intensity=_LEAST) for scan in scans.values()]
    for row, of_scan, label in zip(figure.subplots(len(scans), len(_MAPS)), maps, scans, strict=True):
        for axes, (name, what) in zip(row, _MAPS.items(), strict=True):
            low, high = style.robust_limits((of_scan if name == "intensity" else maps[-1])[name])
            shown = axes.imshow(of_scan[name], cmap=style.color_map(name), vmin=low, vmax=high, interpolation="nearest")
            axes.set_facecolor("#c8c8c8")
            figure.colorbar(shown, ax=axes, fraction=0.02, pad=0.02).set_label(of_scan.unit(name))
            axes.set(xlabel="x (px)", ylabel="y (px)")
            axes.set_title(f"{what}, {label}", fontsize=10, loc="left")
    return figure


def main(scan_file: str) -> None:
    """Make the pictures."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        scan = dc.define_dimensions(dc.load(scan_file))
        cleaned = dc.noise_removal(scan, operations=OPERATIONS)
        moved, shift = dc.shift_correction(cleaned)
        scans = {"as recorded": scan, "without background": cleaned, "without drift": moved}
        save(cleaning_figure(scans), TARGET / "cleaning.png")
        save(shift_figure(shift), TARGET / "drift.png")
        save(quality_figure(dc.scan_quality(scan)[0]), TARGET / "scan_quality.png")


if __name__ == "__main__":
    main(sys.argv[1])
