"""``darfix-core run`` over several files and scans."""

from __future__ import annotations

import os
import signal

import h5py
import numpy as np
import pytest

from darfix_core.cli import main
from darfix_core.engine import registry
from tests.bliss_files import small_stack, write_scan

TUTORIAL = os.path.abspath("tutorials/rocking_curve.ows")
MU = np.linspace(0, 1.1, 12)


@pytest.fixture
def layers(tmp_path, monkeypatch):
    """Three layers, as three files and as three scans of one file."""
    monkeypatch.chdir(tmp_path)
    curve = 1000 * np.exp(-(((MU - 0.5) / 0.15) ** 2))[:, None, None]
    for number in (1, 2, 3):
        for file, scan in ((f"layer_{number}.h5", "1.1"), ("layers.h5", f"{number}.1")):
            stack = (small_stack() % 1000 + curve + 100 * number).astype(np.uint16)
            write_scan(file, stack, {"mu": MU}, scan=scan, constants={"samz": 0.01 * number})
    return [f"layer_{number}.h5" for number in (1, 2, 3)]


def rows(out):
    """Rows of the table."""
    lines = out.splitlines()
    first = next(number for number, line in enumerate(lines) if line.startswith("input"))
    return [line.split(maxsplit=4) for line in lines[first + 1 : -1]]


def test_each_file_is_a_run_and_a_row(layers, capsys, tmp_path):
    assert main(["run", TUTORIAL, "--input", *layers, "--output", "out"]) == 0
    out, err = capsys.readouterr()
    assert [(row[0], row[1], row[3], row[4]) for row in rows(out)] == [
        (file, "1.1", f"out/{file[:-3]}", "ok") for file in layers
    ]
    assert out.splitlines()[-1] == "3 of 3 runs went well"
    assert f"wrote {tmp_path}/out/layer_2/maps.h5" in out
    lines = err.splitlines()
    assert lines[:2] == ["run 1/3: layer_1.h5", "run 1/3 [1/5] Data Selection"]
    assert lines[-1] == "run 3/3 [5/5] Save Maps"


def test_failed_files_are_told_and_the_others_run(layers, capsys):
    with open("text.h5", "w") as file:
        file.write("no HDF5")
    assert main(["run", TUTORIAL, "--input", "layer_1.h5", "no.h5", "text.h5", "layer_2.h5", "--output", "out"]) == 2
    out, err = capsys.readouterr()
    outcomes = [row[4].split(":")[0] for row in rows(out)]
    assert outcomes == ["ok", "failed", "failed", "ok"]
    assert "not an HDF5 file, but a text file" in rows(out)[2][4]
    assert out.splitlines()[-1] == "2 of 4 runs went well"
    assert err.splitlines()[0].startswith("darfix-core: error: no.h5 will not run: ")
    assert sorted(os.listdir("out")) == ["layer_1", "layer_2"]


def test_failed_rows_do_not_say_twice_what_other_columns_tell(layers, capsys, tmp_path):
    os.makedirs("far/away")
    with open("far/away/text.h5", "w") as file:
        file.write("no HDF5")
    assert main(["run", TUTORIAL, "--input", "layer_1.h5", "far/away/text.h5", "no.h5", "--output", "out"]) == 2
    out, err = capsys.readouterr()
    assert [row[4] for row in rows(out)[1:]] == [
        "failed: node 'Data Selection': not an HDF5 file, but a text file",
        "failed: no such file (node 'Data Selection')",
    ]
    # In the log, where no column names it, the path is whole.
    assert f"{tmp_path}/far/away/text.h5: not an HDF5 file" in err
    assert [row[0] for row in rows(out)] == ["layer_1.h5", "text.h5", "no.h5"]


def test_warnings_are_counted_and_empty_maps_are_warned_of(layers, capsys):
    options = ["--set", "Grain Plot.min_intensity=1e9", "--output", "out"]
    assert main(["run", TUTORIAL, "--input", *layers[:2], *options]) == 0
    out, err = capsys.readouterr()
    assert all(row[4].startswith("ok, ") and "warning" in row[4] for row in rows(out))
    assert "warning: Save Maps: no pixel has a value in mu/center_of_mass" in err.replace("intensity, ", "")


def test_files_of_one_name_are_told_apart_in_table_and_progress(layers, capsys):
    for folder in ("a", "b"):
        os.mkdir(folder)
        os.rename(f"layer_{1 + (folder == 'b')}.h5", f"{folder}/scan.h5")
    assert main(["run", TUTORIAL, "--input", "a/scan.h5", "b/scan.h5", "layer_3.h5", "--output", "out"]) == 0
    out, err = capsys.readouterr()
    names = ["a/scan.h5", "b/scan.h5", "layer_3.h5"]
    assert [row[0] for row in rows(out)] == names
    assert [line for line in err.splitlines() if ": " in line] == [
        f"run {n}/3: {name}" for n, name in enumerate(names, 1)
    ]


