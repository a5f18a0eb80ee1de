"""Some frames of a scan, and the grid that is left of it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from darfix_core.model.arrays import IntArray
from darfix_core.model.dataset import Dataset
from darfix_core.model.dimension import Dimension


def choose_frames(dataset: Dataset, numbers: IntArray) -> Dataset:
    """Some frames, and of the scan grid the lines that they lie on.

    Positions of a dimension that no frame has any more are taken out of it, and one with a single position left is
    dropped. Points that lie between frames become missing points.

    Parameters
    ----------
    dataset : Dataset
    numbers : ndarray of int, shape (at least 1,)
        Which frames, in their new order.

    Returns
    -------
    Dataset
    """
    chosen = dataset.select_frames(numbers)
    if chosen.grid_index is None:
        return chosen
    dimensions: list[Dimension] = []
    places: list[IntArray] = []
    for dimension, index in zip(chosen.dimensions, chosen.scan_index, strict=True):
        kept, place = np.unique(index, return_inverse=True)
        if kept.size > 1 or dimension.size == 1:
            dimensions.append(replace(dimension, values=dimension.values[kept]))
            places.append(place)
    shape = [dimension.size for dimension in dimensions]
    grid_index = np.ravel_multi_index(places, shape) if shape else None
    return chosen.replace(dimensions=tuple(dimensions), grid_index=grid_index)
