"""Positions that come to a scan from a table beside its frames."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence

import numpy as np

from darfix_core.engine.execution import warn
from darfix_core.errors import DataFileError
from darfix_core.io.positions_table import PositionsTable, read_positions
from darfix_core.io.series_source import FramePlace, SeriesSource
from darfix_core.model.arrays import IntArray
from darfix_core.model.dataset import Dataset

_FOLDERS = re.compile(r"[/\\]")
_MAX_LISTED = 6


def with_positions(dataset: Dataset, path: str, frames: tuple[int, int] | None = None) -> Dataset:
    """Scan with the positions of a table. Motors that the scan has already are replaced, with a warning.

    Parameters
    ----------
    dataset : Dataset
        As it was opened.
    path : str
        See `darfix_core.io.positions_table.read_positions`. Row after row belongs to frame after frame of the whole
        scan; a column `frame` may number the frames from 0, a column `file` or `filename` name their files.
    frames : (int, int), optional
        The range of frames that the dataset is; None: the whole scan.

    Returns
    -------
    Dataset
        Without dimensions. Motors that stand still are among the constant ones.

    Raises
    ------
    DataFileError
        If the table is broken or does not fit the frames; the message names file and line.
    """
    table = read_positions(path)
    rows = _rows(table, dataset, frames)
    columns = {name: values[rows] for name, values in table.columns.items()}
    constant = dataset.metadata.get("motors", {})
    replaced = [name for name in columns if name in dataset.positions or name in constant]
    if replaced:
        warn(f"the positions of {', '.join(replaced)} are those of {os.path.basename(table.file)}, not of the scan")
    still = {name: float(values[0]) for name, values in columns.items() if values.min() == values.max()}
    moving = {name: values for name, values in columns.items() if name not in still}
    kept = {name: values for name, values in dataset.positions.items() if name not in columns}
    others = {name: value for name, value in constant.items() if name not in columns}
    units = {name: unit for name, unit in table.units.items() if unit}
    return dataset.replace(
        dimensions=(),
        grid_index=None,
        positions={**kept, **moving},
        units={**{name: unit for name, unit in dataset.units.items() if name not in columns}, **units},
        metadata={**dataset.metadata, "motors": {**others, **still}},
    )


def _rows(table: PositionsTable, dataset: Dataset, frames: tuple[int, int] | None) -> IntArray:
    """Row of each frame."""
    first, stop = frames or (0, dataset.n_frames)
    if not table.frames:
        n_rows = len(table.lines)
        if n_rows < stop or (frames is None and n_rows > stop):
            needed = f"the scan has {stop} frames" if frames is None else f"frames={frames} needs at least {stop}"
            raise DataFileError(f"the table has {n_rows} rows of positions, {needed}", file=table.file)
        return np.arange(first, stop)
    if all(cell.isdecimal() for cell in table.frames):
        return _by_number(table, first, stop, whole=frames is None)
    source = dataset.frames.source
    if not isinstance(source, SeriesSource):
        raise table.error(
            f"{table.frames[0]!r} names a file, but the frames of this scan do not lie in files of their own; number "
            "them from 0 in a column 'frame'",
            0,
        )
    return _by_name(table, source.places, whole=frames is None)


def _by_number(table: PositionsTable, first: int, stop: int, *, whole: bool) -> IntArray:
    """Rows in the order of the frames that they number."""
    rows: dict[int, int] = {}
    for row, cell in enumerate(table.frames):
        number = int(cell)
        if number in rows:
            raise table.error(f"frame {number} has a row already, in line {table.lines[rows[number]]}", row)
        if whole and number >= stop:
            raise table.error(f"there is no frame {number}; the scan has {stop} frames, counted from 0", row)
        rows[number] = row
    missing = [number for number in range(first, stop) if number not in rows]
    if missing:
        raise DataFileError(f"these frames have no row: {_listed(list(map(str, missing)))}", file=table.file)
    return np.array([rows[number] for number in range(first, stop)])


def _by_name(table: PositionsTable, places: Sequence[FramePlace], *, whole: bool) -> IntArray:
    """Rows in the order of the files that they name; those of one file belong to its frames, one after the other."""
    frames_of: dict[str, list[int]] = {}
    for place in places:
        frames_of.setdefault(place.file, []).append(place.number)
    names: dict[str, list[str]] = {}
    for file in frames_of:
        base = os.path.basename(file)
        for name in {base, os.path.splitext(base)[0]}:
            names.setdefault(name, []).append(file)
    rows: dict[str, list[int]] = {file: [] for file in frames_of}
    unknown: list[str] = []
    for row, cell in enumerate(table.frames):
        named = _file_named(table, row, names)
        if named is None:
            unknown.append(cell)
        else:
            rows[named].append(row)
    for file, numbers in frames_of.items():
        n_rows, n_frames = len(rows[file]), max(numbers) + 1
        if n_rows < n_frames or (whole and n_rows > n_frames):
            counts = f"{n_rows} rows, it holds {n_frames} frames" if n_rows else "no row"
            counts += f"; rows name {_listed(unknown)}" if unknown and not n_rows else ""
            raise DataFileError(f"{os.path.basename(file)} has {counts}", file=table.file)
    if unknown:
        warn(
            f"{os.path.basename(table.file)}: rows that belong to no frame of the scan are left out: {_listed(unknown)}"
        )
    return np.array([rows[place.file][place.number] for place in places])


def _file_named(table: PositionsTable, row: int, names: Mapping[str, Sequence[str]]) -> str | None:
    """File of the scan that a row names, with or without folders; None where there is none."""
    parts = _FOLDERS.split(table.frames[row])
    fitting = names.get(parts[-1], ())
    if len(fitting) > 1:
        folders = parts[:-1]
        fitting = [file for file in fitting if _FOLDERS.split(os.path.dirname(file))[-len(folders) :] == folders]
        if len(fitting) != 1:
            raise table.error(
                f"{table.frames[row]!r} names several files of the scan, or none; give the folder too", row
            )
    return fitting[0] if fitting else None


def _listed(words: Sequence[str]) -> str:
    more = f" and {len(words) - _MAX_LISTED} more" if len(words) > _MAX_LISTED else ""
    return ", ".join(words[:_MAX_LISTED]) + more
