"""Datasets of a BLISS scan that may be motors or counters, under the names of these."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from copy import copy
from dataclasses import dataclass, field

import h5py

from darfix_core.errors import DataFileError
from darfix_core.io.bliss_recording import Recording
from darfix_core.io.bliss_scans import Scan
from darfix_core.io.bliss_values import attribute, find, finite, unit_attribute
from darfix_core.io.hdf5_complete import complete_frames
from darfix_core.io.hdf5_file import get_item
from darfix_core.io.hdf5_partial import IncompleteFileError

# Read-backs of one motor, best first: at the centre of the exposure, as it was asked, at its start.
READ_BACKS = ("{}_center", "{}", "{}_trig")


@dataclass(frozen=True, eq=False)
class Entry:
    """A dataset of one axis that may be a motor or a counter, and the number of its values that are there."""

    name: str
    dataset: h5py.Dataset
    length: int


@dataclass(eq=False)
class Tables:
    """All entries of a scan and its sub-scans, those of the scan first."""

    recording: Recording
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
        with self.noting(name, DataFileError):
            self._add(parent, path, name, positioner)

    @contextlib.contextmanager
    def noting(self, name: str, kind: type[DataFileError] = IncompleteFileError) -> Iterator[None]:
        """Note what cannot be looked at, by default as it is not there yet, under the name of its motor or counter."""
        try:
            yield
        except kind as error:
            # Without what it comes from, which would keep files open.
            self.problems.setdefault(name, copy(error))

    def read_backs(self, motor: str) -> list[Entry]:
        """Read-backs of a motor, best first."""
        return [entry for form in READ_BACKS for entry in self.entries.get(form.format(motor), ())]

    def _add(self, parent: h5py.Group, path: str, name: str, positioner: bool) -> None:
        item = get_item(parent, path)
        if isinstance(item, h5py.Group) and positioner:
            item = find(item, "value")
        if not isinstance(item, h5py.Dataset) or item.dtype.kind not in "uifb":
            return
        if item.ndim == 1:
            length = complete_frames(item) if self.recording.unfinished else int(item.shape[0])
            self.entries.setdefault(name, []).append(Entry(name, item, length))
        constant = finite(item[()]) if positioner and item.size == 1 else None
        if constant is not None:
            self.constants.setdefault(name, constant)
        unit = unit_attribute(item)
        if unit:
            self.units.setdefault(name, unit)


def collect(scan: Scan, recording: Recording) -> Tables:
    """Look at everything in a scan, and the other chains of it, that may be a motor or a counter."""
    tables = Tables(recording)
    for entry in (scan.entry, *_sub_scans(scan)):
        for place in ("instrument/positioners", "positioners"):
            with tables.noting(place):
                for name in _names(entry, place):
                    tables.lists_positioners = True
                    tables.add(entry, f"{place}/{name}", name, positioner=True)
        measured: list[str] = []
        with tables.noting("measurement"):
            measured = _names(entry, "measurement")
        for name in _names(entry, "instrument"):
            if name == "positioners":
                continue
            with tables.noting(name):
                _add_device(tables, entry, name, everything=not measured)
        for name in measured:
            tables.add(entry, f"measurement/{name}", name)
        for name in entry:
            with tables.noting(name):
                if isinstance(find(entry, name), h5py.Dataset):
                    tables.add(entry, name, name)
    return tables


def _add_device(tables: Tables, entry: h5py.Group, name: str, *, everything: bool) -> None:
    """Note what lies below instrument under a name; `everything`: the further values of a counter, too."""
    group = find(entry, f"instrument/{name}")
    if not isinstance(group, h5py.Group):
        tables.add(entry, f"instrument/{name}", name)
        return
    declared = attribute(group, "NX_class") == "NXpositioner"
    for key in ("value", "data"):
        if key in group:
            tables.add(group, key, name, positioner=declared)
    # Under measurement the further values of a counter have names of their own.
    for key in group if everything else ():
        if key not in ("value", "data"):
            tables.add(group, key, f"{name}_{key}")


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
