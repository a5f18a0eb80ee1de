"""Texts that name scans of a file."""

from __future__ import annotations

import h5py
import numpy as np
import pytest

from darfix_core.engine.execution import collect_warnings
from darfix_core.errors import DataFileError
from darfix_core.io.scan_names import dark_scans, known_names, may_name_several, scans_named
from tests.bliss_files import small_stack, write_scan


@pytest.fixture
def path(tmp_path):
    """Scans 1.1, 3.1, 5.1 and 10.1 with frames, 2.1 without, 6.1 of another detector."""
    file = tmp_path / "scan.h5"
    for name in ("10.1", "1.1", "3.1", "5.1"):
        write_scan(file, small_stack(3), {"mu": np.arange(3.0)}, scan=name)
    write_scan(file, None, {"mu": np.arange(3.0)}, scan="2.1")
    write_scan(file, small_stack(3), {"mu": np.arange(3.0)}, scan="6.1", detector="basler")
    return str(file)


def named(path, scan, **options):
    with collect_warnings() as messages:
        return scans_named(path, scan, **options), messages


@pytest.mark.parametrize(
    ("scan", "names"),
    [
        ("1.1", ["1.1"]),
        ("5", ["5.1"]),
        ("5.1, 1.1", ["5.1", "1.1"]),
        ("10,3.1-5", ["10.1", "3.1", "5.1"]),
        ("5.1-10.1", ["5.1", "6.1", "10.1"]),
    ],
)
def test_names_and_ranges(path, scan, names):
    assert named(path, scan) == (names, [])
    assert sorted(known_names(scan, ["1.1", "2.1", "3.1", "5.1", "6.1", "10.1"])) == sorted(names)


def test_what_holds_no_frames_is_left_out_of_ranges_and_told(path):
    assert named(path, "1.1-3.1") == (["1.1", "3.1"], ["scan.h5: scans left out: 2.1 (no frames)"])


def test_all_takes_what_holds_frames_of_the_detector(path):
    assert named(path, "all")[0] == ["1.1", "3.1", "5.1", "6.1", "10.1"]
    names, messages = named(path, "ALL", detector="pco_ff")
    assert names == ["1.1", "3.1", "5.1", "10.1"]
    assert messages == ["scan.h5: scans left out: 2.1 (no frames), 6.1 (frames of basler only)"]


def test_dark_frames_are_left_out_of_all(path):
    names, messages = named(path, "all", without=dark_scans(path, "10"))
    assert "10.1" not in names
    assert "10.1 (the dark frames)" in messages[0]
    assert dark_scans(path, f"{path}::3.1") == ("3.1", "3.1.1")
    assert dark_scans(path, "other.h5::3.1") == dark_scans(path, None) == ()


def test_scan_without_frames_that_is_named_is_kept_for_the_reader_to_judge(path):
    assert named(path, "1.1,2.1") == (["1.1", "2.1"], [])


def test_scan_of_the_very_name_comes_first(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        for name in ("all", "a-b", "a", "b", "x,y"):
            file[f"{name}/instrument/cam/data"] = small_stack(2)
    for name in ("all", "a-b", "x,y"):
        assert scans_named(str(tmp_path / "a.h5"), name) == [name]
    assert named(str(tmp_path / "a.h5"), "a-b-b")[0] == ["a-b", "all", "b"]


@pytest.mark.parametrize(
    ("scan", "words"),
    [
        ("1.1,7.1", "there is no scan '7.1'"),
        ("1.1-7.1", "there is no scan '7.1'"),
        ("1.1,1", "the scan 1.1 is named twice in '1.1,1'"),
        ("3.1-5.1,5.1", "the scan 5.1 is named twice"),
        ("5.1-1.1", "the range '5.1-1.1' runs backwards: 5.1 comes after 1.1"),
        ("1.1,,3.1", "names with a comma between them"),
        ("nothing", "there is no scan 'nothing'"),
    ],
)
def test_what_names_no_scans_is_an_error(path, scan, words):
    with pytest.raises(DataFileError, match=words) as caught:
        named(path, scan)
    assert caught.value.file == path


def test_range_without_frames_is_an_error(tmp_path):
    write_scan(tmp_path / "a.h5", None, {"mu": np.arange(3.0)}, scan="1.1")
    write_scan(tmp_path / "a.h5", None, {"mu": np.arange(3.0)}, scan="2.1")
    with pytest.raises(DataFileError, match=r"no scan of 'all' holds frames: 1\.1 \(no frames\), 2\.1"):
        scans_named(str(tmp_path / "a.h5"), "all")


def test_only_some_texts_may_name_several():
    assert [may_name_several(scan) for scan in (None, "1.1", "all", "1,2", "1-2")] == [False, False, True, True, True]
