"""Normalize by Counter."""

from __future__ import annotations

from typing import Any

from orangecontrib.dfxm.views.compare_view import CompareView
from orangecontrib.dfxm.views.parameter_editors import ChoiceEditor, Editor
from orangecontrib.dfxm.widgets.icon import icon_path
from orangecontrib.dfxm.widgets.step_widget import StepWidget


class OWNormalize(StepWidget):
    """Divide the frames by a counter, and compare a frame before and after."""

    step_id = "normalize_by_counter"
    icon = icon_path("step.svg")
    keywords = "normalize, monitor, current, counter"

    def editors(self) -> dict[str, Editor]:
        """A choice of the counters that the scan has."""
        return {"counter": ChoiceEditor(("",))}

    def build_view(self) -> None:
        """Before and after."""
        self.view = CompareView()
        self.view.failed.connect(self.Warning.unreadable)
        self.mainArea.layout().addWidget(self.view)

    def show_inputs(self) -> None:
        """The frames as they come in, and their counters."""
        dataset = self.received["dataset"]
        counters = () if dataset is None else tuple(dataset.counters)
        self.form.editors["counter"].set_choices(("", *counters), {"": "choose a counter"})
        self.view.show_before(dataset)

    def show_result(self, result: Any) -> None:
        """The frames as they leave."""
        self.view.show_after(result)
