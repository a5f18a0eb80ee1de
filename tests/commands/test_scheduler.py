"""``--scheduler``: a cluster computes."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from darfix_core import load_maps
from darfix_core.cli import main


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    folder = tmp_path_factory.mktemp("demo") / "demo"
    assert main(["demo", "--output", str(folder)]) == 0
    return folder


def test_run_on_a_local_cluster_gives_the_maps_of_threads(demo, tmp_path):
    command = [sys.executable, "-m", "darfix_core.cli", "run", str(demo / "mosaicity.ows"), "--output", str(tmp_path)]
    done = subprocess.run([*command, "--scheduler", "local:2"], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert all(line.startswith("[") for line in done.stderr.splitlines()), done.stderr
    expected = load_maps(next(demo.glob("*maps*.h5")))
    found = load_maps(next(tmp_path.glob("*.h5")))
    for name in expected:
        np.testing.assert_allclose(found[name], expected[name], rtol=1e-9, atol=1e-9, err_msg=name)


def test_scheduler_that_is_none_is_an_error_of_one_line(demo, tmp_path, capsys):
    flow, output = str(demo / "mosaicity.ows"), str(tmp_path / "out")
    assert main(["run", flow, "--output", output, "--scheduler", "nowhere"]) == 2
    assert "scheduler must be 'threads', 'local', 'local:N' or an address, got 'nowhere'" in capsys.readouterr().err
