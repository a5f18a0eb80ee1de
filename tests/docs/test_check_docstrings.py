"""The check of the docstrings finds what it is there for."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

import darfix_core as dc

SCRIPT = Path(__file__).parents[2] / "docs" / "check_docstrings.py"

INCOMPLETE = '''
"""Module."""


def scaled(values, factor):
    """Scale values

    Parameters
    ----------
    values : ndarray
    """
    return values * factor


def short(values):
    """Twice the values."""
    return 2 * values
'''


@pytest.fixture
def script(monkeypatch, tmp_path):
    specification = importlib.util.spec_from_file_location("check_docstrings", SCRIPT)
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "incomplete.py").write_text(INCOMPLETE, encoding="utf8")
    entries = __import__("incomplete")
    found = [("incomplete.scaled", entries.scaled), ("incomplete.short", entries.short)]
    monkeypatch.setattr(module, "public_objects", lambda: iter(found))
    yield module
    sys.modules.pop("incomplete", None)


def test_section_that_is_not_complete_is_found(script):
    codes = {line.split(": ")[2].split(" ")[0] for line in script.problems()}
    assert codes == {"PR01", "SS03"}


def test_short_docstring_will_do(script):
    assert not any("incomplete.short" in line for line in script.problems())


def test_functions_of_the_package_state_everything(script, monkeypatch):
    monkeypatch.setattr(dc, "roi", __import__("incomplete").short)
    codes = {line.split(": ")[2].split(" ")[0] for line in script.problems() if "incomplete.short" in line}
    assert codes == {"PR01", "RT01"}
