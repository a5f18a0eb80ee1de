"""Normalisation."""

from __future__ import annotations

from typing import Any

import numpy as np
from AnyQt.QtWidgets import QLabel, QWidget

from darfix_core.steps.normalise import counter_of
from orangecontrib.dfxm.views.frame_plot import FramePlot
from orangecontrib.dfxm.views.parameter_editors import ChoiceEditor, Editor
from orangecontrib.dfxm.widgets.icon import icon_path
from orangecontrib.dfxm.widgets.step_widget import StepWidget


class OWNormalise(StepWidget):
    """Divide every frame by a counter."""

    step_id = "normalise"
    icon = icon_path("normalise.svg")
    keywords = "normalise, normalize, monitor, current, counter, beam, intensity"

    def editors(self) -> dict[str, Editor]:
        """A choice of the counters that the scan has."""
        return {"counter": ChoiceEditor((None,), "machine current")}

    def build_view(self) -> None:
        """The counter at every frame."""
        self.caption = QLabel(wordWrap=True)
        self.plot = FramePlot()
        self.mainArea.layout().addWidget(self.caption)
        self.mainArea.layout().addWidget(self.plot, 1)

    def show_inputs(self) -> None:
        """Offer the counters of the scan; that of the machine current is named where it is found."""
        dataset = self.received["dataset"]
        counters = () if dataset is None else tuple(dataset.counters)
        found = self._counter(None)
        label = "machine current" if found is None else f"machine current: {found}"
        self.form.editors["counter"].set_choices((None, *counters), {None: label})
        self._show_counter()

    def show_result(self, result: Any) -> None:
        """The counter that was taken, or the one that is refused."""
        self._show_counter()

    def _counter(self, wanted: Any) -> str | None:
        """Name of the counter that is meant; None where there is none, and the step says so."""
        dataset = self.received["dataset"]
        if dataset is None or not isinstance(wanted, str | None):
            return None
        try:
            return counter_of(dataset, wanted)
        except ValueError:
            return None

    def _show_counter(self) -> None:
        name = self._counter(self.counter)
        if name is None:
            dataset = self.received["dataset"]
            offered = dataset is not None and self.counter is None and bool(dataset.counters)
            self.caption.setText("No machine current was recorded: choose another counter." if offered else "")
            self.plot.show_nothing()
            return
        values = self.received["dataset"].counters[name]
        numbers = values[np.isfinite(values)]
        if not numbers.size:
            self.caption.setText(f"{name} holds no number.")
            self.plot.show_nothing()
            return
        self.plot.show_values(np.where(np.isfinite(values), values, np.nan), name)
        self.caption.setText(f"{name}: {numbers.mean():.6g} on average, {numbers.min():.6g} to {numbers.max():.6g}.")

    def picture(self) -> QWidget:
        """The counter."""
        return self.plot
