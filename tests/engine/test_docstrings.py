"""What numpydoc docstrings say."""

from __future__ import annotations

from darfix_core.engine.docstrings import docstring_section, first_paragraph, parameter_descriptions

_TEXT = """Set counts
    to zero.

    More of it.

    Parameters
    ----------
    bottom, top : float, counts
        Limits.

        Both belong to what is kept.
    frames

    Returns
    -------
    ndarray
        The rest.
    """


def test_parameters_that_share_an_entry_share_its_text():
    both = "Limits. Both belong to what is kept."
    assert parameter_descriptions(_TEXT) == {"bottom": both, "top": both, "frames": ""}


def test_docstring_without_parameters_describes_none():
    assert parameter_descriptions("No parameters here.") == parameter_descriptions("") == {}


def test_first_paragraph_is_one_line():
    assert first_paragraph(_TEXT) == "Set counts to zero."
    assert first_paragraph("") == ""


def test_section_gives_its_entries_up_to_the_next_one():
    assert docstring_section(_TEXT, "Returns") == [("ndarray", "The rest.")]
    assert [head for head, _ in docstring_section(_TEXT, "Parameters")] == ["bottom, top : float, counts", "frames"]
    assert docstring_section(_TEXT, "Raises") == []
