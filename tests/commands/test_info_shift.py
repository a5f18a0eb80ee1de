"""``darfix-core info`` of a shift."""

from __future__ import annotations

import json

import numpy as np
import pytest

import darfix_core as dc
from darfix_core.cli import main


@pytest.fixture
def shift_file(tmp_path):
    mu = np.array([0.0, 0.1, 0.2])
    shift = dc.Shift(
        np.outer(mu, (10, -5)), None, [True, True, False], "fine", (10, -5), "mu", {"mu": mu}, {"mu": "deg"}
    )
    dc.save_shift(shift, path=tmp_path / "shift.txt")
    return str(tmp_path / "shift.txt")


def test_range_verdict_and_velocity_are_told(shift_file, capsys):
    assert main(["info", shift_file]) == 0
    told = capsys.readouterr().out
    assert "shift of 3 frames" in told
    assert "Trusted in 2 of 3 frames: fine" in told
    assert "dy 10, dx -5 px per deg of mu" in told
    assert [line.split() for line in told.splitlines()][-2:] == [["dy", "0", "2", "-"], ["dx", "-1", "0", "-"]]


def test_the_same_is_told_to_programs(shift_file, capsys):
    assert main(["info", shift_file, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["kind"], told["n_frames"], told["n_trusted"]) == ("shift of darfix-core", 3, 2)
    assert told["ranges"]["dx"] == {"lowest": -1.0, "highest": 0.0, "uncertainty": None}


def test_steps_that_found_it_are_told(tmp_path, capsys, monkeypatch):
    (tmp_path / "typed.csv").write_text("dy,dx\n0,0\n1,2\n")
    dc.save_shift(dc.load_shift(tmp_path / "typed.csv"), path=tmp_path / "saved.txt")
    assert main(["info", str(tmp_path / "saved.txt")]) == 0
    assert "load_shift (version 1)" in capsys.readouterr().out


def test_options_of_scans_are_refused(shift_file, capsys):
    assert main(["info", shift_file, "--scan", "1.1"]) != 0
    assert "holds a shift: leave out --scan" in capsys.readouterr().err
