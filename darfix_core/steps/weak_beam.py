"""Weak beam: only the flanks of the rocking curves are kept."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

import numpy as np
from annotated_types import Gt

from darfix_core.engine.compiler import load_compiler
from darfix_core.engine.folding import fold_frames
from darfix_core.engine.registry import step
from darfix_core.model.arrays import AnyArray, FloatArray
from darfix_core.model.dataset import Dataset
from darfix_core.model.frame_operations import PerPixel
from darfix_core.model.frames import Frames
from darfix_core.units import Unit


@step("weak_beam", version=1, title="Weak Beam", widget="orangecontrib.dfxm.widgets.owweakbeam.OWWeakBeam")
def weak_beam(dataset: Dataset, *, n_sigma: Annotated[float, Gt(0), Unit("sigma")] = 1.0) -> Dataset:
    """Set counts that are above `n_sigma` standard deviations of their pixel's curve to zero.

    What is left are the flanks of the rocking curves, where the lattice is tilted or strained away from the bulk: the
    weak-beam condition, in which dislocations stand out as thin lines. All frames are read once to find the
    standard deviations; the counts are changed when frames are read.

    Parameters
    ----------
    dataset : Dataset
        Any scan. Subtract its background first: the limit is counted from zero, not from the mean of the curve.
    n_sigma : float, sigma
        Highest count that stays, in standard deviations of the curve of the pixel over all frames of the scan.

    Returns
    -------
    Dataset
        Counts of the same type. Counts that are no number stay so, and are left out of the standard deviations.

    Raises
    ------
    Cancelled
        If the computation was cancelled.
    """
    limit = n_sigma * deviation_of_curves(dataset.frames)
    return dataset.map_frames(_zero_above, limit=PerPixel(limit))


def deviation_of_curves(frames: Frames) -> FloatArray:
    """Standard deviation of the curve of each pixel.

    Parameters
    ----------
    frames : Frames, shape (n_frames, ny, nx)

    Returns
    -------
    ndarray of float64, shape (ny, nx)
        Of the finite counts; NaN where a pixel has none.

    Raises
    ------
    Cancelled
        If the computation was cancelled.
    """
    load_compiler()
    return fold_frames(frames, _SpreadFold(), what="deviation of the curves")["deviation"]


class _SpreadFold:
    """Number of counts, their mean, and the sum of the squares of their distances from it, of each pixel."""

    def start(self, n_rows: int, n_columns: int) -> FloatArray:
        return np.zeros((n_rows, 3, n_columns))

    def part(self, accumulator: FloatArray, rows: slice) -> FloatArray:
        return accumulator[rows]

    def add(self, accumulator: FloatArray, block: AnyArray, frames: slice) -> None:
        from darfix_core.kernels.curve_spread import spread_of_curves
        from darfix_core.kernels.layout import row_major_view

        of_block = np.empty((3, *block.shape[1:]))
        spread_of_curves(row_major_view(block), *of_block)
        self.merge(accumulator, of_block.swapaxes(0, 1))

    def merge(self, accumulator: FloatArray, other: FloatArray) -> None:
        # Chan, Golub & LeVeque (1983), Am. Stat. 37, 242.
        (n, mean, squares), (n_other, mean_other, squares_other) = accumulator.swapaxes(0, 1), other.swapaxes(0, 1)
        share = n_other / np.maximum(n + n_other, 1)
        step = mean_other - mean
        squares += squares_other + step**2 * n * share
        mean += step * share
        n += n_other

    def finish(self, accumulator: FloatArray, rows: slice) -> Mapping[str, AnyArray]:
        number, squares = accumulator[:, 0], accumulator[:, 2]
        with np.errstate(invalid="ignore"):
            return {"deviation": np.sqrt(squares / number)}


def _zero_above(block: AnyArray, limit: FloatArray) -> AnyArray:
    from darfix_core.kernels.layout import row_major_view
    from darfix_core.kernels.thresholds import zero_above

    view = row_major_view(block)
    result = np.empty(block.shape, view.dtype)
    zero_above(view, np.ascontiguousarray(limit), result)
    return result