def test_maps_that_a_pattern_matches_too_are_left_out_and_told(layers, capsys):
    assert main(["run", TUTORIAL, "--input", "layer_1.h5", "--output", "."]) == 0
    os.rename("maps.h5", "layer_1_maps.h5")
    capsys.readouterr()
    assert main(["run", TUTORIAL, "--input", "layer_*.h5", "--output", "out"]) == 0
    out, err = capsys.readouterr()
    assert [row[0] for row in rows(out)] == layers
    [line] = [line for line in err.splitlines() if "warning" in line]
    assert line.endswith("layer_*.h5: left out, since they hold maps: layer_1_maps.h5")
    assert main(["run", TUTORIAL, "--input", "layer_1_maps.h5", "--output", "new"]) == 2
    assert "layer_1_maps.h5: holds maps, no frames" in capsys.readouterr().err


def test_each_scan_is_a_run(layers, capsys):
    assert main(["run", TUTORIAL, "--input", "layers.h5", "--scan", "1.1-3.1", "--output", "out"]) == 0
    assert [(row[1], row[3]) for row in rows(capsys.readouterr().out)] == [
        (f"{number}.1", f"out/{number}.1") for number in (1, 2, 3)
    ]
    with h5py.File("out/2.1/maps.h5") as file:
        assert "ascan mu" in file["entry/title"].asstr()[()]
        assert '"scan": "2.1"' in file["entry/scan/metadata"].asstr()[()]


@pytest.mark.parametrize("options", [["layer_*.h5"], ["layers.h5", "--scan", "all"]])
def test_joined_they_are_one_run_with_a_further_dimension(layers, capsys, options):
    assert main(["run", TUTORIAL, "--output", "out", "--join", "--input", *options]) == 0
    assert "runs went well" not in capsys.readouterr().out
    with h5py.File("out/maps.h5") as file:
        assert {"samz_center_of_mass", "mu_center_of_mass"} <= set(file["entry"])
        assert file["entry/title"].asstr()[()].startswith("3 scans (")


def test_reason_that_all_share_is_one_line(layers, capsys):
    with open(TUTORIAL) as tutorial, open("flow.ows", "w") as file:
        file.write(tutorial.read().replace("'percentile': 5.0", "'percentile': -5.0"))
    assert main(["run", "flow.ows", "--input", *layers, "--output", "out"]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert len(err.splitlines()) == 1
    assert "node 'Background Subtraction': percentile must be" in err


def test_nothing_runs_where_nothing_can(layers, capsys):
    assert main(["run", TUTORIAL, "--input", "a.h5", "b.h5", "--output", "out"]) == 2
    assert "0 of 2 runs went well" in capsys.readouterr().out
    assert not os.path.exists("out")


def test_dry_run_opens_and_shows_all_and_runs_nothing(layers, capsys):
    options = ["--input", *layers[:2], "no.h5", "--output", "out", "--dry-run"]
    assert main(["run", TUTORIAL, *options]) == 2
    out = capsys.readouterr().out
    assert out.count("Data Selection would read Dataset(12 frames") == 2
    assert out.count("the nodes run in this order") == 1
    assert out.startswith("each run has a folder below --output: FILE where ")
    assert out.count("/maps.h5, and pictures beside it\n") == 2
    assert "mosaicity" not in out  # of a scan of one motor there is none
    assert [row[4].split(":")[0] for row in rows(out)] == ["ready", "ready", "failed"]
    assert [row[1] for row in rows(out)] == ["1.1", "1.1", "-"]
    assert out.endswith("Nothing was run.\n")
    assert not os.path.exists("out")
    assert main(["run", TUTORIAL, "--input", *layers, "--output", "out", "--dry-run"]) == 0


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_interrupt_stops_all_and_the_table_tells(layers, capsys, monkeypatch, number, status):
    original = registry.Step.__call__
    begun = []

    def interrupted(self, *args, **kwargs):
        begun.append(self.id)
        if begun.count("grain_plot") == 2:
            os.kill(os.getpid(), number)
        return original(self, *args, **kwargs)

    monkeypatch.setattr(registry.Step, "__call__", interrupted)
    assert main(["run", TUTORIAL, "--input", *layers, "--output", "out"]) == status
    out, err = capsys.readouterr()
    assert [row[4] for row in rows(out + "\n")[:3]] == ["ok", "cancelled", "not run, cancelled"]
    assert err.splitlines()[-1] == "darfix-core: cancelled: no unfinished file is left"
    assert os.listdir("out") == ["layer_1"]


def test_table_on_a_terminal(layers, capsys, monkeypatch):
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    assert main(["run", TUTORIAL, "--input", *layers[:2], "--output", "out"]) == 0
    out, err = capsys.readouterr()
    assert "2 of 2 runs went well" in out
    assert "run 2/2 [5/5] Save Maps" in err


def test_workflow_may_come_behind_the_files(layers):
    assert main(["run", "--output", "out", "--input", *layers[:2], TUTORIAL]) == 0
    assert sorted(os.listdir("out")) == ["layer_1", "layer_2"]
