r"""How far content moves between frames, from the cross-spectra of their tiles.

The cross-correlation of a texture that drifts by d, seen through windows by an illumination that moves otherwise, is

.. math:: c(x) = \rho(x - d) \, O(x) \, E(x)

with the autocorrelation :math:`\rho` of the texture, the overlap O of the windows and the cross-correlation E of the
illuminated part. Both pull the peak away from d. O is known; E is taken from the mean counts of blocks that average the
texture out, as a Gaussian. After the division the spectrum of a shift is :math:`P(q) e^{-i q d}`, and the likelihood
of d is largest where :math:`\sum_q W(q) \, \mathrm{Re}[C(q) e^{i q d}]` is, with W the ratio of P to the variance of C:
both are measured, as functions of abs(q), from the parts of C in phase and out of phase.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from darfix_core.model.arrays import AnyArray, FloatArray
from darfix_core.model.noise import NoiseModel
from darfix_core.steps.shift_field import REACH, ComplexArray, Field, FrameSpectra

#: Height of a peak, in standard deviations, from which it is no chance.
CLEAR = 6.0
# Waves of which fewer fit in a tile belong to the illumination, as do those of more than 16 bins in small tiles.
_LEAST_WAVES = 4
# Rings of spatial frequency that are averaged for the weights, and how many standard deviations a signal has.
_RINGS, _SIGNAL = 5, 3.0
# Below this share of the strongest ring, a ring holds what leaks out of others.
_FAINTEST = 0.01
_FAINTEST_OF_PAIR = 0.001
# Variance that a pair of frames has without noise, as the contrast changes with the angle: by its power.
_UNLIKE = 0.1
_ITERATIONS = 3
# Illumination is not corrected by more than this power of e.
_MOST_CORRECTION = 3.0


@dataclass(frozen=True, eq=False)
class Image:
    """A frame, or the sum of several, in Fourier space.

    Parameters
    ----------
    spectra : FrameSpectra
    noise : float
        Power of its noise in the spectrum of a tile.
    bound : ndarray, shape (2,), px
        Cramer-Rao bound of its place along (y, x); inf where nothing stands out of the noise.
    """

    spectra: FrameSpectra
    noise: float
    bound: FloatArray


@dataclass(frozen=True, eq=False)
class CrossSpectra:
    """Cross-spectra of pairs of frames that are a number of steps apart.

    Parameters
    ----------
    steps : float
        Distance of the two frames; the displacement is asked for one step.
    tiles : ndarray of complex64, shape (n_tiles, size, size // 2 + 1)
        Products conj(first) * second, added up over pairs.
    blocks : ndarray of complex128
        The same of the blocks.
    start : ndarray, shape (2,), px
        Where the first frame of the pairs sits.
    """

    steps: float
    tiles: ComplexArray
    blocks: ComplexArray
    start: FloatArray = field(default_factory=lambda: np.zeros(2))


@dataclass(frozen=True, eq=False)
class Match:
    """A displacement a step, and what each tile says about it.

    Parameters
    ----------
    value : ndarray, shape (2,), px
        (dy, dx); NaN where no peak was found.
    influence : ndarray, shape (n_tiles, 2), px
        By how much each tile pulls the value: the sum of their squares is its variance over scenes and noise.
    illumination : ndarray, shape (2,), px
        By how much the correction for the moving illumination changed the value.
    between : ndarray, shape (2,), px
        By how much the value differs from that of pairs that are less far apart; 0 where it is not measured.
    response : ndarray, shape (2, 2), px^2
        Change of the value by a further slope of the logarithm of the illumination, 1/px, that is taken off.
    height : float
        Peak of the correlation by its median size elsewhere, as a number of standard deviations.
    """

    value: FloatArray
    influence: FloatArray
    illumination: FloatArray
    between: FloatArray
    response: FloatArray
    height: float


class Matcher:
    """Finds the displacement in cross-spectra of a field.

    Parameters
    ----------
    field : Field
    """

    def __init__(self, field: Field) -> None:
        size = field.size
        self._field = field
        self._least = min(_LEAST_WAVES, max(2, size // 16))
        self._place = np.fft.fftfreq(size, 1 / size)
        self._qy, self._qx = np.meshgrid(
            2 * np.pi * np.fft.fftfreq(size), 2 * np.pi * np.fft.rfftfreq(size), indexing="ij"
        )
        # Each mode of a real transform stands for two, but for those on its edges.
        twice = np.full(size // 2 + 1, 2.0)
        twice[[0, -1]] = 1.0
        self._count = np.broadcast_to(twice, self._qy.shape)
        self._ring = np.rint(np.hypot(self._qy, self._qx) * size / (2 * np.pi)).astype(int)
        self._modes = self._over_rings(np.ones_like(self._qy))
        distance = np.abs(self._place) / (size / 2)
        taper = np.where(distance < 0.5, 1.0, 0.5 + 0.5 * np.cos(np.pi * (2 * distance - 1)))
        self._near = np.outer(taper, taper)
        self._within = np.add.outer(self._place**2, self._place**2) < (size / 3) ** 2
        self._blocks = _BlockCorrelation(field)

    @property
    def n_tiles(self) -> int:
        """Number of tiles."""
        return len(self._field.corners)

    def match(self, cross: Sequence[CrossSpectra], expected: FloatArray, *, measure: bool = False) -> Match:
        """Displacement a step that explains the cross-spectra best.

        Parameters
        ----------
        cross : sequence of CrossSpectra
            Shortest distance first: each is the start for the next.
        expected : ndarray, shape (n, size, size // 2 + 1)
            Weights of the modes of each, from `pair_weights`.
        measure : bool
            True: they are for the first peak, and better ones are measured, which needs the sums of many pairs. These
            are also corrected for the illumination. Of the distances over which the texture is still the same, the
            longer half gives the value, and the shorter half is compared with it.

        Returns
        -------
        Match
        """
        import scipy.fft

        sums = np.array([entry.tiles.sum(axis=0) for entry in cross])
        correlations = scipy.fft.irfft2(sums, (self._field.size,) * 2)
        steps = np.array([entry.steps for entry in cross])
        turn = self._phase(np.array([entry.start for entry in cross]) / -self._field.binning)
        plain = self._spectra(correlations) * turn
        spectra = plain
        if measure:
            spectra = self._spectra(correlations / [self._illumination(entry.blocks) for entry in cross]) * turn
        value, weights, between = self._highest(plain[0] * expected[0]) / steps[0], expected, np.zeros(2)
        if measure:
            heights = np.array([self._height(modes) for modes in plain * expected])
            height = float(heights[0])
            value, weights = self._fitted(spectra, steps, value)
            clear = np.flatnonzero(heights > CLEAR)
            near, far = clear[: len(clear) // 2], clear[len(clear) // 2 :]
            if len(near):
                start = value
                value = self._refined(spectra[far], weights[far], steps[far], start)
                between = value - self._refined(spectra[near], weights[near], steps[near], start)
                cross = [cross[lag] for lag in far]
                plain, spectra, correlations, turn = plain[far], spectra[far], correlations[far], turn[far]
                weights, steps = weights[far], steps[far]
        else:
            height = self._height((plain * expected).sum(axis=0))
            value = self._refined(spectra, weights, steps, value)
        if not np.isfinite(value + between).all():
            return no_match(self.n_tiles)
        factors = self._factors(weights, steps, value)
        change = _newton_step(spectra, factors) - _newton_step(plain, factors)
        curvature = np.linalg.pinv(_derivatives(plain, factors)[1][0])
        sloping = [self._spectra(-place * correlations) * turn for place in (self._place[:, None], self._place)]
        response = np.array([curvature @ _derivatives(slope, factors)[0][0] for slope in sloping]).T
        influence = self._influence(cross, factors * turn.reshape(len(cross), 1, -1))
        px = self._field.binning
        return Match(value * px, influence * px, change * px, between * px, response * px**2, height)

    def pair_weights(self, first: Image, second: Image) -> FloatArray:
        """Weights of the modes of a pair of images; see `expected_weights`."""
        return self.expected_weights((first.spectra.power, first.noise), (second.spectra.power, second.noise))

    def expected_weights(self, first: tuple[FloatArray, float], second: tuple[FloatArray, float]) -> FloatArray:
        """Signal by variance of the modes of a cross-spectrum, as the power and the noise of both images make expect.

        Parameters
        ----------
        first, second : (ndarray of shape (size, size // 2 + 1), float)
            Power of the image with its noise, and of the noise.

        Returns
        -------
        ndarray, shape (size, size // 2 + 1)
        """
        a, b = (np.maximum(self._over_rings(power) / self._modes - noise, 0.0) for power, noise in (first, second))
        noise_a, noise_b = first[1], second[1]
        signal = np.sqrt(a * b)
        variance = a * noise_b + b * noise_a + noise_a * noise_b + _UNLIKE * a * b
        weights: FloatArray = np.divide(signal, variance, out=np.zeros_like(signal), where=variance > 0)
        weights[signal < _FAINTEST_OF_PAIR * signal.max()] = 0.0
        weights[: self._least] = weights[self._field.size // 2 :] = 0.0
        of_modes: FloatArray = weights[self._ring]
        return of_modes

    def _fitted(self, spectra: ComplexArray, steps: FloatArray, value: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Displacement, and weights measured with it, from the shortest distance to all."""
        weights = np.zeros(spectra.shape)
        for n in range(1, len(steps) + 1):
            for _ in range(_ITERATIONS):
                weights = self._weights(spectra[:n], steps[:n], value)
                value = self._refined(spectra[:n], weights, steps[:n], value)
        return value, weights

    def image(self, spectra: FrameSpectra, noise: NoiseModel | None, n_frames: int = 1) -> Image:
        """Image of the mean of `n_frames`, with the noise of the model, or that of the highest spatial frequencies."""
        if noise is None:
            # Where images hold no content.
            power = float(spectra.power[np.hypot(self._qy, self._qx) > 1.2 * np.pi].mean())
        else:
            power = self._field.noise_power(noise, spectra.mean) / n_frames
        return Image(spectra, power, self._bound(spectra.power, power))

    def _bound(self, power: FloatArray, noise: float) -> FloatArray:
        """Noise by the energy of the gradient, shape (2,), px."""
        inside = self._count * (self._ring >= self._least) * (self._ring < self._field.size // 2)
        excess = (power - noise) * inside * self.n_tiles / max(noise, 1e-30)
        energy = np.array([np.sum(self._qy**2 * excess), np.sum(self._qx**2 * excess)])
        with np.errstate(divide="ignore"):
            bound: FloatArray = self._field.binning / np.sqrt(np.maximum(energy, 0))
        return bound

    def _illumination(self, blocks: ComplexArray) -> AnyArray:
        """Cross-correlation of the illuminated part at every displacement, 1 at none."""
        slope, bend = self._blocks.gaussian(blocks)
        y, x = self._place[:, None], self._place
        power = slope[0] * y + slope[1] * x + bend[0] * y**2 + bend[1] * y * x + bend[2] * x**2
        illumination: AnyArray = np.exp(np.clip(power, -_MOST_CORRECTION, _MOST_CORRECTION))
        return illumination

    def _spectra(self, correlations: FloatArray) -> ComplexArray:
        """Spectra of the texture's correlations near their peaks, as if the windows did not end."""
        import scipy.fft

        spectra: ComplexArray = scipy.fft.rfft2(correlations * (self._near / self._field.overlap))
        return spectra

    def _phase(self, displacements: AnyArray) -> ComplexArray:
        """exp(i q d) of every mode for displacements in bins, shape (n, size, size // 2 + 1)."""
        dy, dx = displacements.T[:, :, None, None]
        phase: ComplexArray = np.exp(1j * (self._qy * dy + self._qx * dx))
        return phase

    def slope(self, blocks: ComplexArray) -> FloatArray:
        """Slope of the logarithm of the illumination's cross-correlation at no displacement, shape (2,), 1/px."""
        return self._blocks.gaussian(blocks)[0] / self._field.binning

    def _highest(self, spectrum: ComplexArray) -> AnyArray:
        """Displacement of the highest peak, to a bin."""
        import scipy.fft

        correlation = scipy.fft.irfft2(spectrum, (self._field.size,) * 2)
        place = np.unravel_index(np.argmax(np.where(self._within, correlation, -np.inf)), correlation.shape)
        return self._place[list(place)]

    def _weights(self, spectra: ComplexArray, steps: FloatArray, value: FloatArray) -> FloatArray:
        """Signal by variance of each mode: of the modes in a ring, in phase and out of phase."""
        turned = spectra * self._phase(np.outer(steps, value))
        weights = np.empty(spectra.shape)
        for weight, modes in zip(weights, turned, strict=True):
            signal = self._over_rings(modes.real) / self._modes
            variance = self._over_rings(modes.imag**2) / self._modes
            known = (signal > _SIGNAL * np.sqrt(2 * variance / self._modes)) & (variance > 0)
            known &= signal > _FAINTEST * signal.max()
            known[: self._least] = known[self._field.size // 2 :] = False
            weight[:] = np.divide(signal, variance, out=np.zeros_like(signal), where=known)[self._ring]
        return weights

    def _over_rings(self, values: FloatArray) -> FloatArray:
        """Sum over the modes of each ring and its neighbours."""
        sums = np.bincount(self._ring.ravel(), (values * self._count).ravel())
        return np.convolve(sums, np.ones(_RINGS), "same").astype(np.float64)

    def _refined(self, spectra: ComplexArray, weights: FloatArray, steps: FloatArray, value: FloatArray) -> FloatArray:
        """Newton's steps to the top of the peak; NaN where there is none."""
        most = 1 / np.abs(steps).max()
        for _ in range(_ITERATIONS):
            gradient, curvature = _derivatives(spectra, self._factors(weights, steps, value))
            if not (np.isfinite(value).all() and np.linalg.det(curvature[0]) > 0 and curvature[0, 0, 0] > 0):
                return np.full(2, np.nan)
            value = value + np.clip(np.linalg.solve(curvature[0], gradient[0]), -most, most)
        return value

    def _factors(self, weights: FloatArray, steps: FloatArray, value: FloatArray) -> ComplexArray:
        """What cross-spectra are multiplied with for the derivatives by the displacement, shape (n, 5, modes)."""
        turned = weights * self._count * self._phase(np.outer(steps, value))
        step = steps[:, None, None]
        first = [1j * step * q * turned for q in (self._qy, self._qx)]
        second = [step**2 * q * turned for q in (self._qy**2, self._qy * self._qx, self._qx**2)]
        return np.stack([*first, *second], axis=1).reshape(len(steps), 5, -1)

    def _influence(self, cross: Sequence[CrossSpectra], factors: ComplexArray) -> FloatArray:
        """Pull of each tile: the step of Newton that it alone is the reason for."""
        # Tiles are not corrected one by one: what that leaves is common to all, and is taken off.
        parts = [
            _derivatives(entry.tiles[:, None], of_lag.astype(np.complex64)[None])
            for entry, of_lag in zip(cross, factors, strict=True)
        ]
        gradient, curvature = (sum(part[i] for part in parts[1:]) + parts[0][i] for i in (0, 1))
        inverse = np.linalg.pinv(curvature.sum(axis=0))
        common = inverse @ gradient.sum(axis=0)
        # Tiles that overlap differ by less than independent ones would.
        influence: FloatArray = np.sqrt(self._field.redundancy) * (gradient - curvature @ common) @ inverse.T
        return influence

    def _height(self, spectrum: ComplexArray) -> float:
        import scipy.fft

        correlation = scipy.fft.irfft2(spectrum, (self._field.size,) * 2)[self._within]
        spread = 1.4826 * float(np.median(np.abs(correlation)))
        return float(correlation.max()) / spread if spread > 0 else 0.0


def no_match(n_tiles: int) -> Match:
    """No displacement found."""
    nothing = np.full(2, np.nan)
    return Match(nothing, np.full((n_tiles, 2), np.nan), nothing, nothing, np.full((2, 2), np.nan), 0.0)


def _newton_step(spectra: ComplexArray, factors: ComplexArray) -> FloatArray:
    gradient, curvature = _derivatives(spectra, factors)
    step: FloatArray = np.linalg.pinv(curvature[0]) @ gradient[0]
    return step


def _derivatives(spectra: ComplexArray, factors: ComplexArray) -> tuple[FloatArray, FloatArray]:
    """Gradient (n, 2) and negative Hessian (n, 2, 2) of the peak by the displacement.

    Parameters
    ----------
    spectra : ndarray, shape (n, n_lags, ...) or (n_lags, ...)
        Of each tile, or of all; n is 1 for all.
    factors : ndarray, shape (n_lags, 5, modes)
    """
    n_lags = len(factors)
    flat = spectra.reshape(-1, n_lags, factors.shape[-1])
    # Without a library of linear algebra: its own threads would be in the way of those that compute the frames.
    sums = sum(np.einsum("tm,fm->tf", flat[:, i], factors[i]) for i in range(n_lags)).real
    return sums[:, :2], sums[:, [[2, 3], [3, 4]]]


class _BlockCorrelation:
    """Cross-correlation of the mean counts of blocks at displacements of a few blocks, as a Gaussian."""

    def __init__(self, field: Field) -> None:
        import scipy.fft

        self._shape = field.padded_shape
        rows, columns = field.block_shape
        side = field.block * field.binning
        good = field.good[: rows * side, : columns * side].reshape(rows, side, columns, side).any(axis=(1, 3))
        spectrum = scipy.fft.rfft2(good.astype(float), self._shape)
        places = range(-REACH, REACH + 1)
        # Without the displacement 0, where the texture that is left correlates with itself.
        self._places = np.array([(y, x) for y in places for x in places if (y, x) != (0, 0)])
        self._pairs = self._at_places(np.abs(spectrum) ** 2)
        y, x = field.block * self._places.T.astype(float)
        self._terms = np.stack([np.ones_like(y), y, x, y * y, y * x, x * x], axis=1)

    def gaussian(self, blocks: ComplexArray) -> tuple[FloatArray, FloatArray]:
        """Exponent of the correlation: its terms in y, x and in y^2, y x, x^2 (bins); 0 where there is too little."""
        correlation = self._at_places(blocks) / np.maximum(self._pairs, 0.5)
        highest = correlation.max()
        used = (correlation > 1e-3 * highest) & (self._pairs > 0.5)
        if highest <= 0 or used.sum() < 2 * self._terms.shape[1]:
            return np.zeros(2), np.zeros(3)
        weight = correlation[used] / highest
        logarithm = np.log(weight)
        solution = np.linalg.lstsq(self._terms[used] * weight[:, None], logarithm * weight, rcond=None)[0]
        return solution[1:3], solution[3:]

    def _at_places(self, spectrum: AnyArray) -> FloatArray:
        import scipy.fft

        values: FloatArray = scipy.fft.irfft2(spectrum, self._shape)[self._places[:, 0], self._places[:, 1]]
        return values
