"""Cleaning of frames: local medians, hot pixels, thresholds, and the noise that is estimated for them."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterator

import numpy as np
import scipy.ndimage

import darfix_core as dc
from benchmarks.row import Conditions, Row
from benchmarks.stacks import stack_a
from darfix_core.engine.cutting import BlockSizes, frame_ranges
from darfix_core.engine.pixel_maps import compute_frames
from darfix_core.engine.pool import run_in_order
from darfix_core.kernels.layout import row_major_view
from darfix_core.kernels.median_filter import median_filter
from darfix_core.steps.photon_transfer import photon_transfer

#: Frames that the others get, who take long.
_FEW = 8
_NOISE = dc.NoiseModel(gain=1.0, offset=0.0, read_noise=1.0)
#: 3 x 3 on uint16: 3000 frames a second.
_MOST = 101 / 3000
# Bytes of the blocks that a pass reads.
_BLOCK = 8 * 2**20


def rows(conditions: Conditions) -> Iterator[Row]:
    """All of stack A, and some of its frames beside the others."""
    a = stack_a().replace(noise=_NOISE)
    few = a.frames.select(np.arange(_FEW)).read()
    for size in (3, 5):
        name = f"median {size} x {size} of 1024 x 1024 uint16"
        yield Row(
            f"{name}, 101 frames, as a pass over them takes them",
            lambda size=size: _pass_over(_medians(a.frames, size)),
            most=_MOST if size == 3 else None,
            repeats=5,
        )
        yield Row(
            f"{name}, 101 frames, kept in memory",
            lambda size=size: compute_frames(_medians(a.frames, size)),
            repeats=5,
        )
        for other_name, other in _others(size):
            yield Row(
                f"{name}, {_FEW} frames, by {other_name}",
                lambda size=size: compute_frames(_medians(dc.Frames.from_array(few), size)),
                lambda other=other: [other(frame) for frame in few],
                other_name,
                repeats=5,
            )
        hot = dc.remove_hot_pixels(a, kernel_size=size)
        yield Row(f"hot pixels by the median {size} x {size}, stack A", lambda hot=hot: compute_frames(hot.frames))
    counts = np.asarray(a.frames)
    yield Row(
        "threshold, stack A",
        lambda: compute_frames(dc.threshold(a, bottom=150.0).frames),
        lambda: np.where(counts < 150, 0, counts),
        "numpy",
        repeats=3,
    )
    yield Row("gradient threshold, stack A", lambda: compute_frames(_by_gradient(a).frames), repeats=3)
    yield Row("weak beam, stack A", lambda: compute_frames(dc.weak_beam(a).frames), repeats=3)
    yield Row("noise by photon transfer, stack A", lambda: photon_transfer(a), repeats=3)


def _pass_over(frames: dc.Frames) -> None:
    """Compute all frames, and keep none."""
    parts = frame_ranges(frames, _BLOCK, BlockSizes())
    with dc.execution() as run:
        for _ in run_in_order(frames.read, parts, run):
            pass


def _medians(frames: dc.Frames, size: int) -> dc.Frames:
    """Lazy local medians."""
    return frames.map(_median_block, halo=size // 2, size=size)


def _median_block(block: np.ndarray, size: int) -> np.ndarray:
    result = np.empty(block.shape, block.dtype)
    median_filter(row_major_view(block), np.zeros(block.shape[1:], dtype=bool), False, size, result)
    return result


def _by_gradient(dataset: dc.Dataset) -> dc.Dataset:
    return dc.gradient_threshold(dataset, bottom=150.0, min_gradient=20.0)


def _others(size: int) -> Iterator[tuple[str, Callable[[np.ndarray], object]]]:
    """Name -> median of one frame."""
    yield "scipy.ndimage", lambda frame: scipy.ndimage.median_filter(frame, size)
    if importlib.util.find_spec("cv2"):
        import cv2

        yield "OpenCV", lambda frame: cv2.medianBlur(frame, size)
