"""Several scans as one dataset: frames one after the other, and a position that tells the scans apart."""

from __future__ import annotations

import itertools
import os
from collections.abc import Mapping, Sequence
from typing import Any

import h5py
import numpy as np

from darfix_core.engine.execution import collect_warnings, current_execution, warn
from darfix_core.errors import DataFileError
from darfix_core.io.bliss_values import find, unit_attribute
from darfix_core.io.hdf5_file import read_hdf5
from darfix_core.io.join_checks import check_alike, check_pixels, not_joined
from darfix_core.io.scan_names import may_name_several, scans_named
from darfix_core.io.signature import is_hdf5
from darfix_core.model.arrays import FloatArray
from darfix_core.model.dataset import Dataset
from darfix_core.model.frames import Frames
from darfix_core.model.joined_source import SCAN_NUMBER, JoinedSource
from darfix_core.units import motor_unit

# Motors that stand still are read back a little differently each time: measured up to 1e-5 deg and 3e-6 mm between
# the start and the end of a scan at ID03. Smaller differences than these between scans are taken for that.
_NOISE = {"deg": 2e-4, "rad": 4e-6, "mrad": 4e-3, "mm": 2e-4, "um": 0.2, "nm": 200.0, "m": 2e-7}
_NOISE_OF_OTHERS = 2e-4
# A motor that moves this many times less than another one of its unit rather drifts than was moved.
_DRIFT = 30.0
# What belongs to all frames alike.
_OF_PIXELS = ("mask", "dark", "noise", "pixel_size", "origin", "orientation")
# What belongs to one scan and not to the others is not kept, or kept under another name.
_NOT_SHARED = ("title", "motors", "scan", "file", "start_time", "scan_parameters")


def open_joined(
    files: Sequence[str],
    *,
    scan: str | None = None,
    detector: str | None = None,
    frames: tuple[int, int] | None = None,
    without: Mapping[str, Sequence[str]] | None = None,
) -> Dataset:
    """Scans of one or several HDF5 files as one dataset. No frame is read before it is needed.

    Parameters
    ----------
    files : sequence of str
        In this order.
    scan : str, optional
        Scans of each file, see `darfix_core.io.scan_names.scans_named`; None: the only one that holds frames.
    detector : str, optional
        See `darfix_core.io.bliss.open_bliss`.
    frames : (int, int), optional
        First frame of each scan to use, and the one behind the last, counted within each scan. None: all.
    without : mapping, optional
        Absolute path of a file -> scans that a range and ``"all"`` leave out.

    Returns
    -------
    Dataset
        See `join_scans`; the scan itself where there is only one.

    Raises
    ------
    DataFileError
        If a scan cannot be opened, or the scans do not fit together.
    ValueError
        If `frames` does not lie in a scan; the message names it.
    Cancelled
        If the computation was cancelled.
    """
    from darfix_core.io.bliss import open_bliss

    wanted = [(file, name) for file in files for name in _names(file, scan, detector, without or {})]
    labels = part_labels(wanted)
    run = current_execution()
    parts: dict[str, Dataset] = {}
    for number, ((file, name), label) in enumerate(zip(wanted, labels, strict=True)):
        run.check_cancelled()
        run.report(number / len(wanted), "scans")
        with collect_warnings() as messages:
            try:
                parts[label] = open_bliss(file, scan=name, detector=detector, frames=frames)
            except ValueError as error:
                raise ValueError(f"{label}: {error}") from None
        for message in messages:
            warn(f"{label}: {message}" if len(wanted) > 1 else message)
        if len(wanted) > 1 and parts[label].dimensions:
            raise DataFileError(
                "this saved dataset has scan dimensions, which are not those of several scans together; save it "
                "before they are defined, or join the scans that it was made from",
                file=file,
            )
    return join_scans(parts) if len(parts) > 1 else next(iter(parts.values()))


def _names(
    file: str, scan: str | None, detector: str | None, without: Mapping[str, Sequence[str]]
) -> Sequence[str | None]:
    if scan is None or not may_name_several(scan):
        return [scan]
    return scans_named(file, scan, detector=detector, without=without.get(os.path.abspath(file), ()))


