"""Rules that hold for every step in the registry."""

from __future__ import annotations

import ast
import inspect
import json
from importlib import import_module

import numpy as np
import pytest

import darfix_core as dc
from darfix_core.engine import loop
from darfix_core.engine.execution import execution
from darfix_core.engine.loop import BlockSizes
from darfix_core.engine.parameters import union_members
from darfix_core.engine.registry import STEP_MODULES, all_steps, get_step
from darfix_core.errors import DimensionError
from darfix_core.workflow.replay import replay
from tests.model.test_frames import CountingSource

STEPS = list(STEP_MODULES)
#: Steps that another widget serves, and which one.
SERVED_BY = {"moments": "grain_plot"}
#: Steps that read or write files are run in their own tests.
PURE = [name for name in STEPS if not (get_step(name).input_path or get_step(name).output_path)]


@pytest.fixture
def inputs(mosaicity_dataset):
    maps = dc.moments(mosaicity_dataset)

    def of(step):
        kinds = {dc.Dataset: mosaicity_dataset, dc.Maps: maps}
        return {name: kinds[entry.kind] for name, entry in step.inputs.items() if not entry.optional}

    return of


def required_of(step):
    """Values of the parameters that have no default."""
    return {entry.name: "some/path.h5" for entry in step.parameters.entries.values() if entry.required}


def arrays_of(result):
    """Every array of a result, by name."""
    if isinstance(result, dc.Maps):
        return {name: np.asarray(result[name]) for name in result}
    arrays = {"frames": result.frames[:], **{f"positions {k}": v for k, v in result.positions.items()}}
    if result.grid_index is not None:
        arrays["grid index"] = result.grid_index
    return arrays


@pytest.mark.parametrize("name", STEPS)
def test_step_is_a_public_function_under_its_id(name):
    step = get_step(name)
    function = getattr(dc, name)
    assert function.step is step
    assert step.id == name
    assert step.version >= 1
    assert step.title
    assert step.summary.endswith(".")


@pytest.mark.parametrize("name", STEPS)
def test_every_parameter_is_described_with_its_unit(name):
    step = get_step(name)
    docstring = inspect.getdoc(step.function)
    for parameter in step.parameters.entries.values():
        assert parameter.description, f"{parameter.name} is not described in the docstring of {name}"
        if parameter.unit:
            line = next(line for line in docstring.splitlines() if line.startswith(f"{parameter.name} :"))
            assert parameter.unit in line, f"{name}: the docstring of {parameter.name} does not state its unit"


@pytest.mark.parametrize("name", STEPS)
def test_defaults_are_literals_that_survive_json_and_ows(name):
    step = get_step(name)
    values = step.parameters.validate(required_of(step))
    assert step.parameters.validate(json.loads(json.dumps(values))) == values
    assert step.parameters.validate(ast.literal_eval(repr(values))) == values


@pytest.mark.parametrize("name", STEPS)
def test_unknown_parameter_raises(name):
    with pytest.raises(TypeError, match="has no parameter 'no_such_parameter'"):
        get_step(name).parameters.validate({"no_such_parameter": 1})


@pytest.mark.parametrize("name", STEPS)
def test_parameter_of_the_wrong_kind_raises(name):
    step = get_step(name)
    for parameter in step.parameters.entries:
        with pytest.raises((TypeError, ValueError), match=f"{parameter} must be"):
            step.parameters.validate(required_of(step) | {parameter: object()})


@pytest.mark.parametrize("name", STEPS)
def test_numbers_are_neither_texts_nor_truth_values(name):
    step = get_step(name)
    for entry in step.parameters.entries.values():
        kinds = set(union_members(entry.annotation))
        wrong = [3] if kinds & {bool, str} and not kinds & {int, float} else []
        if kinds & {int, float} and bool not in kinds:
            wrong += [True] + ([] if str in kinds else ["3"])
        for value in wrong:
            with pytest.raises((TypeError, ValueError), match=f"{entry.name} must be"):
                step.parameters.validate(required_of(step) | {entry.name: value})


@pytest.mark.parametrize("name", STEPS)
def test_parameter_names_are_free_in_owwidget(name):
    OWWidget = import_module("Orange.widgets.widget").OWWidget
    taken = set(dir(OWWidget)) & set(get_step(name).parameters.entries)
    assert not taken, f"parameters of {name} that are attributes of OWWidget: {taken}"


def test_every_step_has_a_widget():
    for step in all_steps():
        if step.id in SERVED_BY:
            assert get_step(SERVED_BY[step.id]).widget
        else:
            assert step.widget, f"{step.id} has neither a widget nor a stated exemption"


