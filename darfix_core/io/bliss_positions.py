"""Positions of the motors and counts of the counters at every frame of a BLISS scan."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from darfix_core.engine.execution import warn
from darfix_core.io.bliss_recording import Recording, tell
from darfix_core.io.bliss_scans import Scan
from darfix_core.io.bliss_tables import READ_BACKS, Entry, Tables, collect
from darfix_core.io.bliss_unfinished import positions_there, with_counters, without_blank_end
from darfix_core.io.hdf5_partial import IncompleteFileError
from darfix_core.model.arrays import FloatArray
from darfix_core.units import motor_unit

# What a warning lists.
_LISTED = 8


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


def read_per_frame(scan: Scan, recording: Recording, title: str, parameters: Mapping[str, Any]) -> PerFrame:
    """Positions, counters and constant motors of a scan.

    Parameters
    ----------
    scan : Scan
    recording : Recording
        The frames of the detector.
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
        was interrupted or still runs; or if a file that holds them is missing.
    """
    tables = collect(scan, recording)
    words = _words(title, parameters)
    motors = _motors(tables, words)
    moved = [name for name in motors if name in words]
    for name in motors:
        problem = None if tables.read_backs(name) else tables.problems.get(name)
        if problem is not None and (name in moved or not isinstance(problem, IncompleteFileError)):
            raise problem
    choose = _lengths_of_unfinished if recording.unfinished else _lengths
    lengths = choose(scan, tables, motors, moved)
    common = min(lengths)
    positions: dict[str, FloatArray] = {}
    units: dict[str, str] = {}
    for name in motors:
        entry = next((entry for entry in tables.read_backs(name) if entry.length in lengths), None)
        if entry is None:
            continue
        if entry.name != name and entry.name.endswith("_trig"):
            warn(f"the positions of {name} were recorded at the start of each exposure only ({entry.name})")
        positions[name] = _values(scan, entry, common)
        units[name] = tables.units.get(entry.name) or tables.units.get(name) or motor_unit(name)
    counters: dict[str, FloatArray] = {}
    used = {read_back.format(name) for name in positions for read_back in READ_BACKS[:2]}
    for name, entries in tables.entries.items():
        held = next((entry for entry in entries if entry.length in lengths), None)
        if held is not None and name not in used:
            counters[name] = _values(scan, held, common)
    constants = {name: entry for name, entry in tables.constants.items() if name not in positions}
    _tell_left_out(tables, words, set(positions), {*counters, *constants})
    return PerFrame(common, positions, units, counters, constants)


def _words(title: str, parameters: Mapping[str, Any]) -> list[str]:
    """Words in which a scan may name its motors, in their order."""
    texts = [title, *(entry for entry in parameters.values() if isinstance(entry, str))]
    return list(dict.fromkeys(word for text in texts for word in re.split(r"[\s,;:=()\[\]'\"]+", text) if word))


def _motors(tables: Tables, words: list[str]) -> list[str]:
    """Motors among the entries, those that the scan names first."""
    names = {entry.removesuffix("_center").removesuffix("_trig") for entry in (*tables.entries, *tables.problems)}
    declared = names & tables.positioners
    if not tables.lists_positioners:
        declared |= {name for name in names if motor_unit(name)}
    return [name for name in words if name in names] + sorted(declared - set(words))


def _lengths(scan: Scan, tables: Tables, motors: list[str], moved: list[str]) -> set[int]:
    """Number of frames, and where an interrupted scan has another number of positions, that as well."""
    n_frames, reason = tables.recording.n_frames, tables.recording.reason
    tell(tables.recording, n_frames)
    other: dict[str, int] = {}
    for name in moved or motors:
        lengths = [entry.length for entry in tables.read_backs(name)]
        if n_frames in lengths:
            if not moved:
                return {n_frames}
        elif lengths and lengths[0] > 1:
            other[name] = lengths[0]
    if not other:
        return {n_frames}
    counts = _counts(other)
    if not reason:
        raise scan.error(f"the detector has {n_frames} frames, but there are {counts}")
    _tell_common(tables.recording, counts, min(n_frames, *other.values()))
    return {n_frames, *other.values()}


def _counts(lengths: Mapping[str, int]) -> str:
    return ", ".join(f"{count} positions of {name}" for name, count in lengths.items())


def _tell_common(recording: Recording, counts: str, common: int) -> None:
    warn(
        f"the scan is not whole ({recording.reason}), with {recording.n_frames} frames and {counts}: "
        f"the first {common} are used"
    )


def _lengths_of_unfinished(scan: Scan, tables: Tables, motors: list[str], moved: list[str]) -> range:
    """Lengths of what belongs to the frames of a scan that is not all there; the first is that of its frames."""
    recording = tables.recording
    there = positions_there(tables, moved or motors, bool(moved))
    other = {name: count for name, count in there.items() if count != recording.n_frames}
    sizes = [len(entry.dataset) for name in there for entry in tables.read_backs(name)]
    longest = max([recording.announced, *sizes])
    common = min([recording.n_frames, *there.values()])
    if recording.growing and not recording.ended:
        common = with_counters(tables, common, longest)
    common = without_blank_end(tables, common, moved)
    if common == 0:
        counts = f" and {_counts(other)}" if other else ""
        raise scan.error(f"no frame is complete yet ({recording.reason}): there are {recording.n_frames}{counts}")
    if other and not recording.growing:
        _tell_common(recording, _counts(other), common)
    else:
        tell(recording, common)
    return range(common, longest + 1)


def _tell_left_out(tables: Tables, words: list[str], positions: set[str], others: set[str]) -> None:
    """Warn of what is not there yet.

    Raises
    ------
    IncompleteFileError
        If that is a motor that the scan names.
    """
    absent = {name: error for name, error in tables.problems.items() if isinstance(error, IncompleteFileError)}
    for word in words:
        if absent and word not in positions and (motor_unit(word) or word in tables.positioners):
            raise absent.get(word) or next(iter(absent.values()))
    if tables.recording.growing and tables.recording.ended:
        short = {name for name, held in tables.entries.items() if all(e.length < len(e.dataset) for e in held)}
        left_out = sorted((short | absent.keys()) - positions - others)
        if left_out:
            more = f" and {len(left_out) - _LISTED} more" if len(left_out) > _LISTED else ""
            warn(f"left out, as they are not there yet: {', '.join(left_out[:_LISTED])}{more}")


def _values(scan: Scan, entry: Entry, n_frames: int) -> FloatArray:
    try:
        return np.asarray(entry.dataset[:n_frames], dtype=np.float64)
    except (OSError, RuntimeError) as error:
        raise scan.error(f"the values of {entry.name} cannot be read: {error}", entry.dataset.name) from error
