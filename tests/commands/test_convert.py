from __future__ import annotations

import json

import pytest

from darfix_core.cli import main
from tests.test_import import run_python


@pytest.fixture
def file(ows, flow, ones, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    return str(ows(flow.nodes, flow.links))


def converted(file):
    assert main(["convert", file, "flow.json", "--overwrite"]) == 0
    with open("flow.json", encoding="utf-8") as stream:
        return json.load(stream)


def test_nodes_keep_their_titles_and_saved_parameters(file, tmp_path):
    nodes = converted(file)["nodes"]
    assert [(node["id"], node["label"]) for node in nodes] == [
        ("0", "Load"),
        ("1", "Crop"),
        ("2", "Sum"),
        ("3", "Save"),
    ]
    assert nodes[0]["task_type"] == "class"
    assert nodes[3]["task_identifier"] == "darfix_core.workflow.ewoks_tasks.SaveMaps"
    assert nodes[0]["default_inputs"] == [{"name": "path", "value": str(tmp_path / "ones.txt")}]
    assert nodes[1]["default_inputs"] == [{"name": "rows", "value": 2}]
    assert nodes[3]["default_inputs"] == [{"name": "path", "value": "maps.h5"}]


def test_links_name_outputs_and_inputs(file):
    links = converted(file)["links"]
    assert links[2] == {
        "source": "2",
        "target": "3",
        "data_mapping": [{"source_output": "maps", "target_input": "maps"}],
    }


def test_what_was_written_is_told(file, capsys, tmp_path):
    converted(file)
    assert capsys.readouterr().out == f"wrote {tmp_path / 'flow.json'}\n"


def test_two_wires_between_the_same_nodes_are_one_link(ows, flow, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    nodes = [flow.nodes[0], ("Add", "fake.owadd.OWAdd", {})]
    file = ows(nodes, [("Load", "Dataset", "Add", "Dataset"), ("Load", "Dataset", "Add", "Background")])
    mapping = [
        {"source_output": "dataset", "target_input": "dataset"},
        {"source_output": "dataset", "target_input": "background"},
    ]
    assert converted(str(file))["links"] == [{"source": "0", "target": "1", "data_mapping": mapping}]


def test_disabled_links_and_nodes_behind_them_are_left_out(ows, flow, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    graph = converted(str(ows(flow.nodes, flow.links, enabled="false")))
    assert graph["links"] == []
    assert [node["label"] for node in graph["nodes"]] == ["Load"]
    assert "left out: Crop: nothing is connected to its input 'Dataset'\n" in capsys.readouterr().out


def test_no_node_that_can_run(ows, flow, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["convert", str(ows(flow.nodes[1:2])), "flow.json"]) == 2
    assert "no node can run: Crop: nothing is connected" in capsys.readouterr().err
    assert not (tmp_path / "flow.json").exists()


def test_empty_required_parameter_is_left_for_ewoks_to_ask(ows, flow, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    graph = converted(str(ows([("Load", flow.nodes[0][1], {"path": "", "scan": None})])))
    assert graph["nodes"][0]["default_inputs"] == [{"name": "scan", "value": None}]


def test_wrong_value_is_named_with_its_node(ows, flow, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    file = ows([flow.nodes[0], ("Crop", flow.nodes[1][1], {"rows": 0})], flow.links[:1])
    assert main(["convert", str(file), "flow.json"]) == 2
    assert "node 'Crop': rows must be an integer of at least 1 or None, got 0" in capsys.readouterr().err


def test_existing_file_stays(file, capsys, tmp_path):
    (tmp_path / "flow.json").write_text("mine")
    assert main(["convert", file, "flow.json"]) == 2
    assert "exists already" in capsys.readouterr().err
    assert (tmp_path / "flow.json").read_text() == "mine"


def test_target_that_ewoks_would_not_know(file, capsys):
    assert main(["convert", file, "flow.txt"]) == 2
    assert "a file that ends in .json, got 'flow.txt'" in capsys.readouterr().err


def test_there_is_no_way_back(file, capsys):
    converted(file)
    assert main(["convert", "flow.json", "flow.ows"]) == 2
    assert "a graph for ewoks cannot be converted back" in capsys.readouterr().err


def test_it_needs_no_ewoks(tmp_path):
    code = f"""
import sys
for name in ("ewoks", "ewokscore", "ewoksorange", "ewoksutils"):
    sys.modules[name] = None
from darfix_core.cli import main
from darfix_core.workflow.demo import tutorial_file
assert main(["convert", str(tutorial_file("mosaicity.ows")), {str(tmp_path / "flow.json")!r}]) == 0
"""
    assert run_python(code).startswith("wrote ")
