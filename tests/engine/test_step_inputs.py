"""Inputs that take several values: checked, numbered, and put together again."""

from __future__ import annotations

import pytest

from darfix_core.engine.registry import get_step
from darfix_core.engine.step_inputs import StepInput, gathered, input_name, numbered, spread

SEVERAL = StepInput("words", str, many=True)
INPUTS = {"words": SEVERAL, "number": StepInput("number", int, optional=True)}


def test_several_values_are_a_tuple_of_the_kind():
    assert SEVERAL.checked(["a", "b"], "join") == ("a", "b")
    assert SEVERAL.takes == "several strs"
    with pytest.raises(TypeError, match="words must be a list of strs, got str"):
        SEVERAL.checked("ab", "join")
    with pytest.raises(TypeError, match="words must be a list of strs, number 2 is int"):
        SEVERAL.checked(["a", 1], "join")


@pytest.mark.parametrize("nothing", [None, (), []])
def test_nothing_is_refused_unless_it_may_be_left_out(nothing):
    with pytest.raises(TypeError, match="join needs the input 'words': several strs"):
        SEVERAL.checked(nothing, "join")
    assert StepInput("words", str, optional=True, many=True).checked(nothing, "join") is None


def test_values_are_numbered_and_put_together_in_their_order():
    one_by_one = spread({"words": tuple("abcdefghijk"), "number": 3, "left_out": None})
    assert list(one_by_one)[:2] == [numbered("words", 1), "words 2"]
    assert one_by_one["words 11"] == "k"
    assert "left_out" not in one_by_one
    # As a JSON file may have sorted them: "words 10" comes before "words 2".
    shuffled = dict(sorted(one_by_one.items()))
    assert gathered(shuffled, INPUTS) == {"words": tuple("abcdefghijk"), "number": 3}
    assert input_name("words 11") == input_name("words") == "words"


def test_other_names_stay_as_they_are():
    assert gathered({"number 2": 1, "words two": 2}, INPUTS) == {"number 2": 1, "words two": 2}


def test_steps_take_numbered_values(rocking_dataset):
    step = get_step("concatenate")
    parts = [rocking_dataset, rocking_dataset.replace(metadata={})]
    together = step(parts)
    one_by_one = step(**{"datasets 1": parts[0], "datasets 2": parts[1]})
    assert one_by_one.history.head == together.history.head
    assert step.input_of("datasets 2") is step.inputs["datasets"]
    with pytest.raises(TypeError, match="concatenate has no parameter 'datasets two'"):
        step(parts, **{"datasets two": parts[0]})
