"""What the levels of a motor explain, counted in bits.

The better the levels explain the read-backs, the fewer bits it takes to write these down.
"""

from __future__ import annotations

import math

import numpy as np

from darfix_core.model.arrays import FloatArray, IntArray

# Read-backs that agree better than this fraction of a step count as this good: encoders count in integers.
_FINEST = 0.05


def saved_bits(deviation: FloatArray, step: float, n_parameters: int) -> float:
    """Bits saved for all frames by knowing their levels; deviation and step in units of the range.

    A read-back anywhere in the range needs log2(range / precision) bits, one near a known level only
    log2(width / precision). What was fitted saves nothing.
    """
    n = deviation.size
    free = max(0, n - n_parameters)
    width = max(math.sqrt(12 * float(np.sum(deviation**2)) / max(1, free)), _FINEST * step)
    return free * math.log2(max(1.0, 1 / width)) - math.log2(2 * n)


def is_monotonic(labels: IntArray) -> bool:
    """True for a motor that passes its levels one after the other and never turns round."""
    steps = np.diff(labels)
    return bool(np.all(steps >= 0) or np.all(steps <= 0))


def any_order_bits(labels: IntArray) -> float:
    """Bits that tell in which order the levels come, their numbers of frames being known."""
    counts = np.bincount(labels)
    return (math.lgamma(labels.size + 1) - sum(math.lgamma(c + 1) for c in counts)) / math.log(2)


def written_bits(labels: IntArray) -> float:
    """Bits to write down the level of every frame, one after the other."""
    n, size = labels.size, int(labels.max()) + 1
    steps = np.unique(np.diff(labels), return_counts=True)[1]
    by_steps = -float(np.sum(steps * np.log2(steps / (n - 1)))) + (steps.size - 1) * math.log2(n)
    by_steps += math.log2(size) + steps.size * math.log2(2 * size - 1)
    if is_monotonic(labels):
        ordered = (math.lgamma(n + size) - math.lgamma(n + 1) - math.lgamma(size)) / math.log(2)
        return min(by_steps, ordered)
    return min(by_steps, n * math.log2(size))


def written_below_bits(fine: IntArray, coarse: IntArray) -> float:
    """Bits to write down fine levels where the coarse ones are known."""
    size = int(fine.max()) + 1
    joint = np.unique(coarse * size + fine, return_counts=True)[1]
    alone = np.bincount(coarse)
    alone = alone[alone > 0]
    return float(np.sum(alone * np.log2(alone)) - np.sum(joint * np.log2(joint)))
