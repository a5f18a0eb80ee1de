"""Shift that is linear in a motor: frames at several distances along the motor are compared, all pairs together."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

import numpy as np

from darfix_core.model.arrays import FloatArray
from darfix_core.model.noise import NoiseModel
from darfix_core.steps.shift_field import Field, FrameSpectra
from darfix_core.steps.shift_lines import Lines
from darfix_core.steps.shift_matching import CrossSpectra, Match, Matcher


def match_lines(
    field: Field, lines: Lines, lags: Sequence[int], noise: NoiseModel | None
) -> tuple[Match, FloatArray] | None:
    """Displacement for a unit of the motor, and its Cramer-Rao bound.

    Parameters
    ----------
    field : Field
    lines : Lines
    lags : sequence of int
        Distances of the frames that are compared, in places.
    noise : NoiseModel or None
        None: measured.

    Returns
    -------
    (Match, ndarray of shape (2,)), px per unit of the motor
        None where no two frames are that far apart.
    """
    matcher = Matcher(field)
    sums = {lag: _LagSum(field) for lag in sorted(set(lags))}
    kept: deque[tuple[int, FrameSpectra]] = deque(maxlen=max(lags) + 1)
    bounds = np.empty((len(lines.frames), 2))
    power, noise_power = np.zeros((field.size, field.size // 2 + 1)), 0.0
    for number, spectra in enumerate(field.all_spectra(lines.frames, "shift of the frames")):
        for earlier, other in kept:
            lag = int(lines.place[number] - lines.place[earlier])
            if lines.line[earlier] == lines.line[number] and lag in sums:
                sums[lag].add(other, spectra, lines.position[number] - lines.position[earlier])
        kept.append((number, spectra))
        image = matcher.image(spectra, noise)
        bounds[number] = image.bound
        power, noise_power = power + spectra.power, noise_power + image.noise
    cross = [entry.cross_spectra() for entry in sums.values() if entry.n_pairs]
    if not cross:
        return None
    expected = matcher.expected_weights((power, noise_power), (power, noise_power))
    information = 1 / bounds**2
    centre = (information * lines.position[:, None]).sum(0) / np.maximum(information.sum(0), 1e-300)
    spread = (information * (lines.position[:, None] - centre) ** 2).sum(0)
    with np.errstate(divide="ignore"):
        return matcher.match(cross, np.array([expected] * len(cross)), measure=True), 1 / np.sqrt(spread)


class _LagSum:
    """Cross-spectra of all pairs of frames at one distance."""

    def __init__(self, field: Field) -> None:
        self._tiles = np.zeros((len(field.corners), field.size, field.size // 2 + 1), np.complex64)
        rows, columns = field.padded_shape
        self._blocks = np.zeros((rows, columns // 2 + 1), np.complex128)
        self._distance, self.n_pairs = 0.0, 0

    def add(self, first: FrameSpectra, second: FrameSpectra, distance: float) -> None:
        """Add a pair of frames that are that far apart, in the unit of the motor."""
        from darfix_core.kernels.tiles import add_cross_spectra

        add_cross_spectra(first.tiles.reshape(-1), second.tiles.reshape(-1), self._tiles.reshape(-1))
        self._blocks += first.blocks.conj() * second.blocks
        self._distance += distance
        self.n_pairs += 1

    def cross_spectra(self) -> CrossSpectra:
        """The sum, at the mean distance."""
        return CrossSpectra(self._distance / self.n_pairs, self._tiles, self._blocks)
