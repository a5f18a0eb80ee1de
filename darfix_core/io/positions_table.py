"""Positions of the motors from a table in a text file: a column a motor, a row a frame."""

from __future__ import annotations

import codecs
import csv
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from darfix_core.errors import DataFileError
from darfix_core.io.signature import describe_file
from darfix_core.model.arrays import FloatArray
from darfix_core.units import motor_unit

#: Names of the column that says which frame a row belongs to.
FRAME_COLUMNS = ("frame", "file", "filename")

_WITH_UNIT = re.compile(r"(?P<name>.*?)\s*[(\[](?P<unit>[^()\[\]]*)[)\]]")
_NAME = re.compile(r"[^\s(\[]\S*(?:\s*[(\[][^()\[\]]*[)\]])?")
_DECIMAL_COMMA = re.compile(r"[-+]?\d*,\d+([eE][-+]?\d+)?|[-+]?\d+,")
_SAME_UNITS = {
    "deg": ("deg", "deg.", "°", "degree", "degrees"),
    "um": ("um", "µm", "\u03bcm", "micron", "microns"),
    "urad": ("urad", "µrad", "\u03bcrad"),
}
_UNITS = {name: unit for unit, names in _SAME_UNITS.items() for name in names} | {
    unit: unit
    for unit in (
        "rad",
        "mrad",
        "arcsec",
        "nm",
        "mm",
        "cm",
        "m",
        "s",
        "ms",
        "K",
        "°C",
        "eV",
        "keV",
        "V",
        "mV",
        "A",
        "mA",
    )
}
_NO_UNIT = ("", "-")

_Line: TypeAlias = tuple[int, str]


@dataclass(frozen=True, eq=False)
class PositionsTable:
    """Table of positions as it stands in its file.

    Parameters
    ----------
    file : str
        Absolute path.
    columns : dict
        Motor -> position in every row, shape (n_rows,).
    units : dict
        Motor -> unit; empty for motors whose unit is not known.
    frames : tuple of str
        What the column `frame`, `file` or `filename` says in each row; empty where there is no such column.
    lines : tuple of int
        Number of each row's line in the file, from 1.
    """

    file: str
    columns: dict[str, FloatArray]
    units: dict[str, str]
    frames: tuple[str, ...]
    lines: tuple[int, ...]

    def error(self, message: str, row: int) -> DataFileError:
        """Error that names the file and the line of a row."""
        return _error(self.file, self.lines[row], message)


def _error(file: str, line: int, message: str) -> DataFileError:
    return DataFileError(message, file=file, path=f"line {line}")


def read_positions(path: str) -> PositionsTable:
    """Read a table of positions.

    The first line names the motors, with their units in brackets (``mu (deg)``) or in a second line; without a unit it
    is that of `darfix_core.units.motor_unit`. A header behind ``#``, as `numpy.savetxt` writes it, is understood too.
    Cells are separated by commas, semicolons, tabs or blanks. Decimal commas are understood between semicolons and
    tabs. Lines that begin with ``#``, and empty ones, are left out.

    Parameters
    ----------
    path : str

    Returns
    -------
    PositionsTable

    Raises
    ------
    DataFileError
        If the file cannot be read, a name is empty or there twice, or a cell is no number; the message names the line.
    ValueError
        If the path is empty.
    """
    if not path.strip():
        raise ValueError(f"positions must be the path of a table or None, got {path!r}")
    file = os.path.abspath(os.path.expanduser(path))
    lines, comment = _lines(_text(file))
    if not lines:
        raise DataFileError("the table is empty; its first line must name the motors", file=file)
    separator = _separator(lines[0][1])
    rows = [(number, _cells(text, separator)) for number, text in lines[1:]]
    header = lines[0][0], _names(lines[0][1])
    if all(map(_is_number, header[1])):
        rows.insert(0, header)
        named = [] if comment is None else _names(comment[1])
        if comment is None or len(named) != len(header[1]):
            raise _error(file, header[0], f"the first line must name the motors, it is {lines[0][1].strip()!r}")
        header = comment[0], named
    names, units, of_frames = _read_header(file, *header)
    if rows and (stated := _unit_line(rows[0][1], of_frames, len(names))):
        units = [unit or other for unit, other in zip(stated, units, strict=True)]
        rows.pop(0)
    if not rows:
        raise DataFileError("the table names motors, but holds no positions", file=file)
    for line, cells in rows:
        if len(cells) != len(names):
            commas = separator == "," and len(cells) == 2 * len(names)
            hint = "; decimal commas need semicolons or tabs between the cells" if commas else ""
            raise _error(file, line, f"the row has {len(cells)} cells, the header names {len(names)} columns{hint}")
    motors = [column for column in range(len(names)) if column != of_frames]
    commas = _decimal_commas(file, rows, motors, separator)
    return PositionsTable(
        file,
        {names[column]: _numbers(file, rows, column, names[column], commas=commas) for column in motors},
        {names[column]: units[column] or motor_unit(names[column]) for column in motors},
        () if of_frames is None else tuple(cells[of_frames] for _, cells in rows),
        tuple(line for line, _ in rows),
    )