def part_labels(parts: Sequence[tuple[str, str | None]]) -> list[str]:
    """Shortest words that tell scans of files apart: ``"2.1"``, ``"layer_2.h5"``, ``"layer_2.h5::2.1"``.

    Parameters
    ----------
    parts : sequence of (str, str or None)
        File, and name of the scan.

    Returns
    -------
    list of str

    Raises
    ------
    DataFileError
        If a scan of a file is there twice.
    """
    files = [os.path.abspath(file) for file, _ in parts]
    scans = [scan for _, scan in parts]
    # A link such as latest.h5 is not another file.
    known: set[tuple[str, str | None]] = set()
    for file, scan in parts:
        place = os.path.realpath(file), scan
        if place in known:
            raise DataFileError("the scan is given twice", file=file, path=scan)
        known.add(place)
    several_files, several_scans = len(set(files)) > 1, len(set(files)) < len(files) or len(set(scans)) > 1
    if not several_files:
        return [scan or os.path.basename(file) for file, scan in zip(files, scans, strict=True)]
    names = [os.path.basename(file) for file in files]
    if len(set(names)) < len(set(files)):
        names = files
    return [f"{name}::{scan}" if several_scans and scan else name for name, scan in zip(names, scans, strict=True)]


def join_scans(parts: Mapping[str, Dataset]) -> Dataset:
    """Scans of the same kind as one dataset, with a position that tells them apart.

    A motor that stood still in each scan, but elsewhere in the next one, becomes a position of every frame, and
    `define_dimensions` finds the slow dimension in it. Where there is none, the position ``"scan"`` numbers the
    scans from 1. Differences as small as read-back noise do not count.

    Parameters
    ----------
    parts : mapping
        What to call a scan in messages -> the scan, as it was opened: without dimensions and frame operations.

    Returns
    -------
    Dataset
        Its metadata hold what is equal in all parts, the constant motors (where read-backs differ by noise: those of
        the first part), and

        - ``parts``: file and scan of each part, as ``"layer_1.h5::1.1"``;
        - ``frames_of_parts``: their numbers of frames;
        - ``joined_along``: the motors that tell the parts apart, or ``"scan"``;
        - ``scan_parameters_of_parts``: the scan parameters that are equal in all parts, under a name of their own
          since they do not describe the whole.

    Raises
    ------
    ValueError
        If there is no part, or one has dimensions or frame operations.
    DataFileError
        If the parts differ in the shape or type of their frames, in detector, motors or units; or, as saved
        datasets may, in mask, dark frames, noise, or place on the detector.
    """
    if not parts:
        raise ValueError("parts must hold at least one scan, got none")
    datasets = list(parts.values())
    if any(one.dimensions or one.frames.operations for one in datasets):
        raise ValueError("parts must be scans as they were opened, got one with dimensions or frame operations")
    check_alike(parts)
    check_pixels(parts)
    lengths = [dataset.n_frames for dataset in datasets]
    first = datasets[0]
    positions = {name: np.concatenate([one.positions[name] for one in datasets]) for name in first.positions}
    units = dict(first.units)
    constants, moved = _between_scans([one.metadata.get("motors", {}) for one in datasets])
    taken = [name for name in moved if name not in positions]
    for name in taken:
        positions[name] = np.repeat(moved[name], lengths)
        unit = _unit_in_files(parts, name) or motor_unit(name)
        if unit:
            units[name] = unit
    along = tuple(taken) or tuple(name for name in positions if _tells_apart(name, datasets))
    if not along:
        positions[SCAN_NUMBER] = np.repeat(np.arange(1.0, len(datasets) + 1), lengths)
        along = (SCAN_NUMBER,)
    return Dataset(
        Frames(JoinedSource(tuple(one.frames.source for one in datasets))),
        positions=positions,
        units=units,
        counters=_counters(parts),
        metadata=_metadata(parts, constants, along),
        **{name: getattr(first, name) for name in _OF_PIXELS},
    )


def _tells_apart(name: str, datasets: Sequence[Dataset]) -> bool:
    """True for a motor that was recorded with every frame and was in another range in each scan."""
    ranges = sorted((float(one.positions[name].min()), float(one.positions[name].max())) for one in datasets)
    noise = _NOISE.get(datasets[0].unit(name) or motor_unit(name), _NOISE_OF_OTHERS)
    return all(after[0] - before[1] > noise for before, after in itertools.pairwise(ranges))


