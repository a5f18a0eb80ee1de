from __future__ import annotations

import os
import re
from dataclasses import replace

import pytest

from darfix_core.errors import DataFileError, OutputExistsError, WorkflowError
from darfix_core.workflow.overrides import Overrides
from darfix_core.workflow.ows import read_ows
from darfix_core.workflow.plan import make_plan
from tests.workflow.conftest import CROP, LOAD, SAVE, SUM


@pytest.fixture
def graph(ows, flow, ones, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    return read_ows(ows(flow.nodes, flow.links))


def parameters(plan, title):
    return plan.graph.find(title).parameters


def test_all_parameters_are_filled_in(graph):
    assert dict(parameters(make_plan(graph), "Crop")) == {"rows": 2, "method": "first", "label": ""}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("Crop.rows=3", 3),
        ("1.rows=3", 3),
        ("Crop.rows=None", None),
        ("Crop.method=last", "last"),
        ("Crop.method='last'", "last"),
        ("Crop.label=1.1", "1.1"),
        ("Crop.label=a=b", "a=b"),
    ],
)
def test_set_takes_literals_and_text(graph, text, value):
    plan = make_plan(graph, Overrides(parameters=[text]))
    assert parameters(plan, "Crop")[text.partition("=")[0].rpartition(".")[2]] == value


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("Crp.rows=3", "no node 'Crp'; did you mean 'Crop'"),
        ("Crop.row=3", "node 'Crop' has no parameter 'row'; did you mean 'rows'"),
        ("Crop.rows=0", "node 'Crop': rows must be an integer of at least 1 or None, got 0"),
        ("Crop.rows=True", "rows must be an integer"),
        ("Crop.rows=2.5", "rows must be an integer"),
        ("Crop.method=middle", "method must be one of 'first', 'last', got 'middle'"),
        ("rows=3", "a parameter is set by 'Node.parameter=value', got 'rows=3'"),
        ("Crop.rows", "a parameter is set by"),
    ],
)
def test_wrong_overrides_stop_before_anything_runs(graph, calls, text, message):
    with pytest.raises(WorkflowError, match=message):
        make_plan(graph, Overrides(parameters=[text]))
    assert calls == []


def test_wrong_value_in_the_file_names_the_node(ows, flow, ones):
    nodes = [*flow.nodes[:1], ("Crop", CROP, {"rows": "2"}), *flow.nodes[2:]]
    with pytest.raises(WorkflowError, match="node 'Crop': rows must be an integer"):
        make_plan(read_ows(ows(nodes, flow.links)))


def test_one_input_goes_to_the_only_reader(graph, tmp_path):
    (tmp_path / "other.txt").write_text("1")
    plan = make_plan(graph, Overrides(inputs=["other.txt"], scan="3.1"))
    assert parameters(plan, "Load")["path"] == str(tmp_path / "other.txt")
    assert parameters(plan, "Load")["scan"] == "3.1"
    assert plan.inputs == {"0": (str(tmp_path / "other.txt"),)}


def test_several_inputs_make_a_list_and_equal_signs_in_names_work(graph, tmp_path):
    (tmp_path / "a=1.txt").write_text("1")
    plan = make_plan(graph, Overrides(inputs=["a=1.txt", "Load=ones.txt"]))
    assert parameters(plan, "Load")["path"] == (str(tmp_path / "a=1.txt"), str(tmp_path / "ones.txt"))


@pytest.mark.parametrize("text", ["T=300K/*.txt", "T=300K/ones.txt", "T=*"])
def test_equal_sign_after_anything_but_a_node_belongs_to_the_path(graph, tmp_path, text):
    (tmp_path / "T=300K").mkdir()
    (tmp_path / "T=300K" / "ones.txt").write_text("1")
    assert make_plan(graph, Overrides(inputs=[text])).inputs["0"] == (str(tmp_path / text),)


def test_node_is_named_by_title_or_id_even_with_an_equal_sign_in_it(graph, tmp_path):
    (tmp_path / "a=1.txt").write_text("1")
    for text in ("Load=a=1.txt", "0=a=1.txt"):
        assert make_plan(graph, Overrides(inputs=[text])).inputs["0"] == (str(tmp_path / "a=1.txt"),)
    graph = graph.with_node(replace(graph.find("Load"), title="T=300K"))
    assert make_plan(graph, Overrides(inputs=["T=300K=a=1.txt"])).inputs["0"] == (str(tmp_path / "a=1.txt"),)


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        ("sub/T=1/missing.txt", DataFileError, r"T=1/missing.txt: no such file \(node 'Load'\)"),
        ("missing.txt", DataFileError, r"missing.txt: no such file \(node 'Load'\)"),
        ("missing*.txt", DataFileError, "no such file"),
        ("Loadd=ones.txt", WorkflowError, "no node 'Loadd'; did you mean 'Load'"),
        ("Crop=ones.txt", WorkflowError, "node 'Crop' reads no file"),
    ],
)
def test_wrong_inputs(graph, text, error, message):
    with pytest.raises(error, match=message):
        make_plan(graph, Overrides(inputs=[text]))


