"""What all figures share: canvas, colours, texts, scale bar. Matplotlib is imported when a figure is drawn.

Figures are made of matplotlib's objects, without pyplot: no window, no global state, safe in any thread.
"""

from __future__ import annotations

import functools
import io
import math
import os
import re
import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from darfix_core.engine.execution import check_cancelled
from darfix_core.figures.mosaicity_colors import srgb_of_oklab
from darfix_core.model.arrays import AnyArray
from darfix_core.model.maps import Maps
from darfix_core.units import motor_unit

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.colors import Colormap
    from matplotlib.figure import Figure

#: What stands in the picture of a map without any.
NO_VALUES = "no values"
#: Pixels without a value. Darker than white, the middle of signed maps, and than the tip of the mosaicity colours.
EMPTY_COLOR = "#c4c4c4"
#: Texts of second rank.
QUIET_COLOR = "#606060"
TITLE_SIZE = 12
DPI = 200

_SEQUENTIAL = {"intensity": "inferno", "fwhm": "magma"}
_WORDS = {"center_of_mass": "centre of mass", "fwhm": "FWHM", "kurtosis": "excess kurtosis"}
_SIGNED = ("skewness", "kurtosis", "covariance", "correlation", "strain", "shift", "residual")
# Ends of the signed colour map in OKLab (lightness, a, b): blue and red, equally far from white.
_BLUE, _WHITE, _RED = (0.42, -0.030, -0.150), (0.985, 0.0, 0.0), (0.42, 0.140, 0.062)


