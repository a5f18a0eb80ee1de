"""A check of a scan: what is measured, from where on that is doubtful, what it means and which step helps."""

from __future__ import annotations

from dataclasses import dataclass

from darfix_core.model.scan_quality import QualityRow, Verdict


@dataclass(frozen=True)
class Check:
    """What does not depend on the scan that is checked.

    Parameters
    ----------
    name : str
        What is looked at.
    unit : str
        Of the measured value and the limits.
    doubtful, bad : float
        The value from where on the scan is that; a `bad` below `doubtful` means that small values are the bad ones.
    meaning : str
        What it does to the maps: one sentence.
    helps : str
        Id of the step that helps; empty where none does.
    """

    name: str
    unit: str
    doubtful: float
    bad: float
    meaning: str
    helps: str = ""

    @property
    def limit(self) -> str:
        """What is in order, in words."""
        if not self.doubtful:
            return "none"
        least = self.bad < self.doubtful
        return f"{'at least' if least else 'at most'} {self.doubtful:g} {self.unit}".rstrip()

    def judged(self, value: float, finding: str) -> QualityRow:
        """Row with the verdict that a value gives."""
        sign = -1 if self.bad < self.doubtful else 1
        verdict: Verdict = "ok"
        if sign * value > sign * self.doubtful:
            verdict = "bad" if sign * value > sign * self.bad else "doubtful"
        return QualityRow(self.name, verdict, value, self.unit, self.limit, finding, self.meaning, self.helps)

    def not_checked(self, reason: str) -> QualityRow:
        """Row that says why nothing could be measured."""
        return QualityRow(self.name, "not checked", None, self.unit, self.limit, reason, self.meaning, self.helps)
