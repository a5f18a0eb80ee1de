"""Shifts in text files: a row a frame, which people, spreadsheets and other programs can read and write.

What concerns all frames stands above the table, in lines that begin with ``#``. Only the columns ``dy`` and ``dx`` are
needed, so that a shift that was found elsewhere can be written by hand.
"""

from __future__ import annotations

import csv
import hashlib
import io
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from darfix_core.errors import DataFileError
from darfix_core.io.atomic import Writer
from darfix_core.io.signature import describe_file
from darfix_core.model.arrays import FloatArray
from darfix_core.model.frame_sources import SourceFile
from darfix_core.model.history import History
from darfix_core.model.shift import Shift

#: Endings of the files that shifts are written to.
SHIFT_SUFFIXES = (".txt", ".csv", ".dat")

_MARK, _FORMAT = "darfix-core shift", 1
_VALUES, _ERRORS, _TRUSTED = ("dy", "dx"), ("dy_error", "dx_error"), "trusted"
_OURS = ("frame", *_VALUES, *_ERRORS, _TRUSTED)
_COLUMN = re.compile(r"(?P<name>.*?)\s*(?:\((?P<unit>[^()]*)\))?")
_BETWEEN_BLANKS = re.compile(r"[^\s(]+(?:\s*\([^()]*\))?")


def shift_path(path: str | os.PathLike[str]) -> Path:
    """Path of a shift file to be written, its ending checked.

    Raises
    ------
    ValueError
        If it does not end in .txt, .csv or .dat.
    """
    if Path(path).suffix.lower() not in SHIFT_SUFFIXES:
        raise ValueError(f"path must end in {', '.join(SHIFT_SUFFIXES)}, got {os.fspath(path)!r}")
    return Path(path)


def shift_writer(shift: Shift) -> Writer:
    """Function that writes a shift to the path that it is given, for `darfix_core.io.atomic.write_whole`."""
    table = _table(shift)
    velocity = "" if shift.velocity is None else " ".join(map(repr, map(float, shift.velocity)))
    # JSON has no line breaks but those between its entries.
    history = "".join(line.strip() for line in shift.history.to_json().splitlines())
    facts = {
        _MARK: f"format {_FORMAT}",
        "dy, dx": "where the content of each frame sits, along rows and columns",
        "reason": " ".join(shift.reason.split()),
        "motor": shift.motor,
        "velocity": velocity,
        f"history of {_digest(table)}": history,
    }
    head = "".join(f"# {name}: {text}\n" for name, text in facts.items() if text)

    def write(path: Path) -> None:
        path.write_text(head + table, encoding="utf-8")

    return write


def _table(shift: Shift) -> str:
    """The rows, with the names of their columns."""
    taken = [name for name in shift.positions if name in _OURS]
    if taken:
        raise ValueError(f"a motor named {taken[0]!r} cannot stand in a shift file, which has a column of that name")
    units = [f"{motor} ({unit})" if (unit := shift.units.get(motor, "")) else motor for motor in shift.positions]
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(["frame", *(f"{name} (px)" for name in (*_VALUES, *_ERRORS)), _TRUSTED, *units])
    measured = np.column_stack([shift.values, shift.uncertainty])
    for frame, (numbers, trusted) in enumerate(zip(measured.tolist(), shift.trusted.tolist(), strict=True)):
        rows.writerow([frame, *numbers, int(trusted), *(float(values[frame]) for values in shift.positions.values())])
    return text.getvalue()


def _digest(table: str) -> str:
    """Fingerprint of a table: one that was edited is no longer what its history made."""
    return hashlib.sha256(table.encode()).hexdigest()[:16]


def is_shift_file(path: str) -> bool:
    """True for files that `shift_writer` has written."""
    with open(path, "rb") as stream:
        return stream.read(64).startswith(f"# {_MARK}".encode())