def new_figure(width: float, height: float) -> Figure:
    """Empty figure, inches, that draws without a screen."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), facecolor="white")
    FigureCanvasAgg(figure)
    return figure


def add_axes(figure: Figure, left: float, top: float, box: tuple[float, float]) -> Axes:
    """Axes of the size `box`, inches, whose upper left corner lies `left` and `top` from that of the figure."""
    width, height = figure.get_size_inches()
    return figure.add_axes((left / width, 1 - (top + box[1]) / height, box[0] / width, box[1] / height))


def write_png(figure: Figure, path: Path) -> None:
    """Write a figure as PNG, whatever the ending of `path`.

    Raises
    ------
    Cancelled
        If the computation was cancelled; it is looked for before and after each axes is drawn, and while the
        picture is compressed.
    """
    for axes in figure.axes:
        for zorder in (-math.inf, math.inf):
            axes.add_artist(_cancel_check(zorder))
    with _CancellableFile(io.FileIO(path, "w")) as file:
        figure.savefig(file, format="png", dpi=DPI)


class _CancellableFile(io.BufferedWriter):
    """File that stops whoever writes to it, piece by piece, where the computation was cancelled."""

    def write(self, data: Any) -> int:
        check_cancelled()
        return super().write(data)


def _cancel_check(zorder: float) -> Artist:
    """Draws nothing, and stops the drawing where the computation was cancelled."""
    from matplotlib.artist import Artist

    class CancelCheck(Artist):
        def draw(self, renderer: Any) -> None:
            check_cancelled()

    check = CancelCheck()
    check.set_zorder(zorder)
    check.set_in_layout(False)
    return check


def is_signed(name: str) -> bool:
    """True for maps whose zero means something and whose sign matters."""
    return name.rpartition("/")[2].startswith(_SIGNED)


def color_map(name: str) -> Colormap:
    """Colour map of a map: even to the eye, light grey where there is no value."""
    from matplotlib import colormaps

    quantity = name.rpartition("/")[2]
    chosen = _signed_color_map() if is_signed(name) else colormaps[_SEQUENTIAL.get(quantity, "viridis")]
    return chosen.with_extremes(bad=EMPTY_COLOR)


@functools.cache
def _signed_color_map() -> Colormap:
    """Blue, white, red along straight lines of OKLab, which are even to the eye."""
    from matplotlib.colors import ListedColormap

    t = np.linspace(-1, 1, 257)[:, None]
    white, blue, red = np.array(_WHITE), np.array(_BLUE), np.array(_RED)
    lab = white + np.maximum(t, 0) * (red - white) + np.maximum(-t, 0) * (blue - white)
    return ListedColormap(srgb_of_oklab(*lab.T), name="darfix_signed")


def robust_limits(values: AnyArray, *, signed: bool = False) -> tuple[float, float]:
    """Limits of the colours: the 0.5th and 99.5th percentile of what is finite.

    Parameters
    ----------
    values : ndarray, any shape
    signed : bool
        True for limits that are equally far from zero.

    Returns
    -------
    (float, float)
        Never equal; (0, 1) where nothing is finite.
    """
    valid = values[np.isfinite(values)]
    if not valid.size:
        return 0.0, 1.0
    if signed:
        high = float(np.percentile(np.abs(valid), 99.5))
        low = -high
    else:
        low, high = (float(limit) for limit in np.percentile(valid, (0.5, 99.5)))
    if not _differ(low, high):
        # Most values are the same: the few others are what there is to see.
        low, high = float(valid.min()), float(valid.max())
        low, high = (-max(abs(low), abs(high)), max(abs(low), abs(high))) if signed else (low, high)
    # A constant gets a scale of which it is the middle.
    margin = 0.0 if _differ(low, high) else 0.1 * max(abs(low), abs(high)) or 1.0
    return low - margin, high + margin


def only_value(values: AnyArray) -> float | None:
    """The value that all finite pixels share, as far as single precision goes; None where they differ or are none."""
    valid = values[np.isfinite(values)]
    if not valid.size:
        return None
    low, high = float(valid.min()), float(valid.max())
    return None if _differ(low, high) else float(np.median(valid))


def only_value_text(value: float, unit: str) -> str:
    """What stands in a picture in place of a colour bar: ``"all values: 0 deg"``."""
    return f"all values: {value:.6g} {pretty_unit(unit)}".rstrip()


def _differ(low: float, high: float) -> bool:
    return high - low > 1e-7 * max(abs(low), abs(high))


def pretty_unit(unit: str) -> str:
    """Unit as it is printed: µm, deg² ..."""
    for plain, printed in (("um", "µm"), ("^2", "²"), ("^3", "³"), ("^-1", "⁻¹")):
        unit = unit.replace(plain, printed)
    return unit


def map_name(name: str) -> str:
    """Name of a map as people write it: ``"mu/center_of_mass"`` becomes ``"mu: centre of mass"``."""
    motor, _, quantity = name.rpartition("/")
    words = _WORDS.get(quantity, quantity.replace("_", " "))
    return f"{motor.replace(',', ', ')}: {words}" if motor else words


def with_unit(text: str, unit: str) -> str:
    """``"mu (deg)"``; the text alone for a pure number."""
    return f"{text} ({pretty_unit(unit)})" if unit else text


def map_label(maps: Maps, name: str) -> str:
    """Name of a map as people write it, with its unit."""
    return with_unit(map_name(name), maps.unit(name))


def decimal_power(low: float, high: float) -> int:
    """Power of ten that is taken out of the numbers of an axis, so that they stay short; 0 for handy numbers."""
    largest = max(abs(low), abs(high))
    if largest == 0 or 1e-2 <= largest < 1e5:
        return 0
    return 3 * math.floor(math.log10(largest) / 3)


def power_text(power: int) -> str:
    """``"10³"``."""
    return "10" + str(power).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))


def sentence(text: str) -> str:
    """Text with a capital letter in front, unless it begins with the name of a motor."""
    first = text.split(" ")[0]
    return text if motor_unit(first) else text[:1].upper() + text[1:]


def facts_line(metadata: Mapping[str, Any], inches: float, fontsize: float) -> str:
    """File, scan, sample and title in one line no longer than `inches`: what tells pictures apart comes first."""
    file = " ".join(filter(None, (os.path.basename(str(metadata.get("file", ""))), str(metadata.get("scan") or ""))))
    parts = [file, *(str(metadata[key]) for key in ("sample", "title") if metadata.get(key))]
    text, length = " · ".join(dict.fromkeys(filter(None, parts))), characters(inches, fontsize)
    return text if len(text) <= length else text[: max(0, length - 1)].rstrip() + "…"


def characters(inches: float, fontsize: float) -> int:
    """Number of characters that fit into a line."""
    return max(1, int(inches * 72 / (0.56 * fontsize)))


def wrapped(text: str, inches: float, fontsize: float) -> str:
    """Text broken into lines that are not longer than `inches`; what stands in brackets stays together."""
    tied = re.sub(r"\([^)]*\)", lambda match: match[0].replace(" ", "\N{NO-BREAK SPACE}"), text)
    lines = textwrap.wrap(tied, max(8, characters(inches, fontsize)))
    return "\n".join(lines).replace("\N{NO-BREAK SPACE}", " ")


def title_height(title: str, metadata: Mapping[str, Any]) -> float:
    """Inches that a title and the line of facts below it take."""
    return 0.3 + 0.2 * (1 + title.count("\n")) + (0.17 if facts_line(metadata, 10, 8) else 0)


def add_title(figure: Figure, axes: Axes, title: str, metadata: Mapping[str, Any]) -> None:
    """What was measured, and below, quieter, on which sample and in which scan."""
    width, height = figure.get_size_inches()
    place = axes.get_position()
    facts = facts_line(metadata, (1 - place.x0) * width, 8)
    figure.text(place.x0, place.y1 + 0.08 / height, facts, fontsize=8, color=QUIET_COLOR, va="bottom")
    above = 0.27 if facts else 0.1
    figure.text(place.x0, place.y1 + above / height, title, fontsize=TITLE_SIZE, va="bottom")


def image_box(maps: Maps, widest: float, highest: float, smallest: float = 1.1) -> tuple[float, float]:
    """Width and height in inches of the image of a map with its true proportions, fitted into a box.

    Very long and narrow images are drawn wider than they are, no side shorter than `smallest`.
    """
    left, right, bottom, top = image_extent(maps)
    ratio = abs(right - left) / abs(bottom - top)
    width = min(widest, highest * ratio)
    return max(width, smallest), max(width / ratio, smallest)


def image_extent(maps: Maps) -> tuple[float, float, float, float]:
    """Edges of the image (left, right, bottom, top), um or detector pixels; row 0 is at the top."""
    ny, nx = maps.shape
    if maps.pixel_size is not None:
        height, width = maps.pixel_size
        return -width / 2, (nx - 0.5) * width, (ny - 0.5) * height, -height / 2
    y, x = maps.origin
    return x - 0.5, x + nx - 0.5, y + ny - 0.5, y - 0.5


def nice_length(longest: float) -> float:
    """Largest of 1, 2, 5, 10, 20 ... that is not longer than `longest`."""
    power = 10.0 ** math.floor(math.log10(longest))
    return power * max(step for step in (1, 2, 5) if step * power <= longest * (1 + 1e-9))


def add_scale_bar(axes: Axes, width_um: float, *, fontsize: float) -> None:
    """Bar of a round length in the lower right corner of an image that is `width_um` wide."""
    from mpl_toolkits.axes_grid1.anchored_artists import AnchoredSizeBar

    length = nice_length(0.3 * width_um)
    label = f"{length:g} µm" if length >= 1 else f"{1000 * length:g} nm"
    bar = AnchoredSizeBar(
        axes.transData,
        length,
        label,
        "lower right",
        pad=0.35,
        borderpad=0.5,
        sep=3,
        color="white",
        frameon=True,
        size_vertical=0.0,
        label_top=True,
        fontproperties=_font(fontsize),
    )
    bar.size_bar.get_children()[0].set_linewidth(2.5)
    bar.patch.set(facecolor="black", alpha=0.55, edgecolor="none", boxstyle="round,pad=0,rounding_size=0.3")
    axes.add_artist(bar)


def _font(size: float) -> Any:
    from matplotlib.font_manager import FontProperties

    return FontProperties(size=size)


def label_position_axes(axes: Axes, maps: Maps, *, fontsize: float) -> None:
    """Names and units of the axes of an image."""
    unit = "px" if maps.pixel_size is None else "um"
    axes.set_xlabel(with_unit("x", unit), fontsize=fontsize)
    axes.set_ylabel(with_unit("y", unit), fontsize=fontsize)


def quiet_ticks(axes: Axes, *, fontsize: float) -> None:
    """Thin ticks outside, thin frame."""
    axes.tick_params(labelsize=fontsize, width=0.6, length=3, direction="out")
    for spine in axes.spines.values():
        spine.set_linewidth(0.6)
