from __future__ import annotations

import pytest

from darfix_core.errors import WorkflowError
from darfix_core.workflow.ows import read_ows, write_changed
from tests.workflow.conftest import ADD, CROP, LOAD, SUM


def test_nodes_links_and_parameters_are_read(ows, flow):
    graph = read_ows(ows(flow.nodes, flow.links))
    assert [node.title for node in graph.order] == ["Load", "Crop", "Sum", "Save"]
    assert [node.step_id for node in graph.order] == ["load", "crop", "sum", "save_maps"]
    assert dict(graph.find("Crop").parameters) == {"rows": 2}
    assert graph.links[0].output == "dataset"
    assert graph.links[2].input == "maps"


def test_relative_input_is_beside_the_workflow_else_in_the_current_folder(ows, flow, ones, tmp_path, monkeypatch):
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    (tmp_path / "here" / "ones.txt").touch()
    file = ows(flow.nodes, flow.links)
    graph = read_ows(file)
    assert graph.find("Load").parameters["path"] == str(tmp_path / "ones.txt")
    ones.unlink()
    assert read_ows(file).find("Load").parameters["path"] == str(tmp_path / "here" / "ones.txt")
    (tmp_path / "here" / "ones.txt").unlink()
    assert read_ows(file).find("Load").parameters["path"] == str(tmp_path / "ones.txt")
    assert graph.find("Save").parameters["path"] == "maps.h5"


def test_dark_frames_lie_beside_the_workflow_too(ows, ones):
    graph = read_ows(ows([("A", LOAD, {"dark": "ones.txt::2.1"}), ("B", LOAD, {"dark": "2.1"})]))
    assert graph.find("A").parameters["dark"] == f"{ones}::2.1"
    assert graph.find("B").parameters["dark"] == "2.1"


def test_absolute_and_several_inputs(ows):
    graph = read_ows(ows([("Load", LOAD, {"path": ["/data/a.edf", "/data/b.edf"]}), ("Empty", LOAD, {"path": ""})]))
    assert graph.find("Load").parameters["path"] == ("/data/a.edf", "/data/b.edf")
    assert graph.find("Empty").parameters["path"] == ""


def test_disabled_link_is_no_link(ows, flow):
    assert read_ows(ows(flow.nodes, flow.links, enabled="false")).links == ()


def test_optional_input_is_its_own_channel(ows):
    nodes = [("A", LOAD, {}), ("B", LOAD, {}), ("Add", ADD, {})]
    graph = read_ows(ows(nodes, [("A", "Dataset", "Add", "Dataset"), ("B", "Dataset", "Add", "Background")]))
    assert set(graph.inputs_of(graph.find("Add"))) == {"dataset", "background"}


def test_pickled_settings_are_refused_and_name_the_node(ows):
    file = ows([("Load", LOAD, {}), ("Crop it", CROP, ("pickle", "gASVCgAAAAAAAAB9lIwBYZRLAXMu"))])
    with pytest.raises(WorkflowError, match=r"flow.ows: node 'Crop it' has pickled settings"):
        read_ows(file)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"row": 2}, r"node 'Crop' has a setting 'row' that is no parameter; did you mean 'rows'"),
        (("literal", "{'rows': __import__('os')}"), "no literal"),
        (("literal", "{'rows': "), "no literal"),
        (("literal", "[1]"), "no dict"),
        (("json", "{}"), "format 'json'"),
    ],
)
def test_settings_that_cannot_be_read(ows, settings, message):
    with pytest.raises(WorkflowError, match=message):
        read_ows(ows([("Crop", CROP, settings)]))


@pytest.mark.parametrize(
    ("nodes", "links", "message"),
    [
        ([("Table", "Orange.widgets.data.owtable.OWTable", {})], [], "node 'Table' is the widget 'Orange.*no step"),
        ([("Load", LOAD, {})], [("Load", "Dataset", "7", "Dataset")], "link of 'Load' leads to the node '7'"),
        ([("Load", LOAD, {})], [("7", "Dataset", "Load", "Dataset")], "link of 'Load' leads to the node '7'"),
        ([("A", LOAD, {}), ("B", CROP, {})], [("A", "Data", "B", "Dataset")], "'A' has no output 'Data'; did you mean"),
        ([("A", LOAD, {}), ("B", CROP, {})], [("A", "Dataset", "B", "Maps")], "'B' has no input 'Maps'"),
        ([("A", SUM, {}), ("B", CROP, {})], [("A", "Maps", "B", "Dataset")], "'A' gives Maps.*'B' takes a Dataset"),
        (
            [("A", CROP, {}), ("B", CROP, {})],
            [("A", "Dataset", "B", "Dataset"), ("B", "Dataset", "A", "Dataset")],
            "links form a loop: '[AB]' -> '[AB]' -> '[AB]'",
        ),
        (
            [("A", LOAD, {}), ("B", LOAD, {}), ("C", CROP, {})],
            [("A", "Dataset", "C", "Dataset"), ("B", "Dataset", "C", "Dataset")],
            "several links lead to the input 'Dataset' of 'C'",
        ),
        ([], [], "no nodes"),
    ],
)
def test_broken_workflows_name_the_node(ows, nodes, links, message):
    with pytest.raises(WorkflowError, match=message):
        read_ows(ows(nodes, links))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "<scheme version='2.0'><nodes>",
            "not an Orange workflow: (no element found|mismatched)",
        ),
        ("hello", "not an Orange workflow"),
        ("<html/>", "not an Orange workflow of version 2.0 or 2.1: found <html>"),
        ("<scheme version='9'/>", "of version 9"),
        ("<?xml version='1.0' encoding='no-such'?><scheme version='2.0'/>", "not an Orange workflow"),
        ("<!DOCTYPE s [<!ENTITY a 'aa'>]><scheme version='2.0'>&a;</scheme>", "a document type"),
    ],
)
def test_files_that_are_no_workflows(tmp_path, text, message):
    file = tmp_path / "x.ows"
    file.write_text(text)
    with pytest.raises(WorkflowError, match=message):
        read_ows(file)


def test_missing_file(tmp_path):
    with pytest.raises(WorkflowError, match=r"nothing.ows: no such file"):
        read_ows(tmp_path / "nothing.ows")


def test_changed_copy_keeps_the_rest(ows, flow, tmp_path):
    source = ows(flow.nodes, flow.links)
    write_changed(source, tmp_path / "copy.ows", {"Load": {"path": "other.txt"}, "Sum": {"factor": 2.0}})
    graph = read_ows(tmp_path / "copy.ows")
    assert graph.find("Load").parameters["path"].endswith("other.txt")
    assert dict(graph.find("Sum").parameters) == {"factor": 2.0}
    assert dict(graph.find("Crop").parameters) == {"rows": 2}
    assert len(graph.links) == 3
    with pytest.raises(WorkflowError, match="no node 'Loadd'; did you mean 'Load'"):
        write_changed(source, tmp_path / "copy.ows", {"Loadd": {}})
