"""Tables of positions: how they are written in the wild, and what is wrong with them."""

from __future__ import annotations

import numpy as np
import pytest

from darfix_core.errors import DataFileError
from darfix_core.io.positions_table import read_positions


@pytest.fixture
def table(tmp_path):
    def write(text: str | bytes):
        path = tmp_path / "motors.csv"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return read_positions(str(path))

    return write


@pytest.mark.parametrize(
    "text",
    [
        "mu,chi\n1.5,-2\n2.5,3e-1\n",
        "mu, chi\r\n1.5, -2\r\n2.5, 3e-1\r\n",
        "mu;chi\n1.5;-2\n2.5;0.3\n",
        "mu;chi\n1,5;-2\n2,5;3e-1\n",
        "mu\tchi\n1,5\t-2,0\n2,5\t0,3\n",
        "mu chi\n1.5 -2\n2.5 0.3",
        "  mu   chi\n  1.5   -2\n  2.5  0.3\n",
        '"mu","chi"\n"1.5","-2"\n"2.5","0.3"\n',
        "# scan 7\n\nmu,chi\n1.5,-2\n# moved by hand\n2.5,0.3\n\n",
        "# mu chi\n1.5 -2\n2.5 0.3\n",
        "# written by hand\n# mu, chi\n1.5, -2\n2.5, 0.3\n",
        b"\xef\xbb\xbfmu,chi\n1.5,-2\n2.5,0.3\n",
        "mu\tchi\r\n1,5\t-2\r\n2,5\t0,3\r\n".encode("utf-16"),
    ],
)
def test_tables_are_read_as_people_write_them(table, text):
    read = table(text)
    assert list(read.columns) == ["mu", "chi"]
    np.testing.assert_array_equal(read.columns["mu"], [1.5, 2.5])
    np.testing.assert_array_equal(read.columns["chi"], [-2, 0.3])
    assert read.units == {"mu": "deg", "chi": "deg"}
    assert read.frames == ()


def test_table_of_numpy_is_read(tmp_path):
    path = tmp_path / "motors.txt"
    for delimiter in (" ", ",", ";", "\t"):
        np.savetxt(path, [[0.1, 2], [0.2, 2]], delimiter=delimiter, header=delimiter.join(["mu (mrad)", "samz"]))
        read = read_positions(str(path))
        np.testing.assert_allclose(read.columns["mu"], [0.1, 0.2])
        assert read.units == {"mu": "mrad", "samz": "mm"}


@pytest.mark.parametrize(
    "text",
    [
        "mu (mrad),strange (mm),gap\n1,2,3\n",
        "mu [mrad];strange[mm];gap\n1;2;3\n",
        "mu (mrad) strange (mm) gap\n1 2 3\n",
        "mu,strange,gap\nmrad,mm,\n1,2,3\n",
        "mu strange gap\n(mrad) (mm) -\n1 2 3\n",
    ],
)
def test_units_stand_in_brackets_or_in_a_second_line(table, text):
    assert table(text).units == {"mu": "mrad", "strange": "mm", "gap": ""}


@pytest.mark.parametrize(
    ("written", "unit"),
    [("°", "deg"), ("degrees", "deg"), ("µm", "um"), ("\u03bcm", "um"), ("counts", "counts"), ("", "")],
)
def test_units_have_one_spelling(table, written, unit):
    assert table(f"pos ({written})\n1\n2\n").units == {"pos": unit}
    assert table(f"pos ({written})\n1\n2\n".encode("latin-1", "ignore")).units["pos"] in (unit, "m")


@pytest.mark.parametrize("name", ["frame", "file", "filename", "File"])
def test_column_that_says_the_frame_is_no_motor(table, name):
    read = table(f"{name},mu\na_1.tif,0.5\na_2.tif,0.6\n")
    assert read.frames == ("a_1.tif", "a_2.tif")
    assert list(read.columns) == ["mu"]
    assert table(f"{name},mu\n,deg\n0,0.5\n1,0.6\n").frames == ("0", "1")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", r"motors\.csv: the table is empty; its first line must name the motors"),
        ("# nothing\n\n", "the table is empty"),
        ("mu,chi\n", r"motors\.csv: the table names motors, but holds no positions"),
        ("1,2\n3,4\n", r"motors\.csv::line 1: the first line must name the motors, it is '1,2'"),
        ("# one\n1,2\n3,4\n", r"line 2: the first line must name the motors"),
        ("mu,\n1,2\n", r"line 1: column 2 has no name"),
        ("# comment\nmu,mu\n1,2\n", r"line 2: two columns are named 'mu'"),
        ("mu (deg),mu (mm)\n1,2\n", r"line 1: two columns are named 'mu'"),
        ("file,frame,mu\na,1,2\n", "line 1: file and frame both say which frame a row belongs to"),
        ("frame\n1\n", "line 1: the table names no motor"),
        ("mu,chi\n1,2\n1\n", r"line 3: the row has 1 cells, the header names 2 columns$"),
        ("mu,chi\n0,5,1,5\n", r"line 2: the row has 4 cells, .*; decimal commas need semicolons or tabs"),
        ("mu chi\n0,5 1,5\n", r"line 2: '0,5': decimal commas need semicolons or tabs between the cells"),
        ("mu;chi\n0,5;1.5\n", r"line 2: '0,5': the table mixes decimal commas and decimal points"),
        ("mu,chi\n1,2\n\nbad,2\n", r"line 4: mu: 'bad' is no number"),
        ("mu,chi\n1,\n", r"line 2: chi has no position"),
        ("mu,chi\n1,nan\n", r"line 2: chi: positions must be finite numbers, got 'nan'"),
        ("mu,chi\nn/a,n/a\n1,2\n", r"line 2: mu: 'n/a' is no number"),
        (b"\x89HDF\r\n\x1a\n\0\0\0", r"not a table of positions in a text file, but an HDF5 file"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(table, text, words):
    with pytest.raises(DataFileError, match=words):
        table(text)


def test_missing_file_is_named(tmp_path):
    with pytest.raises(DataFileError, match=r"motors\.csv: the table of positions cannot be read: No such file"):
        read_positions(str(tmp_path / "motors.csv"))


def test_empty_path_is_refused():
    with pytest.raises(ValueError, match="positions must be the path of a table or None, got ''"):
        read_positions("")
