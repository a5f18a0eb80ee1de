from __future__ import annotations

import json

import h5py
import numpy as np
import pytest

from darfix_core.cli import main
from tests.bliss_files import mesh, small_stack, write_scan


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
    assert "  dimensions that would be chosen: 4, slow to fast\n" in out


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
    assert "dimensions that would be chosen: 4, slow to fast" in out


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
    assert main(["info", str(tmp_path / "x.h5")]) == 0
    assert "there is no scan in this file" in capsys.readouterr().err
