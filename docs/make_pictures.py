"""Make the pictures of the documentation from the scan of ``darfix-core demo``.

    python docs/make_pictures.py              figures
    python docs/make_pictures.py --widgets    and the windows of the widgets: needs the canvas and Xvfb

They are kept in the repository, small, because the help pages of an installation show them.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

import darfix_core as dc
from darfix_core.engine.registry import all_steps, get_step
from darfix_core.engine.step_inputs import channel_name
from darfix_core.figures import style
from darfix_core.figures.map_figures import map_figure, overview_figure
from darfix_core.figures.mosaicity_figure import mosaicity_figure
from darfix_core.figures.quality_figure import quality_figure
from darfix_core.figures.shift_figure import shift_figure
from darfix_core.io.mask_file import write_mask
from darfix_core.steps.frame_statistics import combine_frames
from darfix_core.workflow.demo import write_demo_scan

DOCS = Path(__file__).parent
ROOT = DOCS.parent
DPI = 90
WIDTH = 820  # px, that of the help window
LARGE = 150_000  # bytes
#: Steps that the tutorial lacks; they get the dataset from Background Subtraction, or as `OF_RAW_FRAMES` from before.
BESIDE_TUTORIAL = {
    "select_frames": "{'ranges': {'mu': (-0.1, 0.15), 'chi': (None, 0.2)}, '__version__': 1}",
    "partition": "{'__version__': 1}",
    "binning": "{'__version__': 1}",
    "normalise": "{'__version__': 1}",
    "projection": "{'__version__': 1}",
    "z_sum": "{'__version__': 1}",
    "scan_quality": "{'__version__': 1}",
    "noise_removal": "{'operations': ({'type': 'subtract_background'}, {'type': 'threshold', 'bottom': 20.0}), "
    "'__version__': 1}",
    "weak_beam": "{'n_sigma': 0.5, '__version__': 1}",
    "persist": "{'__version__': 1}",
    "load_dataset": "{'path': 'saved.h5', '__version__': 1}",
    "concatenate": "{'along': 'energy', 'values': (17.0, 17.1), '__version__': 1}",
    "apply_mask": "{'file': 'mask.npy', '__version__': 1}",
    "data_copy": "{'path': 'copy.h5', 'order': 'pixel', '__version__': 1}",
    "save_dataset": "{'path': 'dataset.h5', '__version__': 1}",
}
OF_RAW_FRAMES = ("noise_removal",)
_BACKGROUND_NODE, _RAW_NODE = "3", "2"
#: Steps around the shift of a scan that drifts, with their settings.
AROUND_SHIFT = {
    "load": "{'path': 'drifting.h5', '__version__': 1}",
    "shift_correction": "{'__version__': 1}",
    "save_shift": "{'path': 'found.txt', '__version__': 1}",
    "load_shift": "{'path': 'drift.txt', '__version__': 1}",
}
#: Steps that clean the scene with faint lines.
CLEANING = {
    "load": "{'path': 'faint.h5', '__version__': 1}",
    "remove_hot_pixels": "{'__version__': 1}",
    "threshold": "{'bottom': 30.0, '__version__': 1}",
    "gradient_threshold": "{'bottom': 30.0, 'min_gradient': 6.0, '__version__': 1}",
}
_DRIFT = (0.12, -0.07)  # px/frame
#: Nodes of the tutorial whose datasets are put together.
SEVERAL = ("1", "2")
_LINE, _RED = "#2a4b8d", "#b3261e"
_FRAME = 60  # in the middle of the scan: several grains diffract
_PIXEL = (133, 107)  # in the largest grain
_CROP = ((40, 60), (130, 120))


def save(figure: Any, path: Path) -> None:
    """Write a figure as a small PNG."""
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, format="png", dpi=DPI, bbox_inches="tight", pad_inches=0.12)
    shrink(path, path)


def shrink(source: Path, path: Path) -> None:
    """Write a picture no wider than the pages, in a palette where all its colours would take much space."""
    from PIL import Image

    with Image.open(source) as image:
        small = image.convert("RGB")
    small.thumbnail((WIDTH, WIDTH), Image.Resampling.LANCZOS)
    small.save(path, optimize=True)
    if path.stat().st_size > LARGE:
        # Only with a palette that is given does Pillow mix neighbouring colours.
        small.quantize(palette=small.quantize(256)).save(path, optimize=True)


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
    pictures = {
        "steps/pictures/load.png": frames_figure([("frame 60", scan)]),
        "steps/pictures/define_dimensions.png": positions_figure(gridded),
        "steps/pictures/roi.png": roi_figure(scan),
        "steps/pictures/subtract_background.png": background_figure(gridded, clean),
        **detector_figures(scan),
        "steps/pictures/apply_mask.png": mask_figure(clean),
        "steps/pictures/concatenate.png": layers_figure(gridded),
        "steps/pictures/noise_removal.png": noise_figure(scan),
        **cleaning_figures(clean),
        "steps/pictures/find_shift.png": shift_figure(dc.find_shift(made_to_drift(clean)[0], model="frames")),
        "steps/pictures/correct_shift.png": drift_figure(clean),
        **frames_and_pixels_figures(gridded, clean),
        "steps/pictures/scan_quality.png": quality_figure(dc.scan_quality(gridded)[0]),
        "steps/pictures/moments.png": map_figure(maps, "chi/center_of_mass"),
        "steps/pictures/grain_plot.png": mosaicity_figure(maps),
        "steps/pictures/save_maps.png": overview_figure(maps),
        "pictures/pedestal.png": pedestal_figure(gridded, clean),
        "pictures/rocking_curve.png": moments_figure(),
    }
    for name, figure in pictures.items():
        save(figure, target / name)
    return [target / name for name in pictures]


def _figure(width: float, height: float) -> Any:
    figure = style.new_figure(width, height)
    figure.set_layout_engine("constrained")
    return figure


def _show(axes: Any, image: Any, label: str, *, limits: tuple[float, float] | None = None) -> None:
    low, high = limits or style.robust_limits(image)
    shown = axes.imshow(image, cmap=style.color_map("intensity"), vmin=low, vmax=high, interpolation="nearest")
    axes.figure.colorbar(shown, ax=axes, fraction=0.046, pad=0.03).set_label("counts")
    axes.set_title(label, fontsize=10, loc="left")
    axes.set_xlabel("x (px)")
    axes.set_ylabel("y (px)")


def frames_figure(named: list[tuple[str, dc.Dataset]]) -> Any:
    """Frame 60 of some datasets, side by side."""
    figure = _figure(4.6 * len(named), 3.7)
    for axes, (label, dataset) in zip(np.ravel(figure.subplots(1, len(named))), named, strict=True):
        _show(axes, dataset.frames[_FRAME], label)
    return figure


def positions_figure(dataset: dc.Dataset) -> Any:
    """Read-backs, and the grid that was found."""
    figure = _figure(5.2, 4.2)
    axes = figure.subplots()
    slow, fast = dataset.dimensions
    for value in slow.values:
        axes.axhline(value, color="#d8d8d8", linewidth=0.7)
    for value in fast.values:
        axes.axvline(value, color="#d8d8d8", linewidth=0.7)
    axes.plot(dataset.positions[fast.name], dataset.positions[slow.name], ".", color=_LINE, markersize=4)
    axes.set_xlabel(f"{fast.name} ({fast.unit})")
    axes.set_ylabel(f"{slow.name} ({slow.unit})")
    axes.set_title("Read-backs of the frames, and the grid that was found", fontsize=10, loc="left")
    return figure


def roi_figure(scan: dc.Dataset) -> Any:
    """A frame with a rectangle, and the frame cropped to it."""
    from matplotlib.patches import Rectangle

    (y, x), (ny, nx) = _CROP
    figure = _figure(9.2, 3.7)
    left, right = figure.subplots(1, 2)
    image = scan.frames[_FRAME]
    limits = style.robust_limits(image)
    _show(left, image, "before", limits=limits)
    left.add_patch(Rectangle((x - 0.5, y - 0.5), nx, ny, fill=False, color="white", linewidth=1.5))
    cropped = dc.roi(scan, origin=_CROP[0], shape=_CROP[1])
    _show(right, cropped.frames[_FRAME], f"after: origin {_CROP[0]}, shape {_CROP[1]}", limits=limits)
    return figure


def background_figure(before: dc.Dataset, after: dc.Dataset) -> Any:
    """A frame before and after, and the counts of one pixel along the fast motor."""
    figure = _figure(11.5, 3.4)
    axes = figure.subplots(1, 3, width_ratios=(1, 1, 1.1))
    _show(axes[0], before.frames[_FRAME], "frame 60 before", limits=(0, 1000))
    _show(axes[1], after.frames[_FRAME], "after", limits=(-100, 900))
    line = slice(55, 66)
    mu = before.positions["mu"][line]
    for dataset, label, color in ((before, "before", _RED), (after, "after", _LINE)):
        axes[2].plot(mu, dataset.curve(200, 210)[line], "-o", markersize=3.5, color=color, label=label)
    axes[2].axhline(0, color="#808080", linewidth=0.7)
    axes[2].set_xlabel("mu (deg)")
    axes[2].set_ylabel("counts of pixel (200, 210)")
    axes[2].legend(frameon=False)
    return figure


def detector_figures(scan: dc.Dataset) -> dict[str, Any]:
    """Frame 60 as a detector with an uneven dark level and an uneven response would give it, and both corrections."""
    rng = np.random.default_rng(4)
    level, response = uneven_detector(scan.frame_shape)
    frame = scan.frames[[_FRAME]]
    dark = dc.Dataset.from_array(rng.poisson(level, (20, *scan.frame_shape)).astype(np.uint16))
    flat = dc.Dataset.from_array(rng.poisson(8000 * response, (20, *scan.frame_shape)).astype(np.uint16))
    uneven = dc.Dataset.from_array((frame + rng.poisson(level, frame.shape)).astype(np.uint16))
    dim = dc.Dataset.from_array((frame * response).astype(np.uint16))
    limits = (0, 1000)
    return {
        "steps/pictures/subtract_dark.png": correction_figure(
            (uneven, dc.subtract_dark(uneven, dark)), dark.frames[:].mean(axis=0), "dark image", limits
        ),
        "steps/pictures/divide_flat.png": correction_figure(
            (dim, dc.divide_flat(dim, flat)), flat.frames[:].mean(axis=0), "flat field", limits
        ),
    }


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


def cleaning_figures(clean: dc.Dataset) -> dict[str, Any]:
    """What hot pixel removal, thresholds and weak beam do."""
    rng = np.random.default_rng(5)
    light = faint_scene()
    hot = rng.poisson(100 + light) + np.where(rng.random(light.shape) < 3e-3, 400, 0)
    recorded = dc.Dataset.from_array(hot[None].astype(np.uint16)).replace(noise=dc.NoiseModel(1.0, 0.0, 1.0))
    cleaned = dc.remove_hot_pixels(recorded).frames[0]
    as_darfix = dc.remove_hot_pixels(recorded, rule="darfix").frames[0]
    faint = dc.Dataset.from_array((light + rng.normal(0, 7, light.shape))[None])
    limits = {"bottom": 30.0}
    with_gradient = dc.gradient_threshold(faint, min_gradient=6.0, **limits)
    plain = [("before", faint.frames[0]), ("threshold of 30 counts", dc.threshold(faint, **limits).frames[0])]
    return {
        "steps/pictures/remove_hot_pixels.png": scene_figure(
            [
                ("before", hot),
                ("after", cleaned),
                ("changed by the noise rule", 500.0 * (cleaned != hot)),
                ("changed by that of darfix", 500.0 * (as_darfix != hot)),
            ],
            (80, 500),
        ),
        "steps/pictures/threshold.png": scene_figure(plain, (0, 120)),
        "steps/pictures/gradient_threshold.png": scene_figure(
            [*plain, ("or a gradient of 6 counts/px", with_gradient.frames[0])], (0, 120)
        ),
        "steps/pictures/weak_beam.png": weak_beam_figure(clean),
    }


def scene_figure(images: list[tuple[str, Any]], limits: tuple[float, float]) -> Any:
    """Images of the same pixels in the same colours."""
    figure = _figure(3.0 * len(images), 2.9)
    panels = figure.subplots(1, len(images))
    for axes, (label, image) in zip(panels, images, strict=True):
        shown = axes.imshow(image, cmap=style.color_map("intensity"), vmin=limits[0], vmax=limits[1])
        axes.set_title(label, fontsize=10, loc="left")
        axes.set_xlabel("x (px)")
    panels[0].set_ylabel("y (px)")
    figure.colorbar(shown, ax=panels, fraction=0.03, pad=0.02).set_label("counts")
    return figure


def weak_beam_figure(clean: dc.Dataset) -> Any:
    """Curve of a pixel along the fast motor with its limit, and the mean of all frames before and after."""
    weak = dc.weak_beam(clean, n_sigma=0.5)
    figure = _figure(11.5, 3.2)
    axes = figure.subplots(1, 3)
    line = slice(55, 66)
    mu, counts = clean.positions["mu"][line], clean.curve(*_PIXEL)
    axes[0].plot(mu, counts[line], "-o", color=_RED, markersize=3.5, label="before")
    axes[0].plot(mu, weak.curve(*_PIXEL)[line], "-o", color=_LINE, markersize=3.5, label="after")
    axes[0].axhline(0.5 * counts.std(), color="#808080", linewidth=0.8)
    axes[0].set_xlabel("mu (deg)")
    axes[0].set_ylabel(f"counts of pixel {_PIXEL}")
    axes[0].legend(frameon=False, fontsize=9)
    for panel, label, dataset in zip(axes[1:], ("mean of all frames, before", "after"), (clean, weak), strict=True):
        _show(panel, combine_frames(dataset.frames, None), label)
    return figure


def aperture(shape: tuple[int, int]) -> Any:
    """Mask of what lies outside an ellipse."""
    y, x = np.ogrid[-1 : 1 : shape[0] * 1j, -1 : 1 : shape[1] * 1j]
    return (y - 0.1) ** 2 / 0.6 + (x + 0.1) ** 2 / 0.5 > 1


def mask_figure(clean: dc.Dataset) -> Any:
    """Intensity of all pixels, and of those that a mask leaves."""
    masked = dc.apply_mask(clean, dc.Mask(aperture(clean.frame_shape)))
    named = (("all pixels", clean), ("masked", masked))
    return images_figure([(label, dc.moments(dataset)["intensity"]) for label, dataset in named])


def layers_figure(gridded: dc.Dataset) -> Any:
    """Positions of the frames of three scans that were put together."""
    whole = dc.concatenate([gridded] * 3, along="samz", values=(0.0, 0.05, 0.1))
    figure = _figure(8.2, 2.6)
    for axes, name in zip(figure.subplots(1, 3), ("samz", "chi", "mu"), strict=True):
        axes.plot(whole.positions[name], color=_LINE, linewidth=1)
        axes.set_xlabel("frame")
        axes.set_ylabel(f"{name} ({whole.unit(name)})")
    return figure


def correction_figure(
    frames: tuple[dc.Dataset, dc.Dataset], image: Any, label: str, limits: tuple[float, float]
) -> Any:
    """A frame before and after, and between them the image that has corrected it."""
    figure = _figure(11.5, 3.4)
    axes = figure.subplots(1, 3)
    _show(axes[0], frames[0].frames[0], "frame 60 before", limits=limits)
    _show(axes[1], image, label)
    axes[2].set_facecolor("#c8c8c8")
    _show(axes[2], frames[1].frames[0], "after", limits=limits)
    return figure


def noise_figure(scan: dc.Dataset) -> Any:
    """A frame with hot pixels as it was recorded, and as the operations leave it."""
    stack, hot = scan.frames[:], np.random.default_rng(3).random(scan.frames.shape) < 0.001
    noisy = scan.replace(frames=dc.Frames.from_array(np.where(hot, stack + np.uint16(1500), stack)))
    operations: list[dict[str, Any]] = [{"type": "subtract_background"}, {"type": "remove_hot_pixels"}]
    figure = _figure(12.5, 3.6)
    labels = ("as recorded", "subtract_background", "and remove_hot_pixels")
    for number, (axes, label) in enumerate(zip(figure.subplots(1, 3), labels, strict=True)):
        frame = dc.noise_removal(noisy, operations=operations[:number]).frames[_FRAME]
        _show(axes, frame[:100, :120], label, limits=(0, 600))
    return figure


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


def drift_figure(clean: dc.Dataset) -> Any:
    """Mean of the frames of a scan that is made to drift, before and after the correction."""
    drifting, drift = made_to_drift(clean)
    corrected = dc.correct_shift(drifting, drift, interpolation="cubic")
    figure = _figure(9.2, 3.7)
    images = [combine_frames(dataset.frames, None) for dataset in (drifting, corrected)]
    limits = style.robust_limits(images[1])
    for axes, image, label in zip(figure.subplots(1, 2), images, ("mean of the frames before", "after"), strict=True):
        _show(axes, image, label, limits=limits)
    return figure


def frames_and_pixels_figures(gridded: dc.Dataset, clean: dc.Dataset) -> dict[str, Any]:
    """What the steps do that choose or combine frames, and pixels."""
    binned, (y, x) = dc.binning(clean, factor=(4, 4), method="mean"), (slice(140, 240), slice(90, 190))
    projected, summed = dc.projection(clean, motors=("chi",)), dc.z_sum(clean)
    number = int(clean.scan_index[1][_FRAME])
    parts = (slice(y.start // 4, y.stop // 4), slice(x.start // 4, x.stop // 4))
    pairs = {
        "binning": [("frame 60, 100 x 100 px", clean.frames[_FRAME][y, x]), ("binned", binned.frames[_FRAME][parts])],
        "projection": [("frame 60", clean.frames[_FRAME]), ("all chi at this mu", projected.frames[number])],
        "z_sum": [("z_sum", summed["z_sum"]), ("z_max", summed["z_max"])],
    }
    figures = {name: images_figure(images) for name, images in pairs.items()}
    figures |= {
        "select_frames": selection_figure(gridded),
        "partition": partition_figure(clean),
        "normalise": normalise_figure(),
    }
    return {f"steps/pictures/{name}.png": figure for name, figure in figures.items()}


def images_figure(images: list[tuple[str, Any]]) -> Any:
    """Images side by side, each with limits of its own."""
    figure = _figure(4.6 * len(images), 3.7)
    for axes, (label, image) in zip(figure.subplots(1, len(images)), images, strict=True):
        _show(axes, image, label)
    return figure


def selection_figure(dataset: dc.Dataset) -> Any:
    """Positions of the frames that are kept, and of the others."""
    kept = dc.select_frames(dataset, ranges={"mu": (-0.1, 0.15), "chi": (None, 0.2)})
    figure = _figure(5.2, 4.2)
    axes = figure.subplots()
    for part, color, label in ((dataset, "#c8c8c8", "left out"), (kept, _LINE, "kept")):
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
    figure = _figure(6.4, 3.3)
    axes = figure.subplots()
    numbers, below = np.arange(intensity.size), intensity < limit
    axes.plot(intensity, color="#c8c8c8", linewidth=0.8)
    axes.plot(numbers[~below], intensity[~below], "o", color=_LINE, markersize=3.5, label="dataset")
    axes.plot(numbers[below], intensity[below], "o", color=_RED, markersize=3.5, label="below")
    axes.axhline(limit, color=_RED, linewidth=1)
    axes.set_xlabel("frame")
    axes.set_ylabel("mean counts of the frame")
    axes.legend(frameon=False, fontsize=9)
    return figure


def normalise_figure() -> Any:
    """A rocking curve in a beam that fades and is refilled, before and after."""
    mu = np.linspace(-0.3, 0.3, 41)
    current = 200.0 - 4.0 * (np.arange(41) % 24)
    curve = 1000 * np.exp(-(mu**2) / (2 * 0.09**2)) * current / current.mean()
    scan = dc.Dataset.from_array(curve[:, None, None], {"mu": mu}).replace(counters={"srcurrent": current})
    figure = _figure(9.2, 3.3)
    left, right = figure.subplots(1, 2)
    left.plot(current, color=_LINE)
    left.set_xlabel("frame")
    left.set_ylabel("srcurrent (mA)")
    for dataset, color, label in ((scan, _RED, "before"), (dc.normalise(scan), _LINE, "after")):
        right.plot(mu, dataset.curve(0, 0), "-o", color=color, markersize=3.5, label=label)
    right.set_xlabel("mu (deg)")
    right.set_ylabel("counts of a pixel")
    right.legend(frameon=False, fontsize=9)
    return figure


def pedestal_figure(before: dc.Dataset, after: dc.Dataset) -> Any:
    """What a pedestal does to the centre of mass of a line of pixels."""
    import warnings

    figure = _figure(6.4, 3.4)
    axes = figure.subplots()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", dc.DarfixWarning)  # it is what the picture is about
        raw, clean = dc.moments(before), dc.moments(after, min_intensity=1000)
    row = _PIXEL[0]
    for maps, label, color in ((raw, "with its pedestal of 100 counts", _RED), (clean, "background subtracted", _LINE)):
        line = np.where(np.isfinite(clean["chi/center_of_mass"][row]), maps["chi/center_of_mass"][row], np.nan)
        axes.plot(line, color=color, linewidth=1.3, label=label)
    axes.set_xlabel("x (px)")
    axes.set_ylabel("centre of mass in chi (deg)")
    axes.set_title(f"Row {row} of the demonstration scan", fontsize=10, loc="left")
    axes.legend(frameon=False, fontsize=9)
    return figure


def moments_figure() -> Any:
    """A rocking curve with its centre of mass and its width."""
    figure = _figure(5.6, 3.3)
    axes = figure.subplots()
    mu, centre, sigma, peak = np.linspace(-0.3, 0.3, 400), 0.06, 0.07, 1000.0
    counts = peak * np.exp(-((mu - centre) ** 2) / (2 * sigma**2))
    half = sigma * np.sqrt(2 * np.log(2))
    axes.fill_between(mu, counts, color="#dbe4f3")
    axes.plot(mu, counts, color=_LINE)
    axes.axvline(centre, color=_RED, linewidth=1.2)
    axes.annotate("", (centre - half, peak / 2), (centre + half, peak / 2), arrowprops={"arrowstyle": "<->"})
    axes.text(centre + half + 0.01, peak / 2, "FWHM", va="center")
    axes.text(centre + 0.005, 1.06 * peak, "centre of mass", color=_RED)
    axes.text(centre + 0.005, 0.22 * peak, "intensity:\nthe area", color=_LINE)
    axes.set_ylim(0, 1.15 * peak)
    axes.set_xlabel("mu (deg)")
    axes.set_ylabel("counts")
    axes.spines[["top", "right"]].set_visible(False)
    return figure


def make_widget_pictures(target: Path, scan_file: Path) -> list[Path]:
    """Photograph the windows of the tutorial in the real canvas.

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
    from darfix_core.workflow.demo import tutorial_file
    from darfix_core.workflow.ows import write_changed

    folder = scan_file.parent
    flow = folder / "mosaicity.ows"
    changes = {"Data Selection": {"path": scan_file.name}, "Save Maps": {"path": "maps.h5"}}
    write_changed(tutorial_file("mosaicity.ows"), flow, changes)
    add_nodes(flow, BESIDE_TUTORIAL, {dc.Dataset: (_BACKGROUND_NODE, "Dataset")})
    scan = dc.load(scan_file, scan="1.1")
    write_mask(folder / "mask.npy", aperture(scan.frame_shape))
    dc.save_dataset(dc.roi(scan, origin=_CROP[0], shape=_CROP[1]), path=str(folder / "saved.h5"))
    photograph(flow, folder)
    photograph(write_shift_flow(scan_file), folder / "shift")
    photograph(write_detector_flow(scan_file), folder / "detector")
    photograph(write_cleaning_flow(folder), folder / "cleaning")
    made = []
    for step in all_steps():
        if step.widget:
            made.append(target / "steps" / "pictures" / f"{step.id}_widget.png")
            shrink(_window_of(step.title, folder), made[-1])
    return made


