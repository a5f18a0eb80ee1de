"""Shifts in text files: written, read again, edited, and written by others."""

from __future__ import annotations

import numpy as np
import pytest

import darfix_core as dc
from darfix_core.errors import DataFileError
from darfix_core.io.shift_file import is_shift_file, read_shift


@pytest.fixture
def shift(rng):
    values = rng.normal(0, 3, (5, 2))
    values[3] = np.nan
    uncertainty = rng.uniform(0, 0.1, (5, 2))
    uncertainty[4] = np.nan
    mu = np.linspace(-0.1, 0.1, 5)
    return dc.Shift(
        values,
        uncertainty,
        [True, True, True, False, True],
        "The halves agree:\nwithin 0.01 px",
        (0.25, -1 / 3),
        "mu",
        {"mu": mu, "a motor, of old": mu**2},
        {"mu": "deg"},
    )


def written(text, folder):
    path = folder / "table.csv"
    path.write_text(text)
    return path


@pytest.mark.parametrize("suffix", ["txt", "csv", "dat"])
def test_shift_comes_back_to_the_last_bit(shift, tmp_path, suffix):
    dc.save_shift(shift, path=tmp_path / f"shift.{suffix}")
    again = read_shift(tmp_path / f"shift.{suffix}")
    np.testing.assert_array_equal(again.values, shift.values)
    np.testing.assert_array_equal(again.uncertainty, shift.uncertainty)
    np.testing.assert_array_equal(again.trusted, shift.trusted)
    assert again.reason == "The halves agree: within 0.01 px"
    assert (again.velocity, again.motor, dict(again.units)) == (shift.velocity, "mu", {"mu": "deg"})
    assert list(again.positions) == list(shift.positions)
    for motor, positions in shift.positions.items():
        np.testing.assert_array_equal(again.positions[motor], positions)
    assert again.history.head == shift.history.head
    assert again.history.files == {str(tmp_path / f"shift.{suffix}")}


def test_file_is_a_table_for_everybody(shift, tmp_path):
    path = tmp_path / "shift.csv"
    dc.save_shift(shift, path=path)
    assert is_shift_file(path)
    table = np.genfromtxt(
        path, delimiter=",", comments="#", skip_header=len(path.read_text().split("frame,")[0].splitlines()) + 1
    )
    np.testing.assert_array_equal(table[:, 1:3], shift.values)
    assert "# reason: The halves agree: within 0.01 px\n" in path.read_text()


def test_edited_table_is_no_longer_what_its_history_made(shift, tmp_path):
    path = tmp_path / "shift.csv"
    dc.save_shift(shift, path=path)
    path.write_text(path.read_text().replace(",1,", ",0,", 1))
    again = read_shift(path)
    assert again.history.head != shift.history.head
    assert np.count_nonzero(again.trusted) == np.count_nonzero(shift.trusted) - 1


@pytest.mark.parametrize(
    "text",
    [
        "dy,dx\n1,2\n3,-4.5\n",
        "dy (px)\tdx (px)\n1\t2\n3\t-4.5",
        "dx  dy (px)\n 2  1\n-4.5  3\n",
        "# mine\n\ndy;dx\n1;2\n3;-4.5\n",
    ],
)
def test_tables_of_others_are_read(text, tmp_path):
    shift = read_shift(written(text, tmp_path))
    np.testing.assert_array_equal(shift.values, [(1, 2), (3, -4.5)])
    assert shift.trusted.all()
    assert np.isnan(shift.uncertainty).all()
    assert (shift.velocity, shift.motor, shift.reason) == (None, "", "")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "an empty file"),
        ("dy,dx\n", "holds no table of a shift"),
        ("y,x\n1,2\n", r"line 1: the table must have one column dy, its columns are y, x"),
        ("dy,dx,dx\n1,2,3\n", "must have one column dx"),
        ("dy,dx,mu,mu\n1,2,3,4\n", "two columns have the same name"),
        ("dy (um),dx (um)\n1,2\n", "dy must be in px, got um"),
        ("dy,dx\n1,2\n3\n", r"line 3: the row has 1 cells, the header names 2 columns"),
        ("dy,dx\n1,two\n", r"line 2: every cell must be a number, got '1,two'"),
        ("dy,dx\n1,nan\n", "holds no shift: values must be finite numbers where they are trusted"),
        ("# velocity: fast\ndy,dx\n1,2\n", "velocity must be two numbers, dy and dx, got 'fast'"),
        ("# darfix-core shift: format 2\ndy,dx\n1,2\n", r"newer darfix-core \(format 2, this version reads format 1\)"),
    ],
)
def test_what_is_no_shift_is_refused_by_name_and_line(text, message, tmp_path):
    with pytest.raises(DataFileError, match=rf"table\.csv.*{message}"):
        read_shift(written(text, tmp_path))


def test_foreign_files_are_refused(tmp_path):
    (tmp_path / "scan.h5").write_bytes(b"\x89HDF\r\n\x1a\n\0\0\0")
    with pytest.raises(DataFileError, match="no shift in a text file, but an HDF5 file"):
        read_shift(tmp_path / "scan.h5")
    with pytest.raises(DataFileError, match="cannot be read: No such file"):
        read_shift(tmp_path / "missing.txt")


def test_motor_with_the_name_of_a_column_is_refused(tmp_path):
    shift = dc.Shift(np.zeros((2, 2)), positions={"dy": [0, 1]})
    with pytest.raises(ValueError, match="a motor named 'dy' cannot stand in a shift file"):
        dc.save_shift(shift, path=tmp_path / "shift.txt")
    assert not list(tmp_path.iterdir())
