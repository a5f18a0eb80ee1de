"""Files that a path stands for."""

from __future__ import annotations

import os

import pytest

from darfix_core.errors import DataFileError
from darfix_core.io.file_names import expand_folder, expand_pattern, natural_key


def names(paths):
    return [os.path.basename(path) for path in paths]


def test_numbers_in_names_count_as_numbers():
    given = ["f10.tif", "f9.tif", "F1_b2.tif", "f1_b10.tif", "f1_b1.tif"]
    assert sorted(given, key=natural_key) == ["f1_b1.tif", "F1_b2.tif", "f1_b10.tif", "f9.tif", "f10.tif"]


def test_pattern_leaves_out_folders_and_hidden_files(tmp_path):
    for name in ("a_10.tif", "a_9.tif", "._a_1.tif"):
        (tmp_path / name).touch()
    (tmp_path / "a_folder.tif").mkdir()
    assert names(expand_pattern(str(tmp_path / "*.tif"))) == ["a_9.tif", "a_10.tif"]
    with pytest.raises(DataFileError, match="no file matches this pattern"):
        expand_pattern(str(tmp_path / "b_*.tif"))


def test_folder_gives_its_frames_in_natural_order(tmp_path):
    for name in ("a_10.TIF", "a_9.tiff", "._a_1.tif", "motors.csv", "notes.txt"):
        (tmp_path / name).touch()
    assert names(expand_folder(str(tmp_path))) == ["a_9.tiff", "a_10.TIF"]


def test_folder_with_frames_of_two_kinds_asks_for_a_pattern(tmp_path):
    for name in ("a.tif", "a.edf.gz"):
        (tmp_path / name).touch()
    with pytest.raises(DataFileError, match=r"holds EDF and TIFF files; choose by a pattern such as .*\*\.edf"):
        expand_folder(str(tmp_path))


def test_folder_without_frames_says_what_was_looked_for(tmp_path):
    with pytest.raises(DataFileError, match=r"no EDF, TIFF or npy files \(\.edf, \.edf\.gz, \.edf\.bz2, \.tif, \.tiff"):
        expand_folder(str(tmp_path))
