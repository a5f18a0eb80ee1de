"""Figures of the steps that correct the counts."""

from __future__ import annotations

from typing import Any

import numpy as np

import darfix_core as dc
from _pictures.panels import FRAME, LINE, PIXEL, RED, new_figure, scene_figure, show
from _pictures.scenes import drifting_crystal, faint_scene, made_to_drift, uneven_detector
from darfix_core.figures import style
from darfix_core.figures.shift_figure import shift_figure
from darfix_core.steps.frame_statistics import combine_frames


def correcting_figures(scan: dc.Dataset, gridded: dc.Dataset, clean: dc.Dataset) -> dict[str, Any]:
    """Step -> figure, from the scan as it was recorded, with its dimensions, and without its background."""
    return {
        **detector_figures(scan),
        "normalise": normalise_figure(),
        "subtract_background": background_figure(gridded, clean),
        **cleaning_figures(),
        "weak_beam": weak_beam_figure(clean),
        "noise_removal": noise_figure(scan),
        "find_shift": shift_figure(dc.find_shift(drifting_crystal()[0], model="frames")),
        "correct_shift": drift_figure(*made_to_drift(clean)),
    }


def background_figure(before: dc.Dataset, after: dc.Dataset) -> Any:
    """A frame before and after, and the counts of one pixel along the fast motor."""
    figure = new_figure(11.5, 3.4)
    axes = figure.subplots(1, 3, width_ratios=(1, 1, 1.1))
    show(axes[0], before.frames[FRAME], "frame 60 before", limits=(0, 1000))
    show(axes[1], after.frames[FRAME], "after", limits=(-100, 900))
    line = slice(55, 66)
    mu = before.positions["mu"][line]
    for dataset, label, color in ((before, "before", RED), (after, "after", LINE)):
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
    frame = scan.frames[[FRAME]]
    dark = dc.Dataset.from_array(rng.poisson(level, (20, *scan.frame_shape)).astype(np.uint16))
    flat = dc.Dataset.from_array(rng.poisson(8000 * response, (20, *scan.frame_shape)).astype(np.uint16))
    uneven = dc.Dataset.from_array((frame + rng.poisson(level, frame.shape)).astype(np.uint16))
    dim = dc.Dataset.from_array((frame * response).astype(np.uint16))
    limits = (0, 1000)
    return {
        "subtract_dark": correction_figure(
            (uneven, dc.subtract_dark(uneven, dark)), dark.frames[:].mean(axis=0), "dark image", limits
        ),
        "divide_flat": correction_figure(
            (dim, dc.divide_flat(dim, flat)), flat.frames[:].mean(axis=0), "flat field", limits
        ),
    }


def correction_figure(
    frames: tuple[dc.Dataset, dc.Dataset], image: Any, label: str, limits: tuple[float, float]
) -> Any:
    """A frame before and after, and between them the image that has corrected it."""
    figure = new_figure(11.5, 3.4)
    axes = figure.subplots(1, 3)
    show(axes[0], frames[0].frames[0], "frame 60 before", limits=limits)
    show(axes[1], image, label)
    axes[2].set_facecolor("#c8c8c8")
    show(axes[2], frames[1].frames[0], "after", limits=limits)
    return figure


def normalise_figure() -> Any:
    """A rocking curve in a beam that fades and is refilled, before and after."""
    mu = np.linspace(-0.3, 0.3, 41)
    current = 200.0 - 4.0 * (np.arange(41) % 24)
    curve = 1000 * np.exp(-(mu**2) / (2 * 0.09**2)) * current / current.mean()
    scan = dc.Dataset.from_array(curve[:, None, None], {"mu": mu}).replace(counters={"srcurrent": current})
    figure = new_figure(9.2, 3.3)
    left, right = figure.subplots(1, 2)
    left.plot(current, color=LINE)
    left.set_xlabel("frame")
    left.set_ylabel("srcurrent (mA)")
    for dataset, color, label in ((scan, RED, "before"), (dc.normalise(scan), LINE, "after")):
        right.plot(mu, dataset.curve(0, 0), "-o", color=color, markersize=3.5, label=label)
    right.set_xlabel("mu (deg)")
    right.set_ylabel("counts of a pixel")
    right.legend(frameon=False, fontsize=9)
    return figure


def noise_figure(scan: dc.Dataset) -> Any:
    """A frame with hot pixels as it was recorded, and as the operations leave it."""
    stack, hot = scan.frames[:], np.random.default_rng(3).random(scan.frames.shape) < 0.001
    noisy = scan.replace(frames=dc.Frames.from_array(np.where(hot, stack + np.uint16(1500), stack)))
    operations: list[dict[str, Any]] = [{"type": "subtract_background"}, {"type": "remove_hot_pixels"}]
    figure = new_figure(12.5, 3.6)
    labels = ("as recorded", "subtract_background", "and remove_hot_pixels")
    for number, (axes, label) in enumerate(zip(figure.subplots(1, 3), labels, strict=True)):
        frame = dc.noise_removal(noisy, operations=operations[:number]).frames[FRAME]
        show(axes, frame[:100, :120], label, limits=(0, 600))
    return figure


def cleaning_figures() -> dict[str, Any]:
    """What hot pixel removal and thresholds do to the scene with faint lines."""
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
        "remove_hot_pixels": scene_figure(
            [
                ("before", hot),
                ("after", cleaned),
                ("changed by the noise rule", 500.0 * (cleaned != hot)),
                ("changed by that of darfix", 500.0 * (as_darfix != hot)),
            ],
            (80, 500),
        ),
        "threshold": scene_figure(plain, (0, 120)),
        "gradient_threshold": scene_figure(
            [*plain, ("or a gradient of 6 counts/px", with_gradient.frames[0])], (0, 120)
        ),
    }


def weak_beam_figure(clean: dc.Dataset) -> Any:
    """Curve of a pixel along the fast motor with its limit, and the mean of all frames before and after."""
    weak = dc.weak_beam(clean, n_sigma=0.5)
    figure = new_figure(11.5, 3.2)
    axes = figure.subplots(1, 3)
    line = slice(55, 66)
    mu, counts = clean.positions["mu"][line], clean.curve(*PIXEL)
    axes[0].plot(mu, counts[line], "-o", color=RED, markersize=3.5, label="before")
    axes[0].plot(mu, weak.curve(*PIXEL)[line], "-o", color=LINE, markersize=3.5, label="after")
    axes[0].axhline(0.5 * counts.std(), color="#808080", linewidth=0.8)
    axes[0].set_xlabel("mu (deg)")
    axes[0].set_ylabel(f"counts of pixel {PIXEL}")
    axes[0].legend(frameon=False, fontsize=9)
    for panel, label, dataset in zip(axes[1:], ("mean of all frames, before", "after"), (clean, weak), strict=True):
        show(panel, combine_frames(dataset.frames, None), label)
    return figure


def drift_figure(drifting: dc.Dataset, drift: dc.Shift) -> Any:
    """Mean of the frames of a scan that drifts, before and after the correction."""
    corrected = dc.correct_shift(drifting, drift, interpolation="cubic")
    figure = new_figure(9.2, 3.7)
    images = [combine_frames(dataset.frames, None) for dataset in (drifting, corrected)]
    limits = style.robust_limits(images[1])
    for axes, image, label in zip(figure.subplots(1, 2), images, ("mean of the frames before", "after"), strict=True):
        show(axes, image, label, limits=limits)
    return figure
