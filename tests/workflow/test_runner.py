from __future__ import annotations

import gc
import threading
import weakref

import numpy as np
import pytest

from darfix_core.engine import registry
from darfix_core.errors import Cancelled, DarfixError, DarfixWarning, WorkflowError
from darfix_core.workflow.overrides import Overrides
from darfix_core.workflow.ows import read_ows
from darfix_core.workflow.plan import make_plan
from darfix_core.workflow.runner import run_plan
from tests.workflow.conftest import ADD, LOAD, SAVE, SUM


@pytest.fixture
def plan(ows, flow, ones, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)

    def make(*parameters):
        return make_plan(read_ows(ows(flow.nodes, flow.links)), Overrides(parameters=parameters))

    return make


def test_nodes_run_in_order_and_write(plan, calls, tmp_path):
    assert run_plan(plan("Sum.factor=2.0")) == {"3": None}
    assert calls == ["load", "crop", "sum", "save_maps"]
    assert np.array_equal(np.loadtxt(tmp_path / "maps.h5"), np.full((2, 2), 2.0))


def test_both_inputs_of_a_node_arrive(ows, ones, calls, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    nodes = [
        ("Load", LOAD, {"path": "ones.txt"}),
        ("Add", ADD, {}),
        ("Sum", SUM, {}),
        ("Save", SAVE, {"path": "m.h5"}),
    ]
    links = [("Load", "Dataset", "Add", "Dataset"), ("Load", "Dataset", "Add", "Background"),
             ("Add", "Dataset", "Sum", "Dataset"), ("Sum", "Maps", "Save", "Maps")]  # fmt: skip
    run_plan(make_plan(read_ows(ows(nodes, links))))
    assert np.array_equal(np.loadtxt(tmp_path / "m.h5"), np.full((3, 2), 2.0))


def test_observer_hears_of_nodes_progress_and_warnings(plan, flow):
    watcher = flow.Recorder()
    run_plan(plan("Crop.label=warn"), observer=watcher)
    assert watcher.events[:4] == [("Load", 1, 4), ("Crop", 2, 4), ("Crop", 0.5, "rows"), ("Crop", "few rows")]


def test_without_observer_warnings_are_python_warnings(plan):
    with pytest.warns(DarfixWarning, match="few rows"):
        run_plan(plan("Crop.label=warn"))


def test_error_names_the_node_and_ends_the_run(plan, calls, tmp_path):
    with pytest.raises(WorkflowError, match="node 'Load': no scan 'broken'; there are: 1.1") as caught:
        run_plan(plan("Load.scan=broken"))
    assert isinstance(caught.value.__cause__, DarfixError)
    assert calls == ["load"]
    assert not (tmp_path / "maps.h5").exists()


def test_fault_of_the_program_names_the_node_and_its_kind(plan):
    with pytest.raises(WorkflowError, match="node 'Crop': KeyError: 'oops'"):
        run_plan(plan("Crop.label=bug"))


def test_cancelled_run_stops_at_the_next_node(plan, calls, flow, tmp_path):
    stop = threading.Event()

    class Stopper(flow.Recorder):
        def started(self, node, number, total):
            if node.title == "Sum":
                stop.set()

    with pytest.raises(Cancelled):
        run_plan(plan(), observer=Stopper(), cancelled=stop)
    assert calls == ["load", "crop"]
    assert not (tmp_path / "maps.h5").exists()


@pytest.mark.usefixtures("swift_collection")
def test_results_are_freed_when_no_later_node_needs_them(plan, monkeypatch):
    alive: list[weakref.ref] = []
    seen: list[int] = []
    original = registry.Step.__call__

    def counted(self, *args, **kwargs):
        gc.collect()
        seen.append(sum(reference() is not None for reference in alive))
        result = original(self, *args, **kwargs)
        if result is not None:
            alive.append(weakref.ref(result))
        return result

    monkeypatch.setattr(registry.Step, "__call__", counted)
    run_plan(plan())
    assert seen == [0, 1, 1, 1]


def test_output_folder_is_made(ows, flow, ones, tmp_path):
    run_plan(make_plan(read_ows(ows(flow.nodes, flow.links)), Overrides(output=str(tmp_path / "a" / "b"))))
    assert (tmp_path / "a" / "b" / "maps.h5").exists()
