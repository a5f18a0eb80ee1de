"""Picture of the rocking curve of one pixel."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from darfix_core.figures import style
from darfix_core.figures.numbers import ShortNumbers
from darfix_core.model.arrays import FloatArray
from darfix_core.model.dataset import Dataset
from darfix_core.model.dimension import Dimension

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def curve_figure(dataset: Dataset, y: int, x: int) -> Figure:
    """Counts of one pixel over the scan: a curve for one motor, an image for two, else frame by frame.

    Parameters
    ----------
    dataset : Dataset
    y, x : int, px
        Row and column, counted from 0 in the frames of the dataset.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ValueError
        If the pixel lies outside the frames.
    """
    for name, number, size in zip("yx", (y, x), dataset.frame_shape, strict=True):
        if not 0 <= number < size:
            raise ValueError(f"{name} must be in 0 to {size - 1}, got {number}")
    counts = np.asarray(dataset.curve(y, x), dtype=np.float64)
    numbers = np.arange(counts.size, dtype=np.float64)
    figure = style.new_figure(6.4, 4.2)
    axes = style.add_axes(figure, 0.85, 0.75, (4.3 if len(dataset.dimensions) == 2 else 5.2, 2.8))
    if len(dataset.dimensions) == 1:
        dimension = dataset.dimensions[0]
        positions = dataset.positions.get(dimension.name, numbers)
        short = ShortNumbers.between(float(positions.min()), float(positions.max()))
        _draw_curve(axes, short.of(positions), counts)
        axes.set_xlabel(short.label(dimension.name, dimension.unit), fontsize=10)
    elif len(dataset.dimensions) == 2:
        _draw_image(axes, dataset, dataset.on_grid(counts))
    else:
        _draw_curve(axes, numbers, counts)
        axes.set_xlabel("frame", fontsize=10)
    style.quiet_ticks(axes, fontsize=9)
    row, column = dataset.origin[0] + y, dataset.origin[1] + x
    style.add_title(figure, axes, f"Rocking curve of the pixel y = {row}, x = {column}", dataset.metadata)
    return figure


def _draw_curve(axes: Axes, positions: FloatArray, counts: FloatArray) -> None:
    order = np.argsort(positions, kind="stable")
    axes.plot(positions[order], counts[order], "-o", color="#2a4b8d", linewidth=1.2, markersize=3.5)
    axes.set_ylabel("counts", fontsize=10)
    axes.grid(color="#e4e4e4", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.ticklabel_format(useOffset=False)
    axes.spines[["top", "right"]].set_visible(False)


def _draw_image(axes: Axes, dataset: Dataset, counts: FloatArray) -> None:
    """Slow motor upwards, fast one to the right; grey where the scan has no frame."""
    slow, fast = dataset.dimensions
    y_edges, x_edges = _edges(slow), _edges(fast)
    colors = style.color_map("intensity")
    short_y, short_x = (ShortNumbers.between(float(edges.min()), float(edges.max())) for edges in (y_edges, x_edges))
    image = axes.pcolormesh(short_x.of(x_edges), short_y.of(y_edges), counts, cmap=colors)
    axes.set_facecolor(style.EMPTY_COLOR)
    axes.set_xlabel(short_x.label(fast.name, fast.unit), fontsize=10)
    axes.set_ylabel(short_y.label(slow.name, slow.unit), fontsize=10)
    axes.ticklabel_format(useOffset=False)
    place = axes.inset_axes((1.03, 0.0, 0.04, 1.0))
    axes.figure.colorbar(image, cax=place).set_label("counts", fontsize=10)
    place.tick_params(labelsize=9, width=0.6, length=3)


def _edges(dimension: Dimension) -> FloatArray:
    """Edges of the grid cells around the positions of a motor."""
    values = dimension.values
    if values.size == 1:
        return np.array([values[0] - 0.5, values[0] + 0.5])
    middle = (values[1:] + values[:-1]) / 2
    return np.concatenate([[2 * values[0] - middle[0]], middle, [2 * values[-1] - middle[-1]]])
