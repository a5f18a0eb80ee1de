"""Pictures of the measurements that the verdicts on a scan rest on."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from darfix_core.figures import style
from darfix_core.figures.numbers import ShortNumbers
from darfix_core.model.arrays import AnyArray
from darfix_core.model.scan_quality import ScanQuality

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: Colours of the verdicts, which people with any sight can tell apart by their lightness, too.
VERDICT_COLORS = {"ok": "#2f7d4f", "doubtful": "#c77f00", "bad": "#b3202c", "not checked": style.QUIET_COLOR}

_LINE, _SECOND, _ALARM = "#2a4b8d", "#c77f00", "#b3202c"
_WIDTH, _MARGIN = 11.0, 0.7
_PANEL, _PITCH = (2.55, 1.75), (3.45, 2.65)
_FONT = 8.0
# Points per FWHM below which fits, and tests for two peaks, are doubtful.
_FIT_POINTS, _TWO_PEAKS_POINTS = 5, 12


def quality_figure(quality: ScanQuality) -> Figure:
    """Page of all verdicts, and the pictures of what was measured.

    Parameters
    ----------
    quality : ScanQuality

    Returns
    -------
    matplotlib.figure.Figure
        Drawn without a screen.
    """
    panels = [name for name, (wanted, _, _) in _PANELS.items() if _has(quality, wanted)]
    rows = [(row, style.wrapped(row.finding, 4.8, _FONT)) for row in quality.rows]
    heights = [0.14 + 0.145 * (1 + finding.count("\n")) for _, finding in rows]
    top = 0.75 + sum(heights)
    figure = style.new_figure(_WIDTH, top + 0.4 + _PITCH[1] * -(-len(panels) // 3))
    height = figure.get_size_inches()[1]
    figure.text(_MARGIN / _WIDTH, 1 - 0.4 / height, f"Scan quality: {quality.title or 'scan'}", fontsize=13)
    at = 0.75
    for (row, finding), step in zip(rows, heights, strict=True):
        color = VERDICT_COLORS[row.verdict]
        for left, text, look, weight in (
            (_MARGIN, row.check, "black", "normal"),
            (3.05, row.verdict, color, "bold"),
            (4.0, row.measured, "black", "normal"),
            (5.75, finding, "black" if row.verdict in ("bad", "doubtful") else style.QUIET_COLOR, "normal"),
        ):
            place = (left / _WIDTH, 1 - at / height)
            figure.text(*place, text, fontsize=_FONT, va="top", color=look, weight=weight)
        at += step
    for number, name in enumerate(panels):
        left, down = _MARGIN + 0.1 + _PITCH[0] * (number % 3), top + 0.45 + _PITCH[1] * (number // 3)
        axes = style.add_axes(figure, left, down, _PANEL)
        _draw(axes, quality, name, _FONT)
    return figure


def check_figure(quality: ScanQuality, check: str) -> Figure | None:
    """Picture of what one check has measured.

    Parameters
    ----------
    quality : ScanQuality
    check : str
        As in `QualityRow.check`.

    Returns
    -------
    matplotlib.figure.Figure or None
        None where nothing was measured that can be drawn.
    """
    name = next(
        (name for name, (wanted, checks, _) in _PANELS.items() if check in checks and _has(quality, wanted)), None
    )
    if name is None:
        return None
    figure = style.new_figure(6.4, 4.2)
    axes = style.add_axes(figure, 0.9, 0.6, (4.6, 2.9))
    _draw(axes, quality, name, 10.0)
    return figure


def _has(quality: ScanQuality, wanted: str) -> bool:
    return any(
        array.size and (name == wanted or name.startswith(f"{wanted}/")) for name, array in quality.arrays.items()
    )


def _part(quality: ScanQuality, prefix: str) -> dict[str, AnyArray]:
    """Arrays whose names begin alike, by the rest of their names."""
    return {name[len(prefix) + 1 :]: array for name, array in quality.arrays.items() if name.startswith(f"{prefix}/")}


def _draw(axes: Axes, quality: ScanQuality, name: str, fontsize: float) -> None:
    axes.set_title(name, fontsize=fontsize + 1, loc="left", pad=6)
    style.quiet_ticks(axes, fontsize=fontsize - 1)
    _PANELS[name][2](axes, quality, fontsize)


def _labels(axes: Axes, x: str, y: str, fontsize: float, *, legend: bool = False) -> None:
    axes.set_xlabel(x, fontsize=fontsize)
    axes.set_ylabel(y, fontsize=fontsize)
    axes.locator_params(nbins=6)
    axes.grid(color="#e4e4e4", linewidth=0.6)
    axes.set_axisbelow(True)
    if legend and axes.get_legend_handles_labels()[0]:
        axes.legend(fontsize=fontsize - 1, frameon=False, loc="best", handlelength=1.4, labelspacing=0.3)


def _draw_intensity(axes: Axes, quality: ScanQuality, fontsize: float) -> None:
    axes.plot(quality.arrays["intensity"], color=_LINE, linewidth=1.0)
    _labels(axes, "frame", "mean count", fontsize)
    monitors = _part(quality, "monitor")
    if monitors:
        beside = axes.twinx()
        for color, (name, values) in zip((_SECOND, _ALARM, "#6b6b6b"), monitors.items(), strict=False):
            beside.plot(values, color=color, linewidth=0.9, label=name)
        beside.set_ylim(0, 1.15 * max(float(values.max()) for values in monitors.values()))
        beside.set_ylabel("beam / its median", fontsize=fontsize)
        style.quiet_ticks(beside, fontsize=fontsize - 1)
        beside.legend(fontsize=fontsize - 1, frameon=False, loc="lower center", handlelength=1.4)


def _draw_pedestal(axes: Axes, quality: ScanQuality, fontsize: float) -> None:
    image = axes.imshow(
        quality.arrays["pedestal_share"], cmap=style.color_map("intensity"), vmin=0, vmax=1, interpolation="nearest"
    )
    axes.set_xlabel("x (px)", fontsize=fontsize)
    axes.set_ylabel("y (px)", fontsize=fontsize)
    bar = axes.figure.colorbar(image, ax=axes, fraction=0.05, pad=0.03)
    bar.ax.tick_params(labelsize=fontsize - 1, width=0.6, length=3)


def _draw_photon_transfer(axes: Axes, quality: ScanQuality, fontsize: float) -> None:
    found = _part(quality, "photon_transfer")
    level, fitted = found["level"], found["fitted"]
    gain, offset, read_noise = found["line"]
    for chosen, color, label in ((fitted, _LINE, "fitted"), (~fitted, style.EMPTY_COLOR, "left out")):
        if chosen.any():
            axes.plot(level[chosen], found["variance"][chosen], "o", color=color, markersize=3, label=label)
    if gain > 0:
        ends = np.array([offset, level.max()])
        axes.plot(ends, gain * (ends - offset) + read_noise**2, color=_ALARM, linewidth=1.0, label=f"gain {gain:.3g}")
        width = 1.3 * (level[fitted].max(initial=level.min()) - offset)
        axes.set_xlim(offset - 0.05 * width, offset + width)
        axes.set_ylim(0, 1.5 * max(gain * width, found["variance"][fitted].max(initial=0.0)) + read_noise**2)
    _labels(axes, "mean count", "variance (counts²)", fontsize, legend=True)


def _draw_bad_pixels(axes: Axes, quality: ScanQuality, fontsize: float) -> None:
    images = _part(quality, "pixels")
    ny, nx = next(iter(images.values())).shape
    for color, (name, image) in zip(("black", _ALARM, _SECOND), images.items(), strict=False):
        y, x = np.nonzero(image)
        axes.plot(x, y, ".", color=color, markersize=3, label=f"{name}: {x.size}")
    axes.set_xlim(-0.5, nx - 0.5)
    axes.set_ylim(ny - 0.5, -0.5)
    axes.set_aspect("equal")
    axes.set_xlabel("x (px)", fontsize=fontsize)
    axes.set_ylabel("y (px)", fontsize=fontsize)
    axes.legend(fontsize=fontsize - 1, loc="upper right", handlelength=0.8, labelspacing=0.3, framealpha=0.9)


def _draw_drift(axes: Axes, quality: ScanQuality, fontsize: float) -> None:
    velocities = quality.arrays["drift/tiles"]
    middle = np.median(velocities, axis=0)
    axes.axhline(0, color=style.EMPTY_COLOR, linewidth=0.8)
    axes.axvline(0, color=style.EMPTY_COLOR, linewidth=0.8)
    axes.plot(velocities[:, 1], velocities[:, 0], "o", color=_LINE, markersize=3, label="tiles of the image")
    axes.plot(middle[1], middle[0], "+", color=_ALARM, markersize=10, markeredgewidth=2, label="median")
    _labels(axes, "along x (px per frame)", "along y (px per frame)", fontsize, legend=True)


def _draw_examples(axes: Axes, quality: ScanQuality, fontsize: float) -> None:
    motor, curves = next(iter(_part(quality, "example_curves").items()))
    positions, unit = quality.arrays[f"positions/{motor}"], quality.units.get(f"positions/{motor}", "")
    short = ShortNumbers.between(float(positions.min()), float(positions.max()))
    for number, curve in enumerate(curves.T):
        axes.plot(short.of(positions), curve / np.nanmax(curve), color=_LINE, alpha=1 - 0.3 * number, linewidth=1.0)
    axes.axhline(0.15, color=_ALARM, linewidth=0.8, linestyle="--", label="limit at the ends")
    _labels(axes, short.label(motor, unit), "count / its peak", fontsize, legend=True)


def _draw_points(axes: Axes, quality: ScanQuality, fontsize: float) -> None:
    found = {motor: values[np.isfinite(values)] for motor, values in _part(quality, "points_per_fwhm").items()}
    found = {motor: values for motor, values in found.items() if values.size}
    most = max((float(np.percentile(values, 99)) for values in found.values()), default=1.0)
    edges = np.linspace(0, 1.1 * max(most, _FIT_POINTS + 1), 41)
    for color, (motor, values) in zip((_LINE, _SECOND, "#6b6b6b"), found.items(), strict=False):
        axes.hist(values, list(edges), color=color, histtype="step", label=motor)
    for points, style_of_line, text in ((_FIT_POINTS, "--", "fits"), (_TWO_PEAKS_POINTS, ":", "two peaks")):
        if points < edges[-1]:
            axes.axvline(points, color=_ALARM, linewidth=0.9, linestyle=style_of_line, label=f"{points}: for {text}")
    _labels(axes, "positions per FWHM", "pixels", fontsize, legend=True)


def _draw_level(axes: Axes, quality: ScanQuality, fontsize: float) -> None:
    level, rocking = quality.arrays["level_off_sample"], quality.arrays["rocking"]
    axes.plot(level, color=_LINE, linewidth=1.0, label="off the sample")
    span, least = float(np.ptp(level)), float(level.min())
    scaled = least + span * (rocking - rocking.min()) / (np.ptp(rocking) or 1.0)
    axes.plot(scaled, color=_SECOND, linewidth=0.9, linestyle="--", label="lit pixels, scaled")
    _labels(axes, "frame", "mean count", fontsize, legend=True)


def _draw_jitter(axes: Axes, quality: ScanQuality, fontsize: float) -> None:
    for color, (motor, values) in zip((_LINE, _SECOND, "#6b6b6b"), _part(quality, "jitter").items(), strict=False):
        axes.plot(100 * values, ".", color=color, markersize=2.5, label=motor)
    _labels(axes, "frame", "off nominal (% of a step)", fontsize, legend=True)


_Draw = Callable[["Axes", ScanQuality, float], None]

#: Title of a picture -> the arrays that it needs, the checks that it belongs to, and what draws it.
_PANELS: dict[str, tuple[str, tuple[str, ...], _Draw]] = {
    "Intensity": ("intensity", ("beam intensity",), _draw_intensity),
    "Share of the pedestal": ("pedestal_share", ("pedestal",), _draw_pedestal),
    "Photon transfer": ("photon_transfer/level", ("gain and read noise",), _draw_photon_transfer),
    "Pixels not to be used": ("pixels", ("dead and hot pixels", "saturation"), _draw_bad_pixels),
    "Curves highest at the ends": (
        "example_curves",
        ("curves cut at the scan ends", "skewness"),
        _draw_examples,
    ),
    "Points per FWHM": ("points_per_fwhm", ("points per FWHM",), _draw_points),
    "Level beside the sample": (
        "level_off_sample",
        ("background that follows the curve", "single bright frames", "repeated frames"),
        _draw_level,
    ),
    "Drift": ("drift", ("drift",), _draw_drift),
    "Positions": ("jitter", ("positioner jitter", "missing frames", "order of the frames"), _draw_jitter),
}
