"""ewoks runs what darfix-core runs: every tutorial, as .ows and as converted .json, gives the same files."""

from __future__ import annotations

import importlib
import json
import logging
import shutil
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest

import darfix_core as dc
from darfix_core.cli import main
from darfix_core.engine.execution import warn
from darfix_core.engine.registry import STEP_MODULES, get_step
from darfix_core.workflow.ewoks_graph import SCHEMA_VERSION, TASKS_MODULE, task_name
from darfix_core.workflow.ows import read_ows
from tests.bliss_files import mesh, write_scan

pytest.importorskip("ewoks", reason="needs the extra ewoks")

TUTORIALS = sorted((Path(__file__).parents[2] / "tutorials").glob("*.ows"))
STEPS = list(STEP_MODULES)
#: Runs several command lines in one process: the imports take longer than the workflows, and the last bits of a
#: moment depend on whether its kernel was compiled by the process or loaded from the cache.
SEVERAL = """
import json, sys
from darfix_core.cli import main
from ewoks.__main__ import main as ewoks
for program, *line in json.loads(sys.argv[1]):
    if (ewoks([program, *line]) if program == "ewoks" else main(line)) != 0:
        sys.exit(f"{program} {line} has failed")
"""


def run(*command):
    return subprocess.run(command, capture_output=True, text=True, timeout=180)


def small_scan(path):
    """A mesh of chi and mu; the peak of a pixel moves along y in chi and along x in mu."""
    chi, mu = mesh(np.linspace(-0.2, 0.2, 5), np.linspace(-0.3, 0.3, 7))
    y, x = np.mgrid[-0.1:0.1:20j, -0.15:0.15:24j]
    off = ((chi[:, None, None] - y) / 0.08) ** 2 + ((mu[:, None, None] - x) / 0.1) ** 2
    counts = np.random.default_rng(3).poisson(100 + 5000 * np.exp(-off / 2)).astype(np.uint16)
    return write_scan(path, counts, {"chi": chi, "mu": mu}, units={"chi": "deg", "mu": "deg"})


