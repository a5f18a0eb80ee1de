from __future__ import annotations

import json

from darfix_core.cli import main
from darfix_core.engine import registry


def test_steps_are_listed(calls, capsys):
    assert main(["steps"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["step", "widget", "what", "it", "does"]
    assert lines[1].split() == ["load", "Load", "Load", "a", "text", "file"]


def test_a_step_is_described_with_units_and_defaults(calls, capsys):
    assert main(["steps", "crop"]) == 0
    out = capsys.readouterr().out
    assert "crop: Crop (version 2)" in out
    assert "rows: an integer of at least 1 or None, in px; default None\n    How many." in out
    assert main(["steps", "load"]) == 0
    assert "must be given" in capsys.readouterr().out


def test_unknown_step(calls, capsys):
    assert main(["steps", "krop"]) == 2
    assert capsys.readouterr().err == "darfix-core: error: no step 'krop'; did you mean 'crop'?\n"


def test_terminal_gets_a_table(calls, capsys, monkeypatch):
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    assert main(["steps"]) == 0
    assert "─" in capsys.readouterr().out


def test_steps_are_described_for_programs(calls, capsys):
    assert main(["steps", "--json"]) == 0
    assert [step["id"] for step in json.loads(capsys.readouterr().out)] == list(registry.STEP_MODULES)
    assert main(["steps", "crop", "--json"]) == 0
    step = json.loads(capsys.readouterr().out)
    assert step["inputs"] == {"dataset": {"kind": "Dataset", "optional": False, "many": False}}
    assert step["outputs"] == {"dataset": "Dataset"}
    assert step["parameters"]["rows"] == {
        "allowed": "an integer of at least 1 or None",
        "choices": [],
        "unit": "px",
        "required": False,
        "default": None,
        "description": "How many.",
    }
