from __future__ import annotations

import json
import os

import h5py
import numpy as np
import pytest

import darfix_core as dc
from darfix_core.cli import main
from darfix_core.commands.info_lines import rounded
from tests.bliss_files import mesh, small_stack, write_scan
from tests.edf_files import edf_frame


@pytest.fixture
def file(tmp_path):
    chi, mu = mesh(np.linspace(0.1, 0.3, 3), np.linspace(5.0, 5.6, 4))
    path = write_scan(tmp_path / "scans.h5", small_stack(), {"chi": chi, "mu": mu}, units={"chi": "deg", "mu": "deg"})
    return write_scan(path, small_stack(4), {"mu": [1.0, 2.0, 3.0, 4.0]}, scan="2.1")


def test_scans_detectors_motors_and_dimensions_are_shown(file, capsys):
    assert main(["info", str(file)]) == 0
    out = capsys.readouterr().out
    lines = [line.split() for line in out.splitlines()]
    assert lines[0][0] == f"{file}:"
    assert lines[0][-2:] == ["2", "scans"]
    assert ["pco_ff", "12", "5", "7", "uint16", "-", "-", "/1.1/instrument/pco_ff/data"] in lines
    assert ["mu", "4", "5", "5.6", "0.2", "0", "deg"] in [
        [*line[:5], "0", line[-1]] for line in lines if len(line) == 7
    ]
    assert "  dimensions that would be chosen: 3 x 4, slow to fast\n" in out
    assert "  dimensions that would be chosen: 4\n" in out


def test_one_scan_only(file, capsys):
    assert main(["info", str(file), "--scan", "2.1"]) == 0
    out = capsys.readouterr().out
    assert "Scan 2.1" in out
    assert "Scan 1.1" not in out


def test_json_is_plain_and_complete(file, capsys):
    assert main(["info", str(file), "--json"]) == 0
    out = capsys.readouterr().out
    report = json.loads(out)
    assert "NaN" not in out
    first = report["scans"][0]
    assert first["detectors"][0]["shape"] == [12, 5, 7]
    assert first["dimensions"]["shape"] == [3, 4]
    assert [entry["name"] for entry in first["dimensions"]["found"]] == ["chi", "mu"]
    assert first["dimensions"]["fits"][0]["step"] == pytest.approx(0.1)


def test_dimensions_that_are_not_found_say_why(tmp_path, capsys):
    file = write_scan(tmp_path / "still.h5", small_stack(4), {"mu": [1.0] * 4})
    assert main(["info", str(file)]) == 0
    out = capsys.readouterr().out
    assert "dimensions: not found. No motor moves" in out
    assert "standing still: mu" in out
    assert main(["info", str(file), "--json"]) == 0
    dimensions = json.loads(capsys.readouterr().out)["scans"][0]["dimensions"]
    assert dimensions["found"] is None
    assert "No motor moves" in dimensions["problem"]


