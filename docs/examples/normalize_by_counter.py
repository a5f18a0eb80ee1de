"""Normalization by a counter, such as the current of the storage ring."""

from __future__ import annotations

import numpy as np

from darfix_core.engine.registry import step
from darfix_core.errors import nearest
from darfix_core.model.arrays import AnyArray
from darfix_core.model.dataset import Dataset
from darfix_core.model.frame_operations import PerFrame


@step(
    "normalize_by_counter",
    version=1,
    title="Normalize by Counter",
    widget="orangecontrib.dfxm.widgets.ownormalize.OWNormalize",
)
def normalize_by_counter(dataset: Dataset, *, counter: str) -> Dataset:
    """Divide every frame by the value of a counter, so that a fading beam does not bend the rocking curves.

    Parameters
    ----------
    dataset : Dataset
        Any scan. Subtract its background first: the pedestal does not fade with the beam.
    counter : str
        Name of the counter, such as ``"current"``.

    Returns
    -------
    Dataset
        Counts at the mean value of the counter, float32.

    Raises
    ------
    ValueError
        If there is no such counter, or it is not positive in every frame.
    """
    if counter not in dataset.counters:
        raise ValueError(f"counter must be one of the scan, got {counter!r}{nearest(counter, list(dataset.counters))}")
    values = dataset.counters[counter]
    if not np.all(values > 0):
        raise ValueError(f"counter must be positive in every frame, got {values.min():g} in {counter!r}")
    factors = (values.mean() / values).astype(np.float32)
    return dataset.map_frames(_scale, dtype=np.float32, factors=PerFrame(factors))


def _scale(block: AnyArray, factors: AnyArray) -> AnyArray:
    result: AnyArray = np.multiply(block, factors[:, None, None], dtype=np.float32)
    return result
