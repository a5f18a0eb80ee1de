"""A run for each file and scan: how they are planned, and what came of them."""

from __future__ import annotations

import os
import threading

import numpy as np
import pytest

from darfix_core.engine import registry
from darfix_core.errors import DataFileError, OutputExistsError, WorkflowError
from darfix_core.workflow.many import plan_runs, run_many
from darfix_core.workflow.overrides import Overrides
from darfix_core.workflow.ows import read_ows
from tests.bliss_files import small_stack, write_scan
from tests.edf_files import edf_series

TUTORIAL = "tutorials/rocking_curve.ows"


@pytest.fixture
def graph():
    return read_ows(TUTORIAL)


@pytest.fixture
def files(tmp_path):
    """Two files with scans 1.1 and 3.1, and 2.1 without frames."""
    paths = [tmp_path / name for name in ("layer_2.h5", "layer_10.h5")]
    for path in paths:
        for scan in ("1.1", "3.1"):
            write_scan(path, small_stack(), {"mu": np.linspace(0, 1.1, 12)}, scan=scan)
        write_scan(path, None, {"mu": np.arange(3.0)}, scan="2.1")
    return [str(path) for path in paths]


def planned(graph, out="out", **options):
    """Input, scan and folder of each run."""
    runs = plan_runs(graph, Overrides(output=out, **options))
    return [(os.path.basename(run.input), run.scan, run.output) for run in runs]


def test_one_file_is_one_run_in_the_folder_itself(graph, files):
    assert planned(graph, inputs=files[:1], scan="1.1") == [("layer_2.h5", "1.1", "out")]


def test_scan_has_a_folder_where_the_text_may_name_several_whatever_the_file_holds(graph, tmp_path):
    path = str(write_scan(tmp_path / "one.h5", small_stack(), {"mu": np.linspace(0, 1.1, 12)}))
    assert planned(graph, inputs=[path], scan="all") == [("one.h5", "1.1", "out/1.1")]
    assert planned(graph, inputs=[path], scan="1") == [("one.h5", "1", "out")]


def test_folders_have_the_levels_that_are_needed(graph, files, tmp_path):
    assert planned(graph, inputs=files, scan="1.1") == [
        ("layer_2.h5", "1.1", "out/layer_2"),
        ("layer_10.h5", "1.1", "out/layer_10"),
    ]
    assert planned(graph, inputs=files[:1], scan="1.1,3.1") == [
        ("layer_2.h5", "1.1", "out/1.1"),
        ("layer_2.h5", "3.1", "out/3.1"),
    ]
    every = planned(graph, inputs=files, scan="1,3")
    assert [folder for _, _, folder in every] == [
        f"out/{stem}/{scan}" for stem in ("layer_2", "layer_10") for scan in ("1.1", "3.1")
    ]


def test_files_of_a_pattern_come_in_natural_order_and_once(graph, files, tmp_path):
    found = planned(graph, inputs=[str(tmp_path / "layer_*.h5"), files[0]], scan="1.1")
    assert [name for name, _, _ in found] == ["layer_2.h5", "layer_10.h5"]


@pytest.mark.filterwarnings("ignore::darfix_core.errors.DarfixWarning")
def test_scans_of_the_file_that_the_workflow_names(graph, files):
    reader = graph.order[0]
    graph = graph.with_node(reader.with_parameters(path=files[0], dark="3.1"))
    assert planned(graph, scan="all") == [("", "1.1", "out/1.1")]
    assert planned(graph, scan="1.1-3.1", parameters=["Data Selection.dark=None"]) == [
        ("", "1.1", "out/1.1"),
        ("", "3.1", "out/3.1"),
    ]


def test_equal_stems_are_made_distinct(graph, tmp_path):
    paths = []
    for folder in ("a/x", "b/x", "c"):
        (tmp_path / folder).mkdir(parents=True)
        name = "other.h5" if folder == "c" else "scan.h5"
        paths.append(str(write_scan(tmp_path / folder / name, small_stack(), {"mu": np.arange(12.0)})))
    assert [folder for _, _, folder in planned(graph, inputs=paths)] == ["out/a_x_scan", "out/b_x_scan", "out/other"]


def test_scans_whose_names_make_the_same_folder_are_kept_apart(graph, tmp_path):
    path = tmp_path / "scan.h5"
    for scan in ("a_b", "a:b"):
        write_scan(path, small_stack(), {"mu": np.linspace(0, 1.1, 12)}, scan=scan)
    found = planned(graph, inputs=[str(path)], scan="a_b,a:b")
    assert [folder for _, _, folder in found] == ["out/a_b", "out/a_b_2"]


def test_frames_in_single_files_stay_one_input(graph, tmp_path):
    edf_series(tmp_path, 3)
    whole = [str(tmp_path / f"scan_{number}.edf") for number in range(3)]
    assert planned(graph, inputs=whole) == [("scan_0.edf", "", "out")]
    (run,) = plan_runs(graph, Overrides(inputs=whole, output="out"))
    assert run.plan.graph.order[0].parameters["path"] == tuple(whole)
    assert planned(graph, inputs=[str(tmp_path / "*.edf")]) == [("*.edf", "", "out")]
    scan = str(write_scan(tmp_path / "scan.h5", small_stack(), {"mu": np.arange(12.0)}))
    assert [name for name, _, _ in planned(graph, inputs=[*whole[:2], scan, whole[2]])] == ["scan_0.edf", "scan.h5"]


