from __future__ import annotations

import shutil

import numpy as np
import pytest

import darfix_core as dc
from darfix_core.cli import main
from tests.bliss_files import write_scan
from tests.conftest import rocking_stack


def write_rocking_scan(path, n_frames):
    mu = np.linspace(0.0, 0.1 * (n_frames - 1), n_frames)
    centers = np.broadcast_to(np.linspace(0.45, 0.65, 7), (5, 7))
    return str(write_scan(path, rocking_stack(centers, mu, sigma=0.1), {"mu": mu}))


@pytest.fixture
def folder(tmp_path):
    scan = write_rocking_scan(tmp_path / "scan.h5", 12)
    dc.save_dataset(dc.roi(dc.load(scan), shape=(4, 4)), path=str(tmp_path / "part.h5"))
    maps = dc.moments(dc.define_dimensions(dc.roi(dc.load(scan), shape=(4, 4))))
    dc.save_maps(maps, path=str(tmp_path / "maps.h5"), figures=False)
    return tmp_path


def test_same_data_give_identical_maps(folder, capsys):
    assert main(["rerun", str(folder / "maps.h5")]) == 0
    out = capsys.readouterr().out
    assert "  2  roi: ROI Selection\n       dataset from load\n       origin = (0, 0) px\n" in out
    assert f"load: {folder / 'scan.h5'}: the same as then" in out
    assert f"wrote {folder / 'maps_rerun.h5'}\nwrote {folder / 'maps_rerun_overview.png'}\n" in out
    assert out.endswith("Identical: all 5 maps are those of maps.h5.\n")


def test_saved_dataset_is_compared_too(folder, capsys):
    assert main(["rerun", str(folder / "part.h5"), "--threads", "1"]) == 0
    assert capsys.readouterr().out.endswith("Identical: the dataset is that of part.h5.\n")


def test_other_parameters_are_shown_by_their_differences(folder, capsys):
    assert main(["rerun", str(folder / "maps.h5"), "--set", "moments.min_intensity=1e9", "-o", str(folder / "x")]) == 0
    out = capsys.readouterr().out
    assert "Compared with maps.h5:\n" in out
    assert "16 values undefined in one of them" in out


def test_other_data_are_not_compared(folder, capsys):
    other = write_rocking_scan(folder / "other.h5", 15)
    assert main(["rerun", str(folder / "maps.h5"), "--input", other]) == 0
    out = capsys.readouterr().out
    assert f"load: {other}: instead of {folder / 'scan.h5'}" in out
    assert out.endswith("Made from other data than maps.h5: not compared.\n")
    assert dc.load_maps(folder / "maps_rerun.h5").dimensions[0].size == 15


def test_copy_of_the_data_is_compared(folder, capsys):
    (folder / "copy").mkdir()
    copy = shutil.copyfile(folder / "scan.h5", folder / "copy" / "scan.h5")
    assert main(["rerun", str(folder / "maps.h5"), "--input", str(copy)]) == 0
    assert capsys.readouterr().out.endswith("Identical: all 5 maps are those of maps.h5.\n")


def test_dry_run_opens_the_files_and_writes_nothing(folder, capsys):
    before = sorted(folder.iterdir())
    assert main(["rerun", str(folder / "maps.h5"), "--dry-run"]) == 0
    assert "would read Dataset(12 frames" in capsys.readouterr().out
    assert sorted(folder.iterdir()) == before


def test_dry_run_tells_of_output_that_exists(folder, capsys):
    assert main(["rerun", str(folder / "maps.h5")]) == 0
    capsys.readouterr()
    assert main(["rerun", str(folder / "maps.h5"), "--dry-run"]) == 0
    out = capsys.readouterr().out
    assert f"load: {folder / 'scan.h5'}: the same as then" in out
    assert f"writes {folder / 'maps_rerun.h5'}, and pictures beside it\n" in out
    assert f"{folder / 'maps_rerun.h5'} exists: give --overwrite, or another --output\n" in out
    assert main(["rerun", str(folder / "maps.h5"), "--dry-run", "--overwrite"]) == 0
    assert f"{folder / 'maps_rerun.h5'} exists, would be replaced\n" in capsys.readouterr().out


def test_table_of_positions_is_an_option_and_the_old_one_is_warned_of(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    mu = np.linspace(0.0, 1.1, 12)
    stack = rocking_stack(np.broadcast_to(np.linspace(0.45, 0.65, 7), (5, 7)), mu, sigma=0.1)
    for name in ("stack", "other"):
        np.save(f"{name}.npy", stack)
        np.savetxt(f"{name}.csv", mu, header="mu (deg)", comments="")
    assert main(["apply", "moments", "stack.npy", "--positions", "stack.csv", "-o", "maps.h5"]) == 0
    assert main(["rerun", "maps.h5", "--input", "other.npy", "--dry-run"]) == 0
    out, err = capsys.readouterr()
    assert f"load, positions: {tmp_path / 'stack.csv'}: the same as then" in out
    assert "darfix-core: warning: load reads other data, but positions from" in err
    assert main(["rerun", "maps.h5", "--input", "other.npy", "--positions", "other.csv"]) == 0
    out, err = capsys.readouterr()
    assert f"load, positions: {tmp_path / 'other.csv'}: instead of {tmp_path / 'stack.csv'}" in out
    assert "warning" not in err


def test_missing_file_is_one_line_and_status_2(folder, capsys):
    (folder / "scan.h5").unlink()
    assert main(["rerun", str(folder / "maps.h5")]) == 2
    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith(f"darfix-core: error: {folder / 'scan.h5'}: is missing; Data Selection read it.")
    assert line.endswith("give --input PATH")