def test_pattern_is_an_input(graph, tmp_path):
    assert make_plan(graph, Overrides(inputs=["on*.txt"])).inputs["0"] == (str(tmp_path / "on*.txt"),)


def test_several_readers_are_listed(ows, ones):
    nodes = [("A", LOAD, {"path": "ones.txt"}), ("B", LOAD, {"path": "ones.txt"}), ("Sum", SUM, {})]
    graph = read_ows(ows(nodes, [("A", "Dataset", "Sum", "Dataset")]))
    with pytest.raises(WorkflowError, match="several nodes read files: 'A', 'B'; give --input NODE=PATH"):
        make_plan(graph, Overrides(inputs=[str(ones)], output="out"))
    with pytest.raises(WorkflowError, match="several nodes read scans: 'A', 'B'"):
        make_plan(graph, Overrides(scan="1.1", output="out"))


@pytest.mark.parametrize("settings", [{}, {"path": ""}, {"path": ()}])
def test_no_file_chosen_yet(ows, flow, settings):
    nodes = [("Load", LOAD, settings), *flow.nodes[1:]]
    with pytest.raises(WorkflowError, match="node 'Load' has no file to read; give --input PATH"):
        make_plan(read_ows(ows(nodes, flow.links)))


def test_unconnected_nodes_are_skipped_with_the_reason(ows, flow, ones):
    graph = read_ows(
        ows(
            [*flow.nodes, ("Loose", CROP, {}), ("Behind", SUM, {})],
            [*flow.links, ("Loose", "Dataset", "Behind", "Dataset")],
        )
    )
    plan = make_plan(graph)
    assert plan.skipped == {
        "Loose": "nothing is connected to its input 'Dataset'",
        "Behind": "'Loose' before it does not run",
    }
    assert [node.title for node in plan.graph.order] == ["Load", "Crop", "Sum", "Save"]


def test_nothing_that_can_run_is_an_error(ows):
    with pytest.raises(WorkflowError, match="no node can run: 'Crop': nothing is connected to its input 'Dataset'"):
        make_plan(read_ows(ows([("Crop", CROP, {})])))


def test_outputs_go_beside_the_current_directory(graph, tmp_path):
    assert make_plan(graph).outputs == {"3": str(tmp_path / "maps.h5")}


@pytest.mark.parametrize(
    ("path", "placed"),
    [
        ("maps.h5", "out/maps.h5"),
        ("sub/maps.h5", "out/sub/maps.h5"),
        ("/home/somebody/maps.h5", "out/maps.h5"),
        ("", "out/Save.h5"),
    ],
)
def test_output_folder_takes_all_outputs(graph, tmp_path, path, placed):
    plan = make_plan(graph, Overrides(output="out", parameters=[f"Save.path={path}"]))
    assert plan.outputs == {"3": str(tmp_path / placed)}
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("path", ["../../escaped.h5", "sub/../../escaped.h5", ".."])
def test_no_output_leaves_the_output_folder(graph, path):
    with pytest.raises(WorkflowError, match=rf"node 'Save': path {re.escape(repr(path))} would lie outside .*out"):
        make_plan(graph, Overrides(output="out", parameters=[f"Save.path={path}"]))


def test_parent_folders_within_the_output_folder_are_fine(graph, tmp_path):
    plan = make_plan(graph, Overrides(output="out/../new", parameters=["Save.path=sub/../maps.h5"]))
    assert plan.outputs == {"3": str(tmp_path / "new" / "maps.h5")}


def test_existing_output_needs_overwrite(graph, tmp_path):
    (tmp_path / "maps.h5").write_text("precious")
    with pytest.raises(OutputExistsError, match=r"maps.h5: exists already \(node 'Save'\); give --overwrite"):
        make_plan(graph)
    assert parameters(make_plan(graph, Overrides(overwrite=True)), "Save")["overwrite"] is True


@pytest.mark.parametrize("name", ["maps_overview.png", "maps_mosaicity.png"])
def test_existing_picture_of_the_maps_needs_overwrite(graph, tmp_path, name):
    (tmp_path / name).write_text("precious")
    with pytest.raises(OutputExistsError, match=rf"{name}: exists already \(node 'Save'\); give --overwrite"):
        make_plan(graph)
    plan = make_plan(graph, Overrides(overwrite=True))
    assert str(tmp_path / name) in plan.files["3"]


