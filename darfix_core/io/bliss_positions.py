"""Positions of the motors and counts of the counters at every frame of a BLISS scan."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import h5py
import numpy as np

from darfix_core.engine.execution import warn
from darfix_core.errors import DataFileError
from darfix_core.io.bliss_scans import Scan
from darfix_core.io.bliss_values import attribute, find, finite, interruption, unit_attribute
from darfix_core.io.hdf5_file import get_item
from darfix_core.model.arrays import FloatArray
from darfix_core.units import motor_unit

# Read-backs of one motor, best first: at the centre of the exposure, as it was asked, at its start.
_READ_BACKS = ("{}_center", "{}", "{}_trig")


@dataclass(frozen=True, eq=False)
class Entry:
    """A dataset of one axis that may be a motor or a counter."""

    name: str
    dataset: h5py.Dataset

    @property
    def length(self) -> int:
        """Number of values."""
        return int(self.dataset.shape[0])


@dataclass(frozen=True, eq=False)
class PerFrame:
    """What is known for each frame.

    Parameters
    ----------
    n_frames : int
        Frames that have positions: fewer than were recorded where an interrupted scan lacks some.
    positions, units, counters
        As in `Dataset`.
    constants : mapping
        Motors that stood still -> position.
    """

    n_frames: int
    positions: Mapping[str, FloatArray]
    units: Mapping[str, str]
    counters: Mapping[str, FloatArray]
    constants: Mapping[str, float]


@dataclass(eq=False)
class _Tables:
    """All entries of a scan and its sub-scans, those of the scan first."""

    entries: dict[str, list[Entry]] = field(default_factory=dict)
    constants: dict[str, float] = field(default_factory=dict)
    units: dict[str, str] = field(default_factory=dict)
    positioners: set[str] = field(default_factory=set)
    lists_positioners: bool = False
    problems: dict[str, DataFileError] = field(default_factory=dict)

    def add(self, parent: h5py.Group, path: str, name: str, *, positioner: bool = False) -> None:
        """Note the dataset at a path under the name of its motor or counter."""
        if positioner:
            self.positioners.add(name)
        try:
            item = get_item(parent, path)
        except DataFileError as error:
            self.problems.setdefault(name, error)
            return
        if isinstance(item, h5py.Group) and positioner:
            item = find(item, "value")
        if not isinstance(item, h5py.Dataset) or item.dtype.kind not in "uifb":
            return
        if item.ndim == 1:
            self.entries.setdefault(name, []).append(Entry(name, item))
        constant = finite(item[()]) if positioner and item.size == 1 else None
        if constant is not None:
            self.constants.setdefault(name, constant)
        unit = unit_attribute(item)
        if unit:
            self.units.setdefault(name, unit)


def _collect(scan: Scan) -> _Tables:
    tables = _Tables()
    for entry in (scan.entry, *_sub_scans(scan)):
        for place in ("instrument/positioners", "positioners"):
            for name in _names(entry, place):
                tables.lists_positioners = True
                tables.add(entry, f"{place}/{name}", name, positioner=True)
        measured = _names(entry, "measurement")
        for name in _names(entry, "instrument"):
            group = find(entry, f"instrument/{name}")
            if isinstance(group, h5py.Group):
                declared = attribute(group, "NX_class") == "NXpositioner"
                for key in ("value", "data"):
                    if key in group:
                        tables.add(group, key, name, positioner=declared)
                # Under measurement the further values of a counter have names of their own.
                for key in group if not measured else ():
                    if key not in ("value", "data"):
                        tables.add(group, key, f"{name}_{key}")
            else:
                tables.add(entry, f"instrument/{name}", name)
        for name in measured:
            tables.add(entry, f"measurement/{name}", name)
        for name in entry:
            if isinstance(find(entry, name), h5py.Dataset):
                tables.add(entry, name, name)
    return tables


def _names(entry: h5py.Group, path: str) -> list[str]:
    group = find(entry, path)
    return list(group) if isinstance(group, h5py.Group) else []


def _sub_scans(scan: Scan) -> Iterator[h5py.Group]:
    """The other acquisition chains of the scan: 1.2, 1.3 for the scan 1.1."""
    match = re.fullmatch(r"(?P<folder>.*/)?(?P<number>\d+)\.\d+", scan.name)
    if match is None:
        return
    folder = match["folder"] or "/"
    for name in _names(scan.root, folder):
        if name.startswith(f"{match['number']}.") and name != scan.name.rpartition("/")[2]:
            entry = find(scan.root, folder + name)
            if isinstance(entry, h5py.Group):
                yield entry


def read_per_frame(scan: Scan, n_frames: int, title: str, parameters: Mapping[str, Any]) -> PerFrame:
    """Positions, counters and constant motors of a scan.

    Parameters
    ----------
    scan : Scan
    n_frames : int
        Frames of the detector.
    title : str
        Of the scan; names the motors that it moves.
    parameters : mapping
        Of the scan; name them, too.

    Returns
    -------
    PerFrame

    Raises
    ------
    DataFileError
        If a motor that the scan moves has another number of positions than there are frames, unless the scan
        was interrupted; or if a file that holds them is missing.
    """
    tables = _collect(scan)
    words = _words(title, parameters)
    motors = _motors(tables, words)
    for name in motors:
        if name in tables.problems and not _read_backs(tables, name):
            raise tables.problems[name]
    lengths = _lengths(scan, tables, motors, [name for name in motors if name in words], n_frames)
    common = min(lengths)
    positions: dict[str, FloatArray] = {}
    units: dict[str, str] = {}
    for name in motors:
        entry = next((entry for entry in _read_backs(tables, name) if entry.length in lengths), None)
        if entry is None:
            continue
        if entry.name != name and entry.name.endswith("_trig"):
            warn(f"the positions of {name} were recorded at the start of each exposure only ({entry.name})")
        positions[name] = _values(scan, entry)[:common]
        units[name] = tables.units.get(entry.name) or tables.units.get(name) or motor_unit(name)
    counters: dict[str, FloatArray] = {}
    used = {read_back.format(name) for name in positions for read_back in _READ_BACKS[:2]}
    for name, entries in tables.entries.items():
        held = next((entry for entry in entries if entry.length in lengths), None)
        if held is not None and name not in used:
            counters[name] = _values(scan, held)[:common]
    constants = {name: entry for name, entry in tables.constants.items() if name not in positions}
    return PerFrame(common, positions, units, counters, constants)


def _words(title: str, parameters: Mapping[str, Any]) -> list[str]:
    """Words in which a scan may name its motors, in their order."""
    texts = [title, *(entry for entry in parameters.values() if isinstance(entry, str))]
    return list(dict.fromkeys(word for text in texts for word in re.split(r"[\s,;:=()\[\]'\"]+", text) if word))


def _motors(tables: _Tables, words: list[str]) -> list[str]:
    """Motors among the entries, those that the scan names first."""
    names = {entry.removesuffix("_center").removesuffix("_trig") for entry in (*tables.entries, *tables.problems)}
    declared = names & tables.positioners
    if not tables.lists_positioners:
        declared |= {name for name in names if motor_unit(name)}
    return [name for name in words if name in names] + sorted(declared - set(words))


def _read_backs(tables: _Tables, motor: str) -> list[Entry]:
    """Read-backs of a motor, best first."""
    return [entry for read_back in _READ_BACKS for entry in tables.entries.get(read_back.format(motor), ())]


def _lengths(scan: Scan, tables: _Tables, motors: list[str], moved: list[str], n_frames: int) -> set[int]:
    """Number of frames, and where an interrupted scan has another number of positions, that as well."""
    other: dict[str, int] = {}
    for name in moved or motors:
        lengths = [entry.length for entry in _read_backs(tables, name)]
        if n_frames in lengths:
            if not moved:
                return {n_frames}
        elif lengths and lengths[0] > 1:
            other[name] = lengths[0]
    if not other:
        return {n_frames}
    counts = ", ".join(f"{count} positions of {name}" for name, count in other.items())
    reason = interruption(scan.entry)
    if not reason:
        raise scan.error(f"the detector has {n_frames} frames, but there are {counts}")
    common = min(n_frames, *other.values())
    warn(f"the scan is not whole ({reason}), with {n_frames} frames and {counts}: the first {common} are used")
    return {n_frames, *other.values()}


def _values(scan: Scan, entry: Entry) -> FloatArray:
    try:
        return np.asarray(entry.dataset[()], dtype=np.float64)
    except (OSError, RuntimeError) as error:
        raise scan.error(f"the values of {entry.name} cannot be read: {error}", entry.dataset.name) from error