def read_shift(path: str | os.PathLike[str]) -> Shift:
    """Read a shift from a text file.

    Parameters
    ----------
    path : path
        A table with a column for each of ``dy`` and ``dx``, in px. Further columns: ``dy_error`` and ``dx_error`` (px),
        ``trusted`` (1 or 0), and the positions of motors, with their units in brackets: ``mu (deg)``. Cells are
        separated by commas, semicolons, tabs or blanks.

    Returns
    -------
    Shift
        As it was written, history included where nobody has edited the table since.

    Raises
    ------
    DataFileError
        If the file cannot be read, was written by a newer version, or is no such table; the message names the line.
    """
    file = os.path.abspath(os.path.expanduser(os.fspath(path)))
    facts, lines = _parts(file, _text(file))
    separator = next((mark for mark in "\t;," if mark in lines[0][1]), None)
    names, units = _header(file, *lines[0], separator)
    table = np.array([_row(file, number, text, separator, names) for number, text in lines[1:]])
    columns: dict[str, FloatArray] = dict(zip(names, table.T, strict=True))
    motors = [name for name in names if name not in _OURS]
    errors = np.column_stack([columns.get(name, np.full(len(table), np.nan)) for name in _ERRORS])
    try:
        shift = Shift(
            np.column_stack([columns[name] for name in _VALUES]),
            errors,
            columns.get(_TRUSTED, np.ones(len(table))) != 0,
            facts.get("reason", ""),
            _velocity(file, facts.get("velocity", "")),
            facts.get("motor", ""),
            {motor: columns[motor] for motor in motors},
            {motor: units[motor] for motor in motors if units[motor]},
        )
    except ValueError as error:
        raise DataFileError(f"holds no shift: {error}", file=file) from error
    return _with_history(shift, facts, file)


def _text(file: str) -> str:
    try:
        content = Path(file).read_bytes()
    except OSError as error:
        raise DataFileError(f"the shift cannot be read: {error.strerror or error}", file=file) from error
    if b"\0" in content or not content.strip():
        raise DataFileError(f"is no shift in a text file, but {describe_file(file)}", file=file)
    return content.decode("utf-8-sig", errors="replace")


def _parts(file: str, text: str) -> tuple[dict[str, str], list[tuple[int, str]]]:
    """What stands above the table, and its lines with their numbers; the first names the columns."""
    facts: dict[str, str] = {}
    lines: list[tuple[int, str]] = []
    for number, line in enumerate(text.splitlines(), start=1):
        if line.startswith("#"):
            name, _, value = line.lstrip("# ").partition(": ")
            facts[name] = value.strip()
        elif line.strip():
            lines.append((number, line))
    if facts.get(_MARK, f"format {_FORMAT}") != f"format {_FORMAT}":
        raise DataFileError(
            f"was written by a newer darfix-core ({facts[_MARK]}, this version reads format {_FORMAT})", file=file
        )
    if len(lines) < 2:
        raise DataFileError("holds no table of a shift: a line with names, dy and dx, and a row a frame", file=file)
    return facts, lines


def _cells(text: str, separator: str | None) -> list[str]:
    if separator is None:
        return text.split()
    return [cell.strip() for cell in next(csv.reader([text], delimiter=separator, skipinitialspace=True))]


def _header(file: str, line: int, text: str, separator: str | None) -> tuple[list[str], Mapping[str, str]]:
    """Names of the columns, and their units."""
    cells = _BETWEEN_BLANKS.findall(text) if separator is None else _cells(text, separator)
    matches = [_COLUMN.fullmatch(cell) for cell in cells]
    found = [(match["name"], match["unit"] or "") if match else ("", "") for match in matches]
    names = [name for name, _ in found]
    for name in _VALUES:
        if names.count(name) != 1:
            raise _error(file, line, f"the table must have one column {name}, its columns are {', '.join(names)}")
    if len(set(names)) < len(names):
        raise _error(file, line, "two columns have the same name")
    for name, unit in found:
        if name in (*_VALUES, *_ERRORS) and unit not in ("px", ""):
            raise _error(file, line, f"{name} must be in px, got {unit}")
    return names, dict(found)


def _row(file: str, line: int, text: str, separator: str | None, names: Sequence[str]) -> list[float]:
    cells = _cells(text, separator)
    if len(cells) != len(names):
        raise _error(file, line, f"the row has {len(cells)} cells, the header names {len(names)} columns")
    try:
        return [float(cell) for cell in cells]
    except ValueError:
        raise _error(file, line, f"every cell must be a number, got {text.strip()!r}") from None


def _velocity(file: str, text: str) -> tuple[float, float] | None:
    try:
        dy, dx = map(float, text.split()) if text else (0.0, 0.0)
    except ValueError:
        raise DataFileError(f"velocity must be two numbers, dy and dx, got {text!r}", file=file) from None
    return (dy, dx) if text else None


def _with_history(shift: Shift, facts: Mapping[str, str], file: str) -> Shift:
    """The shift with the history in its file, unless the table is another by now."""
    history = facts.get(f"history of {_digest(_table(shift))}")
    if history is None:
        return shift
    try:
        known = History.from_json(history)
    except ValueError as error:
        raise DataFileError(str(error), file=file) from error
    status = os.stat(file)
    return shift.with_history(known.read_from(SourceFile(file, status.st_size, status.st_mtime)))


def _error(file: str, line: int, message: str) -> DataFileError:
    return DataFileError(message, file=file, path=f"line {line}")
