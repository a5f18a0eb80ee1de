"""What the canvas tells in words of all that travels on its wires: at the wires, and in the report of each widget."""

from __future__ import annotations

import importlib
from html import escape

import pytest

pytest.importorskip("Orange", reason="the widgets need the gui extra")

from darfix_core.engine.registry import SIGNALS, all_steps, channel_name
from darfix_core.engine.step_inputs import spread

from .cases import PURE, Case, cases, example, inputs_of
from .widgets import modules, send, widget_of

pytestmark = pytest.mark.usefixtures("without_pictures")


@pytest.mark.parametrize("kind", SIGNALS.values(), ids=list(SIGNALS))
def test_what_travels_on_the_wires_has_a_summary(kind):
    from orangewidget.utils.signals import summarize

    summaries = importlib.import_module("orangecontrib.dfxm.summaries")
    assert kind in summarize.registry, f"{kind.__name__} has no summary: see orangecontrib/dfxm/summaries.py"
    summary, facts = summarize(example(kind)), summaries.facts(example(kind))
    assert 0 < len(summary.summary) <= 25, "it stands beside the wire"
    assert facts
    for name, text in facts.items():
        assert escape(f"{name}: {text}") in summary.details


def test_every_signal_is_given_by_a_step():
    assert {kind for step in all_steps() for kind in step.outputs.values()} == set(SIGNALS.values())


@pytest.mark.parametrize("name", modules())
def test_report_tells_inputs_parameters_and_results(orange, files, name):
    from orangecontrib.dfxm.summaries import facts
    from orangecontrib.dfxm.views.parameter_form import parameter_label

    cls = widget_of(name)
    # The last case is one with the optional inputs.
    case = cases(cls.step.id)[-1] if cls.step.id in PURE else Case(cls.step, inputs_of(cls.step), {}, None)
    widget = orange.create_widget(cls, stored_settings=files(cls.step) | case.parameters)
    send(orange, widget, case.inputs)
    widget.commit.now()
    orange.wait_until_finished(widget=widget)
    assert not widget.Error.active
    widget.send_report()
    inputs = spread(widget.received_inputs())
    results = {} if widget.produced is None else cls.step.results(widget.produced)
    told = [parameter_label(part) for part in (*inputs, *cls.step.parameters.entries)]
    told += [channel_name(key) if len(results) > 1 else "Result" for key in results]
    for value in (*inputs.values(), *results.values()):
        told += [f"{escape(item)}:</b> {escape(text)}" for item, text in facts(value).items()]
    assert [words for words in told if words not in widget.report_html] == []
