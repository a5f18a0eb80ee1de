"""The same results with the stock libraries, as a user would write them down who minds the memory."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np

# As many rows at a time keep the float32 copies of a stack of a few hundred megabytes in a tenth of the memory.
ROWS = 64


def moments(stack: np.ndarray, positions: list[np.ndarray]) -> dict[str, np.ndarray]:
    """Moments of every pixel's curve with numpy.

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
    parts = [_moments_of_rows(stack[:, y : y + ROWS], positions) for y in range(0, stack.shape[1], ROWS)]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _moments_of_rows(rows: np.ndarray, positions: list[np.ndarray]) -> dict[str, np.ndarray]:
    counts = rows.astype(np.float32)
    total = counts.sum(axis=0)
    found, centred = {"intensity": total}, []
    with np.errstate(divide="ignore", invalid="ignore"):
        for number, position in enumerate(positions):
            x = position.astype(np.float32)
            mean = np.einsum("k,kyx->yx", x, counts) / total
            away = x[:, None, None] - mean
            found[f"center_of_mass_{number}"] = mean
            for name, n in (("variance", 2), ("third", 3), ("fourth", 4)):
                found[f"{name}_{number}"] = np.einsum("kyx,kyx->yx", away**n, counts) / total
            centred.append(away)
        if len(centred) == 2:
            found["covariance"] = np.einsum("kyx,kyx,kyx->yx", *centred, counts) / total
    return found


def read(path: Path, inside: str, where: tuple[slice, ...] = ()) -> np.ndarray:
    """A part of a stack, read into fresh memory with h5py in the way that copies least."""
    with h5py.File(path, "r") as file:
        dataset = file[inside]
        if not where:
            block = np.empty(dataset.shape, dataset.dtype)
            dataset.read_direct(block)
            return block
        return dataset[where]