def rocking_scan(path):
    """A scan of mu alone, which drifts; the peak of a pixel moves along x."""
    mu = np.linspace(-0.3, 0.3, 40)
    rng = np.random.default_rng(4)
    x = np.linspace(-0.1, 0.1, 48)
    texture = rng.uniform(0.3, 1.0, (32, 48))
    counts = [
        100 + 5000 * np.roll(texture, k // 8, axis=0) * np.exp(-(((at - x) / 0.1) ** 2) / 2) for k, at in enumerate(mu)
    ]
    return write_scan(path, rng.poisson(counts).astype(np.uint16), {"mu": mu}, units={"mu": "deg"})


def task_of(step):
    return getattr(importlib.import_module(TASKS_MODULE), task_name(step))


def overrides(graph, scan, folder):
    """Every reader gets the scan, every writer a file in the folder."""
    options = []
    for node in graph.nodes.values():
        if node.step.input_path:
            options += ["-pn", f"{node.id}:{node.step.input_path}={scan}"]
        if node.step.output_path:
            name = Path(node.parameters[node.step.output_path]).name
            options += ["-pn", f"{node.id}:{node.step.output_path}={folder / name}"]
    return options


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """Folder with the results of each tutorial, of each way to run it."""
    top = tmp_path_factory.mktemp("ewoks")
    mesh_file, rocking_file, lines = small_scan(top / "mesh.h5"), rocking_scan(top / "rocking.h5"), []
    for tutorial in TUTORIALS:
        scan = rocking_file if tutorial.stem == "preprocessing" else mesh_file
        graph, converted = read_ows(tutorial), top / f"{tutorial.stem}.json"
        readers = [node.title for node in graph.nodes.values() if node.step.input_path]
        inputs = [text for title in readers for text in ("--input", f"{title}={scan}")]
        lines.append(["darfix-core", "run", str(tutorial), *inputs, "--output", str(top / "run" / tutorial.stem)])
        lines.append(["darfix-core", "convert", str(tutorial), str(converted)])
        for way, file in (("ows", tutorial), ("json", converted)):
            lines.append(["ewoks", "execute", str(file), *overrides(graph, scan, top / way / tutorial.stem)])
    done = run(sys.executable, "-c", SEVERAL, json.dumps(lines))
    assert done.returncode == 0, done.stdout + done.stderr
    return top


@pytest.mark.parametrize("way", ["ows", "json"])
@pytest.mark.parametrize("tutorial", TUTORIALS, ids=lambda path: path.stem)
def test_ewoks_writes_the_files_that_a_run_writes(results, tutorial, way):
    expected, found = results / "run" / tutorial.stem, results / way / tutorial.stem
    names = sorted(path.relative_to(expected) for path in expected.rglob("*"))
    assert names
    assert sorted(path.relative_to(found) for path in found.rglob("*")) == names
    for name in names:
        if name.suffix == ".h5":
            ours, theirs = dc.load_maps(expected / name), dc.load_maps(found / name)
            assert list(theirs) == list(ours)
            for key in ours:
                np.testing.assert_array_equal(theirs[key], ours[key], err_msg=key, strict=True)
            # The head is the digest of all steps with their versions and parameters.
            assert theirs.history.head == ours.history.head
        else:
            assert (found / name).stat().st_size > 0


def test_command_line_refuses_a_mistyped_parameter(tmp_path):
    flow = tmp_path / "flow.json"
    assert main(["convert", str(TUTORIALS[0]), str(flow)]) == 0
    scan = small_scan(tmp_path / "scan.h5")
    options = [*overrides(read_ows(TUTORIALS[0]), scan, tmp_path / "out"), "-pt", "GrainPlot:min_intensty=5"]
    ewoks = shutil.which("ewoks", path=str(Path(sys.executable).parent))
    done = run(ewoks, "execute", str(flow), *options)
    assert done.returncode == 1
    assert "grain_plot has no parameter 'min_intensty'; did you mean 'min_intensity'?" in done.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", STEPS)
def test_inputs_and_outputs_of_a_task_are_those_of_its_step(name):
    step, task = get_step(name), task_of(get_step(name))
    assert task.input_names() == {*step.inputs, *step.parameters.entries}
    assert task.output_names() == set(step.outputs)
    # Several links cannot lead to one input: they lead to numbered ones, which the step asks for.
    required = {entry.name for entry in step.inputs.values() if not (entry.optional or entry.many)}
    assert task.required_input_names() == required | {p.name for p in step.parameters.entries.values() if p.required}
    assert task.class_registry_name() == f"{TASKS_MODULE}.{task_name(step)}"
    assert task.__doc__ == step.summary
    for key, field in task.input_model().model_fields.items():
        assert field.description, f"{key} of {name} is not described"


@pytest.mark.parametrize("name", [name for name in STEPS if get_step(name).widget])
def test_ewoks_finds_the_task_of_a_widget_and_its_variables(name):
    pytest.importorskip("Orange", reason="the widgets need the gui extra")
    step = get_step(name)
    module, _, widget_name = step.widget.rpartition(".")
    widget = getattr(importlib.import_module(module), widget_name)
    assert widget.ewokstaskclass is task_of(step)
    # ewoks takes the names of the attributes, not those of the channels.
    assert {key for key in vars(widget.Inputs) if not key.startswith("_")} == set(step.inputs)
    assert {key for key in vars(widget.Outputs) if not key.startswith("_")} == set(step.outputs)


def test_without_ewoks_there_are_no_tasks_and_widgets_name_none(monkeypatch):
    pytest.importorskip("Orange", reason="the widgets need the gui extra")
    from darfix_core.workflow import ewoks_tasks
    from orangecontrib.dfxm.widgets.owroi import OWRoi

    for module in ("ewokscore.missing_data", "ewokscore.model", "ewokscore.taskwithprogress"):
        monkeypatch.setitem(sys.modules, module, None)
    assert ewoks_tasks._make_tasks() == {}
    assert hasattr(OWRoi, "ewokstaskclass")
    monkeypatch.delattr(ewoks_tasks, "Roi")
    assert not hasattr(OWRoi, "ewokstaskclass")


@pytest.mark.parametrize("name", STEPS)
def test_none_is_the_default_wherever_it_is_allowed(name):
    # ewoks leaves out the settings of an .ows file that are None: the step would take its default instead.
    for entry in get_step(name).parameters.entries.values():
        if entry.allowed.endswith(" or None"):
            assert entry.default is None, f"{entry.name} of {name}: None is allowed and the default is another value"


def test_ewoks_lists_the_tasks():
    from ewokscore.task_discovery import discover_tasks_from_modules

    found = {task["task_identifier"] for task in discover_tasks_from_modules(TASKS_MODULE, task_type="class")}
    assert found == {f"{TASKS_MODULE}.{task_name(get_step(name))}" for name in STEPS}


def test_format_of_the_graph_is_the_newest():
    from ewokscore.graph.schema import LATEST_VERSION

    assert str(LATEST_VERSION) == SCHEMA_VERSION


def test_task_tells_the_error_of_the_step(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    task = task_of(get_step("load"))(inputs={"path": "missing.h5"})
    with pytest.raises(RuntimeError, match=f"{tmp_path / 'missing.h5'}: there is no such file"):
        task.execute()


def test_empty_required_parameter_counts_as_not_given():
    with pytest.raises(RuntimeError, match="load needs the parameter 'path'"):
        task_of(get_step("load"))(inputs={"path": ""}).execute()


def test_lists_of_json_are_sequences(mosaicity_dataset):
    task = task_of(get_step("roi"))(inputs={"dataset": mosaicity_dataset, "origin": [2, 3], "shape": [4, 5]})
    task.execute()
    assert task.get_output_values()["dataset"].frame_shape == (4, 5)


@pytest.fixture
def warned_task(monkeypatch):
    task = task_of(get_step("roi"))

    def doubtful(dataset, *, origin, shape):
        warn("a doubtful rectangle")
        return dataset

    monkeypatch.setattr(task, "step", task.step.__class__(**{**vars(task.step), "function": doubtful}))
    return task


def test_warnings_are_logged_with_the_label(warned_task, mosaicity_dataset, caplog):
    task = warned_task(inputs={"dataset": mosaicity_dataset}, node_attrs={"id": "2", "label": "ROI Selection"})
    with warnings.catch_warnings(), caplog.at_level(logging.WARNING):
        warnings.simplefilter("error")
        task.execute()
    assert caplog.messages == ["ROI Selection: a doubtful rectangle"]


def test_progress_and_cancelling(mosaicity_dataset):
    from ewokscore.progress import BasePercentageProgress

    class Stop(BasePercentageProgress):
        seen = ()

        def update(self):
            self.seen += (self.progress,)
            task.cancel()

    progress = Stop()
    task = task_of(get_step("moments"))(inputs={"dataset": mosaicity_dataset}, progress=progress)
    with pytest.raises(RuntimeError, match="the computation was cancelled"):
        task.execute()
    assert progress.seen