def _window_of(title: str, folder: Path) -> Path:
    """Picture of a window in a folder, or in one of its folders; its name is the number of the node and the title."""
    name = title.lower().replace(" ", "_")
    return next(
        file for pattern in ("*.png", "*/*.png") for file in folder.glob(pattern) if file.stem.partition("_")[2] == name
    )


def photograph(flow: Path, folder: Path) -> None:
    """Put a picture of every window of a workflow into a folder."""
    camera = [sys.executable, str(ROOT / "tests" / "canvas_screenshot.py"), str(flow), "--output", str(folder)]
    subprocess.run(camera, check=True, timeout=300, cwd=flow.parent)


def write_shift_flow(scan_file: Path) -> Path:
    """Workflow around the shift of the demo scan, which is made to drift, beside its files."""
    folder = scan_file.parent
    drifting, drift = made_to_drift(dc.subtract_background(dc.load(scan_file, scan="1.1")))
    dc.save_dataset(dc.roi(drifting, origin=(10, 10), shape=(236, 236)), path=folder / "drifting.h5")
    dc.save_shift(drift, path=folder / "drift.txt")
    flow = folder / "shift.ows"
    flow.write_text('<scheme version="2.0"><nodes/><links/><node_properties/></scheme>')
    add_nodes(flow, AROUND_SHIFT, {})
    return flow


