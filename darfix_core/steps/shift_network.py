"""Places of frames that fit the displacements measured between pairs of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from darfix_core.model.arrays import BoolArray, FloatArray, IntArray
from darfix_core.steps.shift_matching import CLEAR, Match

# Error that a pair has at least, px.
_FLOOR = 0.005
# Pairs that miss the places by more standard deviations than this lose their weight.
_FAR, _ROUNDS = 4.0, 8


@dataclass(frozen=True, eq=False)
class Pair:
    """Two frames and the displacement from the first to the second.

    Parameters
    ----------
    first, second : int
    match : Match
    """

    first: int
    second: int
    match: Match


def fit_places(pairs: Sequence[Pair], reference: int, n: int) -> tuple[FloatArray, FloatArray, FloatArray] | None:
    """Places against the reference, by least squares in which false pairs lose their weight.

    Parameters
    ----------
    pairs : sequence of Pair
    reference : int
        The frame at 0.
    n : int
        Number of frames.

    Returns
    -------
    (values, doubt, influence) : ndarrays, shapes (n, 2), (n, 2) and (n, n_tiles, 2), px
        The doubt is that of `Evidence`: what the correction for the illumination changed, and how much the drift
        depends on how far apart the pairs are. NaN where no chain of pairs leads to the reference. None where no pair
        has it.
    """
    pairs = _supported(pairs, n)
    pairs = _connected(pairs, reference, n)
    if not pairs:
        return None
    first, second = (np.array([getattr(pair, end) for pair in pairs]) for end in ("first", "second"))
    displacements = np.array([pair.match.value for pair in pairs])
    variance = np.array([_FLOOR**2 + (pair.match.influence**2).sum() / 2 for pair in pairs])
    system = _Differences(first, second, reference, n)
    weights = 1 / variance
    for _ in range(_ROUNDS):
        values = system.solve(displacements, weights)
        missed = ((displacements - values[second] + values[first]) ** 2).sum(axis=1) / variance
        weights = 1 / (variance * (1 + missed / _FAR**2) ** 2)
    further = np.array([np.vstack([pair.match.illumination, pair.match.influence]) for pair in pairs])
    solved = system.solve(further.reshape(len(pairs), -1), weights).reshape(n, -1, 2)
    rate = _spread_of_rates(displacements - values[second] + values[first], second - first, weights)
    doubt = np.hypot(solved[:, 0], np.abs(np.arange(n) - reference)[:, None] * rate)
    return values, doubt, solved[:, 1:]


def _spread_of_rates(missed: FloatArray, distance: IntArray, weights: FloatArray) -> FloatArray:
    """Standard deviation, over the distances of pairs, of the drift a place by which they miss, shape (2,)."""
    rates = [
        np.average(missed[distance == lag], axis=0, weights=weights[distance == lag]) / lag
        for lag in np.unique(distance)
    ]
    return np.std(rates, axis=0, ddof=1) if len(rates) > 1 else np.zeros(2)


def _supported(pairs: Sequence[Pair], n: int) -> list[Pair]:
    """Pairs that are clear, of frames that several pairs, or a very clear one, place."""
    clear = [pair for pair in pairs if pair.match.height > CLEAR]
    support = np.zeros(n)
    for pair in clear:
        support[[pair.first, pair.second]] += pair.match.height
    return [pair for pair in clear if min(support[pair.first], support[pair.second]) > 2 * CLEAR]


def _connected(pairs: list[Pair], reference: int, n: int) -> list[Pair]:
    """Pairs that lead to the reference."""
    import scipy.sparse as sparse
    from scipy.sparse.csgraph import connected_components

    if not pairs:
        return []
    ends = [pair.first for pair in pairs], [pair.second for pair in pairs]
    graph = sparse.coo_matrix((np.ones(len(pairs)), ends), shape=(n, n))
    group = connected_components(graph, directed=False)[1]
    return [pair for pair in pairs if group[pair.first] == group[reference]]


class _Differences:
    """Differences of places as a linear function of them."""

    def __init__(self, first: np.ndarray, second: np.ndarray, reference: int, n: int) -> None:
        import scipy.sparse as sparse

        self._n, self._reference = n, reference
        placed: BoolArray = np.zeros(n, bool)
        placed[first] = placed[second] = True
        placed[reference] = False
        self._nodes = np.flatnonzero(placed)
        rows, ones = np.arange(len(first)), np.ones(len(first))
        entries = np.concatenate([-ones, ones]), (np.tile(rows, 2), np.concatenate([first, second]))
        self._matrix = sparse.coo_matrix(entries, shape=(len(first), n)).tocsc()[:, self._nodes]

    def solve(self, differences: FloatArray, weights: FloatArray) -> FloatArray:
        """Places, shape (n, k), from differences, shape (n_pairs, k)."""
        import scipy.sparse.linalg as linear

        weighted = self._matrix.multiply(weights[:, None]).T.tocsc()
        places = np.full((self._n, differences.shape[1]), np.nan)
        places[self._nodes] = linear.splu((weighted @ self._matrix).tocsc()).solve(weighted @ differences)
        places[self._reference] = 0.0
        return places
