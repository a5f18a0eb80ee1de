"""What was found when a scan was looked over: one row for each check."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

from darfix_core.model.arrays import AnyArray, frozen_mapping
from darfix_core.model.history import History

Verdict = Literal["ok", "doubtful", "bad", "not checked"]
_LINE = 100

# Smaller values are what rounding leaves.
_NOTHING = 1e-9


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
        What would be in order, in words: ``"at most 10 %"``.
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

    @property
    def measured(self) -> str:
        """The value with its unit, as people read it; empty where nothing was measured."""
        if self.value is None:
            return ""
        value = 0.0 if abs(self.value) < _NOTHING else self.value
        return f"{value:.3g} {self.unit}".rstrip()


@dataclass(frozen=True, eq=False)
class ScanQuality:
    """Verdicts on a scan, and the measurements behind them.

    Parameters
    ----------
    rows : tuple of QualityRow
        In the order in which they are shown.
    arrays : mapping
        Name -> measured curve or image that a row was judged by, for the pictures.
    units : mapping
        Name of an array -> its unit; arrays that are missing hold counts or pure numbers.
    title : str
        Of the scan.
    history : History
        How the scan was made that was looked over.
    """

    rows: tuple[QualityRow, ...]
    arrays: Mapping[str, AnyArray] = field(default_factory=dict)
    units: Mapping[str, str] = field(default_factory=dict)
    title: str = ""
    history: History = field(default_factory=History)

    def __post_init__(self) -> None:
        object.__setattr__(self, "rows", tuple(self.rows))
        object.__setattr__(self, "arrays", frozen_mapping(self.arrays))
        object.__setattr__(self, "units", frozen_mapping(self.units))

    @property
    def worst(self) -> Verdict:
        """Worst verdict of all; ``"not checked"`` where nothing could be checked."""
        found = {row.verdict for row in self.rows}
        order: tuple[Verdict, ...] = ("bad", "doubtful", "ok")
        return next((verdict for verdict in order if verdict in found), "not checked")

    @property
    def summary(self) -> str:
        """One line: the checks that are bad, and those that are doubtful."""
        named = {verdict: [row.check for row in self.rows if row.verdict == verdict] for verdict in ("bad", "doubtful")}
        told = [f"{verdict}: {', '.join(checks)}" for verdict, checks in named.items() if checks]
        return "; ".join(told) or "nothing is wrong"

    def row(self, check: str) -> QualityRow:
        """The row of a check.

        Raises
        ------
        KeyError
            If there is no such check; the message names all.
        """
        for row in self.rows:
            if row.check == check:
                return row
        raise KeyError(f"no check {check!r}; there are {', '.join(row.check for row in self.rows)}")

    def to_text(self) -> str:
        """One line for each check; for those that are not in order also what it means, and which step helps."""
        width = max((len(row.check) for row in self.rows), default=0)
        lines = []
        for row in self.rows:
            lines.append(f"{row.check:{width}}  {row.verdict:11}  {row.finding}")
            if row.verdict in ("doubtful", "bad"):
                helps = f" Step that helps: {row.helps}." if row.helps else ""
                text = f"Limit: {row.limit}. {row.meaning}{helps}"
                lines += textwrap.wrap(text, _LINE, initial_indent="    ", subsequent_indent="    ")
        return "\n".join(lines)

    def to_dict(self) -> dict[str, Any]:
        """The title, the worst verdict and the rows as plain values, fit for JSON."""
        return {"title": self.title, "verdict": self.worst, "checks": [asdict(row) for row in self.rows]}

    def with_history(self, history: History) -> ScanQuality:
        """The same verdicts with another history."""
        return replace(self, history=history)

    def __repr__(self) -> str:
        return f"ScanQuality({len(self.rows)} checks; {self.summary})"
