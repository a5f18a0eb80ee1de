"""The documentation: pictures that are made by the code, names and commands that exist."""

from __future__ import annotations

import ast
import importlib
import re
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import darfix_core as dc
from darfix_core.cli import make_parser
from darfix_core.engine.registry import all_steps, get_step
from darfix_core.workflow.demo import write_demo_scan

DOCS = Path(__file__).parents[2] / "docs"
PAGES = sorted(page for page in DOCS.rglob("*.md") if "_build" not in page.parts and "decisions" not in page.parts)


def blocks(page, language):
    """Texts of the code blocks of a page."""
    found, lines = [], None
    for line in page.read_text(encoding="utf8").splitlines():
        if line.startswith("```"):
            if lines is None:
                lines, wanted = [], line[3:] == language
            else:
                if wanted:
                    found.append("\n".join(lines))
                lines = None
        elif lines is not None:
            lines.append(line)
    return found


def test_pictures_are_made_by_the_code(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(DOCS)
    figures = importlib.import_module("_pictures.figures")
    monkeypatch.setattr("_pictures.files.DPI", 30)  # small ones are written faster
    made = figures.make_figures(tmp_path / "docs", write_demo_scan(tmp_path / "scan.h5"))
    assert {str(path.relative_to(tmp_path / "docs")) for path in made} == {
        str(path.relative_to(DOCS))
        for folder in ("pictures", "steps/pictures")
        for path in (DOCS / folder).glob("*.png")
        if not path.stem.endswith("_widget")
    }
    assert all(path.stat().st_size > 1_500 for path in made)


def test_kept_pictures_are_small():
    sizes = [path.stat().st_size for path in DOCS.rglob("*.png") if "_build" not in path.parts]
    assert max(sizes) < 300_000
    assert np.mean(sizes) < 100_000


def command_lines(block):
    """Commands of a block; one goes on where a line ends in a backslash or within quotes."""
    command = ""
    for line in block.replace("\\\n", " ").splitlines():
        command += line
        if command.count("'") % 2 == 0:
            yield command
            command = ""
    assert not command, "quotes are not closed"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(DOCS)))
def test_commands_on_the_pages_are_understood(page):
    """Every ``darfix-core`` line of the code blocks goes through the parser."""
    for words in (shlex.split(line, comments=True) for block in blocks(page, "") for line in command_lines(block)):
        while words and "=" in words[0]:
            words.pop(0)
        if words[:1] == ["darfix-core"] and words[1:] != ["--version"]:
            options = make_parser().parse_args(words[1:])
            for change in getattr(options, "set", []):
                check_change(change)


def check_change(text):
    """``NODE.PARAMETER=VALUE`` with the title or the id of a step as the node, and one of its parameters."""
    node, _, rest = text.partition(".")
    name, _, value = rest.partition("=")
    step = next(step for step in all_steps() if node in (step.title, step.id))
    assert name in step.parameters.entries, text
    assert value


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(DOCS)))
def test_python_on_the_pages_uses_what_exists(page):
    """Names of the package, and parameters of steps."""
    for block in blocks(page, "python"):
        for call in ast.walk(ast.parse(block)):
            if isinstance(call, ast.Attribute) and isinstance(call.value, ast.Name) and call.value.id == "dc":
                assert call.attr in dc.__all__, call.attr
            if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and hasattr(dc, call.func.attr):
                function = getattr(dc, call.func.attr)
                if hasattr(function, "step"):
                    known = set(get_step(call.func.attr).parameters.entries) | set(get_step(call.func.attr).inputs)
                    assert {keyword.arg for keyword in call.keywords} <= known, ast.unparse(call)


def test_modules_on_the_page_of_the_architecture_exist():
    page = (DOCS / "develop" / "architecture.md").read_text(encoding="utf8")
    names = page.partition("## Names of the io modules")[2].partition("## All modules")[0]
    modules = {path.stem for path in (DOCS.parent / "darfix_core" / "io").glob("*.py")}
    assert set(re.findall(r"`(\w+)`", names)) <= modules
    for module, name in re.findall(r"`((?:io|engine|model)\.\w+)(?:\.(\w+))?`", page):
        found = importlib.import_module(f"darfix_core.{module}")
        assert not name or hasattr(found, name), name


def test_site_is_built_without_a_warning(tmp_path):
    """As by ``make docs``."""
    command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-n", "-q", "-b", "html"]
    done = subprocess.run(
        [*command, "-d", str(tmp_path / "trees"), str(DOCS), str(tmp_path / "html")],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    for name in dc.__all__:
        if name != "__version__":
            text = (tmp_path / "html" / "reference" / "python.html").read_text(encoding="utf8")
            assert f'id="darfix_core.{name}"' in text, name
