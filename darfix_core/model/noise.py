"""Noise of the detector, as photon transfer describes it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class NoiseModel:
    """Variance of the counts: ``Var = gain * (counts - offset) + read_noise**2``.

    Parameters
    ----------
    gain : float, counts per detected quantum
    offset : float, counts
        Mean signal without light.
    read_noise : float, counts
        Standard deviation without light.
    """

    gain: float
    offset: float
    read_noise: float
