"""F1 in the real canvas, on an X11 screen in memory."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.skipif(shutil.which("Xvfb") is None, reason="Xvfb is not installed")
def test_f1_opens_the_page_of_the_widget(tmp_path):
    picture = tmp_path / "help.png"
    result = subprocess.run(
        [sys.executable, ROOT / "tests" / "docs" / "press_f1.py", ROOT / "tutorials" / "mosaicity.ows"]
        + ["--node", "ROI Selection", "--output", picture],
        capture_output=True,
        text=True,
        timeout=180,
        cwd=tmp_path,
        env={**os.environ, "PYTHONSAFEPATH": "1"},
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    assert "ROI Selection - help" in result.stdout
    assert picture.stat().st_size > 10_000
