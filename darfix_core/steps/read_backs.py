"""What is known about the motors that move during a scan."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from darfix_core.model.arrays import FloatArray
from darfix_core.steps.grid_search import alike
from darfix_core.steps.motor_levels import Levels
from darfix_core.steps.scan_title import ScanCommand

#: Closing words of every error about dimensions that cannot be found.
BY_HAND = "Define the dimensions by hand: name, size, start and stop of each, slow to fast."

#: A motor that covers this many times less than another one rather trembles than moves.
TREMBLE = 30.0


@dataclass(frozen=True, eq=False)
class ReadBacks:
    """What is known about the motors that move during a scan.

    Parameters
    ----------
    moving : mapping
        Motor -> read-back of every frame, shape (n_frames,).
    levels : tuple of Levels
        Every way to see them as a few positions.
    tolerance : float, fraction of a step
        How far a read-back was allowed to deviate.
    command : ScanCommand or None
        The scan that was announced.
    warnings : list of str
        Collects what the user should know.
    """

    moving: Mapping[str, FloatArray]
    levels: tuple[Levels, ...]
    tolerance: float
    command: ScanCommand | None
    warnings: list[str] = field(default_factory=list)

    @property
    def n_frames(self) -> int:
        """Number of frames."""
        return next(iter(self.moving.values())).size

    def range(self, motor: str) -> float:
        """Distance between the outermost read-backs of a motor."""
        return float(np.ptp(self.moving[motor]))

    def in_step(self, levels: Levels) -> list[Levels]:
        """The levels of all motors that step with the given ones, these included."""
        own = alike(levels.labels, levels.size)
        group = [
            entry for entry in self.levels if entry.regular == levels.regular and alike(entry.labels, entry.size) == own
        ]
        return group or [levels]

    def too_few(self) -> None:
        """Warn that the ranges of the motors decided."""
        text = (
            f"The {self.n_frames} frames are too few to tell a scan from motors that tremble; the motors that move "
            "least were taken to stand still."
        )
        if text not in self.warnings:
            self.warnings.append(text)
