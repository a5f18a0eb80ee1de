"""Figures of the steps that open a scan, and choose or combine its frames and pixels."""

from __future__ import annotations

from typing import Any

import numpy as np

import darfix_core as dc
from _pictures.panels import CROP, FRAME, LINE, RED, images_figure, new_figure, show
from _pictures.scenes import aperture
from darfix_core.figures import style


def choosing_figures(scan: dc.Dataset, gridded: dc.Dataset, clean: dc.Dataset) -> dict[str, Any]:
    """Step -> figure, from the scan as it was recorded, with its dimensions, and without its background."""
    summed = dc.z_sum(clean)
    projected = dc.projection(clean, motors=("chi",)).frames[int(clean.scan_index[1][FRAME])]
    return {
        "load": images_figure([("frame 60", scan.frames[FRAME])]),
        "define_dimensions": positions_figure(gridded),
        "roi": roi_figure(scan),
        "select_frames": selection_figure(gridded),
        "partition": partition_figure(clean),
        "concatenate": layers_figure(gridded),
        "apply_mask": mask_figure(clean),
        "binning": binning_figure(clean),
        "projection": images_figure([("frame 60", clean.frames[FRAME]), ("all chi at this mu", projected)]),
        "z_sum": images_figure([("z_sum", summed["z_sum"]), ("z_max", summed["z_max"])]),
    }


def positions_figure(dataset: dc.Dataset) -> Any:
    """Read-backs, and the grid that was found."""
    figure = new_figure(5.2, 4.2)
    axes = figure.subplots()
    slow, fast = dataset.dimensions
    for value in slow.values:
        axes.axhline(value, color="#d8d8d8", linewidth=0.7)
    for value in fast.values:
        axes.axvline(value, color="#d8d8d8", linewidth=0.7)
    axes.plot(dataset.positions[fast.name], dataset.positions[slow.name], ".", color=LINE, markersize=4)
    axes.set_xlabel(f"{fast.name} ({fast.unit})")
    axes.set_ylabel(f"{slow.name} ({slow.unit})")
    axes.set_title("Read-backs of the frames, and the grid that was found", fontsize=10, loc="left")
    return figure


def roi_figure(scan: dc.Dataset) -> Any:
    """A frame with a rectangle, and the frame cropped to it."""
    from matplotlib.patches import Rectangle

    (y, x), (ny, nx) = CROP
    figure = new_figure(9.2, 3.7)
    left, right = figure.subplots(1, 2)
    image = scan.frames[FRAME]
    limits = style.robust_limits(image)
    show(left, image, "before", limits=limits)
    left.add_patch(Rectangle((x - 0.5, y - 0.5), nx, ny, fill=False, color="white", linewidth=1.5))
    cropped = dc.roi(scan, origin=CROP[0], shape=CROP[1])
    show(right, cropped.frames[FRAME], f"after: origin {CROP[0]}, shape {CROP[1]}", limits=limits)
    return figure


def selection_figure(dataset: dc.Dataset) -> Any:
    """Positions of the frames that are kept, and of the others."""
    kept = dc.select_frames(dataset, ranges={"mu": (-0.1, 0.15), "chi": (None, 0.2)})
    figure = new_figure(5.2, 4.2)
    axes = figure.subplots()
    for part, color, label in ((dataset, "#c8c8c8", "left out"), (kept, LINE, "kept")):
        axes.plot(part.positions["mu"], part.positions["chi"], "o", color=color, markersize=5, label=label)
    axes.set_xlabel("mu (deg)")
    axes.set_ylabel("chi (deg)")
    axes.set_title("mu from -0.1 to 0.15, chi up to 0.2", fontsize=10, loc="left")
    axes.legend(frameon=False, fontsize=9, loc="upper left", bbox_to_anchor=(1, 1))
    return figure


def partition_figure(dataset: dc.Dataset) -> Any:
    """Intensity of the frames on both sides of the limit."""
    from darfix_core.steps.partition import frame_intensity, intensity_limit

    intensity = frame_intensity(dataset)
    limit = intensity_limit(intensity, None, 10.0)
    figure = new_figure(6.4, 3.3)
    axes = figure.subplots()
    numbers, below = np.arange(intensity.size), intensity < limit
    axes.plot(intensity, color="#c8c8c8", linewidth=0.8)
    axes.plot(numbers[~below], intensity[~below], "o", color=LINE, markersize=3.5, label="dataset")
    axes.plot(numbers[below], intensity[below], "o", color=RED, markersize=3.5, label="below")
    axes.axhline(limit, color=RED, linewidth=1)
    axes.set_xlabel("frame")
    axes.set_ylabel("mean counts of the frame")
    axes.legend(frameon=False, fontsize=9)
    return figure


def binning_figure(clean: dc.Dataset) -> Any:
    """A part of a frame, and its bins of 4 x 4."""
    binned = dc.binning(clean, factor=(4, 4), method="mean")
    part, bins = clean.frames[FRAME][140:240, 88:188], binned.frames[FRAME][35:60, 22:47]
    return images_figure([("frame 60, 100 x 100 px", part), ("binned by 4 x 4", bins)])


def layers_figure(gridded: dc.Dataset) -> Any:
    """Positions of the frames of three scans that were put together."""
    whole = dc.concatenate([gridded] * 3, along="samz", values=(0.0, 0.05, 0.1))
    figure = new_figure(8.2, 2.6)
    for axes, name in zip(figure.subplots(1, 3), ("samz", "chi", "mu"), strict=True):
        axes.plot(whole.positions[name], color=LINE, linewidth=1)
        axes.set_xlabel("frame")
        axes.set_ylabel(f"{name} ({whole.unit(name)})")
    return figure


def mask_figure(clean: dc.Dataset) -> Any:
    """Intensity of all pixels, and of those that a mask leaves."""
    masked = dc.apply_mask(clean, dc.Mask(aperture(clean.frame_shape)))
    named = (("all pixels", clean), ("masked", masked))
    return images_figure([(label, dc.moments(dataset)["intensity"]) for label, dataset in named])
