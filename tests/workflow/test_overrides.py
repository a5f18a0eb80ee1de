"""Values of parameters that are given as text."""

from __future__ import annotations

import pytest

from darfix_core.engine.parameters import Parameter
from darfix_core.workflow.overrides import value_of_text


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("1.1", float, 1.1),
        ("1.1", str, "1.1"),
        ("(1, 2)", tuple[int, int], (1, 2)),
        ("[1, 2]", tuple[int, ...], (1, 2)),
        ("{'top': None, 'exact': True}", dict[str, bool | None], {"top": None, "exact": True}),
        ('{"top": null, "exact": true}', dict[str, bool | None], {"top": None, "exact": True}),
        ('[{"top": null}]', tuple[dict[str, None], ...], ({"top": None},)),
        ("null", str | None, "null"),
        ("[true", str, "[true"),
    ],
)
def test_text_is_a_literal_of_python_or_json_where_that_fits(text, kind, value):
    found = value_of_text(Parameter("given", kind, None), text)
    assert found == value
    assert type(found) is type(value)


def test_text_that_fits_nothing_is_shown_as_it_was_given():
    with pytest.raises(TypeError, match=r"given must be a sequence, each entry an integer, got '\[1, two\]'"):
        value_of_text(Parameter("given", tuple[int, ...], None), "[1, two]")
