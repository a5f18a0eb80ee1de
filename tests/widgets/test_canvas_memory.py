"""A canvas of eight wired widgets holds one stack."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np

from tests.bliss_files import write_scan

ROOT = Path(__file__).parents[2]


def test_eight_wired_widgets_hold_one_stack(tmp_path):
    mu = np.linspace(-0.5, 0.5, 400)
    # Curves one after the other along x; 400 frames are many times the maps that are made of them.
    centre = np.linspace(-0.3, 0.3, 512, dtype=np.float32)
    curves = 100 + 1000 * np.exp(-((mu[:, None].astype(np.float32) - centre) ** 2) / (2 * 0.05**2))
    stack = np.broadcast_to(curves.astype(np.uint16)[:, None], (400, 256, 512))
    storage = {"chunks": (1, 256, 512)}
    scan = write_scan(tmp_path / "scan.h5", stack, {"mu": mu}, storage=storage, copies="none")
    tiny = write_scan(tmp_path / "tiny.h5", stack[:, :32, :32], {"mu": mu}, copies="none")
    command = [sys.executable, "-m", "benchmarks.canvas_chain", str(scan), str(tiny)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=240, check=False)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["nodes"] == 8
    assert found["stack"] > 100
    # MB. The background needs the curves of all pixels once; blocks, maps and views take what comes beside that.
    assert found["peak"] < found["stack"] + 150
    assert found["held"] < found["stack"]
