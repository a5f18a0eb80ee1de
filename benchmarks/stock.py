"""The same results with the stock libraries, as a user would write them down who minds the memory."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np

# As many rows at a time keep the float32 copies of a stack of a few hundred megabytes in a tenth of the memory.
ROWS = 64


def moments(stack: np.ndarray, positions: list[np.ndarray]) -> dict[str, np.ndarray]:
    """Moments of every pixel's curve with numpy: sums of powers as one product of matrices, which BLAS computes.

    Parameters
    ----------
    stack : ndarray, shape (n_frames, ny, nx)
    positions : list of ndarray, shape (n_frames,)
        One or two motors.

    Returns
    -------
    dict
        Numbered by motor: center_of_mass_0, variance_0, third_0, fourth_0 ...; intensity; covariance.
    """
    middle = [(x.min() + x.max()) / 2 for x in positions]
    scale = [np.ptp(x) / 2 for x in positions]
    u = [(x - m) / s for x, m, s in zip(positions, middle, scale, strict=True)]
    products = [u[0] * u[1]] if len(u) == 2 else []
    weights = np.array([np.ones(len(stack)), *(x**n for x in u for n in (1, 2, 3, 4)), *products], dtype=np.float32)
    sums = [_sums(weights, stack[:, y : y + ROWS]) for y in range(0, stack.shape[1], ROWS)]
    total, *rest = np.concatenate(sums, axis=1)
    found = {"intensity": total}
    with np.errstate(divide="ignore", invalid="ignore"):
        raw = [each / total for each in rest]
        for number, (m, s) in enumerate(zip(middle, scale, strict=True)):
            a, b, c, d = raw[4 * number : 4 * number + 4]
            found[f"center_of_mass_{number}"] = m + s * a
            found[f"variance_{number}"] = s**2 * (b - a**2)
            found[f"third_{number}"] = s**3 * (c - 3 * a * b + 2 * a**3)
            found[f"fourth_{number}"] = s**4 * (d - 4 * a * c + 6 * a**2 * b - 3 * a**4)
    if products:
        found["covariance"] = scale[0] * scale[1] * (raw[8] - raw[0] * raw[4])
    return found


def _sums(weights: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Weighted sums over the frames, shape (n_weights, rows, nx)."""
    counts = rows.astype(np.float32).reshape(len(rows), -1)
    return (weights @ counts).astype(np.float64).reshape(len(weights), *rows.shape[1:])


def read(path: Path, inside: str, where: tuple[slice, ...] = ()) -> np.ndarray:
    """A part of a stack, read into fresh memory with h5py in the way that copies least."""
    with h5py.File(path, "r") as file:
        dataset = file[inside]
        if not where:
            block = np.empty(dataset.shape, dataset.dtype)
            dataset.read_direct(block)
            return block
        return dataset[where]