def test_two_nodes_may_not_share_pictures(ows, flow, ones):
    graph = read_ows(
        ows([*flow.nodes, ("Again", SAVE, {"path": "maps.nxs"})], [*flow.links, ("Sum", "Maps", "Again", "Maps")])
    )
    with pytest.raises(DataFileError, match="maps_overview.png: '(Save|Again)' and '(Save|Again)' would both write it"):
        make_plan(graph)


def test_output_never_replaces_an_input(graph, ones):
    ones.rename("ones.h5")
    with pytest.raises(DataFileError, match="'Save' would write over an input file"):
        make_plan(graph, Overrides(parameters=["Save.path=ones.h5", "Load.path=ones.h5"], overwrite=True))


def test_output_must_not_be_a_folder_or_lie_in_a_file(graph, tmp_path):
    (tmp_path / "folder.h5").mkdir()
    with pytest.raises(DataFileError, match="it is a folder"):
        make_plan(graph, Overrides(parameters=["Save.path=folder.h5"]))
    with pytest.raises(DataFileError, match="cannot write into"):
        make_plan(graph, Overrides(output="ones.txt"))


def test_folder_that_takes_no_files_is_told_before_the_run(graph, tmp_path, monkeypatch):
    def refuse(*args, **keywords):
        raise PermissionError(13, "Permission denied", "x")

    monkeypatch.setattr("tempfile.TemporaryFile", refuse)
    with pytest.raises(DataFileError, match=rf"node 'Save' cannot write into {tmp_path}: Permission denied"):
        make_plan(graph, Overrides(output="new/results"))


@pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="needs a file system in which nobody can make files")
def test_file_system_that_takes_no_files_is_told_before_the_run(graph):
    with pytest.raises(DataFileError, match="node 'Save' cannot write into /proc"):
        make_plan(graph, Overrides(output="/proc/results"))


def test_check_of_the_output_folder_leaves_nothing(graph, tmp_path):
    before = sorted(tmp_path.iterdir())
    make_plan(graph, Overrides(output="new/results"))
    assert sorted(tmp_path.iterdir()) == before


def test_output_never_replaces_dark_frames(graph, ones):
    (ones.parent / "dark.h5").touch()
    changes = ["Save.path=dark.h5", "Load.dark=dark.h5::2.1"]
    with pytest.raises(DataFileError, match="would write over an input file"):
        make_plan(graph, Overrides(parameters=changes, overwrite=True))


def test_wrong_ending_of_an_output_is_told_before_the_run(graph):
    with pytest.raises(WorkflowError, match=r"node 'Save': path must end in .*, got '.*maps.tif'"):
        make_plan(graph, Overrides(parameters=["Save.path=maps.tif"]))


def test_two_nodes_may_not_write_one_file(ows, flow, ones):
    graph = read_ows(
        ows([*flow.nodes, ("Again", SAVE, {"path": "maps.h5"})], [*flow.links, ("Sum", "Maps", "Again", "Maps")])
    )
    with pytest.raises(DataFileError, match="'Save' and 'Again' would both write it|'Again' and 'Save' would both"):
        make_plan(graph)


def test_maps_at_the_ends_are_saved_where_nothing_else_is(ows, flow, ones, tmp_path):
    graph = read_ows(ows(flow.nodes[:3], flow.links[:2]))
    plan = make_plan(graph, Overrides(output=str(tmp_path / "out")))
    assert list(plan.outputs.values()) == [str(tmp_path / "out" / "Sum.h5")]
    assert plan.graph.order[-1].title == "Save Sum"
    with pytest.raises(WorkflowError, match="no node saves anything; add a Save Maps node, or give.*'Sum'"):
        make_plan(graph)
    with pytest.raises(WorkflowError, match="no node at an end gives maps"):
        make_plan(read_ows(ows(flow.nodes[:2], flow.links[:1])), Overrides(output="out"))


def test_ambiguous_title_asks_for_the_id(ows, ones):
    nodes = [("Load", LOAD, {"path": "ones.txt"}), ("Crop", CROP, {})]
    file = ows(nodes, [("Load", "Dataset", "Crop", "Dataset")])
    file.write_text(file.read_text().replace('title="Load"', 'title="Crop"'))
    with pytest.raises(WorkflowError, match="several nodes are called 'Crop'; name one by its id: 0, 1"):
        read_ows(file).find("Crop")
