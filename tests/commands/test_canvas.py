from __future__ import annotations

import importlib.util
import os

import pytest

from darfix_core.cli import main


@pytest.fixture
def started(monkeypatch):
    """Commands that would have been started."""
    commands = []

    def start(file, command, environment):
        commands.append((command, environment))
        raise SystemExit(0)

    monkeypatch.setattr(importlib.util, "find_spec", lambda name: object())
    monkeypatch.setattr(os, "execve", start)
    monkeypatch.setenv("DISPLAY", ":7")
    return commands


@pytest.mark.skipif(os.name != "posix", reason="elsewhere the canvas is a process beside this one")
def test_canvas_opens_the_workflow(started, tmp_path):
    (tmp_path / "flow.ows").touch()
    with pytest.raises(SystemExit):
        main(["canvas", str(tmp_path / "flow.ows")])
    assert started[0][0][1:] == ["-P", "-m", "Orange.canvas", str(tmp_path / "flow.ows")]
    assert started[0][1]["QT_API"] == "pyqt5"


def test_missing_gui_says_what_to_install(monkeypatch, capsys):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert main(["canvas"]) == 2
    assert "pip install 'darfix-core[gui]'" in capsys.readouterr().err


def test_missing_workflow_and_missing_screen(started, monkeypatch, capsys):
    assert main(["canvas", "nothing.ows"]) == 2
    assert "nothing.ows: no such file" in capsys.readouterr().err
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("sys.platform", "linux")
    assert main(["canvas"]) == 2
    assert "there is no screen" in capsys.readouterr().err
    assert started == []
