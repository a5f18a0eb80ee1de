"""The published way to a linear drift: two half sums, then a scan of the scale. For comparison."""

from __future__ import annotations

import numpy as np

from darfix_core.model.arrays import AnyArray, FloatArray
from darfix_core.model.dataset import Dataset
from darfix_core.model.shift import Shift
from darfix_core.steps.shift_field import ComplexArray, Field
from darfix_core.steps.shift_lines import Lines
from darfix_core.steps.shift_results import shift_of_velocity, untrusted

# Multiples of the displacement of the halves that are tried.
_SCALES = np.linspace(0.0, 2.0, 21)
_REASON = "The published way does not tell how certain its result is: compare it with model='linear'."


def published_shift(dataset: Dataset, field: Field, lines: Lines) -> Shift:
    """Drift from the phase correlation of the sums of both halves, scaled to the largest variance of the sum."""
    late = lines.position > np.median(lines.position)
    if late.all() or not late.any():
        return untrusted(dataset, "All frames have the same position.")
    halves = np.zeros((2, *_spectrum_shape(field)), np.complex128)
    for number, spectrum in enumerate(field.whole_spectra(lines.frames, "sums of the halves")):
        halves[int(late[number])] += spectrum
    apart = lines.position[late].mean() - lines.position[~late].mean()
    direction = _phase_correlation(halves[0], halves[1], field) / apart
    sums = np.zeros((len(_SCALES), *_spectrum_shape(field)), np.complex64)
    qy, qx = _frequencies(field)
    for number, spectrum in enumerate(field.whole_spectra(lines.frames, "scan of the scale")):
        distance = lines.position[number] - lines.position.mean()
        turn = np.exp(1j * distance * _SCALES[1] * (qy * direction[0] + qx * direction[1])).astype(np.complex64)
        moved = spectrum.copy()
        for total in sums:
            total += moved
            moved *= turn
    variance = np.sum(np.abs(sums) ** 2, axis=(1, 2)) - np.abs(sums[:, 0, 0]) ** 2
    velocity = _SCALES[int(np.argmax(variance))] * direction * field.binning
    step = np.abs(_SCALES[1] * direction * field.binning)
    return shift_of_velocity(dataset, lines, velocity, step, False, _REASON)


def _spectrum_shape(field: Field) -> tuple[int, int]:
    ny, nx = field.binned_shape
    return ny, nx // 2 + 1


def _frequencies(field: Field) -> tuple[AnyArray, AnyArray]:
    ny, nx = field.binned_shape
    return 2 * np.pi * np.fft.fftfreq(ny)[:, None], 2 * np.pi * np.fft.rfftfreq(nx)


def _phase_correlation(first: ComplexArray, second: ComplexArray, field: Field) -> FloatArray:
    """Displacement of the highest peak, in bins, refined by a parabola along each axis."""
    import scipy.fft

    cross = first.conj() * second
    correlation = scipy.fft.irfft2(cross / np.maximum(np.abs(cross), 1e-30), field.binned_shape)
    place = np.array(np.unravel_index(np.argmax(correlation), correlation.shape))
    displacement = np.empty(2)
    for axis, size in enumerate(correlation.shape):
        along = np.take(correlation, place[1 - axis], axis=1 - axis)
        low, peak, high = along[[place[axis] - 1, place[axis], (place[axis] + 1) % size]]
        bent = low - 2 * peak + high
        refined = place[axis] + (0.5 * (low - high) / bent if bent < 0 else 0.0)
        displacement[axis] = (refined + size / 2) % size - size / 2
    return displacement
