"""Removal of hot pixels."""

from __future__ import annotations

import math
from typing import Annotated, Any, Literal

import numpy as np
from annotated_types import Gt

from darfix_core.engine.compiler import load_compiler
from darfix_core.engine.execution import current_execution, part_of_progress, warn
from darfix_core.engine.registry import step
from darfix_core.model.arrays import AnyArray, BoolArray, FloatArray
from darfix_core.model.dataset import Dataset
from darfix_core.model.frame_operations import PerFrame, PerPixel
from darfix_core.model.frames import Frames
from darfix_core.model.noise import NoiseModel
from darfix_core.steps.deviation_of_frames import deviation_of_frames
from darfix_core.steps.photon_transfer import photon_transfer
from darfix_core.units import Unit

# Types of counts that have kernels of their own; all other integers are taken for 64-bit ones.
_COMPILED = (np.uint8, np.uint16, np.float32, np.float64)

# Part of a frame that no detector has in hot pixels, and the least number of them that is doubted.
_MANY, _LEAST = 0.01, 50
# Share of the time that estimating the noise takes, for the progress bar.
_ESTIMATING = 0.9


@step(
    "remove_hot_pixels",
    version=1,
    title="Hot Pixel Removal",
    widget="orangecontrib.dfxm.widgets.owhotpixels.OWHotPixels",
)
def remove_hot_pixels(
    dataset: Dataset,
    *,
    kernel_size: Literal[3, 5] = 3,
    n_sigma: Annotated[float, Gt(0), Unit("sigma")] = 5.0,
    cold: bool = False,
    rule: Literal["noise", "darfix"] = "noise",
) -> Dataset:
    """Put the median of its neighbourhood in the place of every pixel that is brighter than noise can make it.

    A pixel is hot where it exceeds the local median by `n_sigma` standard deviations of the noise that the median
    would have, ``sqrt(gain * max(median - offset, 0) + read_noise**2)``. Of detectors that count single quanta without
    read noise it is at least that of ``ln 2`` quanta, which a median of none may stand for. The counts of all other
    pixels stay as they are. This is done when frames are read.

    Parameters
    ----------
    dataset : Dataset
        Any scan. Its noise model is used; without one, gain, offset and read noise are estimated by photon transfer
        from some of the frames, which are read at once.
    kernel_size : {3, 5}, px
        Edge of the neighbourhood. 3 leaves more of the sharp features of the sample; 5 also finds hot pixels that are
        three or more together.
    n_sigma : float, sigma
        How many standard deviations of the noise are too many.
    cold : bool
        Replace pixels that are too dark, too.
    rule : {"noise", "darfix"}
        "darfix": a pixel is hot where it exceeds the local median by more than one standard deviation of the
        difference of the frame from its median, as darfix has it, to compare with its results: in a frame without hot
        pixels this changes nearly a tenth of the pixels. `n_sigma` has no meaning for it, and all frames are read
        once more.

    Returns
    -------
    Dataset
        Counts of the same type. Masked pixels stay as they are and are left out of the medians of their neighbours,
        and so are pixels that are no number. Infinite counts are hot. At the edges of the frame its outermost pixels
        are repeated.

    Raises
    ------
    Cancelled
        If the computation was cancelled.

    Warns
    -----
    DarfixWarning
        If the noise has to be estimated and the frames do not tell it, or if more than a hundredth of the pixels of a
        frame are hot. Three frames are looked at.
    """
    load_compiler()
    mask = None if dataset.mask is None else PerPixel(dataset.mask)
    window: dict[str, Any] = {"halo": kernel_size // 2, "size": kernel_size, "mask": mask}
    if rule == "darfix":
        dtype = np.result_type(dataset.frames.dtype, np.float32)
        differences = dataset.frames.map(_differences, dtype=dtype, **window)
        limit = deviation_of_frames(differences, what="deviation from the local medians")
        return dataset.map_frames(_replace_above, limit=PerFrame(limit), cold=cold, **window)
    with part_of_progress(0.0, _ESTIMATING):
        noise = _noise_of(dataset)
    limits: dict[str, Any] = {
        "slope": _state(n_sigma**2 * np.asarray(noise.gain)),
        "offset": _state(np.asarray(noise.offset)),
        "floor": _state(n_sigma**2 * _least_variance(noise)),
    }
    cleaned = dataset.map_frames(_replace_outliers, cold=cold, **limits, **window)
    with part_of_progress(_ESTIMATING, 1.0):
        _doubt_many(dataset.frames, cleaned.frames)
    return cleaned


def _least_variance(noise: NoiseModel) -> FloatArray:
    """Variance of the counts where the median shows no light: of the read noise, or of single quanta.

    Where most pixels count no quantum, there may still be up to ln 2 of them on average.
    """
    gain, read_noise = np.asarray(noise.gain), np.asarray(noise.read_noise)
    least: FloatArray = np.maximum(read_noise**2, math.log(2) * gain**2)
    return least


def _noise_of(dataset: Dataset) -> NoiseModel:
    if dataset.noise is not None:
        return dataset.noise
    transfer = photon_transfer(dataset)
    if not transfer.gain_known:
        for doubt in transfer.doubts:
            warn(f"the noise of the detector is estimated: {doubt}")
    return transfer.noise


def _doubt_many(before: Frames, after: Frames) -> None:
    """Warn where so many pixels of a frame are hot that they cannot all be."""
    run, doubt = current_execution(), ""
    numbers = sorted({len(before) * quarter // 4 for quarter in (1, 2, 3)})
    for done, number in enumerate(numbers, start=1):
        old, new = before[number], after[number]
        hot = np.count_nonzero((old != new) & ~np.isnan(old))
        if hot > max(_MANY * old.size, _LEAST):
            doubt = (
                f"{100 * hot / old.size:.2g} % of the pixels of frame {number} are taken for hot, more than a detector "
                "has: features of the sample may be as sharp, or its light noisier than the detector; take a larger "
                "n_sigma"
            )
        run.report(done / len(numbers), "looking for hot pixels")
    if doubt:
        warn(doubt)


def _state(values: FloatArray) -> float | PerPixel:
    return PerPixel(values) if values.ndim else float(values)


def _prepared(block: AnyArray, mask: BoolArray | None) -> tuple[AnyArray, BoolArray, bool]:
    """A block as kernels take it, the masked pixels, and whether there may be holes."""
    from darfix_core.kernels.layout import row_major_view

    if block.dtype not in _COMPILED:
        block = block.astype(np.int64)
    masked = np.zeros(block.shape[1:], dtype=bool) if mask is None else np.ascontiguousarray(mask)
    return row_major_view(block), masked, block.dtype.kind == "f" or bool(masked.any())


def _differences(block: AnyArray, size: int, mask: BoolArray | None) -> AnyArray:
    """Counts minus their local medians; NaN at masked pixels."""
    from darfix_core.kernels.median_filter import median_filter

    view, masked, mend = _prepared(block, mask)
    medians = np.empty(block.shape, view.dtype)
    median_filter(view, masked, mend, size, medians)
    with np.errstate(invalid="ignore"):
        differences: AnyArray = np.subtract(block, medians, dtype=np.result_type(block.dtype, np.float32))
    differences[:, masked] = np.nan
    return differences


def _replace_outliers(
    block: AnyArray,
    size: int,
    mask: BoolArray | None,
    slope: float | FloatArray,
    offset: float | FloatArray,
    floor: float | FloatArray,
    cold: bool,
) -> AnyArray:
    from darfix_core.kernels.median_filter import replace_outliers

    view, masked, mend = _prepared(block, mask)
    dtype = np.result_type(view.dtype, np.float32)
    limits = [
        np.full((1, block.shape[2]), values, dtype) if np.ndim(values) == 0 else np.ascontiguousarray(values, dtype)
        for values in (slope, offset, floor)
    ]
    result = np.empty(block.shape, view.dtype)
    replace_outliers(view, masked, mend, size, *limits, cold, result)
    return result


def _replace_above(block: AnyArray, size: int, mask: BoolArray | None, limit: FloatArray, cold: bool) -> AnyArray:
    """Replace pixels by the limit of each frame."""
    frames = [
        _replace_outliers(frame[None], size, mask, 0.0, 0.0, float(of_frame) ** 2, cold)
        for frame, of_frame in zip(block, limit, strict=True)
    ]
    return np.concatenate(frames)
