"""Steps with several outputs, one of which may be empty: in workflows, for ewoks, and made again from a result."""

from __future__ import annotations

import logging

import numpy as np
import pytest

import darfix_core as dc
from darfix_core.errors import DarfixWarning
from darfix_core.workflow.ewoks_graph import write_ewoks_graph
from darfix_core.workflow.graph import Graph, Link, Node
from darfix_core.workflow.plan import make_plan
from darfix_core.workflow.runner import run_plan

WORDS = "not run, since 'parts' gives nothing for its input 'Dataset'"


@pytest.fixture
def graph_of(rocking_dataset, tmp_path):
    """The frames of a scan parted by their intensity, the bright ones saved, and the sum of the others."""
    dc.save_dataset(rocking_dataset, path=tmp_path / "scan.h5")

    def make(min_intensity):
        nodes = [
            Node("scan", "scan", "load", {"path": str(tmp_path / "scan.h5")}),
            Node("parts", "parts", "partition", {"min_intensity": min_intensity}),
            Node("below", "sum below", "z_sum"),
            Node("bright", "bright", "save_dataset", {"path": str(tmp_path / "bright.h5")}),
            Node("dim", "dim", "save_maps", {"path": str(tmp_path / "dim.h5"), "figures": False}),
        ]
        links = (
            Link("scan", "dataset", "parts", "dataset"),
            Link("parts", "dataset", "bright", "dataset"),
            Link("parts", "below", "below", "dataset"),
            Link("below", "maps", "dim", "maps"),
        )
        return Graph({node.id: node for node in nodes}, links)

    return make


def written(folder):
    return sorted(path.name for path in folder.iterdir() if path.name in ("bright.h5", "dim.h5"))


def test_each_output_goes_its_way(graph_of, rocking_dataset, tmp_path):
    run_plan(make_plan(graph_of(50.0)))
    bright, below = dc.partition(rocking_dataset, min_intensity=50.0)
    assert 0 < below.n_frames < rocking_dataset.n_frames
    np.testing.assert_array_equal(dc.load(tmp_path / "bright.h5").frames[:], bright.frames[:])
    np.testing.assert_array_equal(dc.load_maps(tmp_path / "dim.h5")["z_sum"], dc.z_sum(below)["z_sum"])


def test_what_follows_an_empty_output_waits_as_in_the_canvas(graph_of, tmp_path):
    with pytest.warns(DarfixWarning) as told:
        results = run_plan(make_plan(graph_of(0.0)))
    assert results == {"bright": None, "dim": None}
    assert [str(warning.message) for warning in told] == [
        WORDS,
        WORDS.replace("parts", "sum below").replace("Dataset", "Maps"),
    ]
    assert written(tmp_path) == ["bright.h5"]


def test_tasks_of_ewoks_behind_an_empty_output_wait(graph_of, tmp_path, caplog):
    pytest.importorskip("ewoks", reason="needs the extra ewoks")
    from ewoks import execute_graph

    flow = write_ewoks_graph(graph_of(0.0), tmp_path / "flow.json")
    with caplog.at_level(logging.WARNING):
        execute_graph(str(flow))
    assert "sum below: not run, since there is nothing for its input 'Dataset'" in caplog.messages
    assert written(tmp_path) == ["bright.h5"]
