"""What was found when a scan was looked over: one row for each check."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from darfix_core.model.arrays import AnyArray, frozen_mapping
from darfix_core.model.history import History

Verdict = Literal["ok", "doubtful", "bad", "not checked"]


@dataclass(frozen=True)
class QualityRow:
    """One check.

    Parameters
    ----------
    check : str
        What was looked at.
    verdict : {"ok", "doubtful", "bad", "not checked"}
    value : float or None
        What was measured, in `unit`; None where nothing could be.
    unit : str
    limit : str
        What would be in order, in words: ``"below 0.1"``.
    finding : str
        What was found, or why it was not checked: one sentence.
    meaning : str
        What it does to the maps: one sentence.
    helps : str
        Id of the step that helps; empty where none does.
    """

    check: str
    verdict: Verdict
    value: float | None
    unit: str
    limit: str
    finding: str
    meaning: str
    helps: str = ""


@dataclass(frozen=True, eq=False)
class ScanQuality:
    """Verdicts on a scan, and the measurements behind them.

    Parameters
    ----------
    rows : tuple of QualityRow
        In the order in which they are shown.
    arrays : mapping
        Name -> measured curve or image that a row was judged by, for the pictures.
    title : str
        Of the scan.
    history : History
        How the scan was made that was looked over.
    """

    rows: tuple[QualityRow, ...]
    arrays: Mapping[str, AnyArray] = field(default_factory=dict)
    title: str = ""
    history: History = field(default_factory=History)

    def __post_init__(self) -> None:
        object.__setattr__(self, "rows", tuple(self.rows))
        object.__setattr__(self, "arrays", frozen_mapping(self.arrays))

    def with_history(self, history: History) -> ScanQuality:
        """The same verdicts with another history."""
        return replace(self, history=history)
