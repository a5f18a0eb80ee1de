"""Partition: frames with little intensity apart from the others."""

from __future__ import annotations

from typing import Annotated
from weakref import WeakKeyDictionary

import numpy as np
from annotated_types import Ge, Le

from darfix_core.engine.compiler import load_compiler
from darfix_core.engine.registry import step
from darfix_core.model.arrays import AnyArray, FloatArray
from darfix_core.model.dataset import Dataset
from darfix_core.model.frame_operations import PerPixel
from darfix_core.steps.chosen_frames import choose_frames
from darfix_core.steps.frame_sums import FrameSums
from darfix_core.units import Unit

# Intensities of the datasets that are in use: to move the limit does not read the frames again.
_known: WeakKeyDictionary[Dataset, FloatArray] = WeakKeyDictionary()


@step(
    "partition",
    version=1,
    title="Partition",
    widget="orangecontrib.dfxm.widgets.owpartition.OWPartition",
    outputs=("dataset", "below"),
)
def partition(
    dataset: Dataset,
    *,
    min_intensity: Annotated[float | None, Unit("counts")] = None,
    share: Annotated[float, Ge(0), Le(100), Unit("%")] = 10.0,
) -> tuple[Dataset, Dataset | None]:
    """Part the frames with little intensity from the others, so that the steps behind have fewer to go through.

    The intensity of a frame is the mean of its pixels, those left out that are masked or no number. All frames are
    read once to find it.

    Parameters
    ----------
    dataset : Dataset
        Any scan. Subtract its background first where that differs from frame to frame.
    min_intensity : float or None, counts
        Mean counts of a pixel that a frame must have; None: found by the share.
    share : float, %
        Without `min_intensity`: how far the limit lies on the way from the darkest frame to the brightest. 10 is the
        end of the first of ten bins of the histogram of the intensities.

    Returns
    -------
    dataset : Dataset
        Frames at the limit and above. Positions of the motors of which no frame is left are taken out of the
        dimensions; points that lose their frame within the grid are missing points.
    below : Dataset or None
        The other frames, in the same way; None where there are none.

    Raises
    ------
    ValueError
        If no frame reaches `min_intensity`, or no pixel holds a number.
    """
    intensity = frame_intensity(dataset)
    limit = intensity_limit(intensity, min_intensity, share)
    reaches = intensity >= limit
    if not reaches.any():
        raise ValueError(
            f"min_intensity must be at most that of the brightest frame, {np.nanmax(intensity):.6g} counts, "
            f"got {limit:.6g}"
        )
    below = None if reaches.all() else choose_frames(dataset, np.flatnonzero(~reaches))
    return choose_frames(dataset, np.flatnonzero(reaches)), below


def frame_intensity(dataset: Dataset) -> FloatArray:
    """Mean counts of each frame.

    Parameters
    ----------
    dataset : Dataset
        Its frames are read once; asked again, the answer is known.

    Returns
    -------
    ndarray of float64, shape (n_frames,), counts
        NaN for a frame without a pixel that is neither masked nor no number.

    Raises
    ------
    Cancelled
        If the computation was cancelled.
    """
    if dataset not in _known:
        _known[dataset] = _mean_counts(dataset)
    return _known[dataset]


def known_intensity(dataset: Dataset) -> FloatArray | None:
    """Mean counts of each frame where `frame_intensity` has been asked for them before, else None."""
    return _known.get(dataset)


def intensity_limit(intensity: FloatArray, min_intensity: float | None, share: float) -> float:
    """Intensity from which on frames are kept, as `partition` takes it.

    Parameters
    ----------
    intensity : ndarray, shape (n_frames,), counts
    min_intensity : float or None, counts
    share : float, %

    Returns
    -------
    float, counts

    Raises
    ------
    ValueError
        If no intensity is finite.
    """
    finite = intensity[np.isfinite(intensity)]
    if not finite.size:
        raise ValueError("partition needs a pixel that is not masked and holds a number in some frame; there is none")
    if min_intensity is not None:
        return min_intensity
    low, high = float(finite.min()), float(finite.max())
    return low + share / 100 * (high - low)


def _mean_counts(dataset: Dataset) -> FloatArray:
    load_compiler()
    frames, n_masked = dataset.frames, 0
    if dataset.mask is not None:
        frames, n_masked = frames.map(_blank, masked=PerPixel(dataset.mask)), int(dataset.mask.sum())
    totals, n_finite = _FiniteCounts(2, len(frames)).of(frames, what="intensity of the frames")
    n_used = n_finite - n_masked
    mean: FloatArray = np.divide(totals, n_used, out=np.full(len(frames), np.nan), where=n_used > 0)
    return mean


def _blank(block: AnyArray, masked: AnyArray) -> AnyArray:
    return np.where(masked, block.dtype.type(0), block)


class _FiniteCounts(FrameSums):
    """Sum and number of the finite counts of each frame."""

    def add(self, accumulator: FloatArray, block: AnyArray, frames: slice) -> None:
        """Add the finite counts of some frames."""
        from darfix_core.kernels.frame_sums import sum_frames
        from darfix_core.kernels.layout import row_major_view

        totals, n_finite = accumulator
        sum_frames(row_major_view(block), *block.shape[1:], totals[frames], n_finite[frames])
