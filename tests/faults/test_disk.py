"""Disks that are full and folders that cannot be written to: one line that names the file, and nothing left behind."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import darfix_core as dc
from darfix_core.cli import main
from darfix_core.errors import DataFileError
from darfix_core.figures import files
from darfix_core.workflow.demo import tutorial_file
from darfix_core.workflow.ows import write_changed
from tests.bliss_files import mesh, write_scan

resource = pytest.importorskip("resource", reason="Windows limits no file sizes")


@pytest.fixture
def flow(tmp_path):
    """The tutorial on a small scan; it writes maps of 24 x 32 pixels and both pictures."""
    chi, mu = mesh(np.linspace(-0.2, 0.2, 5), np.linspace(-0.3, 0.3, 7))
    y, x = np.mgrid[-1:1:24j, -1:1:32j]
    # Narrow curves, so that the median is the background of every pixel.
    distance = ((chi[:, None, None] - 0.02 * y) / 0.05) ** 2 + ((mu[:, None, None] - 0.02 * x) / 0.05) ** 2
    stack = np.rint(100 + 2000 * np.exp(-distance / 2)).astype(np.uint16)
    (tmp_path / "in").mkdir()
    write_scan(tmp_path / "in" / "scan.h5", stack, {"chi": chi, "mu": mu})
    changes = {
        "Data Selection": {"path": "scan.h5"},
        "ROI Selection": {"origin": (0, 0), "shape": None},
        "Save Maps": {"path": "maps.h5"},
    }
    write_changed(tutorial_file("mosaicity.ows"), tmp_path / "in" / "flow.ows", changes)
    return tmp_path / "in" / "flow.ows"


@pytest.fixture
def longest_file():
    """Sets the size beyond which this process can write no file, as a full disk or a quota does."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    yield lambda size: resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


def last_line(capsys):
    lines = capsys.readouterr().err.splitlines()
    assert [line for line in lines if not line.startswith("[")] == lines[-1:]
    return lines[-1]


def sizes_of(folder):
    return {path.name: path.stat().st_size for path in folder.rglob("*")}


def test_no_room_for_any_of_the_files(flow, tmp_path, capsys, longest_file):
    command = ["run", str(flow), "--output"]
    assert main([*command, str(tmp_path / "whole")]) == 0
    capsys.readouterr()
    sizes = sizes_of(tmp_path / "whole")
    largest = max(sizes, key=sizes.get)
    for size in (0, 3000, sizes["maps.h5"] - 1, sizes[largest] - 1):
        longest_file(size)
        try:
            assert main([*command, str(tmp_path / "out")]) == 2
        finally:
            longest_file(resource.RLIM_INFINITY)
        line = last_line(capsys)
        assert line.startswith("darfix-core: error: node 'Save Maps': ")
        assert line.endswith(": cannot be written: File too large")
        name = "maps.h5" if size < sizes["maps.h5"] else largest
        assert str(tmp_path / "out" / name) in line
        assert not (tmp_path / "out").exists()
    assert main([*command, str(tmp_path / "out")]) == 0
    assert sizes_of(tmp_path / "out").keys() == sizes.keys()


def test_results_that_were_to_be_replaced_stay_when_there_is_no_room(flow, tmp_path, capsys, longest_file):
    command = ["run", str(flow), "--output", str(tmp_path / "out"), "--overwrite"]
    assert main(command) == 0
    before = {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()}
    longest_file(5000)
    assert main(command) == 2
    longest_file(resource.RLIM_INFINITY)
    assert {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()} == before


def test_demo_without_room_for_its_scan(tmp_path, capsys, longest_file):
    longest_file(200_000)
    status = main(["demo", "--output", str(tmp_path / "demo")])
    longest_file(resource.RLIM_INFINITY)
    assert status == 2
    assert last_line(capsys) == (
        f"darfix-core: error: {tmp_path / 'demo' / 'mosaicity.h5'}: cannot be written: File too large"
    )
    assert list(tmp_path.iterdir()) == []


def in_own_file_systems(script, *arguments):
    """Run a shell script that may mount what it wants: nobody else sees it, and it goes with the script."""
    command = ["unshare", "--map-root-user", "--mount"]
    allowed = (
        shutil.which("unshare")
        and not subprocess.run(
            [*command, "mount", "-t", "tmpfs", "tmpfs", "/mnt"], capture_output=True, check=False
        ).returncode
    )
    if not allowed:
        pytest.skip("mounting a file system is not permitted here")
    return subprocess.run(
        [*command, "sh", "-euc", script, "sh", *map(str, arguments)], capture_output=True, text=True, check=False
    )


