"""The tutorials in the real canvas, on an X11 screen in memory: every node runs, no window opens by itself."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import darfix_core as dc
from darfix_core.workflow.demo import write_demo_scan
from darfix_core.workflow.ows import read_ows, write_changed
from darfix_core.workflow.plan import make_plan
from darfix_core.workflow.runner import run_plan
from tests.bliss_files import write_scan
from tests.steps.shift_scenes import Scene

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.skipif(shutil.which("Xvfb") is None, reason="Xvfb is not installed")


def in_canvas(flow, *options):
    """What is printed about a workflow by the canvas that has run it."""
    camera = [sys.executable, ROOT / "tests" / "canvas_screenshot.py", flow, "--canvas-only", *options]
    result = subprocess.run(
        [*camera, "--output", flow.parent / "pictures"],
        capture_output=True,
        text=True,
        timeout=240,
        cwd=flow.parent,
        env={**os.environ, "PYTHONSAFEPATH": "1"},
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    assert "all nodes have run" in result.stdout
    return result.stdout


def test_tutorial_runs_in_the_real_canvas(tmp_path):
    scan = write_demo_scan(tmp_path / "mosaicity.h5")
    flow, maps, saved = tmp_path / "flow.ows", tmp_path / "maps.h5", tmp_path / "saved.ows"
    changes = {
        "Data Selection": {"path": scan.name},  # beside the workflow
        "Save Maps": {"path": str(maps), "overwrite": True},
    }
    write_changed(ROOT / "tutorials" / "mosaicity.ows", flow, changes)
    assert ": mosaicity, intensity, chi/center_of_mass" in in_canvas(flow, "--save", saved)
    assert (tmp_path / "pictures" / "canvas.png").stat().st_size > 10_000
    # Opening a workflow writes nothing.
    assert not maps.exists()
    # What the canvas saves, the headless runner reads, with the same parameters.
    before, after = read_ows(flow), read_ows(saved)
    assert [node.title for node in after.nodes.values()] == [node.title for node in before.nodes.values()]
    assert len(after.links) == len(before.links)
    for old, new in zip(before.nodes.values(), after.nodes.values(), strict=True):
        assert old.step.parameters.validate(new.parameters) == old.step.parameters.validate(old.parameters)


def write_drifting_scan(path):
    """A scan of mu in which the crystal drifts by (-0.2, 0.12) px/frame, with a pedestal of 100 counts."""
    dataset = Scene(shape=(128, 128), n_frames=31, width=3.0, pedestal=100.0).drifting((-0.2, 0.12), 1)
    counts = np.rint(np.maximum(dataset.frames[:], 0)).astype(np.uint16)
    return write_scan(path, counts, {"mu": dataset.positions["mu"]}, units={"mu": "deg"})


def test_preparation_of_a_scan_gives_the_same_maps_in_the_canvas_and_without_it(tmp_path):
    scan = write_drifting_scan(tmp_path / "rocking.h5")
    for name in ("canvas", "headless"):
        changes = {
            "Data Selection": {"path": str(scan)},
            "Grain Plot": {"min_intensity": 1000.0},
            "Save Maps": {"path": str(tmp_path / f"{name}.h5")},
        }
        write_changed(ROOT / "tutorials" / "preprocessing.ows", tmp_path / f"{name}.ows", changes)
    told = in_canvas(tmp_path / "canvas.ows", "--write")
    run_plan(make_plan(read_ows(tmp_path / "headless.ows")))
    found, expected = (dc.load_maps(tmp_path / f"{name}.h5") for name in ("canvas", "headless"))
    assert "the frames were not moved" not in told
    assert found.history.head == expected.history.head
    assert list(found) == list(expected)
    for name in expected:
        assert np.isfinite(expected[name]).mean() > 0.5, name
        # A kernel that its process has compiled itself may round otherwise than one from the cache.
        np.testing.assert_allclose(found[name], expected[name], rtol=1e-6, err_msg=name)
