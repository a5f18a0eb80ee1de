"""Forms: every kind of parameter has its editor, shows its value, and gives it back."""

from __future__ import annotations

from typing import Literal

import pytest
from annotated_types import Ge, Gt, Lt, MultipleOf

from darfix_core.engine.parameters import Parameter


def test_values_are_told_in_words():
    from orangecontrib.dfxm.views.parameter_form import value_text

    tolerance = Parameter("tolerance", float | None, None, description="How far; None: 0.3.", unit="step")
    assert value_text(tolerance, None) == "default: 0.3"
    assert value_text(tolerance, 0.2) == "0.2 step"
    assert value_text(Parameter("shape", tuple[int, int], (4, 5), unit="px"), (4, 5)) == "4, 5 px"
    assert value_text(Parameter("figures", bool, True), True) == "yes"


@pytest.fixture
def make_form(qtbot):
    from orangecontrib.dfxm.views.parameter_form import ParameterForm

    def make(*parameters):
        form = ParameterForm(parameters)
        qtbot.addWidget(form)
        return form

    return make


@pytest.mark.parametrize(
    ("annotation", "value"),
    [
        (bool, True),
        (int, -7),
        (float, 0.125),
        (float, 1e-9),
        (str, "text"),
        (str | None, "text"),
        (str | None, None),
        (int | None, 5),
        (int | None, None),
        (float | None, 2.5),
        (float | None, None),
        (tuple[int, int], (3, 4)),
        (tuple[int, int] | None, (3, 4)),
        (tuple[int, int] | None, None),
        (tuple[float, float], (0.5, 1.5)),
        (tuple[str, ...], ("mu", "chi")),
        (tuple[float, ...], (0.5, 1.5, 2.5)),
        (Literal["median", "mean"], "mean"),
        (Literal["median", "mean"] | None, None),
        (Literal[1, 2, 4], 4),
    ],
)
def test_value_comes_back_as_it_was(make_form, annotation, value):
    form = make_form(Parameter("entry", annotation, None))
    form.set_value("entry", value)
    assert form.value("entry") == value
    assert type(form.value("entry")) is type(value)


def test_constraints_limit_the_integer(make_form):
    form = make_form(Parameter("kernel", int, 3, constraints=(Ge(3), Lt(10), MultipleOf(2))))
    spin = form.editors["kernel"].spin
    assert (spin.minimum(), spin.maximum(), spin.singleStep()) == (3, 9, 2)
    assert make_form(Parameter("n", int, 1, constraints=(Gt(0),))).editors["n"].spin.minimum() == 1


def test_value_outside_the_limits_is_shown_and_left_to_the_step(make_form):
    form = make_form(Parameter("kernel", int, 3, constraints=(Ge(3),)))
    form.set_value("kernel", -1)
    assert form.value("kernel") == -1


@pytest.mark.parametrize("text", ["nan", "inf", "1e999", "ten"])
def test_text_that_is_no_number_stays_text(make_form, text):
    """Settings are literals, which nan and infinity are not."""
    form = make_form(Parameter("limit", float, 0.0))
    form.editors["limit"].line.setText(text)
    assert form.value("limit") == text


@pytest.mark.parametrize("value", ["text", None, (1,), {}])
def test_value_of_the_wrong_kind_does_no_harm(make_form, value):
    form = make_form(
        Parameter("number", int, 0), Parameter("pair", tuple[int, int], (0, 0)), Parameter("real", float, 0.0)
    )
    for name in ("number", "pair", "real"):
        form.set_value(name, value)
    for name, good in {"number": 3, "pair": (1, 2), "real": 0.5}.items():
        form.set_value(name, good)
        assert form.value(name) == good


@pytest.mark.parametrize("wrong", [[1], {"a": 1}])
def test_tip_tells_of_what_cannot_be_shown_until_something_can(make_form, wrong):
    form = make_form(Parameter("method", Literal["mean", "median"], "mean", description="How frames are combined."))
    form.set_value("method", wrong)
    assert form.editors["method"].toolTip() == f"{wrong!r} cannot be shown here"
    assert form.editors["method"].choices == ("mean", "median")
    form.set_value("method", "median")
    assert form.editors["method"].toolTip().startswith("How frames are combined.")
    assert form.value("method") == "median"


def test_unit_and_description_are_shown(make_form):
    form = make_form(Parameter("border", int, 0, unit="px", description="Rows to leave out."))
    assert form.editors["border"].spin.suffix() == " px"
    assert "Rows to leave out." in form.editors["border"].toolTip()
    assert "an integer" in form.editors["border"].toolTip()


@pytest.mark.parametrize(
    ("description", "meaning"),
    [
        ("Rows to keep; None: up to the end.", "default: up to the end"),
        ("At most 0.4 step. None: 0.3.", "default: 0.3"),
        ("Rows. None: all of them; others are left out.", "default: all of them"),
        ("Rows to keep.", "default"),
        ("None: a text that is by far too long for a check box in a form.", "default"),
    ],
)
def test_meaning_of_none_comes_from_the_description(description, meaning):
    from orangecontrib.dfxm.views.parameter_form import meaning_of_none

    assert meaning_of_none(Parameter("shape", int | None, None, description=description)) == meaning


def test_user_edits_are_told_and_program_edits_are_not(make_form, qtbot):
    form = make_form(Parameter("check", bool, False), Parameter("n", int, 0), Parameter("limit", float | None, None))
    told = []
    form.edited.connect(told.append)
    form.set_value("check", True)
    form.set_value("n", 4)
    form.set_value("limit", 2.0)
    assert told == []
    form.editors["check"].check.click()
    form.editors["n"].spin.setValue(5)
    form.editors["limit"].check.click()
    assert told == ["check", "n", "limit"]
    assert form.value("limit") is None


def test_leaving_an_unchanged_field_is_no_edit(make_form, qtbot):
    form = make_form(Parameter("limit", float, 0.0), Parameter("text", str, ""))
    form.set_value("limit", 1.5)
    told = []
    form.edited.connect(told.append)
    form.editors["limit"].line.editingFinished.emit()
    form.editors["text"].line.editingFinished.emit()
    assert told == []


def test_kind_without_an_editor_is_refused(make_form):
    with pytest.raises(TypeError, match="no editor for 'table'"):
        make_form(Parameter("table", tuple[dict, ...], ()))
