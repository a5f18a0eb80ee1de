"""Parameters are literal and checked; whoever gets one wrong is told which, what is allowed and what it got."""

from __future__ import annotations

import ast
import inspect
import json
from importlib import import_module
from typing import Annotated, Literal, get_args, get_origin

import numpy as np
import pytest

from darfix_core.engine.parameters import union_members
from darfix_core.engine.registry import get_step

from .cases import FURTHER, PURE, STEPS, inputs_of, required_of, tried

LITERAL_TYPES = {str, int, float, bool, type(None)}
#: Parameter with numbers that has no unit -> why it needs none.
NO_UNIT = {
    "noise_removal.operations": "the parameters of an operation have the units of the step of that name",
    "concatenate.values": "places are in the unit of their motor, which the table of the widget shows",
    "find_shift.lags": "positions of a motor, counted",
    "find_shift.reference_frame": "numbers of frames, counted, are names rather than amounts",
    "shift_correction.lags": "positions of a motor, counted",
    "shift_correction.reference_frame": "numbers of frames, counted, are names rather than amounts",
    "load.frames": "numbers of frames, counted, are names rather than amounts",
    "define_dimensions.dimensions": "positions are in the unit of their motor, which the table of the widget shows",
    "select_frames.frames": "numbers of frames, counted, are names rather than amounts",
    "select_frames.ranges": "positions are in the unit of their motor, which the table of the widget shows",
}


def leaves(annotation):
    """Plain types that an annotation is made of, choices left out."""
    if get_origin(annotation) is Annotated:
        annotation = get_args(annotation)[0]
    members = union_members(annotation)
    if len(members) > 1:
        return [leaf for member in members for leaf in leaves(member)]
    if get_origin(annotation) is Literal:
        return [type(value) for value in get_args(annotation)]
    if get_origin(annotation) in (tuple, dict):
        return [leaf for part in get_args(annotation) if part is not Ellipsis for leaf in leaves(part)]
    return [annotation]


def entries(*, numbers=False):
    """Step and parameter, for each that there is; only those that hold numbers, where these are wanted."""
    found = []
    for name in STEPS:
        for entry in get_step(name).parameters.entries.values():
            kinds = [] if entry.choices else leaves(entry.annotation)
            if not numbers or {int, float} & set(kinds):
                found.append(pytest.param(name, entry, id=f"{name}.{entry.name}"))
    return found


@pytest.mark.parametrize(("name", "entry"), entries())
def test_parameters_are_literal_and_given_by_name(name, entry):
    step = get_step(name)
    assert set(leaves(entry.annotation)) <= LITERAL_TYPES
    declared = inspect.signature(step.function).parameters[entry.name]
    # The file to read may be given without its name: load("scan.h5").
    assert (declared.kind is inspect.Parameter.KEYWORD_ONLY) != (entry.name == step.input_path)


@pytest.mark.parametrize(("name", "entry"), entries(numbers=True))
def test_numbers_have_a_unit_or_a_reason(name, entry):
    reason = NO_UNIT.get(f"{name}.{entry.name}")
    if reason is None:
        assert entry.unit, f"{entry.name} of {name}: Annotated[..., Unit('px')], or a reason in NO_UNIT"
    else:
        assert not entry.unit, f"{entry.name} of {name} has a unit: it need not stand in NO_UNIT"


def test_reasons_belong_to_parameters_with_numbers():
    assert set(NO_UNIT) <= {entry.id for entry in entries(numbers=True)}


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


@pytest.mark.parametrize(("name", "entry"), entries())
def test_parameter_of_the_wrong_kind_raises(name, entry):
    step = get_step(name)
    for wrong in (object(), {1, 2}, b"bytes", 1j):
        with pytest.raises((TypeError, ValueError), match=f"{entry.name} must be"):
            step.parameters.validate(required_of(step) | {entry.name: wrong})


@pytest.mark.parametrize(("name", "entry"), entries())
def test_numbers_are_neither_texts_nor_truth_values(name, entry):
    step, kinds = get_step(name), set(union_members(entry.annotation))
    wrong = [3] if kinds & {bool, str} and not kinds & {int, float} else []
    if kinds & {int, float} and bool not in kinds:
        wrong += [True] + ([] if str in kinds else ["3"])
        wrong += [np.nan, np.inf] if float in kinds else [2.5]
    for value in wrong:
        with pytest.raises((TypeError, ValueError), match=f"{entry.name} must be"):
            step.parameters.validate(required_of(step) | {entry.name: value})


@pytest.mark.parametrize("name", STEPS)
def test_names_are_free_in_widgets(qapp, name):
    # They become settings: one of the same name as a method of the widget would replace it.
    StepWidget = import_module("orangecontrib.dfxm.widgets.step_widget").StepWidget
    taken = set(dir(StepWidget)) & set(get_step(name).parameters.entries)
    assert not taken, f"parameters of {name} that are attributes of the widgets: {taken}"


@pytest.mark.parametrize("name", FURTHER)
def test_further_values_are_tried(name):
    tried_values = [dict(case.parameters) for case in tried(name)[0]]
    assert all(required_of(get_step(name)) | values in tried_values for values in FURTHER[name])


@pytest.mark.parametrize("name", PURE)
def test_values_that_a_step_does_not_take_are_refused_in_words(name):
    accepted, refused = tried(name)
    assert repr(dict(accepted[0].parameters)) == repr(required_of(get_step(name))), f"{name} refuses its defaults"
    for case, error in refused:
        told = [entry for entry in get_step(name).parameters.entries if entry in str(error)]
        assert told, f"{case}: the message names no parameter: {error}"


@pytest.mark.parametrize("name", PURE)
def test_inputs_of_the_wrong_kind_are_named(name):
    step = get_step(name)
    for entry in step.inputs.values():
        inputs = {
            key: value for key, value in inputs_of(step, optional=True).items() if step.input_of(key) is not entry
        }
        kind = f"list of {entry.kind.__name__}s" if entry.many else entry.kind.__name__
        for wrong in (np.zeros((3, 4, 5)), {"intensity": np.zeros((4, 5))}, "scan.h5"):
            with pytest.raises(TypeError, match=f"{entry.name} must be a {kind}, got"):
                step(**inputs, **{entry.name: wrong})
        if not entry.optional:
            for nothing in (None, ()) if entry.many else (None,):
                with pytest.raises(TypeError, match=f"{name} needs the input '{entry.name}'"):
                    step(**inputs, **{entry.name: nothing})
