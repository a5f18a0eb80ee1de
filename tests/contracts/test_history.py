"""The history of a result is complete, and enough to make the result again, bit for bit."""

from __future__ import annotations

import pytest

import darfix_core as dc
from darfix_core.engine.registry import get_step
from darfix_core.errors import WorkflowError
from darfix_core.model.history import ARRAY, History
from darfix_core.workflow.replay import replay

from .cases import PURE, STEPS, assert_same, cases, required_of

#: Step -> versions whose results this version cannot repeat, and why.
REFUSED: dict[str, dict[int, str]] = {}


def origins(case):
    """Id of each array that the inputs of a case were made from -> that dataset."""
    return {
        key: value
        for value in case.inputs.values()
        for key, node in value.history.nodes.items()
        if node.step == ARRAY and key == value.history.head
    }


def roots(case):
    """The same for inputs that were computed: they begin with the scan."""
    from .cases import scan

    return {scan().history.head: scan()} | origins(case)


@pytest.mark.parametrize("name", PURE)
def test_history_tells_step_version_parameters_and_inputs(name):
    for case in cases(name):
        made = case.main
        node = made.history.nodes[made.history.head]
        assert (node.step, node.version) == (case.step.id, case.step.version), case
        assert dict(node.parameters) == case.step.parameters.validate(case.parameters), case
        assert node.package_version == dc.__version__, case
        assert node.inputs == {key: value.history.head for key, value in case.inputs.items()}, case
        for value in case.inputs.values():
            assert value.history.nodes.keys() <= made.history.nodes.keys(), case


@pytest.mark.parametrize("name", PURE)
def test_history_replays_to_the_same_result(name):
    for case in cases(name):
        for name_of, value in case.step.results(case.result).items():
            if value is None:
                continue
            again = replay(History.from_json(value.history.to_json()), roots(case))
            assert_same(again, value, f"{case}: {name_of}")
            assert again.history.head == value.history.head, case
            assert type(again) is type(value), case


@pytest.mark.parametrize("name", PURE)
def test_other_parameters_and_inputs_make_another_history(name):
    heads = [case.main.history.head for case in cases(name)]
    assert len(set(heads)) == len(heads)


@pytest.mark.parametrize("name", STEPS)
def test_older_versions_are_migrated_or_refused(name):
    step = get_step(name)
    older = set(range(1, step.version))
    refused = set(REFUSED.get(name, {}))
    assert older == set(step.migrations) | refused, f"{name}: versions without a migration and without a reason"
    assert not set(step.migrations) & refused, f"{name}: versions that have a migration and are said to be refused"
    for version in refused:
        with pytest.raises(WorkflowError, match="cannot repeat"):
            step.migrated({}, version)


@pytest.mark.parametrize("name", STEPS)
def test_newer_versions_are_refused(name):
    step = get_step(name)
    with pytest.raises(WorkflowError, match=f"made by version {step.version + 1}"):
        step.migrated(required_of(step), step.version + 1)
