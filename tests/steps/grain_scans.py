"""Simulated rocking scans of a bright grain on a noisy detector, with the truth about the noise."""

from __future__ import annotations

from functools import cache

import numpy as np
import scipy.ndimage

from darfix_core.model.dataset import Dataset
from darfix_core.model.noise import NoiseModel

#: An sCMOS camera: see the noise of the simulated detector in the physics pages.
NOISE = NoiseModel(gain=2.14, offset=102.5, read_noise=2.5)


@cache
def grain_scan(
    *,
    n_frames: int = 21,
    shape: tuple[int, int] = (160, 200),
    peak: float = 2000.0,
    gain: float = NOISE.gain,
) -> Dataset:
    """Scan of mu over a grain with a textured orientation and a sharp edge, uint16, without a noise model."""
    noise = NoiseModel(gain, NOISE.offset, NOISE.read_noise)
    rng = np.random.default_rng(20260102)
    mu = np.linspace(-1, 1, n_frames)
    y, x = np.ogrid[-1 : 1 : shape[0] * 1j, -1 : 1 : shape[1] * 1j]
    # The edge is blurred by the point spread of the objective, a pixel.
    grain = scipy.ndimage.gaussian_filter((y**2 + x**2 < 0.4).astype(float), 1.0)
    texture = scipy.ndimage.gaussian_filter(rng.normal(size=shape), 8)
    center = 0.2 * texture / texture.std()
    light = peak * grain * np.exp(-((mu[:, None, None] - center) ** 2) / (2 * 0.3**2))
    return Dataset.from_array(_recorded(light, noise, rng), {"mu": mu})


def _recorded(light: np.ndarray, noise: NoiseModel, rng: np.random.Generator) -> np.ndarray:
    """Counts of light by photon transfer."""
    signal = noise.gain * rng.poisson(light / noise.gain) + noise.offset
    return np.clip(np.rint(signal + rng.normal(0, noise.read_noise, light.shape)), 0, 65535).astype(np.uint16)
