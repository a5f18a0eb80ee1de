"""Scans of an HDF5 file and the detectors of a scan, in the layout of BLISS and in simpler ones."""

from __future__ import annotations

from collections.abc import Iterator
from copy import copy
from dataclasses import dataclass, field

import h5py

from darfix_core.errors import DataFileError
from darfix_core.io.bliss_values import attribute, find, text
from darfix_core.io.hdf5_file import NOT_FOUND, Item, get_item
from darfix_core.io.hdf5_partial import IncompleteFileError
from darfix_core.model.frame_sources import counts_type

# How deep a stack is looked for where it is in none of the usual places.
_MAX_DEPTH = 5
#: Names of a stack in the group of its detector.
STACK_NAMES = ("data", "image")


@dataclass(frozen=True, eq=False)
class Scan:
    """A scan in an open file.

    Parameters
    ----------
    root : h5py.File
        The file that was opened; `entry` may lie in another.
    name : str
        Of the group, such as ``"1.1"``; ``"/"`` where the whole file is one scan.
    entry : h5py.Group
    """

    root: h5py.File
    name: str
    entry: h5py.Group

    @property
    def file(self) -> str:
        """Path of the file."""
        return str(self.root.filename)

    def path(self, inside: str = "") -> str:
        """Absolute path in the file."""
        return "/" + "/".join(part for part in (self.name.strip("/"), inside.strip("/")) if part)

    def error(self, message: str, inside: str = "") -> DataFileError:
        """Error about this scan."""
        return DataFileError(message, file=self.file, path=self.path(inside))

    @property
    def title(self) -> str:
        """Title of the scan; empty when unknown."""
        return text(self.entry, "title")


@dataclass(eq=False)
class Detector:
    """A stack of frames in a scan, under all its names.

    Parameters
    ----------
    name : str
    path : str
        Preferred path inside the scan.
    dataset : h5py.Dataset
    rank : int
        0: declared as a detector; 1: under measurement; 2: elsewhere.
    aliases : list of str
        Further paths of the same stack.
    """

    name: str
    path: str
    dataset: h5py.Dataset
    rank: int
    aliases: list[str] = field(default_factory=list)

    @property
    def shape(self) -> tuple[int, int, int]:
        """(n_frames, ny, nx)."""
        n_frames, ny, nx = self.dataset.shape
        return n_frames, ny, nx


@dataclass(eq=False)
class Found:
    """Detectors of a scan, and what could not be looked at.

    Errors are kept as copies: the originals know where they come from, and so would keep files open.

    Parameters
    ----------
    detectors : list of Detector
    problems : dict
        Path inside the scan -> broken link where a detector may be.
    others : list of str
        Stacks that are no stack of images, in words.
    """

    detectors: list[Detector] = field(default_factory=list)
    problems: dict[str, DataFileError] = field(default_factory=dict)
    others: list[str] = field(default_factory=list)


def find_scans(file: h5py.File) -> tuple[list[Scan], list[DataFileError]]:
    """Groups of a file that are scans, and links to scans that are broken."""
    if _is_entry(file):
        return [Scan(file, "/", file)], []
    scans: list[Scan] = []
    problems: list[DataFileError] = []
    for name, group in _groups(file, problems):
        try:
            below = [] if _is_entry(group) else [(n, g) for n, g in _groups(group, problems) if _is_entry(g)]
        except IncompleteFileError as error:
            problems.append(copy(error))
            continue
        scans += [Scan(file, f"{name}/{inner}", item) for inner, item in below] or [Scan(file, name, group)]
    return sorted(scans, key=lambda scan: _natural(scan.name)), problems


def _natural(name: str) -> tuple[tuple[int, str], ...]:
    """Key that sorts 2.1 before 10.1."""
    return tuple((int(part), "") if part.isdecimal() else (-1, part) for part in name.replace("/", ".").split("."))


def _groups(parent: h5py.Group, problems: list[DataFileError]) -> Iterator[tuple[str, h5py.Group]]:
    for name in parent:
        try:
            item = get_item(parent, name)
        except DataFileError as error:
            problems.append(copy(error))
        else:
            if isinstance(item, h5py.Group):
                yield name, item


def _is_entry(group: h5py.Group) -> bool:
    if "instrument" in group or "measurement" in group or attribute(group, "NX_class") == "NXentry":
        return True
    return any(is_stack(find(group, name)) for name in group)


