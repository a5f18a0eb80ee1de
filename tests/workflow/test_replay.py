from __future__ import annotations

import os

import h5py
import numpy as np
import pytest

from darfix_core.engine import registry
from darfix_core.errors import DarfixWarning, WorkflowError
from darfix_core.model.dataset import Dataset
from darfix_core.model.history import History
from darfix_core.steps.load import load
from darfix_core.steps.roi import roi
from darfix_core.workflow.replay import replay
from tests.bliss_files import small_stack, write_scan
from tests.edf_files import edf_frame


@pytest.fixture
def steps(calls):
    return {name: registry.get_step(name) for name in registry.STEP_MODULES}


@pytest.fixture
def dataset():
    return Dataset.from_array(np.arange(24.0).reshape(2, 4, 3))


def test_history_read_from_json_gives_the_same_result(steps, ones):
    maps = steps["sum"](steps["crop"](steps["load"](str(ones)), rows=2), factor=3.0)
    again = replay(History.from_json(maps.history.to_json()))
    assert np.array_equal(again["sum"], maps["sum"])
    assert again.history.head == maps.history.head


def test_dataset_of_unknown_origin_is_given_by_name(steps, dataset):
    maps = steps["sum"](steps["crop"](dataset, rows=2))
    assert np.array_equal(replay(maps.history, {"dataset": dataset})["sum"], maps["sum"])
    with pytest.raises(WorkflowError, match="Crop: the origin of its input 'dataset' is not known; give it"):
        replay(maps.history)


def test_shared_and_optional_inputs(steps, ones):
    loaded = steps["load"](str(ones))
    added = steps["add"](loaded, steps["crop"](loaded))
    assert np.array_equal(replay(added.history).frames, added.frames)


def test_empty_history_and_unknown_step(steps, dataset):
    with pytest.raises(WorkflowError, match="history is empty"):
        replay(History())
    history = steps["crop"](dataset).history
    text = history.to_json().replace('"crop"', '"krop"')
    with pytest.raises(WorkflowError, match="does not have: no step 'krop'; did you mean 'crop'"):
        replay(History.from_json(text), {"dataset": dataset})


def test_older_version_of_a_step_that_cannot_be_repeated_is_refused(steps, dataset):
    text = steps["crop"](dataset).history.to_json().replace('"version": 2', '"version": 1')
    with pytest.raises(
        WorkflowError,
        match=r"Crop: .* version 1 of this step \(darfix-core 0.1.0\), which version 2 here cannot repeat; "
        r"darfix-core 0.1.0 can run it",
    ):
        replay(History.from_json(text), {"dataset": dataset})


def test_newer_version_of_a_step_is_refused(steps, dataset):
    text = steps["crop"](dataset).history.to_json().replace('"version": 2', '"version": 3')
    with pytest.raises(WorkflowError, match=r"here is version 2; darfix-core 0.1.0 or newer can run it"):
        replay(History.from_json(text), {"dataset": dataset})


def test_older_version_is_migrated_step_by_step(calls, dataset):
    old = registry.get_step("crop")(dataset, rows=2).history.to_json().replace('"version": 2', '"version": 1')
    old = old.replace('"rows"', '"height"')

    @registry.step(
        "crop",
        version=3,
        title="Crop",
        migrations={1: lambda p: {"rows": p.pop("height"), **p}, 2: lambda p: {"lines": p["rows"]}},
    )
    def crop(dataset: Dataset, *, lines: int | None = None) -> Dataset:
        """Keep some rows."""
        return dataset.crop((0, 0), (lines, dataset.frame_shape[1]))

    again = replay(History.from_json(old), {"dataset": dataset})
    assert again.frame_shape == (2, 3)
    node = again.history.nodes[again.history.head]
    assert (node.version, node.parameters) == (3, {"lines": 2})


def test_array_is_given_by_the_id_of_its_node(steps, dataset):
    maps = steps["sum"](steps["crop"](dataset, rows=2))
    again = replay(maps.history, {dataset.history.head: dataset})
    assert np.array_equal(again["sum"], maps["sum"])
    assert again.history.head == maps.history.head
    assert replay(dataset.history, {"dataset": dataset}) is dataset


def test_one_name_may_not_stand_for_several_arrays(steps, dataset):
    other = Dataset.from_array(np.ones((2, 4, 3)))
    added = steps["add"](steps["crop"](dataset, rows=2), steps["crop"](other, rows=2, method="last"))
    with pytest.raises(WorkflowError, match="'dataset' stands for several datasets of this history") as caught:
        replay(added.history, {"dataset": dataset})
    for root in (dataset, other):
        assert root.history.head in str(caught.value)
    again = replay(added.history, {dataset.history.head: dataset, other.history.head: other})
    assert np.array_equal(again.frames, added.frames)
    again = replay(added.history, {"dataset": dataset, other.history.head: other})
    assert np.array_equal(again.frames, added.frames)
    with pytest.raises(WorkflowError, match="give it: inputs={'[0-9a-f]{16}': "):
        replay(added.history)


def test_arrays_of_different_names_need_no_ids(steps, dataset):
    other = Dataset.from_array(np.ones((2, 4, 3)))
    added = steps["add"](dataset, other)
    assert np.array_equal(replay(added.history, {"dataset": dataset, "background": other}).frames, added.frames)


def test_dataset_of_another_form_warns(steps, dataset):
    history = History.from_json(steps["crop"](dataset, rows=2).history.to_json())
    with pytest.warns(DarfixWarning, match=r"made from an array of the shape \(2, 4, 3\) and the type float64;"):
        replay(history, {"dataset": Dataset.from_array(np.ones((1, 4, 3)))})


@pytest.fixture
def scan(tmp_path):
    return write_scan(tmp_path / "scan.h5", small_stack(4), {"mu": [1.0, 2.0, 3.0, 4.0]})


def test_same_files_give_no_warning(scan, recwarn):
    dataset = load(str(scan))
    assert replay(dataset.history).history.head == dataset.history.head
    assert not recwarn.list


def test_changed_file_warns(scan):
    history = roi(load(str(scan)), origin=(0, 0), shape=(2, 2)).history
    os.utime(scan, (1e9, 1e9))
    with pytest.warns(
        DarfixWarning, match=rf"{scan} has changed since the result was made: it was written on \d+-"
    ) as told:
        replay(history)
    assert len(told) == 1
    with h5py.File(scan, "a") as file:
        file["more"] = np.zeros(1000)
    with pytest.warns(DarfixWarning, match=r"it had \d+ bytes and has \d+"):
        replay(history)


def test_series_of_files_that_changed_warns_once(tmp_path):
    frame = edf_frame(np.ones((4, 3), dtype=np.uint16))
    for number in range(3):
        (tmp_path / f"a{number}.edf").write_bytes(frame)
    history = load(str(tmp_path / "*.edf")).history
    (tmp_path / "a3.edf").write_bytes(frame)
    os.utime(tmp_path / "a1.edf", (1e9, 1e9))
    with pytest.warns(DarfixWarning, match=r"a1.edf has changed.* \(and 1 more of its files differ\)") as told:
        replay(history)
    assert len(told) == 1
