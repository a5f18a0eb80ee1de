"""The record of how a result was made."""

from __future__ import annotations

import json

import pytest

import darfix_core as dc
from darfix_core.model.frame_sources import SourceFile
from darfix_core.model.history import History, HistoryNode


def node(step, inputs=None, **parameters):
    return HistoryNode(step, 1, parameters, inputs or {}, "0.1.0")


def test_graph_of_two_inputs_joins_them_once():
    load, other = node("load", path="a.h5"), node("load", path="b.h5")
    first, second = History.join(load, []), History.join(other, [])
    both = History.join(node("subtract_background", {"dataset": load.id, "background": other.id}), [first, second])
    assert [entry.step for _, entry in both.in_order()].count("load") == 2
    again = History.join(node("roi", {"dataset": both.head}), [both, first])
    assert len(again.nodes) == 4
    assert [entry.step for _, entry in again.in_order()][-2:] == ["subtract_background", "roi"]


def test_json_gives_the_same_graph_back():
    source = SourceFile("/data/scan.h5::/1.1/measurement/pco", 123, 4.5)
    load = HistoryNode("load", 1, {"path": "scan.h5", "frames": (0, 5)}, {}, "0.1.0", (source,), ("odd",))
    history = History.join(load, [])
    back = History.from_json(history.to_json())
    assert back.head == history.head
    assert back.to_json() == history.to_json()
    assert back.nodes[back.head].sources == (source,)
    assert back.nodes[back.head].id == load.id


@pytest.mark.parametrize("text", ["{}", "[]", "no json", '{"format": 2, "nodes": {}, "head": null}'])
def test_text_that_is_no_history_raises(text):
    with pytest.raises(ValueError, match=r"history|Expecting"):
        History.from_json(text)


def edited(change):
    """JSON text of a history of two steps, changed by hand."""
    load = node("load", path="a.h5")
    entry = json.loads(
        History.join(node("roi", {"dataset": load.id}, origin=(0, 0)), [History.join(load, [])]).to_json()
    )
    change(entry, entry["nodes"][load.id], entry["nodes"][entry["head"]])
    return json.dumps(entry)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda entry, load, roi: entry.update(head="x"), "it refers to 'x', which is not there"),
        (lambda entry, load, roi: roi["inputs"].update(dataset="y"), "it refers to 'y', which is not there"),
        (lambda entry, load, roi: load["inputs"].update(a=entry["head"]), "a step goes before itself"),
        (lambda entry, load, roi: roi.update(version="1"), "version must be a int, got '1'"),
        (lambda entry, load, roi: roi.update(parameters=[]), "parameters must be a dict"),
        (lambda entry, load, roi: roi.pop("sources"), "'sources'"),
        (lambda entry, load, roi: entry.update(format=2), "has the format 2, this version reads format 1"),
    ],
)
def test_history_that_was_edited_into_something_else_is_refused(change, words):
    with pytest.raises(ValueError, match=words):
        History.from_json(edited(change))


def test_steps_record_every_parameter_and_their_inputs(rocking_dataset):
    maps = dc.grain_plot(dc.roi(rocking_dataset, origin=(1, 2)))
    steps = [entry for _, entry in maps.history.in_order()]
    assert [entry.step for entry in steps] == ["array", "roi", "grain_plot"]
    assert dict(steps[1].parameters) == {"origin": (1, 2), "shape": None}
    assert set(steps[2].parameters) == {"min_intensity", "x_motor", "y_motor", "color_range"}
    assert steps[2].inputs == {"dataset": steps[1].id}
    assert "roi (version 1): origin=[1, 2], shape=None" in maps.history.describe()


def test_warnings_of_a_step_are_recorded(rocking_dataset):
    with pytest.warns(dc.DarfixWarning, match="pedestal"):
        maps = dc.moments(rocking_dataset.map_frames(lambda block: block + 1000))
    assert "pedestal" in maps.history.nodes[maps.history.head].warnings[0]


def test_equal_steps_on_different_arrays_are_different(rocking_dataset):
    other = rocking_dataset.replace(origin=(5, 5))
    assert dc.roi(rocking_dataset).history.head != dc.roi(other).history.head
    assert dc.roi(rocking_dataset).history.head == dc.roi(rocking_dataset).history.head


def test_what_no_step_made_starts_a_new_history(rocking_dataset):
    loaded = dc.roi(rocking_dataset)
    for changed in (
        loaded.crop((0, 0), (2, 2)),
        loaded.select_frames([0, 1, 2]),
        loaded.map_frames(lambda block: block),
        loaded.replace(mask=None),
    ):
        assert [entry.step for entry in changed.history.nodes.values()] == ["array"]
