"""Drawing of large images: only the pixels that the screen can show are coloured and drawn.

matplotlib converts every pixel of an image to floating point before it takes the few that fit the screen. A frame of
2160 x 2560 px then keeps the window still for half a second.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from matplotlib.transforms import IdentityTransform
from silx.gui.plot.backends.BackendMatplotlib import BackendMatplotlibQt, Image


def places_on_screen(start: float, stop: float, low: float, high: float, n_pixels: int) -> tuple[int, Any]:
    """Pixels of one axis of an image that stand at the pixels of the screen.

    Parameters
    ----------
    start, stop : float, px of the screen
        Where the first pixel of the image begins and the last one ends; start > stop for an axis that is turned round.
    low, high : float, px of the screen
        What can be seen of the axis.
    n_pixels : int
        Length of the image.

    Returns
    -------
    (int, ndarray of int)
        First pixel of the screen, and for it and those that follow, the pixel of the image under its centre.
    """
    first = math.floor(max(min(start, stop), low))
    last = math.ceil(min(max(start, stop), high))
    centers = np.arange(first, max(first, last)) + 0.5
    found = np.floor((centers - start) / (stop - start) * n_pixels).astype(np.intp)
    return first, np.clip(found, 0, n_pixels - 1)


class SampledImage(Image):
    """Image that looks like one of interpolation "nearest", and is drawn in the time that the screen takes."""

    def __init__(self, axes: Any, values: Any, colormap: Any, *, origin: Any, scale: Any, **keywords: Any) -> None:
        super().__init__(axes, silx_origin=origin, silx_scale=scale, **keywords)
        self._values, self._colormap = values, colormap
        self.set_data(np.zeros((2, 2, 4), np.uint8))
        self._A = values  # what the axes ask for its shape
        height, width = values.shape[:2]
        self.set_extent((origin[0], origin[0] + scale[0] * width, origin[1], origin[1] + scale[1] * height))

    def make_image(self, renderer: Any, magnification: float = 1.0, unsampled: bool = False) -> Any:
        """Colours, shape (ny, nx, 4), from the lower left corner of what can be seen; and where that corner lies."""
        left, right, bottom, top = self.get_extent()
        corners = self.axes.transData.transform([(left, bottom), (right, top)]) * magnification
        seen = self.axes.bbox.extents * magnification
        height, width = self._values.shape[:2]
        x, columns = places_on_screen(corners[0, 0], corners[1, 0], seen[0], seen[2], width)
        y, rows = places_on_screen(corners[0, 1], corners[1, 1], seen[1], seen[3], height)
        if not (rows.size and columns.size):
            return None, 0, 0, None
        sampled = self._values[rows[:, None], columns]
        colors = self._colored(np.ascontiguousarray(sampled))
        return colors, x / magnification, y / magnification, IdentityTransform()

    def _colored(self, sampled: Any) -> Any:
        if sampled.ndim == 2:
            # Limits that the user leaves to the colour map are those of the whole image.
            return self._colormap.applyToData(sampled, reference=self._values)
        if sampled.shape[2] == 4:
            return sampled
        colors = np.full((*sampled.shape[:2], 4), 255, np.uint8)
        colors[..., :3] = sampled
        return colors


class SampledBackend(BackendMatplotlibQt):
    """The matplotlib backend of silx with fast images and numbers."""

    def __init__(self, plot: Any, parent: Any = None) -> None:
        super().__init__(plot, parent)
        for axis in (self.ax.xaxis, self.ax.yaxis, self.ax2.yaxis):
            # Parsed as formulas, the numbers of the first picture take longer than the picture.
            axis.get_major_formatter().set_useMathText(False)

    def addImage(self, data: Any, origin: Any, scale: Any, colormap: Any, alpha: float) -> Any:
        """Draw an image; those that are not opaque, turned round or not of bytes, as silx draws them."""
        plain = alpha == 1 and scale[0] > 0 and scale[1] > 0 and (data.ndim == 2 or data.dtype == np.uint8)
        if not plain:
            return super().addImage(data, origin, scale, colormap, alpha)
        image = SampledImage(
            self.ax,
            data,
            colormap,
            origin=tuple(map(float, origin)),
            scale=tuple(map(float, scale)),
            interpolation="nearest",
            picker=True,
        )
        self.ax.add_artist(image)
        return image