def write_detector_flow(scan_file: Path) -> Path:
    """Workflow of the demo scan as an uneven detector would record it, with dark frames and a flat field."""
    folder, scan = scan_file.parent, dc.load(scan_file, scan="1.1")
    rng, (level, response) = np.random.default_rng(6), uneven_detector(scan.frame_shape)
    dark = dc.Frames.from_array(rng.poisson(level, (20, *scan.frame_shape)).astype(np.uint16))
    frames = (scan.frames[:] * response + rng.poisson(level, scan.frames.shape)).astype(np.uint16)
    light = rng.poisson(8000 * response + level, dark.shape).astype(np.uint16)
    dc.save_dataset(scan.replace(frames=dc.Frames.from_array(frames), dark=dark), path=folder / "uneven.h5")
    dc.save_dataset(dc.Dataset(dc.Frames.from_array(light), dark=dark), path=folder / "flat.h5")
    flow = folder / "detector.ows"
    flow.write_text('<scheme version="2.0"><nodes/><links/><node_properties/></scheme>')
    add_nodes(flow, {"load": "{'path': 'uneven.h5', '__version__': 1}", "subtract_dark": "{'__version__': 1}"}, {})
    add_nodes(flow, {"load": "{'path': 'flat.h5', '__version__': 1}"}, {})
    add_nodes(flow, {"divide_flat": "{'__version__': 1}"}, {dc.Dataset: ("1", "Dataset"), "flat": ("2", "Dataset")})
    return flow


