"""The two stacks that the figures are stated for, with known truth, deterministic."""

from __future__ import annotations

import numpy as np

from darfix_core import Dataset, Dimension


def stack_a() -> Dataset:
    """Rocking scan: 101 frames of 1024 x 1024, uint16, 212 MB."""
    rng = np.random.default_rng(1)
    y, x = np.mgrid[0:1024, 0:1024].astype(np.float32)
    mu = np.linspace(-0.05, 0.05, 101)
    centre = 0.012 * np.sin(x / 150) + 0.010 * np.cos(y / 90 + x / 300)
    amplitude, sigma = 300 + 250 * np.sin(x / 97) * np.cos(y / 131), 0.006 + 0.003 * np.sin((x + y) / 120) ** 2
    stack = np.empty((101, 1024, 1024), np.uint16)
    for k, position in enumerate(mu):
        signal = 100 + amplitude * np.exp(-((position - centre) ** 2) / (2 * sigma**2))
        stack[k] = np.maximum(0, signal + np.sqrt(signal) * rng.standard_normal(signal.shape, np.float32)).astype(
            np.uint16
        )
    dataset = Dataset.from_array(stack, {"mu": mu})
    return dataset.replace(dimensions=(Dimension("mu", mu, "deg"),), grid_index=np.arange(101))


def stack_b() -> Dataset:
    """Mosaicity scan: 21 x 21 frames of 512 x 512, uint16, 231 MB."""
    rng = np.random.default_rng(2)
    y, x = np.mgrid[0:512, 0:512].astype(np.float32)
    chi, mu = np.linspace(-0.10, 0.10, 21), np.linspace(-0.20, 0.20, 21)
    first, second = 0.03 * np.sin(x / 90), 0.06 * np.cos(y / 80)
    amplitude = 800 + 600 * np.sin(x / 57) * np.cos(y / 71)
    stack = np.empty((21, 21, 512, 512), np.uint16)
    for i, a in enumerate(chi):
        for j, b in enumerate(mu):
            signal = 100 + amplitude * np.exp(-(((a - first) / 0.02) ** 2 + ((b - second) / 0.045) ** 2) / 2)
            noise = np.sqrt(signal) * rng.standard_normal(signal.shape, np.float32)
            stack[i, j] = np.maximum(0, signal + noise).astype(np.uint16)
    grid = np.meshgrid(chi, mu, indexing="ij")
    dataset = Dataset.from_array(stack, {"chi": grid[0], "mu": grid[1]})
    dimensions = (Dimension("chi", chi, "deg"), Dimension("mu", mu, "deg"))
    return dataset.replace(dimensions=dimensions, grid_index=np.arange(441))
