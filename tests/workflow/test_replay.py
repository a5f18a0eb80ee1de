from __future__ import annotations

import numpy as np
import pytest

from darfix_core.engine import registry
from darfix_core.errors import DarfixWarning, WorkflowError
from darfix_core.model.dataset import Dataset
from darfix_core.model.history import History
from darfix_core.workflow.replay import replay


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


def test_other_version_of_a_step_warns(steps, dataset):
    text = steps["crop"](dataset).history.to_json().replace('"version": 2', '"version": 1')
    with pytest.warns(DarfixWarning, match="made by version 1 of the step, this is version 2"):
        replay(History.from_json(text), {"dataset": dataset})
