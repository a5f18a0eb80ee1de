"""Axes that several figures are built of, in the same colours, and what they show of the demonstration scan."""

from __future__ import annotations

from typing import Any

from darfix_core.figures import style

LINE, RED = "#2a4b8d", "#b3261e"
FRAME = 60  # in the middle of the scan: several grains diffract
PIXEL = (133, 107)  # in the largest grain
CROP = ((40, 60), (130, 120))


def new_figure(width: float, height: float) -> Any:
    """An empty figure whose parts find their places by themselves."""
    figure = style.new_figure(width, height)
    figure.set_layout_engine("constrained")
    return figure


def show(axes: Any, image: Any, label: str, *, limits: tuple[float, float] | None = None) -> None:
    """An image with its axes and the scale of its colours."""
    low, high = limits or style.robust_limits(image)
    shown = axes.imshow(image, cmap=style.color_map("intensity"), vmin=low, vmax=high, interpolation="nearest")
    axes.figure.colorbar(shown, ax=axes, fraction=0.046, pad=0.03).set_label("counts")
    axes.set_title(label, fontsize=10, loc="left")
    axes.set_xlabel("x (px)")
    axes.set_ylabel("y (px)")


def images_figure(images: list[tuple[str, Any]]) -> Any:
    """Images side by side, each with limits of its own."""
    figure = new_figure(4.6 * len(images), 3.7)
    for axes, (label, image) in zip(figure.subplots(1, len(images), squeeze=False)[0], images, strict=True):
        show(axes, image, label)
    return figure


def scene_figure(images: list[tuple[str, Any]], limits: tuple[float, float]) -> Any:
    """Images of the same pixels in the same colours."""
    figure = new_figure(3.0 * len(images), 2.9)
    panels = figure.subplots(1, len(images))
    for axes, (label, image) in zip(panels, images, strict=True):
        shown = axes.imshow(image, cmap=style.color_map("intensity"), vmin=limits[0], vmax=limits[1])
        axes.set_title(label, fontsize=10, loc="left")
        axes.set_xlabel("x (px)")
    panels[0].set_ylabel("y (px)")
    figure.colorbar(shown, ax=panels, fraction=0.03, pad=0.02).set_label("counts")
    return figure
