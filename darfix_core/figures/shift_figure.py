"""Picture of a shift: where the content of each frame sits."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import numpy as np

from darfix_core.figures import style
from darfix_core.figures.numbers import ShortNumbers
from darfix_core.model.arrays import FloatArray
from darfix_core.model.shift import Shift

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: Colour of the shift along rows (dy) and columns (dx).
COLORS = {"dy": "#2a4b8d", "dx": "#d9480f"}
_TRUSTED, _DOUBTFUL, _UNTRUSTED = "#2b8a3e", "#b35c00", "#b3261e"


def verdict(shift: Shift) -> tuple[str, str]:
    """Whether a shift is to be trusted, in words, and the colour for them."""
    if shift.trusted.all():
        return shift.verdict, _TRUSTED
    return shift.verdict, _DOUBTFUL if shift.is_trusted else _UNTRUSTED


def places_of(shift: Shift) -> tuple[FloatArray, str, str]:
    """What a shift is drawn against: positions, name and unit of its motor where it is linear in one, else frames."""
    if shift.motor in shift.positions:
        return shift.positions[shift.motor], shift.motor, shift.units.get(shift.motor, "")
    return np.arange(shift.n_frames, dtype=np.float64), "frame", ""


def shift_figure(shift: Shift) -> Figure:
    """Trajectory of the content of the frames, with error bars, and the verdict above it.

    Parameters
    ----------
    shift : Shift

    Returns
    -------
    matplotlib.figure.Figure
    """
    figure = style.new_figure(6.4, 4.2)
    axes = style.add_axes(figure, 0.85, 0.9, (5.2, 2.65))
    places, name, unit = places_of(shift)
    short = ShortNumbers.between(float(places.min()), float(places.max()))
    for axis, (label, color) in enumerate(COLORS.items()):
        _draw(axes, short.of(places), shift, axis, label, color)
    axes.set_xlabel(short.label(name, unit), fontsize=10)
    axes.set_ylabel("shift (px)", fontsize=10)
    axes.legend(frameon=False, fontsize=9, ncols=3)
    axes.grid(color="#e4e4e4", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    style.quiet_ticks(axes, fontsize=9)
    _add_verdict(figure, axes, shift)
    return figure


def _add_verdict(figure: Figure, axes: Axes, shift: Shift) -> None:
    """Title, and below it the verdict."""
    words, color = verdict(shift)
    place, inch = axes.get_position(), 1 / figure.get_size_inches()[1]
    lines = textwrap.fill(words, 88, max_lines=2, placeholder=" ...")
    figure.text(place.x0, place.y1 + 0.1 * inch, lines, fontsize=8.5, color=color, va="bottom", linespacing=1.3)
    figure.text(place.x0, place.y1 + 0.5 * inch, "Shift of the frames", fontsize=style.TITLE_SIZE, va="bottom")


def _draw(axes: Axes, places: FloatArray, shift: Shift, axis: int, label: str, color: str) -> None:
    """One direction: a line through all frames with their error bars, hollow where a value is not trusted."""
    order = np.argsort(places, kind="stable")
    values, errors = shift.values[order, axis], np.nan_to_num(shift.uncertainty[order, axis])
    trusted = shift.trusted[order]
    axes.errorbar(places[order], values, errors, color=color, linewidth=1.0, elinewidth=0.7, label=label)
    for part, filling in ((trusted, color), (~trusted, "white")):
        axes.plot(places[order][part], values[part], "o", color=color, markerfacecolor=filling, markersize=3.5)
