"""Normalisation: the counters of the scan are offered, and the one that is taken is shown."""

from __future__ import annotations

import numpy as np
import pytest


@pytest.fixture
def dataset(rocking_dataset):
    counters = {"monitor": np.arange(1.0, 10.0), "srcurrent": np.linspace(200.0, 192.0, 9)}
    return rocking_dataset.replace(counters=counters)


@pytest.fixture
def widget(orange, dataset):
    from orangecontrib.dfxm.widgets.ownormalise import OWNormalise

    widget = orange.create_widget(OWNormalise)
    orange.send_signal("Dataset", dataset, widget=widget)
    orange.wait_until_finished(widget=widget)
    return widget


def choose(widget, number):
    combo = widget.form.editors["counter"].combo
    combo.setCurrentIndex(number)
    combo.activated.emit(number)


def test_machine_current_is_found_and_named(orange, widget):
    combo = widget.form.editors["counter"].combo
    assert [combo.itemText(i) for i in range(combo.count())] == ["machine current: srcurrent", "monitor", "srcurrent"]
    assert orange.get_output("Dataset", widget=widget).metadata["normalised_by"] == "srcurrent"
    assert widget.caption.text() == "srcurrent: 196 on average, 192 to 200."


def test_chosen_counter_is_taken_and_shown(orange, widget, dataset):
    choose(widget, 1)
    result = orange.get_output("Dataset", widget=widget, wait=5000)
    assert result.metadata["normalised_by"] == "monitor"
    assert widget.plot.getCurve("line").getYData().tolist() == dataset.counters["monitor"].tolist()


def test_refused_counter_is_shown_so_that_one_sees_why(orange, widget, dataset):
    counters = {**dataset.counters, "monitor": np.arange(9.0)}
    orange.send_signal("Dataset", dataset.replace(counters=counters), widget=widget)
    choose(widget, 1)
    assert orange.get_output("Dataset", widget=widget, wait=5000) is None
    assert "got 0 in 'monitor' at frame 0" in str(widget.Error.failed)
    assert widget.plot.getCurve("line").getYData()[0] == 0


def test_counter_that_hardly_changes_is_written_short(widget, orange, dataset):
    steady = {"srcurrent": 195.96 + np.linspace(0, 0.04, 9)}
    orange.send_signal("Dataset", dataset.replace(counters=steady), widget=widget)
    orange.wait_until_finished(widget=widget)
    np.testing.assert_allclose(widget.plot.getCurve("line").getYData(), 0.06 + np.linspace(0, 0.04, 9), atol=1e-9)
    assert widget.plot.getYAxis().getLabel() == "srcurrent − 195.9"


def test_counter_without_a_number_is_told(widget, orange, dataset):
    orange.send_signal("Dataset", dataset.replace(counters={"srcurrent": np.full(9, np.nan)}), widget=widget)
    orange.wait_until_finished(widget=widget)
    assert widget.caption.text() == "srcurrent holds no number."
    assert "at frame 0, and 8 frames more" in str(widget.Error.failed)


def test_scan_without_machine_current_asks_for_another_counter(orange, widget, dataset):
    orange.send_signal("Dataset", dataset.replace(counters={"diode": np.full(9, 4.0)}), widget=widget)
    orange.wait_until_finished(widget=widget)
    assert widget.caption.text() == "No machine current was recorded: choose another counter."


def test_scan_without_counters_tells_what_is_missing(orange, widget, rocking_dataset):
    orange.send_signal("Dataset", rocking_dataset, widget=widget)
    orange.wait_until_finished(widget=widget)
    assert "it has no counters" in str(widget.Error.failed)
    assert widget.plot.getCurve("line") is None
