from __future__ import annotations

import numpy as np
import pytest

import darfix_core as dc
from darfix_core.cli import main
from tests.commands.test_rerun import write_rocking_scan
from tests.edf_files import edf_frame


@pytest.fixture
def scan(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_rocking_scan(tmp_path / "scan.h5", 12)
    return "scan.h5"


def test_step_on_a_scan_writes_a_dataset(scan, capsys, tmp_path):
    assert main(["apply", "roi", scan, "--origin", "1,2", "--shape", "(3, 4)", "-o", "part.h5"]) == 0
    out, err = capsys.readouterr()
    assert out == f"wrote {tmp_path / 'part.h5'}\n"
    assert err.splitlines() == ["[1/2] ROI Selection", "[2/2] Save Dataset"]
    np.testing.assert_array_equal(dc.load("part.h5").frames[:], dc.load(scan).frames[:, 1:4, 2:6])


def test_chain_of_steps_is_remembered_and_can_be_run_again(scan, capsys):
    assert main(["apply", "roi", scan, "--shape", "4,4", "-o", "part.h5"]) == 0
    assert main(["apply", "load", scan, "--frames", "0,3", "-o", "dark.h5"]) == 0
    assert main(["apply", "roi", "dark.h5", "--shape", "4,4", "-o", "dark_part.h5"]) == 0
    chain = ["apply", "subtract_background", "part.h5", "dark_part.h5", "--source", "dataset"]
    assert main([*chain, "-o", "signal.h5"]) == 0
    assert main(["apply", "moments", "signal.h5", "-o", "maps.h5"]) == 0
    capsys.readouterr()
    steps = [node.step for _, node in dc.load_maps("maps.h5").history.in_order()]
    assert sorted(steps) == ["define_dimensions", "load", "load", "moments", "roi", "roi", "subtract_background"]
    assert main(["rerun", "maps.h5"]) == 0
    assert capsys.readouterr().out.endswith("Identical: all 5 maps are those of maps.h5.\n")


def test_second_input_has_an_option(scan, capsys):
    options = ["--source", "dataset", "--background", scan, "--method", "mean", "-o", "signal.h5"]
    assert main(["apply", "subtract_background", scan, *options]) == 0
    expected = dc.subtract_background(dc.load(scan), dc.load(scan), source="dataset", method="mean")
    np.testing.assert_array_equal(dc.load("signal.h5").frames[:], expected.frames[:])


def test_missing_dimensions_are_found_and_told(scan, capsys, tmp_path):
    assert main(["apply", "grain_plot", scan, "-o", "maps.h5", "--min_intensity", "10"]) == 0
    out, err = capsys.readouterr()
    assert out.splitlines() == [
        "The dimensions were not defined; found: mu (12)",
        f"wrote {tmp_path / 'maps.h5'}",
        f"wrote {tmp_path / 'maps_overview.png'}",
    ]
    assert err.splitlines()[0] == "[1/3] Dimension Definition"
    maps = dc.load_maps("maps.h5")
    assert maps.history.nodes[maps.history.head].parameters["min_intensity"] == 10.0


def test_scan_of_a_file_is_named_in_either_way(scan, capsys):
    write_rocking_scan("more.h5", 12)
    assert main(["apply", "roi", "more.h5::1.1", "-o", "a.h5"]) == 0
    assert main(["apply", "roi", "more.h5", "--scan", "1.1", "-o", "b.h5"]) == 0
    assert main(["apply", "roi", "more.h5::1.1", "--scan", "1.1", "-o", "c.h5"]) == 2
    assert "two scans are named, '1.1' and --scan 1.1" in capsys.readouterr().err


def test_steps_that_read_or_write_files_take_them_as_input_and_output(scan, capsys, tmp_path):
    assert main(["apply", "save_dataset", scan, "-o", "saved.h5"]) == 0
    assert main(["apply", "moments", "saved.h5", "-o", "maps.h5"]) == 0
    assert main(["apply", "save_maps", "maps.h5", "--no-figures", "-o", "copy.h5"]) == 0
    assert list(dc.load_maps("copy.h5")) == list(dc.load_maps("maps.h5"))
    assert not (tmp_path / "copy_overview.png").exists()


def test_series_of_files_is_one_input(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for number in range(3):
        (tmp_path / f"a{number}.edf").write_bytes(edf_frame(np.full((4, 3), number, dtype=np.uint16)))
    assert main(["apply", "roi", "a*.edf", "-o", "part.h5"]) == 0
    assert dc.load("part.h5").frames[:, 0, 0].tolist() == [0, 1, 2]
    assert main(["apply", "roi", "a0.edf", "a1.edf", "a2.edf", "-o", "x.h5"]) == 2
    assert "a series of files is one input: its folder, or a pattern in quotes" in capsys.readouterr().err


def test_help_shows_parameters_with_units_and_defaults(capsys):
    with pytest.raises(SystemExit) as stop:
        main(["apply", "subtract_background", "--help"])
    assert stop.value.code == 0
    out = " ".join(capsys.readouterr().out.split())
    assert "in %; default: 10.0" in out
    assert "one of 'median', 'mean', 'percentile'; default: 'median'" in out
    assert "--background FILE" in out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["ro", "scan.h5"], "no step 'ro'; did you mean 'roi'?"),
        (["roi"], "roi needs a file for its input 'dataset'"),
        (["roi", "scan.h5"], "roi needs a file for its result; give -o FILE.h5"),
        (["roi", "scan.h5", "--orign", "1", "-o", "x.h5"], "roi has no option '--orign'; did you mean '--origin'?"),
        (["roi", "scan.h5", "--origin", "1", "-o", "x.h5"], "origin must be a sequence of 2: an integer, an integer"),
        (["roi", "a", "b", "-o", "x.h5"], "roi takes 1 input(s) (dataset), got 2 files"),
        (["load", "-o", "x.h5"], "load needs a file to read"),
        (["find_shift", "scan.h5"], "find_shift needs a file for its result; give -o FILE.txt"),
        (["find_shift", "scan.h5", "-o", "x.h5"], "path must end in .txt, .csv, .dat, got 'x.h5'"),
        (["scan_quality", "scan.h5", "-o", "x.h5"], "which no step saves; darfix-core check shows and saves it"),
        (["roi", "nothing.h5", "-o", "x.h5"], "nothing.h5: there is no such file"),
        (["roi", "scan.h5", "-o", "x.png"], "path must end in .h5, .hdf5 or .nxs"),
        (["roi", "scan.h5", "-o", "scan.h5"], "scan.h5: exists already"),
        (["roi", "scan.h5", "-o", "scan.h5", "--overwrite"], "is one of the files that the result is made from"),
    ],
)
def test_errors_are_one_line_and_status_2(scan, capsys, tmp_path, arguments, message):
    before = sorted(tmp_path.iterdir())
    assert main(["apply", *arguments]) == 2
    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith("darfix-core: error: ")
    assert message in line
    assert sorted(tmp_path.iterdir()) == before


