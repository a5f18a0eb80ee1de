"""Normalisation by a counter."""

from __future__ import annotations

import math

import numpy as np

from darfix_core.engine.registry import step
from darfix_core.errors import nearest
from darfix_core.model.arrays import AnyArray, FloatArray
from darfix_core.model.dataset import Dataset
from darfix_core.model.frame_operations import PerFrame
from darfix_core.model.noise import NoiseModel

#: Names under which beamlines record the current of the storage ring, the most telling first.
CURRENT_NAMES = ("srcurrent", "srcur", "machine_current", "ring_current", "sr_current", "current")


@step("normalise", version=1, title="Normalisation", widget="orangecontrib.dfxm.widgets.ownormalise.OWNormalise")
def normalise(dataset: Dataset, *, counter: str | None = None) -> Dataset:
    """Divide every frame by a counter, so that a beam that fades or jumps does not bend the rocking curves.

    The counts stay what they are at the mean value of the counter. The division is lazy.

    Parameters
    ----------
    dataset : Dataset
        Any scan. Subtract its background first: the pedestal does not change with the beam.
    counter : str or None
        Name of the counter, such as a monitor; None: the machine current, under one of its usual names.

    Returns
    -------
    Dataset
        Counts times mean / value of the counter: float32 for counts of up to 16 bits, else of the width of the counts.
        Its metadata name the counter as ``"normalised_by"``. The noise is that of all frames on average. There are no
        dark frames any more: each frame would need its own.

    Raises
    ------
    ValueError
        If there is no such counter, or it is not positive and finite at every frame.
    """
    name = counter_of(dataset, counter)
    factors = _factors(dataset.counters[name], name)
    dtype = np.result_type(dataset.frames.dtype, np.float32)
    scaled = dataset.map_frames(_scale, dtype=dtype, factors=PerFrame(factors.astype(dtype)))
    return scaled.replace(
        dark=None,
        noise=None if dataset.noise is None else _mean_noise(dataset.noise, factors),
        metadata={**dataset.metadata, "normalised_by": name},
    )


def counter_of(dataset: Dataset, counter: str | None) -> str:
    """Name of the counter that is meant.

    Parameters
    ----------
    dataset : Dataset
    counter : str or None
        None: the machine current.

    Returns
    -------
    str

    Raises
    ------
    ValueError
        If the scan has no such counter.
    """
    names = list(dataset.counters)
    if counter is None:
        by_lower = {name.lower(): name for name in reversed(names)}
        found = next((by_lower[name] for name in CURRENT_NAMES if name in by_lower), None)
        if found is None:
            held = f"its counters are: {', '.join(names)}" if names else "it has no counters"
            raise ValueError(
                f"counter must be given: the scan has no machine current ({', '.join(CURRENT_NAMES)}); {held}"
            )
        return found
    if counter not in dataset.counters:
        raise ValueError(f"counter must be one of the scan, got {counter!r}{nearest(counter, names)}")
    return counter


def _factors(values: FloatArray, name: str) -> FloatArray:
    good = np.isfinite(values) & (values > 0)
    if not good.all():
        bad = np.flatnonzero(~good)
        others = f", and {bad.size - 1} frames more" if bad.size > 1 else ""
        raise ValueError(
            f"counter must be positive at every frame, got {values[bad[0]]:g} in {name!r} at frame {bad[0]}{others}: "
            "leave them out with select_frames (Frame Selection)"
        )
    factors: FloatArray = values.mean() / values
    return factors


def _mean_noise(noise: NoiseModel, factors: FloatArray) -> NoiseModel:
    """Noise whose variance is the mean of those of all frames."""
    mean, square = float(factors.mean()), float((factors**2).mean())
    return NoiseModel(noise.gain * mean, noise.offset * mean, noise.read_noise * math.sqrt(square))


def _scale(block: AnyArray, factors: AnyArray) -> AnyArray:
    result: AnyArray = np.multiply(block, factors[:, None, None], dtype=factors.dtype)
    return result
