"""What frames of a scan look like in general, from a few of them."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import Any

import numpy as np

from darfix_core.model.dataset import Dataset
from orangecontrib.dfxm.views.image_plot import percentile_limits

_MOST_FRAMES, _MOST_BYTES, _FEWEST_FRAMES = 60, 128 * 2**20, 8
# Pieces of the scan, in an order in which the first of them are spread over all of it: a slow disk only makes the
# picture coarser. Within a piece frames lie together, as they do in the chunks of a compressed file.
_ORDER = (3, 0, 6, 4, 1, 7, 2, 5)
_SECONDS = 2.0
_VALUES = 200_000  # of a piece, for the percentiles


@dataclass(frozen=True, eq=False)
class FrameSamples:
    """A look at a scan.

    Parameters
    ----------
    n_frames : int
        Number of frames that were looked at.
    brightest : ndarray, shape (ny, nx), counts
        Highest count of each pixel in them.
    limits : (float, float), counts
        Limits of the colours for all frames of the scan.
    """

    n_frames: int
    brightest: Any
    limits: tuple[float, float]


def sample_frames(dataset: Dataset, stop: threading.Event) -> FrameSamples | None:
    """Look at some frames, evenly spread over the scan, for two seconds at most.

    Parameters
    ----------
    dataset : Dataset
    stop : threading.Event
        Set when nobody wants the result any more, which then is None.
    """
    frames = dataset.frames
    n_fitting = _MOST_BYTES // (frames.nbytes // len(frames))
    n_samples = min(max(_FEWEST_FRAMES, min(n_fitting, _MOST_FRAMES)), len(frames))
    # The middle of each stretch: the first and last frames of a scan are the dimmest.
    chosen = ((np.arange(n_samples) + 0.5) * len(frames) / n_samples).astype(int)
    pieces = np.array_split(chosen, len(_ORDER))
    brightest, n_read, values = None, 0, []
    end = time.monotonic() + _SECONDS
    for number in _ORDER:
        if stop.is_set():
            return None
        if not pieces[number].size:
            continue
        block = frames[pieces[number]]
        n_read += len(block)
        highest = block.max(axis=0)
        brightest = highest if brightest is None else np.maximum(brightest, highest)
        stride = max(1, int((block.size / _VALUES) ** 0.5))
        values.append(block[:, ::stride, ::stride].ravel())
        if time.monotonic() > end:
            break
    low, _ = percentile_limits(np.concatenate(values), 1, 99)
    _, high = percentile_limits(brightest, 1, 99.5)
    return FrameSamples(n_read, brightest, (low, high))