def find_detectors(scan: Scan) -> Found:
    """Stacks of frames in a scan; one that has several names is listed once."""
    found = Found()
    for name, path in _places(scan, found):
        _look(scan, found, name, path)
    # What BLISS records is all under measurement; scans without a detector are many, and need no search.
    if not found.detectors and "measurement" not in scan.entry:
        for path in _deep(scan.entry.id, "", 0, set()):
            _look(scan, found, name_of(path), path)
    return found


def _places(scan: Scan, found: Found) -> Iterator[tuple[str, str]]:
    """Where detectors usually are: name, path inside the scan. Groups that are not there yet are noted as problems."""
    for name in _children(scan.entry, "instrument") or ():
        if name.startswith("positioners"):
            continue
        try:
            keys = _children(scan.entry, f"instrument/{name}")
        except IncompleteFileError as error:
            found.problems[f"instrument/{name}"] = copy(error)
            continue
        if keys is None:
            yield name, f"instrument/{name}"
            continue
        for key in sorted(keys, key=lambda key: STACK_NAMES.index(key) if key in STACK_NAMES else len(STACK_NAMES)):
            yield name, f"instrument/{name}/{key}"
    try:
        measured = _children(scan.entry, "measurement") or ()
    except IncompleteFileError as error:
        found.problems["measurement"], measured = copy(error), ()
    for name in measured:
        yield name, f"measurement/{name}"


def _children(entry: h5py.Group, path: str) -> list[str] | None:
    """Names in a group, None where there is no group; as fast as `_is_flat`."""
    try:
        item = h5py.h5o.open(entry.id, path.encode())
    except NOT_FOUND:
        return None
    return [name.decode(errors="replace") for name in item] if isinstance(item, h5py.h5g.GroupID) else None


def _look(scan: Scan, found: Found, name: str, path: str) -> None:
    """Add what is at a path to what was found, if it is a stack."""
    try:
        if _is_flat(scan.entry, path):
            return
        item = get_item(scan.entry, path)
    except DataFileError as error:
        found.problems[path] = copy(error)
        return
    if not isinstance(item, h5py.Dataset):
        return
    if not is_stack(item):
        found.others.append(f"{scan.path(path)} {item.shape} {item.dtype}")
        return
    rank = _rank(scan, path)
    for known in found.detectors:
        # Linked twice it is one object; copied, the name tells.
        if known.name == name or _identity(known.dataset) == _identity(item):
            known.aliases.append(path)
            known.rank = min(known.rank, rank)
            return
    found.detectors.append(Detector(name, path, item, rank))


def _rank(scan: Scan, path: str) -> int:
    """How surely a stack is that of a detector; see `Detector`."""
    place, _, name = path.rpartition("/")
    if place == "measurement":
        return 1
    group = find(scan.entry, place) if place and name else None
    declared = isinstance(group, h5py.Group) and (
        attribute(group, "NX_class") == "NXdetector" or text(group, "type") == "lima"
    )
    return 0 if declared else 2


def is_stack(item: Item | None) -> bool:
    """True for a dataset of three axes that holds counts."""
    return isinstance(item, h5py.Dataset) and item.ndim == 3 and item.size > 0 and counts_type(item.dtype) is not None


def _is_flat(entry: h5py.Group, path: str) -> bool:
    """True for groups, single values and curves; told without the cost of h5py's objects, as there are many."""
    try:
        item = h5py.h5o.open(entry.id, path.encode())
    except NOT_FOUND:
        return False
    return not isinstance(item, h5py.h5d.DatasetID) or item.rank < 2


def _identity(item: Item) -> tuple[int, int]:
    status = h5py.h5o.get_info(item.id)
    return status.fileno, status.addr


def _deep(group: h5py.h5g.GroupID, path: str, depth: int, seen: set[tuple[int, int]]) -> Iterator[str]:
    """Paths of what may be a stack, anywhere below a group; as fast as `_is_flat`."""
    status = h5py.h5o.get_info(group)
    if depth > _MAX_DEPTH or (status.fileno, status.addr) in seen:
        return
    seen.add((status.fileno, status.addr))
    for name in group:
        try:
            item = h5py.h5o.open(group, name)
        except NOT_FOUND:
            continue
        inside = f"{path}/{name.decode(errors='replace')}".strip("/")
        if isinstance(item, h5py.h5g.GroupID):
            yield from _deep(item, inside, depth + 1, seen)
        elif isinstance(item, h5py.h5d.DatasetID) and item.rank > 2:
            yield inside


def name_of(path: str) -> str:
    """Name of a stack: that of its group, where it has none of its own."""
    parts = path.split("/")
    return parts[-2] if len(parts) > 1 and parts[-1] in STACK_NAMES else parts[-1]