@pytest.mark.parametrize("name", PURE)
def test_inputs_stay_as_they_were(name, inputs):
    step = get_step(name)
    given = inputs(step)
    before = {key: arrays_of(value) for key, value in given.items()}
    copies = {key: {k: v.copy() for k, v in value.items()} for key, value in before.items()}
    step(**given)
    for key, value in given.items():
        for part, array in arrays_of(value).items():
            np.testing.assert_array_equal(array, copies[key][part], err_msg=f"{key}: {part}")


def like_a_file(value):
    """The same dataset, read in blocks as from a file."""
    if not isinstance(value, dc.Dataset):
        return value
    return value.replace(frames=dc.Frames(CountingSource(value.frames.source.array)))


@pytest.mark.parametrize("name", PURE)
@pytest.mark.parametrize("from_file", [False, True])
@pytest.mark.parametrize("sizes", [BlockSizes(rows=1, frames=1), BlockSizes(rows=5, frames=3), BlockSizes(1000, 1000)])
@pytest.mark.parametrize("threads", [1, 3])
def test_threads_and_blocks_do_not_change_the_result(name, inputs, sizes, threads, from_file, monkeypatch):
    step = get_step(name)
    with execution(threads=1):
        expected = arrays_of(step(**inputs(step)))
    given = {key: like_a_file(value) if from_file else value for key, value in inputs(step).items()}
    monkeypatch.setattr(loop, "BlockSizes", lambda *args: sizes)
    with execution(threads=threads, memory=50_000 if from_file else None):
        result = arrays_of(step(**given))
    for part, array in expected.items():
        if array.dtype.kind in "ui":
            np.testing.assert_array_equal(result[part], array, err_msg=part)
        else:
            np.testing.assert_allclose(result[part], array, rtol=1e-5, atol=1e-9, err_msg=part)


@pytest.mark.parametrize("name", PURE)
@pytest.mark.parametrize("sizes", [BlockSizes(), BlockSizes(rows=5, frames=3)])
def test_a_cluster_does_not_change_the_result(name, inputs, sizes, monkeypatch):
    step = get_step(name)
    with execution(threads=1):
        expected = arrays_of(step(**inputs(step)))
    monkeypatch.setattr(loop, "BlockSizes", lambda *args: sizes)
    with execution(scheduler="local:2", memory=500_000):
        result = arrays_of(step(**{key: like_a_file(value) for key, value in inputs(step).items()}))
    for part, array in expected.items():
        if array.dtype.kind in "ui":
            np.testing.assert_array_equal(result[part], array, err_msg=part)
        else:
            np.testing.assert_allclose(result[part], array, rtol=1e-5, atol=1e-9, err_msg=part)


@pytest.mark.parametrize("name", PURE)
def test_history_replays_to_the_same_result(name, inputs, mosaicity_dataset):
    step = get_step(name)
    result = step(**inputs(step))
    node = result.history.nodes[result.history.head]
    assert (node.step, node.version) == (step.id, step.version)
    assert set(node.parameters) == set(step.parameters.entries)
    again = replay(type(result.history).from_json(result.history.to_json()), {"dataset": mosaicity_dataset})
    for part, array in arrays_of(result).items():
        np.testing.assert_array_equal(arrays_of(again)[part], array, err_msg=part)
    assert again.history.head == result.history.head


def test_history_of_two_inputs_replays_to_the_same_result(mosaicity_dataset, tmp_path):
    other = dc.roi(mosaicity_dataset.replace(frames=dc.Frames.from_array(mosaicity_dataset.frames[:] // 2)))
    result = dc.subtract_background(mosaicity_dataset, other, source="dataset")
    roots = {key: node for key, node in result.history.nodes.items() if node.step == "array"}
    assert len(roots) == 2
    given = {mosaicity_dataset.history.head: mosaicity_dataset}
    given |= {key: mosaicity_dataset.replace(frames=other.frames) for key in roots if key not in given}
    again = replay(type(result.history).from_json(result.history.to_json()), given)
    np.testing.assert_array_equal(again.frames[:], result.frames[:])


@pytest.mark.parametrize(
    "name", [name for name in PURE if dc.Dataset in [i.kind for i in get_step(name).inputs.values()]]
)
def test_steps_tell_truly_whether_they_need_dimensions(name, inputs, mosaicity_dataset):
    step = get_step(name)
    bare = mosaicity_dataset.replace(dimensions=(), grid_index=None)
    given = {key: bare if value is mosaicity_dataset else value for key, value in inputs(step).items()}
    if step.needs_dimensions:
        with pytest.raises(DimensionError, match="define_dimensions"):
            step(**given)
    else:
        step(**given)
