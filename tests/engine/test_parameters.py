"""Strict checking of parameters, and its messages."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
import pytest
from annotated_types import Ge

from darfix_core.engine.parameters import Check
from darfix_core.engine.registry import step
from darfix_core.model.dataset import Dataset
from darfix_core.units import Unit


@pytest.fixture(scope="module")
def example():
    @step("example", version=1, title="Example")
    def example(
        dataset: Dataset,
        *,
        size: Annotated[int, Ge(3), Unit("px")] = 3,
        level: float | None = None,
        method: Literal["median", "mean"] = "median",
        name: str = "",
        corner: tuple[int, int] = (0, 0),
        exact: bool = False,
    ) -> Dataset:
        """Do nothing.

        Parameters
        ----------
        size : int, px
            Size of the
            window.
        level, name : float
            Something.

        Returns
        -------
        Dataset
        """
        return dataset

    return example.step


@pytest.mark.parametrize(
    ("given", "kind", "message"),
    [
        ({"size": 2}, ValueError, "size must be an integer of at least 3, got 2"),
        ({"size": True}, TypeError, "size must be an integer of at least 3, got True"),
        ({"size": "3"}, TypeError, "size must be an integer of at least 3, got '3'"),
        ({"size": 3.0}, TypeError, "size must be an integer of at least 3, got 3.0"),
        ({"level": "3"}, TypeError, "level must be a number or None, got '3'"),
        ({"level": float("nan")}, ValueError, "level must be a number or None, got nan"),
        ({"level": float("inf")}, ValueError, "level must be a number or None, got inf"),
        ({"method": "mode"}, ValueError, "method must be one of 'median', 'mean', got 'mode'"),
        ({"name": 3}, TypeError, "name must be a string, got 3"),
        ({"corner": (1, 2, 3)}, ValueError, "corner must be a sequence of 2"),
        ({"corner": (1, "2")}, TypeError, "corner must be a sequence of 2"),
        ({"exact": 1}, TypeError, "exact must be True or False, got 1"),
        ({"sizes": 3}, TypeError, "example has no parameter 'sizes'; did you mean 'size'?"),
    ],
)
def test_wrong_parameters_are_named_with_what_is_allowed(example, given, kind, message):
    with pytest.raises(kind) as caught:
        example.parameters.validate(given)
    assert message in str(caught.value)


def test_what_users_pass_becomes_a_literal(example):
    given = {"size": np.int64(5), "level": 2, "name": Path("a") / "b", "corner": np.array([1, 2])}
    values = example.parameters.validate(given)
    assert values == {"size": 5, "level": 2.0, "method": "median", "name": "a/b", "corner": (1, 2), "exact": False}
    assert type(values["size"]) is int


def test_parameters_survive_json(example):
    values = example.parameters.validate({"corner": (3, 4), "level": 1.5})
    assert example.parameters.validate(json.loads(json.dumps(values))) == values


def test_descriptions_come_from_the_docstring(example):
    entries = example.parameters.entries
    assert entries["size"].description == "Size of the window."
    assert entries["level"].description == entries["name"].description == "Something."
    assert entries["size"].unit == "px"
    assert entries["method"].choices == ("median", "mean")


def ascending(values):
    if list(values) != sorted(values):
        raise ValueError(f"limits must be ascending, got {values}")
    return (0, *values)


def test_check_completes_a_value_and_refuses_another():
    @step("checked", version=1, title="Checked")
    def checked(dataset: Dataset, *, limits: Annotated[tuple[int, ...], Check(ascending)] = ()) -> Dataset:
        """Example.

        Parameters
        ----------
        limits : tuple of int
            Something.
        """
        return dataset

    parameters = checked.step.parameters
    assert parameters.validate({"limits": [3, 4]}) == {"limits": (0, 3, 4)}
    assert parameters.validate({}) == {"limits": (0,)}
    with pytest.raises(ValueError, match=r"limits must be ascending, got \(4, 3\)"):
        parameters.validate({"limits": [4, 3]})
    with pytest.raises(TypeError, match="limits must be a sequence"):
        parameters.validate({"limits": 3})


def test_inputs_are_checked(example, rocking_dataset):
    with pytest.raises(TypeError, match="example needs the input 'dataset': a Dataset"):
        example()
    with pytest.raises(TypeError, match="dataset must be a Dataset, got ndarray"):
        example(np.zeros((3, 3, 3)))
    with pytest.raises(TypeError, match="takes 1 positional"):
        example(rocking_dataset, 3)
    with pytest.raises(TypeError, match="'dataset' twice"):
        example(rocking_dataset, dataset=rocking_dataset)
