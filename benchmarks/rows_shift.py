"""Frames moved by parts of a pixel, against SciPy and, where it is installed, OpenCV."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np
from scipy import ndimage

import darfix_core as dc
from benchmarks.row import Conditions, Row
from benchmarks.stacks import stack_a

N_FRAMES = 16
#: Interpolation -> order of SciPy's splines.
ORDERS = {"linear": 1, "cubic": 3}


def rows(conditions: Conditions) -> Iterator[Row]:
    """Sixteen frames of stack A, moved, and the moments of all of them."""
    a = stack_a()
    values = np.linspace((-4.3, 2.7), (5.1, -3.9), N_FRAMES)
    some = a.select_frames(np.arange(40, 40 + N_FRAMES))
    counts = some.frames[:]
    name = f"{N_FRAMES} frames of 1024 x 1024 uint16 moved"
    for interpolation, order in ORDERS.items():
        moved = dc.correct_shift(some, dc.Shift(values), interpolation=interpolation).frames
        ours: Callable[[], Any] = partial(moved.__getitem__, slice(None))
        scipy = partial(_with_scipy, counts, values, order)
        yield Row(f"{name}, {interpolation}", ours, scipy, "scipy.ndimage.shift", most=0.012 * N_FRAMES, repeats=3)
        if importlib.util.find_spec("cv2"):
            opencv = partial(_with_opencv, counts, values, interpolation)
            yield Row(f"{name}, {interpolation}, by OpenCV", ours, opencv, "cv2.warpAffine", repeats=5)
    moved = dc.correct_shift(some, dc.Shift(values), interpolation="fourier").frames
    yield Row(f"{name}, fourier", partial(moved.__getitem__, slice(None)), repeats=3)
    drift = dc.Shift(np.linspace((-4.3, 2.7), (5.1, -3.9), a.n_frames))
    yield Row(
        "moments 1-D, stack A, moved lazily",
        partial(dc.moments, dc.correct_shift(a, drift)),
        partial(dc.moments, a),
        "not moved",
        repeats=3,
    )


def _with_scipy(counts: np.ndarray, values: np.ndarray, order: int) -> np.ndarray:
    """Frames moved back by splines."""
    moved = np.empty(counts.shape, np.float32)
    for frame, result, shift in zip(counts, moved, values, strict=True):
        ndimage.shift(frame, -shift, output=result, order=order, cval=np.nan)
    return moved


def _with_opencv(counts: np.ndarray, values: np.ndarray, interpolation: str) -> np.ndarray:
    """Frames moved back by OpenCV, on one thread, as ours are."""
    import cv2

    cv2.setNumThreads(1)
    flags = {"linear": cv2.INTER_LINEAR, "cubic": cv2.INTER_CUBIC}[interpolation] | cv2.WARP_INVERSE_MAP
    moved = np.empty(counts.shape, np.float32)
    for frame, result, (dy, dx) in zip(counts, moved, values, strict=True):
        matrix = np.array([[1.0, 0.0, dx], [0.0, 1.0, dy]])
        shape = frame.shape[::-1]
        cv2.warpAffine(frame.astype(np.float32), matrix, shape, result, flags, cv2.BORDER_CONSTANT, float("nan"))
    return moved
