"""How many positions and counts of a scan there are while it is still written, or its file is being copied."""

from __future__ import annotations

from collections.abc import Iterable

import h5py
import numpy as np

from darfix_core.io.bliss_tables import READ_BACKS, Entry, Tables
from darfix_core.io.hdf5_partial import IncompleteFileError
from darfix_core.model.arrays import AnyArray


def positions_there(tables: Tables, names: Iterable[str], moved: bool) -> dict[str, int]:
    """Number of positions of each motor that have been written.

    Parameters
    ----------
    tables : Tables
    names : iterable of str
        Motors.
    moved : bool
        True where they are the motors that the scan moves.

    Returns
    -------
    dict
        Of the best read-back of each motor; motors that stand still, with one position in all, are left out.

    Raises
    ------
    IncompleteFileError
        If the best read-back of a motor that moved is not there yet.
    """
    found: dict[str, int] = {}
    for name in names:
        entries = _best(tables, name, moved)
        if entries and (len(entries[0].dataset) > 1 or entries[0].dataset.maxshape[0] is None):
            found[name] = max(_written(entry, tables.recording.n_frames) for entry in entries)
    return found


def _best(tables: Tables, motor: str, moved: bool) -> list[Entry]:
    for form in READ_BACKS:
        name = form.format(motor)
        if tables.entries.get(name):
            return tables.entries[name]
        problem = tables.problems.get(name)
        if moved and isinstance(problem, IncompleteFileError):
            raise problem
    return []


def _written(entry: Entry, n_frames: int) -> int:
    """Number of values of an entry up to the last one that was written."""
    values = entry.dataset[: entry.length]
    blank = np.isnan(values) if values.dtype.kind == "f" else np.zeros(values.shape, dtype=bool)
    if _is_preallocated(entry.dataset) and len(entry.dataset) != n_frames:
        blank |= values == entry.dataset.fillvalue
    return int(values.size) - _run_at_end(blank)


def _is_preallocated(dataset: h5py.Dataset) -> bool:
    return bool(dataset.maxshape[0] == dataset.shape[0])


def _run_at_end(blank: AnyArray) -> int:
    """Number of true values at the end."""
    written = np.flatnonzero(~blank)
    return blank.size - (int(written[-1]) + 1 if written.size else 0)


def without_blank_end(tables: Tables, n_frames: int, moved: Iterable[str]) -> int:
    """Number of frames without those at the end where every motor is where an empty dataset would have it."""
    entries = [entry for name in moved for entry in _best(tables, name, moved=False)[:1] if entry.length >= n_frames]
    if not entries or not all(_is_preallocated(entry.dataset) for entry in entries):
        return n_frames
    blank = np.logical_and.reduce([entry.dataset[:n_frames] == entry.dataset.fillvalue for entry in entries])
    run = _run_at_end(blank)
    # A scan may end at 0, but it does not stay there.
    return n_frames - run if 2 <= run < n_frames else n_frames


def with_counters(tables: Tables, n_frames: int, longest: int) -> int:
    """Number of frames that the counters have, too: those that are behind the frames, not those of another length."""
    there = tables.recording.n_frames
    held = [entry for entries in tables.entries.values() for entry in entries[:1] if entry.length <= longest]
    # Counters that have counted nothing, and those that are slower, tell nothing.
    return min([n_frames, *(count for count in (_written(entry, there) for entry in held) if 2 * count > n_frames)])
