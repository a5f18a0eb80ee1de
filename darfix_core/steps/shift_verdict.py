"""Whether a shift is to be trusted: whether it differs from none, and independent parts of the field agree on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from darfix_core.model.arrays import FloatArray, IntArray

# Standard deviations by which a shift differs from none, and halves of the field from each other.
_SIGNIFICANT, _DISAGREEING = 4.5, 3.5
# Halves that differ by less than this share of the shift correct it all the same.
_TOLERATED = 0.3
# Fewer parts of the field than this cannot be compared with each other.
_LEAST_PARTS = 3.0


@dataclass(frozen=True, eq=False)
class Evidence:
    """A displacement and what the tiles of the field say about it.

    Parameters
    ----------
    value : ndarray, shape (2,)
        (dy, dx).
    influence : ndarray, shape (n_tiles, 2)
        By how much each tile pulls the value.
    doubt : ndarray, shape (2,)
        What all tiles may have in common: by how much the correction for the moving illumination changed the value,
        and by how much it depends on how far apart the frames are that were compared.
    bound : ndarray, shape (2,)
        Cramer-Rao bound: what the noise of the counts allows.
    """

    value: FloatArray
    influence: FloatArray
    doubt: FloatArray
    bound: FloatArray

    @property
    def n_parts(self) -> float:
        """Number of tiles that share the influence."""
        squares = (self.influence**2).sum(axis=1)
        return float(squares.sum() ** 2 / np.maximum((squares**2).sum(), 1e-300))

    @property
    def is_comparable(self) -> bool:
        """True where enough parts of the field share the influence to be compared."""
        return self.n_parts >= _LEAST_PARTS

    @property
    def uncertainty(self) -> FloatArray:
        """One standard deviation, shape (2,).

        From how much the tiles differ, which holds the noise and the change of contrast alike, but no less than the
        bound; the doubt counts in full, as nothing tells which part of it is true.
        """
        n_tiles = len(self.influence)
        scatter = (self.influence**2).sum(axis=0) * n_tiles / max(n_tiles - 1, 1)
        uncertainty: FloatArray = np.sqrt(np.maximum(scatter, self.bound**2) + self.doubt**2)
        return uncertainty

    @property
    def significance(self) -> float:
        """Standard deviations between the value and none: its length by the larger uncertainty of its components.

        A value of which one component is hardly known corrects nothing, however certain the other one is.
        """
        return float(np.hypot(*self.value) / max(*self.uncertainty, 1e-12))

    def disagreement(self, halves: Sequence[IntArray]) -> float:
        """Standard deviations between two halves of the field; 0 where they differ by little against the value."""
        spread = np.sqrt((self.influence**2).sum(axis=0))
        worst = 0.0
        for half in halves:
            # The influences of all tiles add up to nothing: what one half adds, the other takes off.
            pull = self.influence[half].sum(axis=0)
            if np.hypot(*(4 * pull)) > _TOLERATED * np.hypot(*self.value):
                worst = max(worst, float((2 * np.abs(pull) / np.maximum(spread, 1e-12)).max()))
        return worst


def judge(evidence: Evidence, corners: IntArray, what: str) -> tuple[bool, str]:
    """Verdict on a shift.

    Parameters
    ----------
    evidence : Evidence
    corners : ndarray of int, shape (n_tiles, 2)
        Where the tiles are.
    what : str
        What was measured, for the reason: "The shift of 0.1 px in y ...".

    Returns
    -------
    (bool, str)
        Whether it is trusted, and why.
    """
    if not evidence.is_comparable:
        return False, "Too few parts of the field hold texture to be compared with each other."
    significance = evidence.significance
    if significance < _SIGNIFICANT:
        return False, f"{what} does not differ from none: {significance:.1f} standard deviations."
    centre = (corners.min(axis=0) + corners.max(axis=0)) / 2
    halves = [np.flatnonzero(corners[:, axis] < centre[axis]) for axis in (0, 1)]
    disagreement = evidence.disagreement(halves)
    if disagreement > _DISAGREEING:
        return False, f"{what} is not that of all parts of the field: halves differ by {disagreement:.1f} deviations."
    return True, f"{what} is {significance:.0f} standard deviations, and the parts of the field agree on it."
