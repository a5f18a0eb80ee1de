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
_VALUES = 100_000  # of a piece, for the percentiles


@dataclass(frozen=True, eq=False)
class FrameSamples:
    """A look at a scan.

    Parameters
    ----------
    n_frames : int
        Number of frames that were looked at.
    brightest : ndarray, shape (ny, nx), counts
        Highest count of each pixel in them.
    values : ndarray, shape (n,), counts
        Some pixels of each.
    """

    n_frames: int
    brightest: Any
    values: Any

    def limits(self, low: float, high: float) -> tuple[float, float]:
        """Limits of the colours for all frames of the scan, counts.

        Parameters
        ----------
        low, high : float, percent
            The lower limit is a percentile of all frames, the upper one of the brightest value of each pixel.
        """
        bottom, _ = percentile_limits(self.values, low, max(low, 99))
        _, top = percentile_limits(thinned(self.brightest), min(1, high), high)
        return bottom, top


def start_frame(dataset: Dataset) -> int:
    """Frame that is shown first: in the middle of the scan, and of each of its dimensions or joined scans.

    There the peak is; the middle of three layers lies in the middle of a layer, that of four between two of them.
    """
    if dataset.dimensions:
        index = np.unravel_index(dataset.grid_index, dataset.scan_shape)
        away = [abs(places - length // 2) for places, length in zip(index, dataset.scan_shape, strict=True)]
        return int(np.argmin(sum(away)))
    parts = dataset.metadata.get("frames_of_parts", (dataset.n_frames,))
    middle = len(parts) // 2
    return min(int(sum(parts[:middle])) + parts[middle] // 2, dataset.n_frames - 1)


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
    # The brightest frame, most likely, is looked at first, whatever there is time for.
    nearest = int(np.argmin(np.abs(chosen - start_frame(dataset))))
    chosen[nearest] = start_frame(dataset)
    brightest, n_read, values = None, 0, []
    end = time.monotonic() + _SECONDS
    for number in sorted(_ORDER, key=lambda number: chosen[nearest] not in pieces[number]):
        if stop.is_set():
            return None
        if not pieces[number].size:
            continue
        block = frames[pieces[number]]
        n_read += len(block)
        highest = block.max(axis=0)
        brightest = highest if brightest is None else np.maximum(brightest, highest)
        values.append(thinned(block))
        if time.monotonic() > end:
            break
    return FrameSamples(n_read, brightest, np.concatenate(values))


def thinned(frames: Any) -> Any:
    """About a tenth of a million values of frames, evenly spread: all of a large one would take too long.

    Parameters
    ----------
    frames : ndarray, shape (..., ny, nx)

    Returns
    -------
    ndarray, shape (n,)
    """
    stride = max(1, int((frames.size / _VALUES) ** 0.5))
    return frames[..., ::stride, ::stride].ravel()
