"""Binning: neighbouring pixels as one."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any, Literal, TypeAlias

import numpy as np
from annotated_types import Ge

from darfix_core.engine.execution import warn
from darfix_core.engine.registry import step
from darfix_core.model.arrays import AnyArray, FloatArray, sum_type
from darfix_core.model.dataset import Dataset
from darfix_core.model.frames import Frames
from darfix_core.model.noise import NoiseModel
from darfix_core.units import Unit

Factor: TypeAlias = tuple[Annotated[int, Ge(1)], Annotated[int, Ge(1)]]


@step("binning", version=1, title="Binning", widget="orangecontrib.dfxm.widgets.owbinning.OWBinning")
def binning(
    dataset: Dataset, *, factor: Annotated[Factor, Unit("px")] = (2, 2), method: Literal["sum", "mean"] = "sum"
) -> Dataset:
    """Combine neighbouring pixels to larger ones: less to compute, and more counts in each.

    Rows and columns at the end that fill no bin are left out. Nothing is read until the pixels are needed.

    Parameters
    ----------
    dataset : Dataset
        Any scan.
    factor : (int, int), px
        Rows and columns of a bin.
    method : {"sum", "mean"}
        What a bin holds: the sum of its pixels, as a detector with larger ones would, or their mean.

    Returns
    -------
    Dataset
        The same scan with larger pixels. Sums of integers are integers of so many bits that none wraps (float64 where
        64 do not do); means are float32 where that holds the counts exactly, else float64. Dark frames, noise, pixel
        size and place on the detector follow. A bin with a masked pixel is masked.

    Raises
    ------
    ValueError
        If `factor` is larger than the frame.
    """
    n_pixels = factor[0] * factor[1]
    scale = 1.0 if method == "sum" else 1 / n_pixels

    def binned(frames: Frames) -> Frames:
        wide = sum_type(frames.dtype, n_pixels) if method == "sum" else np.result_type(frames.dtype, np.float32)
        return frames.bin(partial(_bin_block, scale=scale, dtype=wide), factor, wide)

    frames = binned(dataset.frames)
    if any(first % size for first, size in zip(dataset.origin, factor, strict=True)):
        warn(
            f"the frames begin at pixel {dataset.origin} of the detector, no multiple of factor={factor}: numbers of "
            "binned pixels are rounded down"
        )
    size = dataset.pixel_size
    return dataset.replace(
        frames=frames,
        dark=None if dataset.dark is None else binned(dataset.dark),
        mask=None if dataset.mask is None else _bin_image(dataset.mask, factor) > 0,
        noise=None if dataset.noise is None else _binned_noise(dataset.noise, factor).scaled(scale),
        pixel_size=None if size is None else (size[0] * factor[0], size[1] * factor[1]),
        origin=(dataset.origin[0] // factor[0], dataset.origin[1] // factor[1]),
    )


def _bin_block(block: AnyArray, factor: tuple[int, int], *, scale: float, dtype: np.dtype[Any]) -> AnyArray:
    from darfix_core.kernels.frame_sums import bin_pixels
    from darfix_core.kernels.layout import row_major_view

    n_frames, ny, nx = block.shape
    result = np.empty((n_frames, ny // factor[0], nx // factor[1]), dtype)
    bin_pixels(row_major_view(block), *factor, scale, result)
    return result


def _bin_image(image: AnyArray, factor: tuple[int, int]) -> FloatArray:
    """Sums of the bins of one image."""
    ny, nx = image.shape
    whole = image[None, : ny - ny % factor[0], : nx - nx % factor[1]].astype(np.float64)
    sums: FloatArray = _bin_block(whole, factor, scale=1.0, dtype=np.dtype(np.float64))[0]
    return sums


def _binned_noise(noise: NoiseModel, factor: tuple[int, int]) -> NoiseModel:
    """Noise of sums: offsets and variances add up, the gain is that of a quantum anywhere in the bin."""
    n_pixels = factor[0] * factor[1]

    def total(values: float | FloatArray) -> float | FloatArray:
        return _bin_image(values, factor) if isinstance(values, np.ndarray) else values * n_pixels

    return NoiseModel(total(noise.gain) / n_pixels, total(noise.offset), np.sqrt(total(np.square(noise.read_noise))))
