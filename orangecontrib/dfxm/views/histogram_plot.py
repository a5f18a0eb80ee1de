"""How often counts occur in images that are compared."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from orangecontrib.dfxm.views.frame_samples import thinned
from orangecontrib.dfxm.views.image_plot import Plot, percentile_limits

_MOST_BINS = 200
_WITHIN = (0.05, 99.95)  # percent of the pixels: a single hot pixel would squeeze all others into one bin


def shares(images: Mapping[str, Any]) -> tuple[Any, dict[str, Any]]:
    """Shares of the pixels of each image in bins that all of them have in common.

    Parameters
    ----------
    images : mapping
        Name -> ndarray, shape (ny, nx), counts. Pixels that are not finite are left out.

    Returns
    -------
    (ndarray of shape (n_bins + 1,), dict)
        Edges of the bins in counts; name -> share of the pixels in each bin, %.
    """
    values = {name: _finite(thinned(image)) for name, image in images.items()}
    low, high = percentile_limits(np.concatenate(list(values.values())), *_WITHIN)
    if all(np.asarray(image).dtype.kind in "iub" for image in images.values()):
        # Bins of whole numbers: others would hold now two of them, now one.
        width = max(1, np.ceil((high - low) / _MOST_BINS))
        edges = np.arange(np.floor(low) - 0.5, high + width, width)
    else:
        edges = np.linspace(low, high, _MOST_BINS + 1)
    return edges, {name: 100 * np.histogram(of, edges)[0] / max(1, of.size) for name, of in values.items()}


def _finite(values: Any) -> Any:
    return values[np.isfinite(values)]


class HistogramPlot(Plot):
    """Histograms of images over one axis, on a logarithmic scale.

    Parameters
    ----------
    colors : mapping
        Name of an image -> colour of its curve.
    """

    def __init__(self, colors: Mapping[str, str]) -> None:
        super().__init__()
        self._colors = dict(colors)
        self.hide_tools()
        self.setDataMargins(0.02, 0.02, 0.05, 0.05)
        self.set_axis_labels("counts", "pixels (%)")
        self.getYAxis().setScale("log")

    def show_images(self, images: Mapping[str, Any]) -> None:
        """Show the histograms of these images."""
        self.clear()
        if not images:
            return
        edges, found = shares(images)
        for name, share in found.items():
            # Each bin as a level; empty ones are gaps on a logarithmic scale.
            x, y = np.repeat(edges, 2)[1:-1], np.repeat(np.where(share > 0, share, np.nan), 2)
            self.addCurve(x, y, legend=name, color=self._colors[name], linewidth=1.5, resetzoom=False)
        self.resetZoom()
