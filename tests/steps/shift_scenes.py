"""Simulated scans of a drifting crystal: scenes with a known texture, bend and mosaicity, and any drift."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from darfix_core.model.dataset import Dataset
from darfix_core.model.noise import NoiseModel

# Texture around the field that may drift into it, px.
MARGIN = 32


@dataclass(frozen=True)
class Scene:
    """A textured crystal in a rocking scan.

    Every point of the crystal has an amplitude and a peak position; both drift with it.

    Parameters
    ----------
    shape : (int, int), px
    n_frames : int
    width : float, frames
        Standard deviation of the rocking curve of a point.
    texture : float, px
        Standard deviation of the Gaussian that smooths the white noise of the amplitude.
    contrast : float
        Relative standard deviation of the amplitude.
    mosaicity : float
        Standard deviation of the peak positions, in units of `width`.
    mosaic_texture : float, px
        As `texture`, of the peak positions.
    bend : (float, float), frames/px
        Gradient of the peak position along (y, x).
    signal_to_noise : float
        Amplitude by the standard deviation of the counts at the peak.
    pedestal : float, counts
        Constant counts of the detector.
    rim : float, px
        Distance of the rim of the crystal from the edges of the field; 0: the crystal fills the field.
    """

    shape: tuple[int, int] = (256, 256)
    n_frames: int = 41
    width: float = 4.0
    texture: float = 2.0
    contrast: float = 0.3
    mosaicity: float = 0.5
    mosaic_texture: float = 6.0
    bend: tuple[float, float] = (0.0, 0.0)
    signal_to_noise: float = 20.0
    pedestal: float = 0.0
    rim: float = 0.0

    @property
    def noise(self) -> NoiseModel:
        """A tenth of the variance at the peak is read noise; amplitude 1000 counts."""
        variance = (1000 / self.signal_to_noise) ** 2
        return NoiseModel(gain=0.9 * variance / 1000, offset=self.pedestal, read_noise=np.sqrt(0.1 * variance))

    def frames(self, trajectory: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Frames without noise of a crystal that sits at `trajectory`, shape (n_frames, 2), px."""
        ny, nx = (size + 2 * MARGIN for size in self.shape)
        amplitude = np.fft.rfft2(self._lit() * (1 + self.contrast * smooth_noise((ny, nx), self.texture, rng)))
        mosaic = np.fft.rfft2(self.mosaicity * self.width * smooth_noise((ny, nx), self.mosaic_texture, rng))
        qy, qx = np.fft.fftfreq(ny)[:, None], np.fft.rfftfreq(nx)
        inside = np.s_[MARGIN : MARGIN + self.shape[0], MARGIN : MARGIN + self.shape[1]]
        y, x = np.indices(self.shape) - (np.array(self.shape)[:, None, None] - 1) / 2
        frames = np.empty((self.n_frames, *self.shape), np.float32)
        for k, (dy, dx) in enumerate(trajectory):
            phase = np.exp(-2j * np.pi * (qy * dy + qx * dx))
            a, p = (np.fft.irfft2(spectrum * phase, (ny, nx))[inside] for spectrum in (amplitude, mosaic))
            p += self.bend[0] * (y - dy) + self.bend[1] * (x - dx) + (self.n_frames - 1) / 2
            frames[k] = 1000 * np.maximum(a, 0) * np.exp(-0.5 * ((k - p) / self.width) ** 2)
        return frames

    def _lit(self) -> np.ndarray | float:
        """1 in an elliptical crystal, with a rim a few pixels wide."""
        if not self.rim:
            return 1.0
        y, x = (np.linspace(-1, 1, size + 2 * MARGIN) * (size / 2 + MARGIN) for size in self.shape)
        half = [size / 2 - self.rim for size in self.shape]
        distance = 1 - np.hypot(y[:, None] / half[0], x / half[1])
        return 1 / (1 + np.exp(-distance * min(half) / 3))

    def dataset(self, trajectory: np.ndarray, seed: int) -> Dataset:
        """Scan of ``mu``, 0.1 deg a frame, of a crystal that sits at `trajectory`, with the noise of the detector."""
        rng = np.random.default_rng(seed)
        frames = self.frames(trajectory, rng)
        variance = self.noise.gain * frames + self.noise.read_noise**2
        frames += self.pedestal + np.sqrt(variance) * rng.standard_normal(frames.shape, dtype=np.float32)
        mu = 0.1 * np.arange(self.n_frames)
        return Dataset.from_array(frames.astype(np.float32), {"mu": mu}).replace(noise=self.noise)

    def drifting(self, velocity: tuple[float, float], seed: int) -> Dataset:
        """Scan with a drift of `velocity` (dy, dx) px/frame, zero at the middle frame."""
        return self.dataset(linear_trajectory(velocity, self.n_frames), seed)


def smooth_noise(shape: tuple[int, int], width: float, rng: np.random.Generator) -> np.ndarray:
    """White noise smoothed by a Gaussian of standard deviation `width` (px), scaled to mean 0 and variance 1."""
    qy, qx = np.fft.fftfreq(shape[0])[:, None], np.fft.rfftfreq(shape[1])
    spectrum = np.fft.rfft2(rng.standard_normal(shape)) * np.exp(-2 * (np.pi * width) ** 2 * (qy**2 + qx**2))
    values = np.fft.irfft2(spectrum, shape)
    return (values - values.mean()) / values.std()


def linear_trajectory(velocity: tuple[float, float], n_frames: int) -> np.ndarray:
    """Positions of a steady drift (px/frame) that is zero at the middle frame, shape (n_frames, 2), px."""
    return np.outer(np.arange(n_frames) - (n_frames - 1) / 2, velocity)


def random_walk(n_frames: int, step: float, rng: np.random.Generator) -> np.ndarray:
    """Positions of a random walk with steps of standard deviation `step` (px), shape (n_frames, 2), px."""
    return np.cumsum(step * rng.standard_normal((n_frames, 2)), axis=0)