def test_unknown_option_is_answered_with_each_option_once(scan, capsys):
    assert main(["apply", "moments", scan, "--xyz", "1", "-o", "x.h5"]) == 2
    err = capsys.readouterr().err
    assert "--min-intensity" in err
    assert "--min_intensity" not in err


def test_table_of_positions_goes_with_the_first_input(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    np.save("stack.npy", np.ones((3, 4, 5)))
    np.save("dark.npy", np.ones((2, 4, 5)))
    np.savetxt("motors.csv", [0.0, 0.1, 0.2], header="mu (deg)", comments="")
    options = ["--background", "dark.npy", "--source", "dataset", "--positions", "motors.csv"]
    assert main(["apply", "subtract_background", "stack.npy", *options, "-o", "x.h5"]) == 0
    assert dc.load("x.h5").positions["mu"].tolist() == [0.0, 0.1, 0.2]
    assert main(["apply", "define_dimensions", "stack.npy", "-o", "y.h5"]) == 2
    assert '(positions="motors.csv", on the command line --positions motors.csv)' in capsys.readouterr().err


def test_maps_are_no_dataset(scan, capsys):
    main(["apply", "moments", scan, "-o", "maps.h5"])
    assert main(["apply", "roi", "maps.h5", "-o", "x.h5"]) == 2
    assert "maps.h5: holds maps, no frames" in capsys.readouterr().err


def test_debug_is_an_option_behind_the_step_too(scan, capsys):
    assert main(["apply", "roi", "nothing.h5", "-o", "x.h5", "--debug"]) == 2
    assert "Traceback" in capsys.readouterr().err
