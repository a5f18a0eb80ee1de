"""Background subtraction."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Annotated, Any, Literal

import numpy as np
from annotated_types import Ge, Le

from darfix_core.engine.compiler import load_compiler
from darfix_core.engine.folding import fold_frames
from darfix_core.engine.pixel_maps import map_pixels
from darfix_core.engine.registry import step
from darfix_core.model.arrays import AnyArray, FloatArray
from darfix_core.model.dataset import Dataset
from darfix_core.model.frame_operations import PerPixel
from darfix_core.model.frames import Frames
from darfix_core.units import Unit


@step(
    "subtract_background",
    version=1,
    title="Background Subtraction",
    widget="orangecontrib.dfxm.widgets.owbackground.OWBackground",
)
def subtract_background(
    dataset: Dataset,
    background: Dataset | None = None,
    *,
    method: Literal["median", "mean", "percentile"] = "median",
    percentile: Annotated[float, Ge(0), Le(100), Unit("%")] = 10.0,
    source: Literal["data", "dark", "dataset"] = "data",
    every: Annotated[int, Ge(1), Unit("frames")] = 1,
) -> Dataset:
    """Subtract from every frame one background image, made from many frames.

    The result is signed: nothing wraps and nothing is cut off at zero, since that would bend the moments
    of weak pixels. The subtraction itself is lazy.

    Parameters
    ----------
    dataset : Dataset
        Any scan.
    background : Dataset, optional
        Scan whose frames give the background, with ``source="dataset"``.
    method : {"median", "mean", "percentile"}
        How the background frames are combined, pixel by pixel. The median keeps peaks out of the background
        where a pixel is lit in fewer than half of the frames. Where it is lit in most of them, as in a scan
        that is hardly wider than the rocking curve, take a low percentile.
    percentile : float, %
        With ``method="percentile"``: 0 is the lowest count of each pixel, 50 the median.
    source : {"data", "dark", "dataset"}
        Frames that give the background: those of the scan itself, its dark frames, or the second input.
    every : int, frames
        Use every k-th of these frames.

    Returns
    -------
    Dataset
        Counts above background: float32 where it holds them exactly (counts of up to 16 bits), else float64.

    Raises
    ------
    ValueError
        If the chosen frames do not exist or have another shape.
    """
    frames = _background_frames(dataset, background, source)
    if every > 1:
        frames = frames.select(np.arange(0, len(frames), every))
    image = combine_frames(frames, {"mean": None, "median": 50.0}.get(method, percentile))
    dtype = np.result_type(dataset.frames.dtype, np.float32)
    return dataset.map_frames(_subtract, dtype=dtype, background=PerPixel(image.astype(dtype)))


def _background_frames(dataset: Dataset, background: Dataset | None, source: str) -> Frames:
    if background is not None and source != "dataset":
        raise ValueError(f"source must be 'dataset' when a background dataset is given, got {source!r}")
    if source == "data":
        return dataset.frames
    if source == "dark":
        if dataset.dark is None:
            raise ValueError("source='dark' needs dark frames, and the dataset has none: load it with dark=...")
        return dataset.dark
    if background is None:
        raise ValueError("source='dataset' needs a background dataset as the second input")
    if background.frame_shape != dataset.frame_shape:
        raise ValueError(
            f"background frames must have the shape {dataset.frame_shape} of the data, got {background.frame_shape}"
        )
    if background.origin != dataset.origin:
        raise ValueError(
            f"background frames must begin at the same pixel of the detector, {dataset.origin} of the data, got "
            f"{background.origin}: take the same ROI of both"
        )
    return background.frames


def _subtract(block: AnyArray, background: AnyArray) -> AnyArray:
    # Counts that are infinite, as detectors may mark bad pixels, become NaN without a word.
    with np.errstate(invalid="ignore"):
        result: AnyArray = np.subtract(block, background, dtype=background.dtype)
    return result


def combine_frames(frames: Frames, percentile: float | None) -> FloatArray:
    """Percentile or mean image of a stack.

    Parameters
    ----------
    frames : Frames, shape (n_frames, ny, nx)
    percentile : float or None, %
        50 is the median; None: the mean.

    Returns
    -------
    ndarray of float64, shape (ny, nx)

    Raises
    ------
    Cancelled
        If the computation was cancelled.
    """
    if percentile is None:
        return fold_frames(frames, _MeanFold(len(frames)), what="mean of the frames")["image"]
    load_compiler()
    return map_pixels(frames, partial(_percentile_stripe, percentile), what="background of the frames")["image"]


class _MeanFold:
    """Mean over frames."""

    def __init__(self, n_frames: int) -> None:
        self._n_frames = n_frames

    def start(self, n_rows: int, n_columns: int) -> FloatArray:
        return np.zeros((n_rows, n_columns))

    def part(self, accumulator: FloatArray, rows: slice) -> FloatArray:
        return accumulator[rows]

    def add(self, accumulator: FloatArray, block: AnyArray, frames: slice) -> None:
        accumulator += block.sum(axis=0, dtype=np.float64)

    def merge(self, accumulator: FloatArray, other: FloatArray) -> None:
        accumulator += other

    def finish(self, accumulator: FloatArray, rows: slice) -> Mapping[str, Any]:
        return {"image": accumulator / self._n_frames}


def _percentile_stripe(percentile: float, block: AnyArray, rows: slice) -> Mapping[str, AnyArray]:
    from darfix_core.kernels.layout import row_major_view
    from darfix_core.kernels.percentile import percentile_of_counts

    if block.dtype not in (np.uint8, np.uint16):
        return {"image": np.percentile(block, percentile, axis=0).astype(np.float64)}
    place = percentile / 100 * (len(block) - 1)
    lower = min(int(place), max(0, len(block) - 2))
    image = np.empty(block.shape[1:])
    percentile_of_counts(row_major_view(block), int(block.max()).bit_length(), lower, place - lower, image)
    return {"image": image}
