"""The demo with the real steps: scan on disk, workflow, maps, comparison with the truth."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from darfix_core.cli import main
from darfix_core.io.maps import load_maps
from darfix_core.workflow.demo import compare_with_truth
from darfix_core.workflow.replay import replay


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Folder in which the demo has run."""
    before = os.getcwd()
    os.chdir(tmp_path_factory.mktemp("work"))
    try:
        assert main(["demo"]) == 0
        yield Path.cwd() / "darfix-demo"
    finally:
        os.chdir(before)


def test_files_are_written(folder):
    names = {"mosaicity.h5", "mosaicity.ows", "maps.h5", "mosaicity.png", "maps_overview.png"}
    assert {path.name for path in folder.iterdir()} == names
    assert (folder / "mosaicity.png").read_bytes().startswith(b"\x89PNG")


def test_orientations_are_recovered(folder):
    rows = compare_with_truth(load_maps(folder / "maps.h5"))
    assert len(rows) == 6
    for row in rows:
        # Some per cent of a step: what a median that is one count too high in the grains does to the centres.
        assert row.found["chi"] == pytest.approx(row.true["chi"], abs=0.004)
        assert row.found["mu"] == pytest.approx(row.true["mu"], abs=0.002)


def test_second_run_replaces_its_own_files_and_shows_the_table(folder, capsys):
    assert main(["demo", "--output", str(folder), "--threads", "2"]) == 0
    out = capsys.readouterr().out.splitlines()
    heading = next(line for line in out if "chi true" in line)
    assert heading.split()[:4] == ["grain", "pixels", "chi", "true"]
    assert heading.split()[-2:] == ["found", "difference"]
    assert sum(line.strip()[:1].isdigit() for line in out) == 6
    assert any("% of a step of 0.05 deg" in line for line in out)


def test_saved_workflow_runs_again_with_changes(folder, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    arguments = ["run", str(folder / "mosaicity.ows"), "--output", "out", "--set", "ROI Selection.shape=(20, 30)"]
    assert main([*arguments, "--set", "Save Maps.figures=False", "--set", "Grain Plot.x_motor=chi"]) == 0
    assert load_maps(tmp_path / "out" / "maps.h5").shape == (20, 30)
    assert main([*arguments, "--dry-run", "--set", "Save Maps.path=other.h5"]) == 0
    assert "min_intensity = 1000.0 counts" in capsys.readouterr().out


def test_files_of_others_are_not_replaced(tmp_path, capsys):
    (tmp_path / "maps.h5").write_text("precious")
    assert main(["demo", "--output", str(tmp_path)]) == 2
    assert "was not written by the demo and is not replaced" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["maps.h5"]


def test_history_in_the_file_makes_the_same_maps_again(folder):
    maps = load_maps(folder / "maps.h5")
    again = replay(maps.history)
    assert list(again) == list(maps)
    for name in maps:
        assert np.array_equal(again[name], maps[name], equal_nan=True)