def write_cleaning_flow(folder: Path) -> Path:
    """Workflow of a scan of the scene with faint lines, with some hot pixels, and the steps that clean it."""
    rng, mu, light = np.random.default_rng(7), np.linspace(-0.2, 0.2, 9), faint_scene()
    frames = light * np.exp(-((mu / 0.1) ** 2))[:, None, None] + rng.normal(0, 7, (mu.size, *light.shape))
    frames[:, rng.random(light.shape) < 2e-3] += 250
    scan = dc.Dataset.from_array(frames.astype(np.float32), {"mu": mu}).replace(noise=dc.NoiseModel(1.0, 0.0, 7.0))
    dc.save_dataset(scan, path=folder / "faint.h5")
    flow = folder / "cleaning.ows"
    flow.write_text('<scheme version="2.0"><nodes/><links/><node_properties/></scheme>')
    add_nodes(flow, CLEANING, {})
    return flow


def add_nodes(flow: Path, settings: dict[str, str], sources: dict[type | str, tuple[str, str]]) -> None:
    """Add steps to a workflow, with the wires that they need.

    Parameters
    ----------
    flow : Path
    settings : dict
        Step -> settings of its widget.
    sources : dict
        Type or name of an input -> node and channel that it comes from; the first new node that gives the type where
        none is stated.
    """
    from xml.etree import ElementTree

    tree, sources = ElementTree.parse(flow), dict(sources)
    nodes, links, properties = (tree.find(name) for name in ("nodes", "links", "node_properties"))
    for number, (id, text) in enumerate(settings.items()):
        step, node_id = get_step(id), str(len(nodes))
        name = {"name": step.title, "title": step.title, "qualified_name": step.widget, "version": ""}
        place = f"({720 + 150 * number}.0, 320.0)"
        ElementTree.SubElement(nodes, "node", id=node_id, project_name="darfix-core", position=place, **name)
        for entry in step.inputs.values():
            if entry.optional:
                continue
            source, channel = sources.get(entry.name, sources[entry.kind])
            if id in OF_RAW_FRAMES:
                source = _RAW_NODE
            for giver in SEVERAL if entry.many else (source,):
                ends = {"source_node_id": giver, "sink_node_id": node_id, "enabled": "true"}
                channels = {"source_channel": channel, "sink_channel": entry.channel}
                ElementTree.SubElement(links, "link", id=str(len(links)), **ends, **channels)
        for output, kind in step.outputs.items():
            sources.setdefault(kind, (node_id, channel_name(output)))
        ElementTree.SubElement(properties, "properties", node_id=node_id, format="literal").text = text
    tree.write(flow, encoding="utf-8", xml_declaration=True)


def main(arguments: list[str] | None = None) -> None:
    """Make the pictures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--widgets", action="store_true", help="photograph the widgets too")
    parser.add_argument("--output", type=Path, default=DOCS, help="folder that stands for docs")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        scan_file = write_demo_scan(Path(folder) / "mosaicity.h5")
        make_figures(options.output, scan_file)
        if options.widgets:
            make_widget_pictures(options.output, scan_file)


if __name__ == "__main__":
    main()
