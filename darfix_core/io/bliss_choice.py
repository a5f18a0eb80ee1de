"""Which scan of an HDF5 file, and which detector of it, is meant; and what to choose from, where that is not clear."""

from __future__ import annotations

from collections.abc import Sized
from copy import copy

import h5py

from darfix_core.engine.execution import warn
from darfix_core.errors import DataFileError, nearest
from darfix_core.io.bliss_scans import (
    STACK_NAMES,
    Detector,
    Found,
    Scan,
    find_detectors,
    find_scans,
    is_stack,
    name_of,
)
from darfix_core.io.hdf5_file import get_item
from darfix_core.io.hdf5_partial import IncompleteFileError

# What an error message lists.
_LISTED = 20
_OTHERS_LISTED = 8


def choose_scan(file: h5py.File, wanted: str | None) -> Scan:
    """Scan of that name, or the only one that holds frames.

    Raises
    ------
    DataFileError
        If there is none of that name, or the choice is not clear; the message lists the scans.
    """
    if wanted is not None:
        return _named_scan(file, wanted)
    scans, problems = find_scans(file)
    found: dict[Scan, Found] = {}
    for scan in scans:
        try:
            found[scan] = find_detectors(scan)
        except IncompleteFileError as error:
            problems.append(copy(error))
    held = [scan for scan in found if found[scan].detectors]
    if len(held) == 1:
        for problem in problems:
            warn(f"a scan is left out: {problem}")
        return held[0]
    if held:
        listed = "; ".join(_describe(scan, found[scan]) for scan in held[:_LISTED])
        raise DataFileError(
            f"the file holds {len(held)} scans with frames, choose one by its name: {listed}{_more(held)}",
            file=file.filename,
        )
    problems += [problem for entry in found.values() for problem in entry.problems.values()]
    if problems:
        raise problems[0]
    others = [words for entry in found.values() for words in entry.others]
    raise DataFileError(
        "the file holds no frames: no dataset of three axes (frames, rows, columns)"
        + (f"; there are {', '.join(others[:_OTHERS_LISTED])}" if others else ""),
        file=file.filename,
    )


def _named_scan(file: h5py.File, wanted: str) -> Scan:
    name = wanted.strip("/") or "/"
    for candidate in (name, f"{name}.1"):
        item = file if candidate == "/" else get_item(file, candidate)
        if isinstance(item, h5py.Group):
            return Scan(file, candidate, item)
    names = [scan.name for scan in find_scans(file)[0]]
    close = nearest(wanted, names) if len(names) > _LISTED else ""
    listed = f"; there are {len(names)}: {', '.join(names[:_LISTED])}{_more(names)}" if names else "; there are none"
    raise DataFileError(f"there is no scan {wanted!r}{close}{listed}", file=file.filename)


def _more(listed: Sized) -> str:
    """End of a list that is too long for a message."""
    return f" ... and {len(listed) - _LISTED} more" if len(listed) > _LISTED else ""


def _describe(scan: Scan, found: Found) -> str:
    n_frames = max(detector.shape[0] for detector in found.detectors)
    return f"{scan.name} ({scan.title or 'no title'}, {n_frames} frames)"


def choose_detector(scan: Scan, wanted: str | None) -> Detector:
    """Detector of that name or path, or the only one.

    Raises
    ------
    DataFileError
        If there is none, the choice is not clear, or the file that holds the frames is missing.
    """
    if wanted is not None:
        return _named_detector(scan, wanted)
    found = find_detectors(scan)
    if not found.detectors:
        if found.problems:
            raise next(iter(found.problems.values()))
        raise scan.error(
            "the scan holds no frames: no dataset of three axes (frames, rows, columns)"
            + (f"; there are {', '.join(found.others[:_OTHERS_LISTED])}" if found.others else "")
        )
    best = min(detector.rank for detector in found.detectors)
    held = [detector for detector in found.detectors if detector.rank == best]
    if len(held) > 1:
        listed = ", ".join(f"{entry.name} {entry.shape}" for entry in held)
        raise scan.error(f"the scan holds the frames of {len(held)} detectors, choose one by its name: {listed}")
    for path, problem in found.problems.items():
        if path.startswith("instrument/") and name_of(path) not in (held[0].name, *STACK_NAMES):
            warn(f"the detector {name_of(path)!r} is left out: {problem}")
    return held[0]


def _named_detector(scan: Scan, wanted: str) -> Detector:
    found = find_detectors(scan)
    path = wanted.strip("/").removeprefix(f"{scan.name}/")
    for detector in found.detectors:
        if path in (detector.name, detector.path, f"instrument/{detector.name}"):
            return detector
    item = get_item(scan.entry, path)
    if isinstance(item, h5py.Dataset) and is_stack(item):
        return Detector(name_of(path), path, item, 0)
    for place, problem in found.problems.items():
        if path == place or path == name_of(place) or place.startswith(f"{path}/"):
            raise problem
    if isinstance(item, h5py.Dataset):
        raise scan.error(f"a stack of frames has three axes and counts, this has {item.shape} {item.dtype}", path)
    raise scan.error(f"there is no detector {wanted!r}{nearest(wanted, [entry.name for entry in found.detectors])}")
