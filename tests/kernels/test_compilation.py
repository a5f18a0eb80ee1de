"""Where compiled kernels are kept."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

CODE = """
import numpy as np
from darfix_core.kernels.layout import row_major_view
from darfix_core.kernels.percentile import order_statistic
from darfix_core.kernels import compilation
image = np.empty((2, 3), np.uint16)
order_statistic(row_major_view(np.arange(18, dtype=np.uint16).reshape(3, 2, 3)), 1, 0, 5, image)
assert image[0, 0] == 6
print(compilation.cache_folder())
"""


def run(**environment: str) -> subprocess.CompletedProcess:
    clean = {name: value for name, value in os.environ.items() if name != "NUMBA_CACHE_DIR"}
    return subprocess.run(
        [sys.executable, "-c", CODE], env=clean | environment, capture_output=True, text=True, timeout=120, check=False
    )


def test_kernels_are_kept_in_the_users_cache(tmp_path):
    done = run(XDG_CACHE_HOME=str(tmp_path), HOME=str(tmp_path))
    assert done.returncode == 0, done.stderr
    folder = Path(done.stdout.strip())
    assert folder.is_relative_to(tmp_path)
    assert list(folder.rglob("*.nbc"))


def test_cache_that_cannot_be_made_does_not_stop_the_computation(tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("no folder can be made here")
    done = run(XDG_CACHE_HOME=str(blocked), HOME=str(blocked), TMPDIR=str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert Path(done.stdout.strip()).is_relative_to(tmp_path)


def test_setting_of_other_programs_stays(monkeypatch):
    numba = pytest.importorskip("numba")
    from darfix_core.kernels.compilation import kernel

    monkeypatch.setattr(numba.config, "CACHE_DIR", "elsewhere")

    @kernel()
    def one():
        return 1

    assert numba.config.CACHE_DIR == "elsewhere"
