"""Shifts found, and frames moved by parts of a pixel, against NumPy, SciPy and, where it is installed, OpenCV."""

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
N_DRIFTING = 64
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
    yield from _finding_rows()
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


def _finding_rows() -> Iterator[Row]:
    """Shifts found in a textured stack, against the phase correlation of neighbouring frames."""
    drifting = _drifting_stack()
    phases = partial(_phase_correlations, drifting.frames[:N_FRAMES])
    for model in ("linear", "frames"):
        yield Row(
            f"shift of {N_DRIFTING} frames of 1024 x 1024 uint16 found, {model}",
            partial(_find, drifting, model),
            phases,
            f"phase correlation of {N_FRAMES} of them with numpy.fft, to 0.01 px",
            most=0.012 * N_DRIFTING,
            repeats=3,
        )


def _drifting_stack() -> dc.Dataset:
    """Texture that moves by a pixel every second frame, with the noise of counting, lit as a rocking curve."""
    rng = np.random.default_rng(5)
    texture = 500 * (1 + 6 * ndimage.gaussian_filter(rng.standard_normal((1024, 1024)), 2.0)).clip(0, 4)
    lit = np.exp(-0.5 * ((np.arange(N_DRIFTING) - N_DRIFTING / 2) / 20) ** 2)
    frames = np.empty((N_DRIFTING, 1024, 1024), np.uint16)
    for k, light in enumerate(lit):
        frames[k] = rng.poisson(100 + light * np.roll(texture, k // 2, axis=0))
    return dc.Dataset.from_array(frames)


def _find(dataset: dc.Dataset, model: str) -> dc.Shift:
    """Shift, whatever its verdict."""
    with dc.execution(on_warning=lambda message: None):
        return dc.find_shift(dataset, model=model)


def _phase_correlations(counts: np.ndarray) -> list[np.ndarray]:
    """Displacement of each frame against the one before, the peak upsampled 100 times by a matrix product."""
    spectra, found = None, []
    for frame in counts:
        last, spectra = spectra, np.fft.fft2(frame)
        if last is None:
            continue
        cross = last.conj() * spectra
        cross /= np.maximum(np.abs(cross), 1e-12)
        peak = np.array(np.unravel_index(np.argmax(np.abs(np.fft.ifft2(cross))), cross.shape))
        # A pixel and a half around the peak, in hundredths.
        places = [place + np.arange(-150, 151) / 100 for place in peak]
        by_row, by_column = (
            np.exp(2j * np.pi * np.outer(at, np.fft.fftfreq(size)))
            for at, size in zip(places, cross.shape, strict=True)
        )
        fine = np.unravel_index(np.argmax(np.abs(by_row @ cross @ by_column.T)), (301, 301))
        found.append(np.array([at[i] for at, i in zip(places, fine, strict=True)]))
    return found


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