def test_file_that_cannot_be_planned_is_among_the_runs(graph, files, tmp_path):
    runs = plan_runs(graph, Overrides([files[0], str(tmp_path / "no.h5")], "3.1", (), "out"))
    assert runs[0].plan is not None
    assert runs[1].plan is None
    assert isinstance(runs[1].error, DataFileError)
    with pytest.raises(DataFileError, match=r"no\.h5: no such file"):
        runs[1].ready()


def test_file_without_the_scans_is_one_failed_run(graph, files, tmp_path):
    other = str(write_scan(tmp_path / "other.h5", small_stack(), {"mu": np.arange(12.0)}))
    runs = plan_runs(graph, Overrides([files[0], other], "1.1,3.1", (), "out"))
    assert [run.title for run in runs] == ["layer_2.h5, scan 1.1", "layer_2.h5, scan 3.1", "other.h5, scan 1.1,3.1"]
    assert "there is no scan '3.1'" in str(runs[2].error)


def test_existing_output_fails_that_run_alone(graph, files, tmp_path):
    (tmp_path / "out" / "3.1").mkdir(parents=True)
    (tmp_path / "out" / "3.1" / "maps.h5").write_text("precious")
    runs = plan_runs(graph, Overrides(files[:1], "1.1,3.1", (), str(tmp_path / "out")))
    assert runs[0].error is None
    assert isinstance(runs[1].error, OutputExistsError)


def test_no_run_writes_over_what_another_one_reads(graph, tmp_path):
    (tmp_path / "b").mkdir()
    first = write_scan(tmp_path / "b.h5", small_stack(), {"mu": np.arange(12.0)})
    second = write_scan(tmp_path / "b" / "maps.h5", small_stack(), {"mu": np.arange(12.0)})
    runs = plan_runs(graph, Overrides([str(first), str(second)], output=str(tmp_path), overwrite=True))
    assert [run.plan is None for run in runs] == [True, False]
    assert "would write over an input file" in str(runs[0].error)


def test_several_runs_need_an_output_folder(graph, files):
    with pytest.raises(WorkflowError, match="2 runs need a folder for their files; give --output DIR"):
        plan_runs(graph, Overrides(files, "1.1"))


def test_one_of_several_readers_has_several_files(ows, flow, tmp_path, files):
    load = flow.nodes[0][1]
    nodes = [*flow.nodes[:1], ("Back", load, {"path": "ones.txt"}), ("Add", "fake.owadd.OWAdd", {}), *flow.nodes[2:]]
    links = [
        ("Load", "Dataset", "Add", "Dataset"),
        ("Back", "Dataset", "Add", "Background"),
        ("Add", "Dataset", "Sum", "Dataset"),
        ("Sum", "Maps", "Save", "Maps"),
    ]
    graph = read_ows(ows(nodes, links))
    given = [f"Load={tmp_path}/layer_*.h5", f"Back={files[0]}"]
    runs = plan_runs(graph, Overrides(given, None, (), "out"))
    assert [run.plan.graph.find("Load").parameters["path"] for run in runs] == files
    assert {run.plan.graph.find("Back").parameters["path"] for run in runs} == {files[0]}
    with pytest.raises(WorkflowError, match="'Load' and 'Back' have several files each"):
        plan_runs(graph, Overrides([given[0], f"Back={tmp_path}/layer_*.h5"], None, (), "out"))
    with pytest.raises(WorkflowError, match="several nodes read scans: 'Load', 'Back'"):
        plan_runs(graph, Overrides(given, "1.1", (), "out"))


@pytest.fixture
def texts(ows, flow, ones, tmp_path):
    """Plans for three text files of which the second is broken."""
    (tmp_path / "broken.txt").write_text("no numbers")
    np.savetxt(tmp_path / "twos.txt", 2 * np.ones((3, 2)))
    graph = read_ows(ows(flow.nodes, flow.links))
    inputs = [str(tmp_path / name) for name in ("ones.txt", "broken.txt", "twos.txt")]
    return plan_runs(graph, Overrides(inputs, output=str(tmp_path / "out")))


class Watcher:
    """Observer that notes runs."""

    def __init__(self):
        self.lines = []

    def run_started(self, run, number, total):
        self.lines.append(f"{number}/{total} {run.title}")

    def run_ended(self, outcome):
        self.lines.append(outcome.state)

    def started(self, node, number, total): ...
    def progress(self, node, fraction, what): ...
    def warned(self, node, message): ...


def test_failure_does_not_stop_the_rest(texts, tmp_path):
    watcher = Watcher()
    outcomes = run_many(texts, observer=watcher)
    assert [outcome.state for outcome in outcomes] == ["ok", "failed", "ok"]
    assert outcomes[1].message.startswith("node 'Load': ")
    assert all(outcome.seconds > 0 for outcome in outcomes)
    assert watcher.lines == ["1/3 ones.txt", "ok", "2/3 broken.txt", "failed", "3/3 twos.txt", "ok"]
    assert np.loadtxt(tmp_path / "out" / "twos" / "maps.h5").max() == 2


def test_cancelling_stops_the_rest(texts, monkeypatch, tmp_path):
    stop, original = threading.Event(), registry.Step.__call__

    def stopping(self, *args, **kwargs):
        if self.id == "sum":
            stop.set()
        return original(self, *args, **kwargs)

    monkeypatch.setattr(registry.Step, "__call__", stopping)
    outcomes = run_many(texts, cancelled=stop)
    assert [outcome.state for outcome in outcomes] == ["cancelled", "not run", "not run"]
    assert not (tmp_path / "out").exists()