def _between_scans(constants: Sequence[Mapping[str, float]]) -> tuple[dict[str, float], dict[str, FloatArray]]:
    """Motors that stood in the same place in all scans, and those that were moved in between, one value a scan."""
    table = {
        name: np.array([entry[name] for entry in constants], dtype=np.float64)
        for name in constants[0]
        if all(name in entry for entry in constants)
    }
    ranges = {name: float(np.ptp(values)) for name, values in table.items()}
    furthest: dict[str, float] = {}
    for name, span in ranges.items():
        unit = motor_unit(name)
        furthest[unit] = max(furthest.get(unit, 0.0), span)

    def was_moved(name: str) -> bool:
        unit = motor_unit(name)
        return bool(ranges[name] > max(_NOISE.get(unit, _NOISE_OF_OTHERS), furthest[unit] / _DRIFT))

    moved = {name: values for name, values in table.items() if was_moved(name)}
    return {name: float(values[0]) for name, values in table.items() if name not in moved}, moved


def _unit_in_files(parts: Mapping[str, Dataset], motor: str) -> str:
    """Unit that the files state for a motor that stood still in each scan; empty where none states one."""
    stated = [(label, unit) for label, one in parts.items() if (unit := _unit_in_file(one, motor))]
    for label, unit in stated[1:]:
        if unit != stated[0][1]:
            raise not_joined(stated[0][0], label, f"the unit of {motor}: {stated[0][1]} and {unit}", parts[label])
    return stated[0][1] if stated else ""


def _unit_in_file(dataset: Dataset, motor: str) -> str:
    """Unit that the file of a scan states; empty where it states none, or is gone, as behind a saved dataset."""
    path, scan = (str(dataset.metadata.get(name, "")) for name in ("file", "scan"))
    if not os.path.isfile(path) or not is_hdf5(path):
        return ""
    with read_hdf5(path) as file:
        scan = scan.strip("/")
        item = find(file, f"{scan}/instrument/positioners/{motor}".lstrip("/"))
        return unit_attribute(item) if isinstance(item, h5py.Dataset) else ""


def _counters(parts: Mapping[str, Dataset]) -> dict[str, FloatArray]:
    """Counters that all parts have; the others are named in a warning."""
    datasets = list(parts.values())
    everywhere = set(datasets[0].counters).intersection(*(one.counters for one in datasets))
    partial = sorted(set().union(*(one.counters for one in datasets)) - everywhere)
    if partial:
        warn(f"counters left out, as some of the scans lack them: {', '.join(partial)}")
    return {
        name: np.concatenate([one.counters[name] for one in datasets])
        for name in datasets[0].counters
        if name in everywhere
    }


def _metadata(parts: Mapping[str, Dataset], constants: Mapping[str, float], along: tuple[str, ...]) -> dict[str, Any]:
    all_facts = [one.metadata for one in parts.values()]
    first = all_facts[0]

    def shared(name: str) -> bool:
        return name in first and all(name in facts and facts[name] == first[name] for facts in all_facts)

    kept = {name: first[name] for name in first if name not in _NOT_SHARED and shared(name)}
    found: dict[str, Any] = {"title": _title(parts), "motors": dict(constants), **kept}
    for name in ("file", "scan"):
        if shared(name):
            found[name] = first[name]
    starts = [facts["start_time"] for facts in all_facts if "start_time" in facts]
    if starts:
        found["start_time"] = starts[0]
    found["parts"] = tuple(
        "::".join(str(facts[name]) for name in ("file", "scan") if facts.get(name)) for facts in all_facts
    )
    found["frames_of_parts"] = tuple(one.n_frames for one in parts.values())
    found["joined_along"] = along
    equal = _equal_entries([facts.get("scan_parameters", {}) for facts in all_facts])
    if equal:
        found["scan_parameters_of_parts"] = equal
    return found


def _equal_entries(parameters: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    first = parameters[0]
    return {
        name: value
        for name, value in first.items()
        if all(name in entry and entry[name] == value for entry in parameters)
    }


def _title(parts: Mapping[str, Dataset]) -> str:
    """Title that tells the parts. It does not begin like that of a scan: the parts are announced, not the whole."""
    names = list(parts)
    listed = ", ".join(names) if len(names) <= 4 else f"{names[0]} to {names[-1]}"
    titles = list(dict.fromkeys(one.title for one in parts.values() if one.title))
    told = f": {titles[0]}" if len(titles) == 1 else f": {titles[0]} and others" if titles else ""
    return f"{len(names)} scans ({listed}){told}"
