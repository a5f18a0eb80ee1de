"""Z sum: all frames as one image."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from darfix_core.engine.compiler import load_compiler
from darfix_core.engine.folding import fold_frames
from darfix_core.engine.registry import step
from darfix_core.model.arrays import AnyArray, FloatArray, lowest
from darfix_core.model.dataset import Dataset
from darfix_core.model.maps import Map, Maps

Accumulator = tuple[FloatArray, AnyArray]


@step("z_sum", version=1, title="Z Sum", widget="orangecontrib.dfxm.widgets.owzsum.OWZSum")
def z_sum(dataset: Dataset) -> Maps:
    """Add up all frames to one image, and find the highest count of each pixel, to look at a stack as a whole.

    Parameters
    ----------
    dataset : Dataset
        Any scan. For the sum of a part of it select frames first; for a sum at each position of a motor take
        `projection`.

    Returns
    -------
    Maps
        ``z_sum`` (counts: the sum over all frames) and ``z_max`` (counts: the highest among them, in which what is lit
        in a few frames only shows best). Several frames at one point of the scan share its weight in the sum. Masked
        pixels are NaN, and so are those with a count that is no number.

    Raises
    ------
    Cancelled
        If the computation was cancelled.
    """
    load_compiler()
    images = fold_frames(dataset.frames, _SumAndMaximum(dataset), what="sum of the frames")
    unknown = ~np.isfinite(images["z_sum"])
    if dataset.mask is not None:
        unknown |= dataset.mask
    for image in images.values():
        image[unknown] = np.nan
    return Maps(
        {
            "z_sum": Map(images["z_sum"], "counts", "sum of the counts over all frames"),
            "z_max": Map(images["z_max"], "counts", "highest count among all frames"),
        },
        dimensions=dataset.dimensions,
        pixel_size=dataset.pixel_size,
        origin=dataset.origin,
        metadata=dataset.metadata,
    )


class _SumAndMaximum:
    """Sum and maximum over the frames."""

    def __init__(self, dataset: Dataset) -> None:
        self._weights = 1.0 / dataset.multiplicity
        self._dtype = dataset.frames.dtype

    def start(self, n_rows: int, n_columns: int) -> Accumulator:
        shape = (1, n_rows, n_columns)
        return np.zeros(shape), np.full(shape, lowest(self._dtype), self._dtype)

    def part(self, accumulator: Accumulator, rows: slice) -> Accumulator:
        total, highest = accumulator
        return total[:, rows], highest[:, rows]

    def add(self, accumulator: Accumulator, block: AnyArray, frames: slice) -> None:
        from darfix_core.kernels.frame_sums import add_to_groups, raise_to_groups
        from darfix_core.kernels.layout import row_major_view

        total, highest = accumulator
        view, group = row_major_view(block), np.zeros(len(block), dtype=np.int64)
        add_to_groups(view, group, self._weights[frames], total)
        raise_to_groups(view, group, highest)

    def merge(self, accumulator: Accumulator, other: Accumulator) -> None:
        np.add(accumulator[0], other[0], out=accumulator[0])
        np.maximum(accumulator[1], other[1], out=accumulator[1])

    def finish(self, accumulator: Accumulator, rows: slice) -> Mapping[str, Any]:
        total, highest = accumulator
        return {"z_sum": total[0], "z_max": highest[0].astype(np.float64)}
