"""Opening scans of every kind of file, with dark frames."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import numpy as np
import pytest

import darfix_core as dc
from darfix_core.errors import DarfixWarning, DataFileError
from darfix_core.io.inspect import inspect_file
from darfix_core.io.load import files_of
from tests.bliss_files import small_stack, write_scan
from tests.edf_files import edf_frame, edf_series

STACK = small_stack()
MU = np.linspace(0.0, 1.1, 12)


@pytest.fixture
def path(tmp_path):
    file = tmp_path / "scan.h5"
    write_scan(file, STACK, {"mu": MU})
    write_scan(file, STACK[:2] + 1, {}, scan="2.1")
    write_scan(file, STACK[:2, :3], {}, scan="3.1")
    return file


def test_load_records_its_parameters_and_the_file(path):
    dataset = dc.load(path, scan="1.1", frames=(2, 9))
    history = dc.History.from_json(dataset.history.to_json())
    (node,) = history.nodes.values()
    assert node.step == "load"
    assert node.parameters == {
        "path": str(path),
        "scan": "1.1",
        "detector": None,
        "dark": None,
        "positions": None,
        "frames": [2, 9],
    }
    assert [source.url for source in node.sources] == [f"{path}::/1.1/instrument/pco_ff/data"]
    assert node.sources[0].size == os.path.getsize(path)


def test_pattern_that_fits_one_file_opens_it(path):
    assert dc.load(str(path.parent / "sc*.h5"), scan="1").n_frames == 12


@pytest.mark.parametrize("dark", ["2.1", "2", "{path}::2.1", "{folder}/dark.h5", "{folder}/dark.h5::1.1"])
def test_dark_frames_come_from_another_scan_or_file(path, dark):
    write_scan(path.parent / "dark.h5", STACK[:2] + 1, {}, detector="other_name")
    dataset = dc.load(path, scan="1.1", dark=dark.format(path=path, folder=path.parent))
    np.testing.assert_array_equal(dataset.dark, STACK[:2] + 1)
    (node,) = dataset.history.nodes.values()
    assert len(node.sources) == 2


def test_dark_frames_of_the_same_detector_are_chosen(path):
    write_scan(path, STACK[:1] + 5, {}, scan="4.1", detector="pco_ff")
    write_scan(path, STACK[:3], {}, scan="4.2", detector="basler")
    assert dc.load(path, scan="1.1", dark="4.1").dark.shape == (1, 5, 7)


def test_dark_frames_are_cropped_with_the_frames(path):
    dataset = dc.roi(dc.load(path, scan="1.1", dark="2.1"), origin=(1, 2), shape=(3, 4))
    np.testing.assert_array_equal(dataset.dark, STACK[:2, 1:4, 2:6] + 1)


@pytest.mark.parametrize(
    ("dark", "words"),
    [
        ("3.1", r"must have the shape of the frames, \(5, 7\), got \(3, 7\)"),
        ("5.1", "there is no scan '5.1'"),
        ("dark.h5", "there is no such file"),
        ("nowhere/dark.h5::1.1", "there is no such file: the folder .*nowhere does not exist"),
    ],
)
def test_wrong_dark_frames_are_an_error(path, dark, words):
    with pytest.raises(DataFileError, match=words):
        dc.load(path, scan="1.1", dark=dark)


def test_missing_file_is_an_error(tmp_path):
    with pytest.raises(DataFileError, match=r"scan\.h5: there is no such file$"):
        dc.load(tmp_path / "scan.h5")
    with pytest.raises(DataFileError, match=f"the folder {tmp_path}/a does not exist"):
        dc.load(tmp_path / "a" / "b" / "scan.h5")
    with pytest.raises(DataFileError, match="no file matches this pattern"):
        dc.load(tmp_path / "*.h5")


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("scan.h5", b"", "not an HDF5 file, but an empty file"),
        ("scan.h5", b"mu chi\n1 2\n", "not an HDF5 file, but a text file"),
        ("scan.tif", b"BM rest", "not a TIFF file, but a text file"),
        ("scan.npy", b"\x89PNG\r\n", "not an npy file, but a PNG image"),
        ("scan.npz", b"PK\x03\x04rest", r"an archive of arrays \(.npz\) .* save the stack alone with numpy.save"),
        ("scan.png", b"\x89PNG\r\n", "no HDF5, EDF, TIFF or npy file, but a PNG image"),
        ("scan.edf", b"\x89PNG\r\n", "not an EDF file, but a PNG image"),
        ("scan.h5", b"version https://git-lfs.github.com/spec/v1\n", "a pointer of Git LFS"),
        ("scan.dat", bytes(range(16)), "a file of unknown kind"),
    ],
)
def test_other_kinds_of_files_are_named(tmp_path, name, content, words):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataFileError, match=words):
        dc.load(tmp_path / name)


def test_cut_off_file_is_an_error(path):
    os.truncate(path, os.path.getsize(path) // 2)
    with pytest.raises(DataFileError, match="the HDF5 file is cut off"):
        dc.load(path)


def damaged(path, signature: bytes):
    """Yield once for each block of the HDF5 file that begins with a signature, with that block broken."""
    whole = path.read_bytes()
    places = [match.start() for match in re.finditer(signature, whole)]
    assert places
    for place in places:
        path.write_bytes(whole[:place] + b"XXXX" + whole[place + 4 :])
        yield place
    path.write_bytes(whole)


@pytest.mark.parametrize("signature", [b"HEAP", b"SNOD", b"TREE", b"GCOL"])
def test_damaged_file_is_an_error_that_names_it(path, signature):
    errors = []
    for _ in damaged(path, signature):
        try:
            np.testing.assert_array_equal(dc.load(path, scan="1.1").frames, STACK)
        except DataFileError as error:
            errors.append(error)
        try:
            inspect_file(str(path)).to_dict()
        except DataFileError as error:
            errors.append(error)
    assert errors
    assert {error.file for error in errors} == {str(path)}
    assert any(error.path == "/1.1" for error in errors)


def test_damaged_file_of_frames_is_named(tmp_path):
    scan, frames = tmp_path / "virtual.h5", tmp_path / "lima.h5"
    write_scan(scan, STACK, {"mu": MU}, source="lima.h5", virtual=True)
    for _ in damaged(frames, b"HEAP"):
        with pytest.raises(DataFileError, match=r"lima\.h5.*the file is damaged"):
            dc.load(scan)
        assert "the file is damaged" in str(inspect_file(str(scan)).scans[0].problems)


def test_damaged_scan_leaves_the_others_in_the_report(path):
    whole = path.read_bytes()
    # The blocks of a scan are written together, those of the first scan first.
    for place in (match.start() for match in re.finditer(b"HEAP", whole)):
        path.write_bytes(whole[:place] + b"XXXX" + whole[place + 4 :])
        try:
            reports = inspect_file(str(path)).scans
        except DataFileError:
            continue  # the root of the file
        assert len(reports) == 3
        if reports[0].problems and not reports[0].detectors:
            assert "/1.1: cannot be read, the file is damaged" in reports[0].problems[0]
            assert [report.n_frames for report in reports[1:]] == [2, 2]
            return
    pytest.fail("no block belongs to the first scan alone")


def test_file_is_told_by_its_content_not_by_its_name(path):
    renamed = path.rename(path.with_suffix(".edf"))
    assert dc.load(renamed, scan="1.1").n_frames == 12


def test_same_file_twice_is_an_error(path):
    with pytest.raises(DataFileError, match="the scan is given twice"):
        dc.load((str(path), str(path)))
    with pytest.raises(ValueError, match="empty list"):
        dc.load(())


def test_wrong_parameters_are_named(path):
    with pytest.raises(TypeError, match="scan must be a string or None, got 1"):
        dc.load(path, scan=1)
    with pytest.raises(TypeError, match="no parameter 'detectr'"):
        dc.load(path, detectr="pco_ff")


def test_reading_needs_neither_cv2_nor_gui_packages(path):
    script = (
        "import sys\n"
        "for name in ('cv2', 'PyQt5', 'Orange', 'silx', 'fabio', 'matplotlib', 'scipy'): sys.modules[name] = None\n"
        "import darfix_core as dc\n"
        f"print(dc.load({str(path)!r}, scan='1.1', dark='2.1').frames[3, 2, 1])"
    )
    shown = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert int(shown.stdout) == STACK[3, 2, 1]


def edf_file(path, frame) -> None:
    import fabio

    fabio.edfimage.EdfImage(data=frame, header={"motor_mne": "mu chi", "motor_pos": "1.5 2"}).write(str(path))


def test_edf_files_and_edf_dark_frames_open(tmp_path, path):
    for number in (1, 2, 10):
        edf_file(tmp_path / f"frame_{number}.edf", STACK[number])
    for given in (tmp_path / "frame_*.edf", [tmp_path / f"frame_{number}.edf" for number in (1, 2, 10)]):
        np.testing.assert_array_equal(dc.load(given).frames, STACK[[1, 2, 10]])
    np.testing.assert_array_equal(
        dc.load(tmp_path / "frame_2.edf", dark=str(tmp_path / "frame_1.edf")).dark, STACK[[1]]
    )
    np.testing.assert_array_equal(dc.load(path, scan="1.1", dark=str(tmp_path / "frame_1.edf")).dark, STACK[[1]])
    np.testing.assert_array_equal(dc.load(tmp_path / "frame_2.edf", dark=f"{path}::2.1").dark, STACK[:2] + 1)
    with pytest.raises(ValueError, match="scan must be None for EDF files"):
        dc.load(tmp_path / "frame_2.edf", scan="1.1")


@pytest.mark.skipif("DARFIX_SAMPLE_DATA" not in os.environ, reason="DARFIX_SAMPLE_DATA is not set")
def test_real_files_record_their_history():
    folder = os.environ["DARFIX_SAMPLE_DATA"]
    dataset = dc.load(os.path.join(folder, "rocking.h5"))
    assert "rocking.h5::/1.1/instrument/pco_ff/data" in dataset.history.to_json()
    assert dataset.frames[75].max() > 3000


def test_pattern_leaves_out_maps_that_were_written_beside_the_scans(tmp_path):
    for number in (1, 2):
        write_scan(tmp_path / f"cut_{number}.h5", STACK % 997, {"mu": MU + number})
    (tmp_path / "cut_broken.h5").write_text("no HDF5")
    maps = tmp_path / "cut_1_maps.h5"
    dc.save_maps(dc.Maps({"intensity": dc.Map(np.ones((5, 7)))}), path=str(maps), figures=False)
    pattern = str(tmp_path / "cut_[12]*.h5")
    with pytest.warns(DarfixWarning, match=r"left out, since they hold maps: cut_1_maps\.h5"):
        assert [os.path.basename(file) for file in files_of(pattern)[1]] == ["cut_1.h5", "cut_2.h5"]
    assert files_of(str(maps))[1] == [str(maps)]
    assert files_of(str(tmp_path / "cut_*maps.h5"))[1] == [str(maps)]
    with pytest.raises(DataFileError, match=r"load_maps in Python reads them, darfix-core rerun makes them again"):
        dc.load(maps)


@pytest.mark.parametrize("pattern", ["", "scan_*.edf", "scan_?.edf"])
def test_folder_and_pattern_give_frame_10_after_frame_9(tmp_path, pattern):
    edf_series(tmp_path)
    (tmp_path / "notes.txt").write_text("no frame")
    kind, files = files_of(str(tmp_path / pattern))
    numbers = range(10 if "?" in pattern else 11)
    assert (kind, files) == ("EDF", [str(tmp_path / f"scan_{number}.edf") for number in numbers])


def test_file_whose_name_looks_like_a_pattern_is_that_file(tmp_path):
    path = tmp_path / "scan[1].edf"
    path.write_bytes(edf_frame(np.ones((6, 9), "<u2")))
    assert files_of(str(path)) == ("EDF", [str(path)])


@pytest.mark.parametrize(
    ("name", "message"),
    [("gone.edf", "there is no such file"), ("gone_*.edf", "no file matches"), ("", "the folder holds no EDF")],
)
def test_nothing_to_open_is_an_error(tmp_path, name, message):
    with pytest.raises(DataFileError, match=message):
        files_of(str(tmp_path / name))
