"""Concatenate: several datasets on one channel, in the order of their links."""

from __future__ import annotations

import numpy as np
import pytest

import darfix_core as dc


@pytest.fixture
def widget(orange):
    from orangecontrib.dfxm.widgets.owconcatenate import OWConcatenate

    return orange.create_widget(OWConcatenate)


@pytest.fixture
def layers(rocking_dataset):
    """The same scan at three heights, in 1 mm steps."""
    return [rocking_dataset.replace(metadata={"title": f"layer {z}", "motors": {"samz": float(z)}}) for z in range(3)]


def texts(widget):
    table = widget.parts
    return [[table.item(row, column).text() for column in range(4)] for row in range(table.rowCount())]


def test_datasets_are_put_together_in_the_order_of_the_links(orange, widget, layers):
    for number in (2, 0):
        orange.send_signal("Datasets", layers[number], number, widget=widget)
    whole = orange.get_output("Dataset", widget=widget, wait=5000)
    np.testing.assert_array_equal(whole.positions["samz"], np.repeat([2.0, 0.0], 9))
    assert whole.shape == (2, 9, 12, 16)
    assert texts(widget) == [
        ["layer 2", "9", "mu (9)", "samz 2 mm"],
        ["layer 0", "9", "mu (9)", "samz 0 mm"],
    ]


def test_links_are_updated_inserted_and_removed(orange, widget, layers):
    widget.insert_datasets(0, layers[0])
    widget.insert_datasets(1, layers[2])
    widget.insert_datasets(1, layers[1])
    assert widget.received["datasets"] == layers
    widget.set_datasets(1, None)
    widget.handleNewSignals()
    orange.wait_until_finished(widget=widget)
    assert str(widget.Information.waiting) == "Datasets: not all have arrived yet."
    assert orange.get_output("Dataset", widget=widget) is None
    assert texts(widget)[1] == ["not there yet", "", "", ""]
    widget.remove_datasets(1)
    widget.handleNewSignals()
    whole = orange.get_output("Dataset", widget=widget, wait=5000)
    np.testing.assert_array_equal(whole.dimensions[0].values, [0.0, 2.0])


def test_one_dataset_waits_for_another(orange, widget, layers):
    orange.send_signal("Datasets", layers[0], 1, widget=widget)
    orange.wait_until_finished(widget=widget)
    assert str(widget.Information.waiting) == "Connect another dataset."
    assert not widget.Error.active


def test_values_belong_to_the_motor_that_is_named(orange, widget, layers):
    values = widget.form.editors["values"]
    assert not values.isEnabled()
    widget.form.editors["along"].line.setText("energy")
    widget.form.editors["along"].line.editingFinished.emit()
    assert values.isEnabled()
    values.check.click()
    values.inner.line.line.setText("17, 17.1")
    values.inner.line.line.editingFinished.emit()
    for number in (0, 1):
        orange.send_signal("Datasets", layers[number], number, widget=widget)
    whole = orange.get_output("Dataset", widget=widget, wait=5000)
    assert whole.dimensions[0].name == "energy"
    assert texts(widget)[1][3] == "energy 17.1"
    orange.send_signal("Datasets", layers[2], 2, widget=widget)
    orange.wait_until_finished(widget=widget)
    assert "values must hold a number for each of the 3 scans, got 2" in str(widget.Error.failed)


def test_report_tells_of_all_parts(orange, widget, layers):
    for number in (0, 1):
        orange.send_signal("Datasets", layers[number], number, widget=widget)
    orange.wait_until_finished(widget=widget)
    told = []
    widget.report_items = lambda name, items: told.append(name)
    widget.report_raw = lambda html: None
    widget.send_report()
    assert told == ["Datasets 1", "Datasets 2", "Parameters", "Result"]


def test_saved_workflow_keeps_the_order_of_the_links(qapp, rocking_dataset, tmp_path):
    from darfix_core.workflow.ows import read_ows
    from darfix_core.workflow.plan import make_plan
    from darfix_core.workflow.runner import run_plan

    for name, height in (("a", 3.0), ("b", 1.0), ("c", 2.0)):
        one = rocking_dataset.replace(metadata={"motors": {"samz": height}})
        dc.save_dataset(one, path=str(tmp_path / f"{name}.h5"))
    nodes = "".join(
        f'<node id="{n}" name="x" qualified_name="orangecontrib.dfxm.widgets.{w}" title="{t}" />'
        for n, (w, t) in enumerate(
            [("owdataselection.OWDataSelection", name) for name in "abc"]
            + [("owconcatenate.OWConcatenate", "all"), ("owsavedataset.OWSaveDataset", "save")]
        )
    )
    links = "".join(
        f'<link id="{n}" source_channel="Dataset" source_node_id="{source}" sink_channel="Datasets" sink_node_id="3" />'
        for n, source in enumerate((1, 2, 0))
    )
    links += '<link id="9" source_channel="Dataset" source_node_id="3" sink_channel="Dataset" sink_node_id="4" />'
    settings = "".join(
        f'<properties format="literal" node_id="{n}">{{"path": "{tmp_path / name}.h5"}}</properties>'
        for n, name in ((0, "a"), (1, "b"), (2, "c"), (4, "all"))
    )
    flow = tmp_path / "flow.ows"
    flow.write_text(
        f'<scheme version="2.0"><nodes>{nodes}</nodes><links>{links}</links>'
        f"<node_properties>{settings}</node_properties></scheme>"
    )
    run_plan(make_plan(read_ows(flow)))
    np.testing.assert_array_equal(dc.load(str(tmp_path / "all.h5")).positions["samz"][::9], [1.0, 2.0, 3.0])