COMMAND = f"{sys.executable} -m darfix_core.cli"


def test_full_disk(flow, tmp_path):
    (tmp_path / "disk").mkdir()
    script = f"""
        mount -t tmpfs -o size=$3 tmpfs "$2"
        status=0
        {COMMAND} run "$1" --output "$2/out" || status=$?
        echo "status $status"
        ls -A "$2"
    """
    for size in ("8k", "256k"):
        result = in_own_file_systems(script, flow, tmp_path / "disk", size)
        lines = [line for line in result.stderr.splitlines() if not line.startswith("[")]
        assert result.stdout == "status 2\n", result.stderr
        assert len(lines) == 1
        assert lines[0].startswith(f"darfix-core: error: node 'Save Maps': {tmp_path / 'disk' / 'out'}/maps")
        assert lines[0].endswith(": cannot be written: No space left on device")


def test_file_system_that_is_read_only(flow, tmp_path):
    (tmp_path / "disk").mkdir()
    script = f"""
        mount -t tmpfs -o ro tmpfs "$2"
        status=0
        {COMMAND} run "$1" --output "$2/out" || status=$?
        {COMMAND} demo --output "$2/demo" || status="$status $?"
        echo "status $status"
    """
    result = in_own_file_systems(script, flow, tmp_path / "disk")
    lines = result.stderr.splitlines()
    assert result.stdout.splitlines()[-1] == "status 2 2", result.stderr
    assert lines[0] == (
        f"darfix-core: error: {tmp_path / 'disk' / 'out' / 'maps.h5'}: node 'Save Maps' cannot write into "
        f"{tmp_path / 'disk'}: Read-only file system"
    )
    assert lines[1] == (
        f"darfix-core: error: {tmp_path / 'disk' / 'demo' / 'mosaicity.h5'}: cannot be written: Read-only file system"
    )
    assert len(lines) == 2


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="nothing is forbidden to root")
def test_folder_without_permission(flow, tmp_path, capsys):
    (tmp_path / "closed").mkdir(mode=0o555)
    assert main(["run", str(flow), "--output", str(tmp_path / "closed" / "out")]) == 2
    assert "closed: Permission denied" in last_line(capsys)


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="there is no /proc")
def test_folder_in_which_nothing_can_be_made(flow, capsys):
    assert main(["run", str(flow), "--output", "/proc/out"]) == 2
    line = last_line(capsys)
    assert line.startswith("darfix-core: error: /proc/out/maps.h5: node 'Save Maps' cannot write into /proc: ")
    assert main(["demo", "--output", "/proc/demo"]) == 2
    assert last_line(capsys).startswith("darfix-core: error: /proc/demo/mosaicity.h5: cannot be written: ")


def test_file_in_the_place_of_the_output_folder(flow, tmp_path, capsys):
    (tmp_path / "out").write_text("precious")
    assert main(["run", str(flow), "--output", str(tmp_path / "out" / "deep")]) == 2
    assert last_line(capsys).endswith(f"cannot write into {tmp_path / 'out'}: it is no folder")
    assert main(["demo", "--output", str(tmp_path / "out")]) == 2
    assert str(tmp_path / "out" / "mosaicity.h5") in last_line(capsys)
    assert (tmp_path / "out").read_text() == "precious"


@pytest.mark.parametrize("name", ["overview", "mosaicity"])
def test_disk_that_fills_up_while_a_picture_is_written(flow, tmp_path, capsys, monkeypatch, name):
    def fill_up(figure, path):
        path.write_bytes(b"half of it")
        if path.stem.startswith(f".maps_{name}"):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(files, "write_png", fill_up)
    assert main(["run", str(flow), "--output", str(tmp_path / "out")]) == 2
    picture = tmp_path / "out" / f"maps_{name}.png"
    assert last_line(capsys).endswith(f"{picture}: cannot be written: No space left on device")
    assert not (tmp_path / "out").exists()


def test_dataset_that_is_larger_than_the_disk(tmp_path, longest_file):
    dataset = dc.Dataset.from_array(np.random.default_rng(1).integers(0, 1000, (50, 64, 64)), {"mu": np.arange(50.0)})
    for size in (0, 5000, 100_000):
        longest_file(size)
        try:
            with pytest.raises(DataFileError, match=r"scan\.h5: cannot be written: File too large"):
                dc.save_dataset(dataset, path=str(tmp_path / "out" / "scan.h5"))
        finally:
            longest_file(resource.RLIM_INFINITY)
        assert list(tmp_path.iterdir()) == []
