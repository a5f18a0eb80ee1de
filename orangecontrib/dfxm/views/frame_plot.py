"""One value of every frame, with a limit that can be dragged."""

from __future__ import annotations

from typing import Any

import numpy as np
from AnyQt.QtCore import pyqtSignal as Signal

from darfix_core.figures.numbers import ShortNumbers
from orangecontrib.dfxm.views.image_plot import Plot

_KEPT, _BELOW = "#1f3a5f", "#d9480f"
_LIMIT = "limit"


class FramePlot(Plot):
    """Points over the numbers of the frames; those below the limit in another colour.

    Signals
    -------
    limit_dragged(float)
        The user has let the limit go at that value.
    """

    limit_dragged = Signal(float)

    def __init__(self) -> None:
        super().__init__()
        self.getInteractiveModeToolBar().hide()
        self.setDataMargins(0.02, 0.02, 0.06, 0.06)
        self.setMinimumSize(320, 220)
        self._short = ShortNumbers()
        self.sigPlotSignal.connect(self._plot_event)

    def show_values(self, values: Any, quantity: str, unit: str = "", limit: float | None = None) -> None:
        """Show other values.

        Parameters
        ----------
        values : array_like, shape (n_frames,)
            NaN leaves a gap; one at least is a number.
        quantity, unit : str
            What stands at the axis.
        limit : float, optional
            Drawn as a line that can be dragged.
        """
        self.clear()
        values = np.asarray(values)
        numbers, below = np.arange(values.size), values < (-np.inf if limit is None else limit)
        ends = [value for value in (np.nanmin(values), np.nanmax(values), limit) if value is not None]
        self._short = ShortNumbers.between(float(min(ends)), float(max(ends)))
        values = self._short.of(values)
        self.addCurve(numbers, values, legend="line", color="#b0b8c4", linewidth=1, resetzoom=False)
        for legend, chosen, color in (("kept", ~below, _KEPT), ("below", below, _BELOW)):
            if chosen.any():
                at, to = numbers[chosen], values[chosen]
                self.addCurve(at, to, legend=legend, color=color, symbol="o", linestyle=" ", resetzoom=False)
                self.getCurve(legend).setSymbolSize(5)
        if limit is not None:
            self.addYMarker(float(self._short.of(limit)), legend=_LIMIT, text="limit", color=_BELOW, draggable=True)
        self.set_axis_labels("frame", self._short.label(quantity, unit))
        self.resetZoom()

    def show_nothing(self) -> None:
        """Show no values."""
        self.clear()
        self.set_axis_labels("frame", "")

    def _plot_event(self, event: dict[str, Any]) -> None:
        if event["event"] == "markerMoved" and event["label"] == _LIMIT:
            self.limit_dragged.emit(float(event["y"]) * 10.0**self._short.power + self._short.offset)
