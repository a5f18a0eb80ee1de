"""Normalize by Counter."""

from __future__ import annotations

from orangecontrib.dfxm.views.parameter_editors import ChoiceEditor, Editor
from orangecontrib.dfxm.widgets.compare_widget import CompareWidget
from orangecontrib.dfxm.widgets.icon import icon_path


class OWNormalize(CompareWidget):
    """Divide the frames by a counter, and compare a frame before and after."""

    step_id = "normalize_by_counter"
    icon = icon_path("step.svg")
    keywords = "normalize, monitor, current, counter"

    def editors(self) -> dict[str, Editor]:
        """A choice of the counters that the scan has."""
        return {"counter": ChoiceEditor(("",))}

    def show_inputs(self) -> None:
        """The frames as they come in, and their counters."""
        super().show_inputs()
        dataset = self.received["dataset"]
        counters = () if dataset is None else tuple(dataset.counters)
        self.form.editors["counter"].set_choices(("", *counters), {"": "choose a counter"})
