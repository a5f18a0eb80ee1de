"""The tutorial in the real canvas, on an X11 screen in memory: every node runs, no window opens by itself."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.skipif(shutil.which("Xvfb") is None, reason="Xvfb is not installed")
def test_tutorial_runs_in_the_real_canvas(tmp_path):
    from darfix_core.workflow.demo import write_demo_scan
    from darfix_core.workflow.ows import read_ows, write_changed

    scan = write_demo_scan(tmp_path / "mosaicity.h5")
    flow, pictures = tmp_path / "flow.ows", tmp_path / "pictures"
    maps, saved = tmp_path / "maps.h5", tmp_path / "saved.ows"
    changes = {
        "Data Selection": {"path": scan.name},  # beside the workflow
        "Save Maps": {"path": str(maps), "overwrite": True},
    }
    write_changed(ROOT / "tutorials" / "mosaicity.ows", flow, changes)
    options = ["--output", pictures, "--canvas-only", "--save", saved]
    result = subprocess.run(
        [sys.executable, ROOT / "tests" / "canvas_screenshot.py", flow, *options],
        capture_output=True,
        text=True,
        timeout=240,
        cwd=tmp_path,
        env={**os.environ, "PYTHONSAFEPATH": "1"},
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    assert "all nodes have run" in result.stdout
    assert ": mosaicity, intensity, chi/center_of_mass" in result.stdout
    assert (pictures / "canvas.png").stat().st_size > 10_000
    # Opening a workflow writes nothing.
    assert not maps.exists()
    # What the canvas saves, the headless runner reads, with the same parameters.
    before, after = read_ows(flow), read_ows(saved)
    assert [node.title for node in after.nodes.values()] == [node.title for node in before.nodes.values()]
    assert len(after.links) == len(before.links)
    for old, new in zip(before.nodes.values(), after.nodes.values(), strict=True):
        assert old.step.parameters.validate(new.parameters) == old.step.parameters.validate(old.parameters)