def _text(file: str) -> str:
    """Content of a text file in one of the encodings that tables are saved in."""
    try:
        with open(file, "rb") as stream:
            content = stream.read()
    except OSError as error:
        raise DataFileError(f"the table of positions cannot be read: {error.strerror or error}", file=file) from error
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return content.decode("utf-16", "replace")
    if b"\0" in content:
        raise DataFileError(f"not a table of positions in a text file, but {describe_file(file)}", file=file)
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("latin-1")


def _lines(text: str) -> tuple[list[_Line], _Line | None]:
    """Lines with their numbers, and the last comment before the first of them, without its mark."""
    lines: list[_Line] = []
    comment: _Line | None = None
    for number, line in enumerate(text.splitlines(), start=1):
        if line.lstrip().startswith("#"):
            comment = comment if lines else (number, line.strip().lstrip("#").strip())
        elif line.strip():
            lines.append((number, line))
    return lines, comment


def _separator(line: str) -> str:
    """What separates cells; empty for blanks."""
    return next((mark for mark in "\t;," if mark in line), "")


def _cells(line: str, separator: str) -> list[str]:
    if not separator:
        return [word.strip("\"'") for word in line.split()]
    return [cell.strip() for cell in next(csv.reader([line.strip(" ")], delimiter=separator, skipinitialspace=True))]


def _names(line: str) -> list[str]:
    """Cells of a line that names the columns: between blanks a unit in brackets belongs to the name before it."""
    separator = _separator(line)
    return _cells(line, separator) if separator else [word.strip("\"'") for word in _NAME.findall(line)]


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return _DECIMAL_COMMA.fullmatch(cell) is not None
    return True


def _read_header(file: str, line: int, cells: Sequence[str]) -> tuple[list[str], list[str], int | None]:
    """Names and units of the columns, and which one says the frames."""
    names: list[str] = []
    units: list[str] = []
    for number, cell in enumerate(cells, start=1):
        match = _WITH_UNIT.fullmatch(cell)
        name, unit = (match["name"], match["unit"].strip()) if match else (cell, "")
        if not name:
            raise _error(file, line, f"column {number} has no name")
        if name in names:
            raise _error(file, line, f"two columns are named {name!r}")
        names.append(name)
        units.append(_UNITS.get(unit, "" if unit in _NO_UNIT else unit))
    of_frames = [number for number, name in enumerate(names) if name.lower() in FRAME_COLUMNS]
    if len(of_frames) > 1:
        raise _error(file, line, f"{' and '.join(names[i] for i in of_frames)} both say which frame a row belongs to")
    if len(of_frames) == len(names):
        raise _error(file, line, "the table names no motor")
    return names, units, of_frames[0] if of_frames else None


def _unit_line(cells: Sequence[str], of_frames: int | None, n_columns: int) -> list[str]:
    """Units of the columns, where this is a line of units; else nothing."""
    words = ["" if column == of_frames else cell.strip("()[] ") for column, cell in enumerate(cells)]
    known = all(word in _UNITS or word in _NO_UNIT for word in words)
    if len(words) != n_columns or not known or not any(word in _UNITS for word in words):
        return []
    return [_UNITS.get(word, "") for word in words]


def _decimal_commas(file: str, rows: Sequence[tuple[int, list[str]]], columns: Sequence[int], separator: str) -> bool:
    """True where the numbers have decimal commas."""
    with_comma = [(line, cells[i]) for line, cells in rows for i in columns if _DECIMAL_COMMA.fullmatch(cells[i])]
    if not with_comma:
        return False
    line, cell = with_comma[0]
    if separator not in (";", "\t"):
        raise _error(file, line, f"{cell!r}: decimal commas need semicolons or tabs between the cells")
    if any("." in cells[i] for _, cells in rows for i in columns):
        raise _error(file, line, f"{cell!r}: the table mixes decimal commas and decimal points")
    return True


def _numbers(file: str, rows: Sequence[tuple[int, list[str]]], column: int, name: str, *, commas: bool) -> FloatArray:
    """Numbers of a column."""
    values = np.empty(len(rows))
    for number, (line, cells) in enumerate(rows):
        cell = cells[column]
        try:
            values[number] = float(cell.replace(",", ".") if commas else cell)
        except ValueError:
            raise _error(file, line, f"{name}: {cell!r} is no number" if cell else f"{name} has no position") from None
        if not np.isfinite(values[number]):
            raise _error(file, line, f"{name}: positions must be finite numbers, got {cell!r}")
    return values
