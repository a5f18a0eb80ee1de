"""Picture of the orientation: the mosaicity map and its colour key."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from darfix_core.figures import style
from darfix_core.figures.mosaicity_colors import mosaicity_key
from darfix_core.model.arrays import FloatArray
from darfix_core.model.maps import Maps

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_KEY_PIXELS = 256
_KEY_INCHES = 1.75
_BINS = 48
# Inches: before the image, below it, and between image and key.
_LEFT, _BOTTOM, _GAP = 0.8, 0.6, 1.0
_BELOW: dict[str, Any] = {"xycoords": "axes fraction", "textcoords": "offset points", "annotation_clip": False}


def mosaicity_figure(maps: Maps) -> Figure:
    """Picture of the mosaicity map with its colour key, whose axes are the motors.

    Lines in the key enclose half and nine tenths of the pixels: a pole figure of the field of view.

    Parameters
    ----------
    maps : Maps
        With the map ``mosaicity`` and ``metadata["mosaicity"]``, as `grain_plot` gives them.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    KeyError
        If there is no mosaicity map.
    ValueError
        If ``metadata["mosaicity"]`` is missing.
    """
    colors = np.asarray(maps.entry("mosaicity").values, dtype=np.float32)
    key = maps.metadata.get("mosaicity")
    if key is None:
        raise ValueError("metadata must hold 'mosaicity', the motors and ranges of the colour key, got none")
    box = style.image_box(maps, 6.4, 4.8)
    key_left = _LEFT + box[0] + _GAP
    width = key_left + _KEY_INCHES + 0.25
    title = style.wrapped(
        f"Orientation: centres of mass in {key['motors'][0]} and {key['motors'][1]}", width - _LEFT, 12
    )
    top = style.title_height(title, maps.metadata)
    figure = style.new_figure(width, top + max(box[1] + _BOTTOM, _KEY_INCHES + 1.25))
    axes = style.add_axes(figure, _LEFT, top, box)
    _draw_colors(axes, maps, colors)
    _draw_key(style.add_axes(figure, key_left, top, (_KEY_INCHES, _KEY_INCHES)), maps, key)
    style.add_title(figure, axes, title, maps.metadata)
    return figure


def _draw_colors(axes: Axes, maps: Maps, colors: Any) -> None:
    from matplotlib.colors import to_rgb

    filled = np.where(np.isfinite(colors), colors, np.array(to_rgb(style.EMPTY_COLOR), dtype=np.float32))
    axes.imshow(
        np.clip(filled, 0, 1),
        extent=style.image_extent(maps),
        aspect="auto",
        interpolation="nearest" if max(maps.shape) < 600 else "auto",
    )
    style.quiet_ticks(axes, fontsize=9)
    axes.locator_params(nbins=6)
    style.label_position_axes(axes, maps, fontsize=10)
    if maps.pixel_size is not None:
        style.add_scale_bar(axes, maps.pixel_size[1] * maps.shape[1], fontsize=9)


def _draw_key(axes: Axes, maps: Maps, key: Any) -> None:
    """Colours over the two motors: the second along x, the first along y."""
    (low_y, high_y), (low_x, high_x) = key["ranges"]
    extent = (low_x, high_x, low_y, high_y)
    axes.imshow(mosaicity_key(_KEY_PIXELS), extent=extent, origin="lower", aspect="auto")
    for axis, motor, unit in zip((axes.yaxis, axes.xaxis), key["motors"], key["units"], strict=True):
        axis.set_label_text(style.with_unit(motor, unit), fontsize=10)
    axes.locator_params(nbins=4)
    axes.ticklabel_format(useOffset=False)
    style.quiet_ticks(axes, fontsize=8)
    lines = _draw_density(axes, maps, key, extent)
    if lines:
        text = "lines enclose 50 % and 90 %\nof the pixels"
        axes.annotate(text, (0, 0), xytext=(0, -42), fontsize=8, color=style.QUIET_COLOR, va="top", **_BELOW)
    if not np.isfinite(maps["mosaicity"]).all():
        _add_empty_sample(axes, -72 if lines else -42)


def _add_empty_sample(axes: Axes, offset: float) -> None:
    """Below the key: what pixels without orientation look like."""
    sample = {"boxstyle": "square,pad=0.25", "facecolor": style.EMPTY_COLOR, "edgecolor": style.QUIET_COLOR, "lw": 0.6}
    axes.annotate("   ", (0, 0), xytext=(3, offset), fontsize=8, va="top", bbox=sample, **_BELOW)
    axes.annotate(
        "no orientation", (0, 0), xytext=(18, offset), fontsize=8, color=style.QUIET_COLOR, va="top", **_BELOW
    )


def _draw_density(axes: Axes, maps: Maps, key: Any, extent: tuple[float, float, float, float]) -> bool:
    """Lines around half and nine tenths of the pixels; False where there is nothing to draw."""
    names = [f"{motor}/center_of_mass" for motor in key["motors"]]
    if not all(name in maps for name in names):
        return False
    y, x = (np.asarray(maps[name], dtype=np.float64).ravel() for name in names)
    valid = np.isfinite(x) & np.isfinite(y)
    count, y_edges, x_edges = np.histogram2d(
        y[valid], x[valid], bins=_BINS, range=((extent[2], extent[3]), (extent[0], extent[1]))
    )
    density = _smoothed(count)
    levels = sorted({float(_level(density, share)) for share in (0.9, 0.5)})
    if density.max() <= 0 or levels[0] <= 0:
        return False
    centers = [(edges[1:] + edges[:-1]) / 2 for edges in (x_edges, y_edges)]
    axes.contour(*centers, density, levels=levels, colors="black", linewidths=[0.6, 1.0][: len(levels)])
    return True


def _smoothed(count: FloatArray) -> FloatArray:
    """Counts blurred over about three bins, for smooth lines."""
    kernel = np.array([1.0, 4.0, 6.0, 4.0, 1.0]) / 16
    for axis in (0, 1):
        count = np.apply_along_axis(np.convolve, axis, count, kernel, mode="same")
    return count


def _level(density: FloatArray, share: float) -> float:
    """Height of the line that encloses a share of all."""
    ordered = np.sort(density, axis=None)[::-1]
    total = np.cumsum(ordered)
    return float(ordered[np.searchsorted(total, share * total[-1])]) if total[-1] > 0 else 0.0