def test_two_detectors_share_the_dimensions(tmp_path, capsys):
    path = write_scan(tmp_path / "two.h5", small_stack(4), {"mu": [1.0, 2.0, 3.0, 4.0]})
    with h5py.File(path, "a") as file:
        group = file["1.1/instrument"].create_group("basler")
        group.attrs["NX_class"] = "NXdetector"
        group["data"] = small_stack(4, 3, 3)
    assert main(["info", str(path)]) == 0
    out = capsys.readouterr().out
    assert "basler" in out
    assert "dimensions that would be chosen: 4\n" in out


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("nothing.h5", None, "there is no such file"),
        ("text.h5", b"hello", "not an HDF5 file, but a text file"),
        ("empty.h5", b"", "not an HDF5 file, but an empty file"),
    ],
)
def test_files_that_cannot_be_read(tmp_path, capsys, name, content, message):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    assert main(["info", str(tmp_path / name)]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err == f"darfix-core: error: {tmp_path / name}: {message}\n"


def test_missing_scan_lists_the_others(file, capsys):
    assert main(["info", str(file), "--scan", "7.1"]) == 2
    err = capsys.readouterr().err
    assert "7.1" in err
    assert "1.1, 2.1" in err
    assert len(err.splitlines()) == 1


def test_file_without_scans_says_so(tmp_path, capsys):
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file["positioners/mu"] = np.arange(3.0)
    assert main(["info", str(tmp_path / "x.h5")]) == 2
    assert capsys.readouterr().err == f"darfix-core: error: {tmp_path / 'x.h5'}: there is no scan in this file\n"


def missing_source(path, scan="1.1"):
    write_scan(path, small_stack(4), {"mu": [1.0, 2.0, 3.0, 4.0]}, scan=scan, source="frames.h5")
    (path.parent / "frames.h5").unlink()


def positions_of_another_length(path, scan="1.1"):
    write_scan(path, small_stack(4), {"mu": [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]}, scan=scan)


def no_frames(path, scan="1.1"):
    write_scan(path, None, {"mu": [1.0, 2.0, 3.0, 4.0]}, scan=scan)


@pytest.mark.parametrize("write", [missing_source, positions_of_another_length, no_frames])
@pytest.mark.parametrize("options", [[], ["--json"], ["--scan", "1.1"]])
def test_file_in_which_no_scan_can_be_opened_is_an_error(tmp_path, capsys, write, options):
    write(tmp_path / "x.h5")
    assert main(["info", str(tmp_path / "x.h5"), *options]) == 2
    out, err = capsys.readouterr()
    assert "1.1" in out
    assert err.startswith(f"darfix-core: error: {tmp_path}")
    assert len(err.splitlines()) == 1


@pytest.mark.parametrize("write", [missing_source, positions_of_another_length, no_frames])
def test_scan_that_cannot_be_opened_is_no_error_beside_one_that_can(tmp_path, capsys, write):
    write_scan(tmp_path / "x.h5", small_stack(4), {"mu": [1.0, 2.0, 3.0, 4.0]})
    write(tmp_path / "x.h5", "2.1")
    assert main(["info", str(tmp_path / "x.h5")]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert "  cannot be opened: " in out
    assert main(["info", str(tmp_path / "x.h5"), "--scan", "2.1"]) == 2


def test_several_scans_that_cannot_be_opened_are_one_error(tmp_path, capsys):
    no_frames(tmp_path / "x.h5")
    no_frames(tmp_path / "x.h5", "2.1")
    assert main(["info", str(tmp_path / "x.h5")]) == 2
    err = capsys.readouterr().err
    assert err.startswith("darfix-core: error: none of the 2 scans can be opened; scan 1.1: ")
    assert len(err.splitlines()) == 1


def test_positions_are_shown_to_a_thousandth_of_the_step(tmp_path, capsys):
    mu = [-0.3, -0.2, -0.1, -1.11022e-16, 0.1000123]
    write_scan(tmp_path / "x.h5", small_stack(5), {"mu": mu[::-1], "chi": np.array(mu)[::-1] + 0.3})
    assert main(["info", str(tmp_path / "x.h5"), "--scan", "1.1"]) == 0
    out = capsys.readouterr().out
    assert "e-1" not in out
    assert ["mu", "5", "-0.3", "0.1"] in [line.split()[:4] for line in out.splitlines()]
    assert ["chi", "5", "0", "0.4"] in [line.split()[:4] for line in out.splitlines()]


@pytest.mark.parametrize(
    ("value", "step", "shown"),
    [
        (-1.11022e-16, 0.1, "0"),
        (17.946344, 0.01, "17.94634"),
        (123456.789, 0.5, "123456.789"),
        (-5000.0, 100.0, "-5000"),
        (1.25e-7, 1e-9, "0.000000125"),
        (0.123456789, 0.0, "0.123457"),
        (float("nan"), 0.1, "nan"),
    ],
)
def test_rounding_to_the_step(value, step, shown):
    assert rounded(value, step) == shown


@pytest.fixture
def tiff_files(tmp_path):
    import tifffile

    chi, mu = mesh(np.linspace(0.1, 0.3, 3), np.linspace(5.0, 5.6, 4))
    for number, frame in enumerate(small_stack()):
        tifffile.imwrite(tmp_path / f"frame_{number}.tif", frame, compression="zlib")
    np.savetxt(tmp_path / "motors.csv", np.column_stack([chi, mu]), delimiter=",", header="chi (deg),mu (deg)")
    return tmp_path


def test_stack_of_tiff_files_is_shown(tiff_files, capsys):
    assert main(["info", str(tiff_files / "frame_*.tif")]) == 0
    out = capsys.readouterr().out
    assert "frame_0.tif and 11 more: TIFF, " in out
    assert ["-", "12", "5", "7", "uint16", "adobe", "deflate", "1x5x7", "-"] in [
        line.split() for line in out.splitlines()
    ]
    assert "  no motor positions\n" in out
    assert (
        "dimensions: not found. The scan has no motor positions; a table can give positions: --positions FILE." in out
    )


def test_table_of_positions_gives_motors_and_dimensions(tiff_files, capsys):
    given = ["info", str(tiff_files / "frame_*.tif"), "--positions", str(tiff_files / "motors.csv")]
    assert main(given) == 0
    out = capsys.readouterr().out
    assert ["mu", "4", "5", "5.6", "0.2"] in [line.split()[:5] for line in out.splitlines()]
    assert "  dimensions that would be chosen: 3 x 4, slow to fast\n" in out
    assert main([*given, "--json"]) == 0
    (scan,) = json.loads(capsys.readouterr().out)["scans"]
    assert [motor["name"] for motor in scan["motors"]] == ["chi", "mu"]
    assert scan["dimensions"]["shape"] == [3, 4]


def test_table_that_does_not_fit_is_an_error(tiff_files, capsys):
    np.savetxt(tiff_files / "motors.csv", [1.0, 2.0], header="mu")
    assert main(["info", str(tiff_files / "frame_*.tif"), "--positions", str(tiff_files / "motors.csv")]) == 2
    message = "motors.csv: the table has 2 rows of positions, the scan has 12 frames"
    out, err = capsys.readouterr()
    assert message in out
    assert message in err


@pytest.fixture
def layers(tmp_path):
    """Three layers, in one file and in three."""
    for number in (1, 2, 3):
        for name, scan in ((f"layer_{number}.h5", "1.1"), ("layers.h5", f"{number}.1")):
            constants = {"samz": 0.01 * number}
            write_scan(tmp_path / name, small_stack(), {"mu": np.linspace(0, 1.1, 12)}, scan=scan, constants=constants)
    return tmp_path


def test_dimensions_of_joined_scans_come_last(layers, capsys):
    assert main(["info", str(layers / "layers.h5"), "--scan", "1.1,3.1"]) == 0
    out = capsys.readouterr().out
    scans, joined = out.split("Joined: ")
    assert [line for line in scans.splitlines() if line.startswith("Scan ")][1].startswith("Scan 3.1")
    assert joined.startswith("2 scans (1.1, 3.1): ascan mu 0 1.1 11 0.5\n")
    assert "2 x 12, slow to fast" in joined
    assert ["samz", "2", "0.01", "0.03", "0.02", "mm"] in [line.split()[:6] for line in joined.splitlines()]


def test_several_files_are_shown_one_by_one_and_joined(layers, capsys):
    assert main(["info", *(str(layers / f"layer_{number}.h5") for number in (1, 2, 3))]) == 0
    out = capsys.readouterr().out
    assert out.count("BLISS/NeXus HDF5") == 3
    assert "3 x 12, slow to fast" in out.split("Joined: ")[1]


def test_scans_that_cannot_be_joined_say_why(file, capsys):
    assert main(["info", str(file), "--scan", "all"]) == 0
    assert "Joined: not possible. " in capsys.readouterr().out


def test_json_of_joined_scans(layers, capsys):
    assert main(["info", str(layers / "layers.h5"), "--scan", "all", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["joined"]["dimensions"]["shape"] == [3, 12]
    assert main(["info", str(layers / "layer_*.h5"), "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert [os.path.basename(entry["files"][0]) for entry in report["reports"]] == [
        f"layer_{number}.h5" for number in (1, 2, 3)
    ]
    assert report["joined"]["dimensions"]["shape"] == [3, 12]


def _saved(tmp_path):
    """A scan, a part of it with dimensions, and maps of that."""
    mu = np.linspace(0.0, 1.1, 12)
    stack = (1000 * np.exp(-(((mu - 0.5) / 0.15) ** 2)))[:, None, None] * np.ones((12, 5, 7))
    scan = write_scan(tmp_path / "scan.h5", stack.astype(np.uint16), {"mu": mu})
    part = dc.define_dimensions(dc.roi(dc.load(str(scan)), shape=(4, 4)))
    dc.save_dataset(part, path=str(tmp_path / "part.h5"))
    dc.save_maps(dc.moments(part), path=str(tmp_path / "maps.h5"), figures=False)
    return tmp_path


def test_maps_are_shown_with_units_dimensions_steps_and_files(tmp_path, capsys):
    folder = _saved(tmp_path)
    assert main(["info", str(folder / "maps.h5")]) == 0
    out = capsys.readouterr().out
    assert "maps that darfix-core has made" in out
    assert ["mu/center_of_mass", "deg", "100", "%"] in [line.split()[:4] for line in out.splitlines()]
    assert "  dimensions: 12\n" in out
    assert "  2  roi: origin = (0, 0), shape = (4, 4)" in out.replace("[", "(").replace("]", ")")
    assert f"load: {folder / 'scan.h5'}: the same as then" in out
    assert f"darfix-core rerun {folder / 'maps.h5'} --input OTHER_FILE" in out
    (folder / "scan.h5").unlink()
    assert main(["info", str(folder / "maps.h5")]) == 0
    assert f"load: {folder / 'scan.h5'}: is missing" in capsys.readouterr().out


def test_maps_as_json(tmp_path, capsys):
    folder = _saved(tmp_path)
    assert main(["info", str(folder / "maps.h5"), "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["maps"][1] | {"description": ""} == {
        "name": "mu/center_of_mass",
        "unit": "deg",
        "description": "",
        "shape": [4, 4],
    }
    assert [step["step"] for step in report["steps"]] == ["load", "roi", "define_dimensions", "moments"]
    assert report["sources"][0]["state"] == "the same as then"
    assert report["dimensions"][0]["name"] == "mu"


def test_options_for_scans_are_refused_for_maps(tmp_path, capsys):
    folder = _saved(tmp_path)
    assert main(["info", str(folder / "maps.h5"), "--scan", "1.1"]) == 2
    assert "holds maps: leave out --scan" in capsys.readouterr().err


def test_saved_dataset_is_shown_with_its_dimensions_and_steps(tmp_path, capsys):
    folder = _saved(tmp_path)
    assert main(["info", str(folder / "part.h5")]) == 0
    out = capsys.readouterr().out
    assert "  dimensions: 12\n" in out
    assert "would be chosen" not in out
    assert "  3  define_dimensions: " in out
    assert "darfix-core rerun" in out
    assert main(["info", str(folder / "part.h5"), "--json"]) == 0
    [scan] = json.loads(capsys.readouterr().out)["scans"]
    assert scan["stored_dimensions"][0]["name"] == "mu"
    assert [step["step"] for step in scan["steps"]] == ["load", "roi", "define_dimensions"]


def test_positions_that_stand_still_are_no_missing_positions(tmp_path, capsys):
    (tmp_path / "a.edf").write_bytes(
        edf_frame(
            np.ones((4, 3), dtype=np.uint16), motor_mne="diffry", motor_pos="-23.1", title="ascan diffry -23.2 -23 30 5"
        )
    )
    assert main(["info", str(tmp_path / "a.edf")]) == 0
    out = capsys.readouterr().out
    assert "no motor positions" not in out
    assert "dimensions: not found. No motor moved; a table can give positions: --positions FILE." in out


def test_warnings_of_the_steps_are_shown_with_the_maps(rocking_dataset, tmp_path, capsys):
    pedestal = rocking_dataset.replace(frames=dc.Frames.from_array(rocking_dataset.frames[:] + np.float32(500)))
    with pytest.warns(dc.DarfixWarning, match="pedestal"):
        maps = dc.moments(pedestal)
    dc.save_maps(maps, path=str(tmp_path / "maps.h5"), figures=False)
    assert main(["info", str(tmp_path / "maps.h5")]) == 0
    assert "warning: a constant pedestal makes up" in capsys.readouterr().out
    assert main(["info", str(tmp_path / "maps.h5"), "--json"]) == 0
    step = json.loads(capsys.readouterr().out)["steps"][-1]
    assert step["warnings"][0].startswith("a constant pedestal")
