"""Pictures of maps: one map, and all of them side by side."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

import numpy as np

from darfix_core.engine.execution import check_cancelled
from darfix_core.figures import style
from darfix_core.figures.numbers import ShortNumbers
from darfix_core.model.maps import Maps

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colorbar import Colorbar
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class _Look:
    """Sizes of a picture: points for texts, inches for the rest."""

    fontsize: float
    bar_width: float
    bar_gap: float
    ticks: int


_LARGE = _Look(fontsize=10, bar_width=0.16, bar_gap=0.12, ticks=6)
_SMALL = _Look(fontsize=7.5, bar_width=0.09, bar_gap=0.07, ticks=4)

# Inches around an image: for the position axis, and for the colour bar with its numbers.
_LEFT, _RIGHT, _BOTTOM = 0.8, 1.2, 0.6
_SMALL_LEFT, _SMALL_RIGHT, _SMALL_BOTTOM = 0.6, 0.75, 0.45
#: Width over height of a slide.
_SLIDE = 1.6


def map_figure(maps: Maps, name: str) -> Figure:
    """Picture of one map, with axes, colour bar and, where the pixel size is known, a scale bar.

    Parameters
    ----------
    maps : Maps
    name : str
        A map with one value a pixel, such as ``"mu/center_of_mass"``.

    Returns
    -------
    matplotlib.figure.Figure
        Drawn without a screen; ``figure.savefig(path)`` writes it.

    Raises
    ------
    KeyError
        If there is no such map.
    ValueError
        If the map holds colours: see `mosaicity_figure`.
    """
    entry = maps.entry(name)
    if entry.values.ndim != 2:
        raise ValueError(f"name must be a map with one value a pixel, got {name!r}, which holds colours")
    box = style.image_box(maps, 6.4, 4.8)
    width = max(_LEFT + box[0] + _RIGHT, 5.0)
    title = style.wrapped(style.sentence(entry.description) or style.map_name(name), width - _LEFT, style.TITLE_SIZE)
    top = style.title_height(title, maps.metadata)
    figure = style.new_figure(width, top + box[1] + _BOTTOM)
    axes = style.add_axes(figure, _LEFT, top, box)
    scale = _Scale.of(maps, name)
    bar = _draw_map(axes, maps, name, scale, _LARGE)
    if bar is not None:
        bar.set_label(scale.bar_label, fontsize=_LARGE.fontsize)
    style.add_title(figure, axes, title, maps.metadata)
    return figure


def overview_figure(maps: Maps) -> Figure:
    """All maps with one value a pixel, side by side: one row a motor where the maps are those of motors.

    Parameters
    ----------
    maps : Maps

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ValueError
        If there is no map with one value a pixel.
    Cancelled
        If the computation was cancelled.
    """
    box = style.image_box(maps, 2.5, 2.5, smallest=0.8)
    pitch = (box[0] + _SMALL_RIGHT, box[1] + 0.3)
    rows = _arranged(maps, pitch)
    n_columns = max(map(len, rows))
    scales = {name: _Scale.of(maps, name) for name in scalar_names(maps)}
    titles = {name: style.wrapped(scale.title, pitch[0], 9) for name, scale in scales.items()}
    step = pitch[1] + 0.14 * max(text.count("\n") for text in titles.values())
    width = _SMALL_LEFT + n_columns * pitch[0]
    facts = style.facts_line(maps.metadata, width - _SMALL_LEFT, 10)
    top = (0.3 if facts else 0.05) + step - box[1]
    figure = style.new_figure(width, top + (len(rows) - 1) * step + box[1] + _SMALL_BOTTOM)
    for row, names in enumerate(rows):
        for column, name in enumerate(names):
            if name is None:
                continue
            axes = style.add_axes(figure, _SMALL_LEFT + column * pitch[0], top + row * step, box)
            _draw_map(axes, maps, name, scales[name], _SMALL, scale_bar=(row, column) == (0, 0))
            axes.set_title(titles[name], fontsize=9, loc="left", pad=4)
            below = rows[row + 1][column : column + 1] if row + 1 < len(rows) else []
            if any(below):
                axes.tick_params(labelbottom=False)
                axes.set_xlabel("")
            if any(names[:column]):
                axes.tick_params(labelleft=False)
                axes.set_ylabel("")
    height = figure.get_figheight()
    figure.text(_SMALL_LEFT / width, 1 - 0.12 / height, facts, fontsize=10, va="top")
    return figure


def scalar_names(maps: Maps) -> list[str]:
    """Names of the maps with one value a pixel."""
    return [name for name, entry in maps.entries.items() if entry.values.ndim == 2]


def _arranged(maps: Maps, pitch: tuple[float, float]) -> list[list[str | None]]:
    """Which map stands where: in the way that comes closest to the shape of a slide."""
    names = scalar_names(maps)
    if not names:
        raise ValueError(f"maps must hold a map with one value a pixel, got {', '.join(maps)}")
    by_motor = _rows_of_motors(maps, names)
    if by_motor:
        return min((by_motor, _transposed(by_motor)), key=lambda rows: _distance_from_slide(rows, pitch))
    lines = [_lines(names, n_columns) for n_columns in range(1, len(names) + 1)]
    return min(lines, key=lambda rows: _distance_from_slide(rows, pitch))


def _rows_of_motors(maps: Maps, names: list[str]) -> list[list[str | None]]:
    """A row a motor, in front of it what belongs to no single motor; empty where the maps are not of that kind."""
    motors = [dimension.name for dimension in maps.dimensions]
    of_motor = [[name for name in names if name.rpartition("/")[0] == motor] for motor in motors]
    others = [name for name in names if name.rpartition("/")[0] not in motors]
    if len(motors) < 2 or not all(of_motor) or len(others) > 2 * len(motors):
        return []
    n_front = -(-len(others) // len(motors))
    rows: list[list[str | None]] = []
    for number, own in enumerate(of_motor):
        front = others[number :: len(motors)]
        rows.append([*front, *[None] * (n_front - len(front)), *own])
    return rows


def _transposed(rows: list[list[str | None]]) -> list[list[str | None]]:
    return [list(column) for column in zip_longest(*rows)]


def _lines(names: list[str], n_columns: int) -> list[list[str | None]]:
    return [list(names[start : start + n_columns]) for start in range(0, len(names), n_columns)]


def _distance_from_slide(rows: list[list[str | None]], pitch: tuple[float, float]) -> float:
    """How far the proportions are from those of a slide, and how much of it stays empty."""
    n_columns = max(map(len, rows))
    n_empty = n_columns * len(rows) - sum(name is not None for row in rows for name in row)
    return abs(math.log(n_columns * pitch[0] / (len(rows) * pitch[1]) / _SLIDE)) + 0.15 * n_empty


@dataclass(frozen=True)
class _Scale:
    """How numbers become colours.

    Parameters
    ----------
    name : str
        Name of the map, as people write it.
    unit : str
        Its unit.
    limits : (float, float)
        Ends of the colour bar.
    beyond : (bool, bool)
        True where values lie beyond that end.
    numbers : ShortNumbers
        How the numbers at the bar are written.
    note : str
        What stands in the picture in place of a bar, where there are not two values to tell apart.
    """

    name: str
    unit: str
    limits: tuple[float, float]
    beyond: tuple[bool, bool]
    numbers: ShortNumbers
    note: str

    @classmethod
    def of(cls, maps: Maps, name: str) -> _Scale:
        """Scale of a map."""
        check_cancelled()
        values, unit = np.asarray(maps[name], dtype=np.float64), maps.unit(name)
        valid = values[np.isfinite(values)]
        low, high = style.robust_limits(valid, signed=style.is_signed(name))
        beyond = (bool(valid.min() < low), bool(valid.max() > high)) if valid.size else (False, False)
        only = style.only_value(valid)
        note = "" if only is None else style.only_value_text(only, unit)
        numbers = ShortNumbers() if note or not valid.size else ShortNumbers.between(low, high)
        return cls(style.map_name(name), unit, (low, high), beyond, numbers, note if valid.size else style.NO_VALUES)

    @property
    def title(self) -> str:
        """Name of the map and unit of the numbers."""
        return self.numbers.label(self.name, self.unit)

    @property
    def bar_label(self) -> str:
        """What stands beside the bar of a picture whose title names the map."""
        return self.title if self.numbers.offset else self.numbers.unit(self.unit)


def _draw_map(
    axes: Axes, maps: Maps, name: str, scale: _Scale, look: _Look, *, scale_bar: bool = True
) -> Colorbar | None:
    """Image with axes, scale bar and colour bar, which is returned; None for a map without two different values."""
    check_cancelled()
    low, high = scale.numbers.of(scale.limits)
    image = axes.imshow(
        scale.numbers.of(maps[name]),
        cmap=style.color_map(name),
        vmin=low,
        vmax=high,
        extent=style.image_extent(maps),
        aspect="auto",
        interpolation="nearest" if max(maps.shape) < 600 else "auto",
    )
    style.quiet_ticks(axes, fontsize=look.fontsize - 1)
    axes.locator_params(nbins=look.ticks)
    style.label_position_axes(axes, maps, fontsize=look.fontsize)
    if scale_bar and maps.pixel_size is not None:
        style.add_scale_bar(axes, maps.pixel_size[1] * maps.shape[1], fontsize=look.fontsize - 1)
    if scale.note:
        place: dict[str, Any] = {"boxstyle": "round,pad=0.4", "facecolor": "white", "edgecolor": "none", "alpha": 0.8}
        middle: dict[str, Any] = {"transform": axes.transAxes, "ha": "center", "va": "center"}
        axes.text(0.5, 0.5, scale.note, fontsize=look.fontsize, bbox=place, **middle)
        return None
    return _add_color_bar(axes, image, scale, look)


def _add_color_bar(axes: Axes, image: Any, scale: _Scale, look: _Look) -> Colorbar:
    """Colour bar as high as the image; pointed where values lie beyond its ends."""
    from matplotlib.ticker import MaxNLocator, ScalarFormatter

    width = axes.bbox.width / axes.figure.dpi
    place = axes.inset_axes((1 + look.bar_gap / width, 0.0, look.bar_width / width, 1.0))
    formatter = ScalarFormatter(useOffset=False)
    formatter.set_scientific(False)
    ends = {(False, False): "neither", (True, False): "min", (False, True): "max", (True, True): "both"}
    bar = axes.figure.colorbar(
        image, cax=place, extend=ends[scale.beyond], extendfrac=0.03, ticks=MaxNLocator(look.ticks), format=formatter
    )
    bar.outline.set_linewidth(0.6)
    place.tick_params(labelsize=look.fontsize - 1, width=0.6, length=3)
    return bar
