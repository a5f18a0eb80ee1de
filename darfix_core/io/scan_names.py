"""Names of scans as users give them: one scan, several, a range, or all."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any

import h5py

from darfix_core.engine.execution import current_execution, warn
from darfix_core.errors import DataFileError
from darfix_core.io.bliss_choice import choose_scan
from darfix_core.io.bliss_scans import Scan, find_detectors, find_scans
from darfix_core.io.hdf5_file import get_item, naming_damage, read_hdf5
from darfix_core.io.hdf5_source import load_filters

#: Stands for every scan that holds frames.
ALL = "all"

_LISTED = 8


def may_name_several(scan: str | None) -> bool:
    """True where a text may stand for more than one scan; whether it does, the file tells."""
    return scan is not None and (scan.strip().lower() == ALL or "," in scan or "-" in scan)


def dark_scans(file: str, dark: str | None) -> tuple[str, ...]:
    """Names that the scan with the dark frames may have in a file; none where they lie elsewhere.

    Parameters
    ----------
    file : str
    dark : str or None
        See `darfix_core.io.load.open_scan`.
    """
    place, separator, scan = (dark or "").partition("::")
    if separator:
        if os.path.realpath(os.path.expanduser(place)) != os.path.realpath(file):
            return ()
    else:
        scan = place
    return (scan, f"{scan}.1") if scan else ()


def scans_named(path: str, scan: str, *, detector: str | None = None, without: Collection[str] = ()) -> list[str]:
    """Names of the scans of a file that a text stands for.

    Parameters
    ----------
    path : str
        The HDF5 file.
    scan : str
        A name (``"1.1"``, or ``"1"`` for short), several with commas between them, ranges (``"1.1-7.1"``: from the
        first to the last in the order of the file, those that hold frames), or ``"all"`` (all that hold frames).
        A scan that has the whole text as its name comes first.
    detector : str, optional
        Ranges and ``"all"`` take the scans that hold frames of this detector only.
    without : collection of str
        Scans that ranges and ``"all"`` leave out, such as the one with the dark frames.

    Returns
    -------
    list of str
        In the order of the text, and within a range in that of the file. What a range or ``"all"`` leaves out is
        told as a warning.

    Raises
    ------
    DataFileError
        If the file cannot be read, there is no such scan, one is named twice, a range runs backwards, or it holds
        no frames.
    """
    path = os.path.abspath(path)
    with read_hdf5(path) as file:
        load_filters()
        if _is_group(file, scan):
            return [choose_scan(file, scan).name]
        if scan.strip().lower() == ALL:
            names = _with_frames(find_scans(file)[0], detector, without, path)
        else:
            entries = [entry.strip() for entry in scan.split(",")]
            if not all(entries):
                raise DataFileError(f"scan must be names with a comma between them, got {scan!r}", file=path)
            names = [name for entry in entries for name in _named(file, entry, detector, without)]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice:
        raise DataFileError(f"the scan {twice} is named twice in {scan!r}", file=path)
    return names


def known_names(scan: str, known: Sequence[str]) -> list[str]:
    """Those of the known names that a text stands for.

    Parameters
    ----------
    scan : str
        See `scans_named`.
    known : sequence of str
        Names of scans in the order of the file.

    Returns
    -------
    list of str
        In the order of the file. Names that are not known are left out.
    """

    def resolve(name: str) -> str | None:
        return next((one for one in (name, f"{name}.1") if one in known), None)

    if resolve(scan.strip()) is None and scan.strip().lower() == ALL:
        return list(known)
    found: set[str] = set()
    for entry in [scan] if resolve(scan) else [part.strip() for part in scan.split(",")]:
        ends = _ends(entry, resolve)
        if ends is not None:
            found.update(known[known.index(ends[0]) : known.index(ends[1]) + 1])
    return [name for name in known if name in found]


def _is_group(file: h5py.File, name: str) -> bool:
    """True where a scan has this name, or this name and ``.1``."""
    inside = name.strip("/") or "/"
    return any(isinstance(_item(file, one), h5py.Group) for one in (inside, f"{inside}.1"))


def _item(file: h5py.File, name: str) -> Any:
    return file if name == "/" else get_item(file, name)


def _named(file: h5py.File, entry: str, detector: str | None, without: Collection[str]) -> list[str]:
    """Scans of a name or a range."""

    def resolve(name: str) -> str | None:
        return choose_scan(file, name).name if _is_group(file, name) else None

    ends = _ends(entry, resolve)
    if ends is None:
        if entry.count("-") == 1:
            for end in entry.split("-"):
                choose_scan(file, end.strip())  # says which end is not there
        return [choose_scan(file, entry).name]
    if ends[0] == ends[1]:
        return [ends[0]]
    scans = find_scans(file)[0]
    names = [scan.name for scan in scans]
    first, last = (names.index(end) for end in ends)
    if first > last:
        raise DataFileError(f"the range {entry!r} runs backwards: {ends[0]} comes after {ends[1]}", file=file.filename)
    return _with_frames(scans[first : last + 1], detector, without, str(file.filename), entry)


def _ends(entry: str, resolve: Callable[[str], str | None]) -> tuple[str, str] | None:
    """First and last scan of a range, twice the same of a name; None for neither. Names may hold hyphens themselves.

    `resolve` gives the full name of a scan, None where there is no such scan.
    """
    name = resolve(entry) if entry else None
    if name is not None:
        return name, name
    parts = entry.split("-")
    for number in range(1, len(parts)):
        first, last = ("-".join(part).strip() for part in (parts[:number], parts[number:]))
        ends = (resolve(first) if first else None, resolve(last) if last else None)
        if ends[0] is not None and ends[1] is not None:
            return ends[0], ends[1]
    return None


def _with_frames(
    scans: list[Scan], detector: str | None, without: Collection[str], path: str, entry: str = ALL
) -> list[str]:
    """Names of the scans that hold frames; the others are told."""
    names: list[str] = []
    left_out: list[str] = []
    for scan, reason in _reasons(scans, detector, without):
        if reason:
            left_out.append(f"{scan.name} ({reason})")
        else:
            names.append(scan.name)
    listed = ", ".join(left_out[:_LISTED])
    more = f" and {len(left_out) - _LISTED} more" if len(left_out) > _LISTED else ""
    if not names:
        what = "frames" if detector is None else f"frames of the detector {detector!r}"
        raise DataFileError(f"no scan of {entry!r} holds {what}: {listed}{more}", file=path)
    if left_out:
        warn(f"{os.path.basename(path)}: scans left out: {listed}{more}")
    return names


def _reasons(scans: list[Scan], detector: str | None, without: Collection[str]) -> Iterator[tuple[Scan, str]]:
    """Each scan with the reason to leave it out; empty for those that hold frames."""
    run = current_execution()
    for number, scan in enumerate(scans):
        run.check_cancelled()
        if len(scans) > _LISTED:
            run.report(number / len(scans), "scans of the file")
        if scan.name in without:
            yield scan, "the dark frames"
            continue
        with naming_damage(scan.file, scan.path()):
            found = find_detectors(scan)
        held = [one.name for one in found.detectors if detector in (None, one.name, one.path, f"instrument/{one.name}")]
        if held:
            yield scan, ""
        elif found.detectors:
            yield scan, f"frames of {', '.join(one.name for one in found.detectors)} only"
        elif found.problems:
            # Whoever asks for all scans wants to know of one that is broken.
            raise next(iter(found.problems.values()))
        else:
            yield scan, "no frames"
