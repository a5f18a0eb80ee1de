"""Scans on disk, as short as a reader of the ESRF's files understands them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import h5py
import numpy as np

#: Where the frames lie.
FRAMES = "/1.1/instrument/det/data"


def write_scan(path: Path, blocks: Iterable[np.ndarray], mu: np.ndarray, options: dict[str, Any]) -> Path:
    """Write a scan of mu.

    Parameters
    ----------
    path : Path
    blocks : iterable of ndarray, shape (n, ny, nx)
        The frames, one block after the other.
    mu : ndarray, shape (n_frames,), deg
    options : dict
        How the frames are stored: keyword arguments of `h5py.Group.create_dataset`.

    Returns
    -------
    Path
    """
    with h5py.File(path, "w") as file:
        motor = file.create_dataset("1.1/instrument/positioners/mu", data=mu)
        file["1.1/measurement/mu"] = motor
        file["1.1/title"] = f"ascan mu {mu[0]:g} {mu[-1]:g} {mu.size - 1} 1"
        data, first = None, 0
        for block in blocks:
            if data is None:
                data = file.create_dataset(FRAMES, (mu.size, *block.shape[1:]), block.dtype, **options)
            data[first : first + len(block)] = block
            first += len(block)
    return path
