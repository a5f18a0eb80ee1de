"""Commands that are killed: what they leave is whole or absent, and the next run does not stumble over it.

50 kills by default; the environment variable DARFIX_KILLS asks for another number.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import h5py
import hdf5plugin  # noqa: F401  (reads the compressed frames)
import numpy as np
import pytest
from PIL import Image

from darfix_core.io.maps import load_maps
from darfix_core.workflow.demo import is_demo_scan
from darfix_core.workflow.ows import read_ows

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="Windows knows neither fork nor kill -9")

ROOT = Path(__file__).parents[2]
N_KILLS = int(os.environ.get("DARFIX_KILLS", "50"))
N_COMMANDS = max(2, N_KILLS // 12)
N_DEMOS = N_KILLS // 4
PICTURES = ("maps_overview.png", "maps_mosaicity.png")
DEMO_FILES = {"mosaicity.h5", "mosaicity.ows", "maps.h5", "mosaicity.png", "maps_overview.png"}
KILLED = -signal.SIGKILL


class WarmProcess:
    """See `tests.faults.warm_process`."""

    def __init__(self, folder: Path) -> None:
        self._log = folder / "log.txt"
        command = [sys.executable, "-m", "tests.faults.warm_process"]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT, env={**os.environ}
        )

    def ask(self, **request: object) -> dict:
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        assert answer, "the process has ended"
        return json.loads(answer)

    def run(self, *arguments: object, kill_after: float | None = None, kill_at: int | None = None) -> dict:
        return self.ask(
            arguments=[str(argument) for argument in arguments],
            log=str(self._log),
            kill_after=kill_after,
            kill_at=kill_at,
        )

    def check_run(self, *arguments: object) -> float:
        """Run a command that must succeed, and tell how long it takes."""
        answer = self.run(*arguments)
        assert answer["status"] == 0, self.log
        return answer["seconds"]

    @property
    def log(self) -> str:
        return self._log.read_text()

    def end(self) -> None:
        self._process.stdin.close()
        self._process.wait(10)


@pytest.fixture(scope="module")
def warm(tmp_path_factory):
    folder = tmp_path_factory.mktemp("warm")
    process = WarmProcess(folder)
    assert process.ask(warm_up=["demo", "--output", str(folder / "demo"), "--threads", "2"])["status"] == 0
    yield process
    process.end()


@pytest.fixture
def flow(warm, tmp_path):
    """A workflow with its scan, both small."""
    warm.check_run("demo", "--output", tmp_path / "demo")
    return tmp_path / "demo" / "mosaicity.ows"


def moments(rng, n, seconds):
    """When to kill: half of the times at any moment, half towards the end, where files are written."""
    return [seconds * (rng.uniform(0, 1.02) if k % 2 else rng.uniform(0.6, 1.02)) for k in range(n)]


def hidden(folder):
    return sorted(path.name for path in folder.rglob(".*")) if folder.exists() else []


def visible(folder):
    return {path.name for path in folder.iterdir() if not path.name.startswith(".")} if folder.exists() else set()


def check_whole(folder):
    """Open all that stands in a folder, every byte of it."""
    for name in visible(folder):
        path = folder / name
        if name == "mosaicity.h5":
            assert is_demo_scan(path)
            with h5py.File(path) as file:
                assert file["1.1/measurement/pco_ff"][:].any(axis=(1, 2)).all()
        elif name == "maps.h5":
            assert "mosaicity" in load_maps(path)
        elif name.endswith(".png"):
            with Image.open(path) as picture:
                picture.load()
        else:
            assert read_ows(path).nodes


def check_pictures_belong_to_maps(folder, shapes):
    """The maps are some of those that may stand there, and no picture of other maps stands beside them."""
    pictures = visible(folder) & set(PICTURES)
    if "maps.h5" not in visible(folder):
        assert not pictures
        return None
    shape = load_maps(folder / "maps.h5").shape
    assert shape in shapes
    for name in pictures:
        with Image.open(folder / name) as picture:
            assert picture.size[::-1] == shape
    return shape


class KilledRuns:
    """Runs of one workflow into one folder, each killed once and then repeated.

    Every second run makes maps of another size, so that the results can be told apart.
    """

    def __init__(self, warm, flow, folder):
        self._warm, self._folder = warm, folder
        # The demo's workflow replaces its files.
        keep = ["--set", "Save Maps.overwrite=False"]
        self._command = ["run", flow, "--output", folder, "--threads", "2", *keep]
        self._shapes = [(30, 40), (34, 44)]
        self.n_killed = 0

    def _options(self, shape):
        return ["--set", f"ROI Selection.shape={shape}", "--set", "ROI Selection.origin=(0, 0)"]

    def whole(self):
        return self._warm.check_run(*self._command, *self._options(self._shapes[0]), "--overwrite")

    def kill(self, *, overwrite, **when):
        """Kill a run, look at what is left, and run it to its end."""
        old, new = self._shapes
        if not overwrite:
            for path in self._folder.iterdir():
                path.unlink()
        options = [*self._options(new), *(["--overwrite"] if overwrite else [])]
        status = self._warm.run(*self._command, *options, **when)["status"]
        assert status in (0, KILLED), self._warm.log
        self.n_killed += status == KILLED
        check_whole(self._folder)
        shape = check_pictures_belong_to_maps(self._folder, [old, new] if overwrite else [new])
        assert shape or not overwrite, "the maps that were to be replaced are gone"
        if shape and not overwrite:
            assert self._warm.run(*self._command, *options)["status"] == 2
            assert "maps.h5: exists already" in self._warm.log
        self._warm.check_run(*self._command, *options, *(["--overwrite"] if shape else []))
        assert visible(self._folder) == {"maps.h5", *PICTURES}
        assert check_pictures_belong_to_maps(self._folder, [new]) == new
        assert hidden(self._folder) == []
        self._shapes.reverse()
        return status


@pytest.mark.parametrize("overwrite", [False, True])
def test_run_killed_at_each_change_of_its_folder(warm, flow, tmp_path, overwrite):
    runs = KilledRuns(warm, flow, tmp_path / "out")
    runs.whole()
    number = 1
    while runs.kill(overwrite=overwrite, kill_at=number) == KILLED:
        number += 1
    # Three files are opened and moved, and old ones kept and removed.
    assert number > (12 if overwrite else 6)


def test_run_killed_at_any_moment(warm, flow, tmp_path):
    runs = KilledRuns(warm, flow, tmp_path / "out")
    seconds = min(runs.whole() for _ in range(2))
    n_kills = N_KILLS - N_DEMOS - N_COMMANDS
    for number, moment in enumerate(moments(np.random.default_rng(1), n_kills, seconds)):
        runs.kill(overwrite=number % 2 == 0, kill_after=moment)
    assert runs.n_killed > n_kills / 2


def test_demo_killed_at_any_moment(warm, tmp_path):
    folder = tmp_path / "demo"
    seconds = warm.check_run("demo", "--output", folder, "--threads", "2")
    n_killed = 0
    for number, moment in enumerate(moments(np.random.default_rng(2), N_DEMOS, seconds)):
        if number % 2:
            for path in folder.iterdir():
                path.unlink()
        n_killed += warm.run("demo", "--output", folder, "--threads", "2", kill_after=moment)["status"] == KILLED
        check_whole(folder)
        assert visible(folder) <= DEMO_FILES | set(PICTURES)
        warm.check_run("demo", "--output", folder)
        assert visible(folder) == DEMO_FILES
        assert hidden(folder) == []
        check_whole(folder)
    assert n_killed > N_DEMOS / 2


def test_real_commands_killed_at_any_moment(warm, flow, tmp_path):
    rng = np.random.default_rng(3)
    for number in range(N_COMMANDS):
        folder = tmp_path / f"out {number}"
        command = [*(["demo"] if number % 2 else ["run", str(flow)]), "--output", str(folder)]
        process = subprocess.Popen(
            [sys.executable, "-m", "darfix_core.cli", *command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        time.sleep(rng.uniform(0.2, 2.0))
        process.kill()
        process.wait()
        check_whole(folder)
        warm.check_run(*command)
        assert visible(folder) == (DEMO_FILES if number % 2 else {"maps.h5", *PICTURES})
        assert hidden(folder) == []
