"""Several wires to one input: in workflows, on the command line, for ewoks, and made again from a result."""

from __future__ import annotations

import json

import numpy as np
import pytest

import darfix_core as dc
from darfix_core.cli import main
from darfix_core.errors import WorkflowError
from darfix_core.workflow.ewoks_graph import ewoks_graph, write_ewoks_graph
from darfix_core.workflow.graph import Graph, Link, Node
from darfix_core.workflow.plan import make_plan
from darfix_core.workflow.runner import run_plan


@pytest.fixture
def files(rocking_dataset, tmp_path):
    """Three scans at the heights 3, 1 and 2."""
    made = {}
    for name, height in (("a", 3.0), ("b", 1.0), ("c", 2.0)):
        made[name] = str(tmp_path / f"{name}.h5")
        dc.save_dataset(rocking_dataset.replace(metadata={"motors": {"samz": height}}), path=made[name])
    return made


def graph_of(files, order="bca", **parameters):
    nodes = {name: Node(name, name, "load", {"path": path}) for name, path in files.items()}
    nodes["all"] = Node("all", "all", "concatenate", parameters)
    return Graph(nodes, tuple(Link(name, "dataset", "all", "datasets") for name in order))


def heights(dataset):
    return dataset.positions["samz"][::9].tolist()


def test_wires_are_numbered_in_their_order(files):
    graph = graph_of(files)
    wires = graph.inputs_of(graph.nodes["all"])
    assert {name: link.source for name, link in wires.items()} == {
        "datasets 1": "b",
        "datasets 2": "c",
        "datasets 3": "a",
    }


def saving(graph, path):
    """The graph with a node that saves the whole."""
    writer = Node("save", "save", "save_dataset", {"path": str(path)})
    return Graph({**graph.nodes, "save": writer}, (*graph.links, Link("all", "dataset", "save", "dataset")))


def test_scans_run_in_the_order_of_their_wires(files, tmp_path):
    run_plan(make_plan(saving(graph_of(files), tmp_path / "all.h5")))
    assert heights(dc.load(str(tmp_path / "all.h5"))) == [1.0, 2.0, 3.0]


def test_other_inputs_take_one_wire(files):
    graph = graph_of(files)
    roi = Node("roi", "roi", "roi")
    links = (Link("a", "dataset", "roi", "dataset"), Link("b", "dataset", "roi", "dataset"))
    with pytest.raises(WorkflowError, match="several links lead to the input 'Dataset' of 'roi'; it takes one"):
        Graph({**graph.nodes, "roi": roi}, links)


def test_node_waits_for_all_that_are_connected(files):
    graph = graph_of(files)
    idle = Node("idle", "idle", "roi")
    whole = Graph({**graph.nodes, "idle": idle}, (*graph.links, Link("idle", "dataset", "all", "datasets")))
    kept, skipped = whole.runnable()
    assert skipped["all"] == "'idle' before it does not run"
    assert "all" not in kept.nodes
    alone = Graph({"all": graph.nodes["all"]})
    assert alone.runnable()[1] == {"all": "nothing is connected to its input 'Datasets'"}


def test_copy_on_the_way_is_no_result(files, tmp_path):
    nodes = {
        "a": Node("a", "a", "load", {"path": files["a"]}),
        "copy": Node("copy", "copy", "data_copy", {"path": "copy.h5"}),
        "moments": Node("moments", "moments", "moments"),
    }
    links = (Link("a", "dataset", "copy", "dataset"), Link("copy", "dataset", "moments", "dataset"))
    from darfix_core.workflow.overrides import Overrides

    run_plan(make_plan(Graph(nodes, links), Overrides(output=str(tmp_path / "out"))))
    assert sorted(path.name for path in (tmp_path / "out").iterdir() if path.suffix == ".h5") == [
        "copy.h5",
        "moments.h5",
    ]
    alone = make_plan(Graph({key: nodes[key] for key in ("a", "copy")}, links[:1]), Overrides(output=str(tmp_path)))
    assert list(alone.outputs) == ["copy"]


def test_ewoks_runs_numbered_inputs(files, tmp_path):
    pytest.importorskip("ewoks", reason="needs the extra ewoks")
    from ewoks import execute_graph

    graph = saving(graph_of(files), tmp_path / "all.h5")
    targets = [entry["target_input"] for link in ewoks_graph(graph)["links"] for entry in link["data_mapping"]]
    assert sorted(targets) == ["dataset", "datasets 1", "datasets 2", "datasets 3"]
    path = write_ewoks_graph(graph, tmp_path / "flow.json")
    execute_graph(str(path))
    assert heights(dc.load(str(tmp_path / "all.h5"))) == [1.0, 2.0, 3.0]


def test_files_of_the_command_line_are_put_together_and_made_again(files, tmp_path, capsys):
    output = str(tmp_path / "all.h5")
    line = ["apply", "concatenate", files["b"], files["c"], files["a"], "--along", "samz", "-o", output]
    assert main(line) == 0, capsys.readouterr().err
    assert heights(dc.load(output)) == [1.0, 2.0, 3.0]
    assert main(["rerun", output, "-o", str(tmp_path / "again.h5")]) == 0, capsys.readouterr().err
    assert "Identical" in capsys.readouterr().out
    assert heights(dc.load(str(tmp_path / "again.h5"))) == [1.0, 2.0, 3.0]


def test_command_line_tells_of_several_inputs(capsys):
    assert main(["steps", "concatenate"]) == 0
    assert "input   datasets: several Datasets" in capsys.readouterr().out
    assert main(["steps", "concatenate", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["inputs"]["datasets"]["many"] is True
    assert main(["apply", "concatenate", "-o", "all.h5"]) == 2
    assert "concatenate needs a file for its input 'datasets'" in capsys.readouterr().err


def test_virtual_file_is_written_by_the_command_line(files, tmp_path, capsys):
    output = str(tmp_path / "all.h5")
    assert main(["apply", "save_dataset", files["a"], "--virtual", "-o", output]) == 0, capsys.readouterr().err
    np.testing.assert_array_equal(dc.load(output).frames[:], dc.load(files["a"]).frames[:])
