"""What several scans have in common, and what tells them apart: positions, counters and metadata of the whole."""

from __future__ import annotations

import itertools
import os
from collections.abc import Mapping, Sequence
from typing import Any

import h5py
import numpy as np

from darfix_core.engine.execution import warn
from darfix_core.engine.joined_frames import joined_frames
from darfix_core.io.bliss_values import find, unit_attribute
from darfix_core.io.hdf5_file import read_hdf5
from darfix_core.io.join_checks import not_joined
from darfix_core.io.signature import is_hdf5
from darfix_core.model.arrays import FloatArray
from darfix_core.model.dataset import Dataset
from darfix_core.model.joined_source import SCAN_NUMBER
from darfix_core.units import motor_unit

# Motors that stand still are read back a little differently each time: measured up to 1e-5 deg and 3e-6 mm between
# the start and the end of a scan at ID03. Smaller differences than these between scans are taken for that.
_NOISE = {"deg": 2e-4, "rad": 4e-6, "mrad": 4e-3, "mm": 2e-4, "um": 0.2, "nm": 200.0, "m": 2e-7}
_NOISE_OF_OTHERS = 2e-4
# A motor that moves this many times less than another one of its unit rather drifts than was moved.
_DRIFT = 30.0
# What belongs to one scan and not to the others is not kept, or kept under another name.
_NOT_SHARED = ("title", "motors", "scan", "file", "start_time", "scan_parameters")


def joined_dataset(
    parts: Mapping[str, Dataset], *, along: tuple[str, FloatArray] | None = None, **of_pixels: Any
) -> Dataset:
    """Scans one after the other, without dimensions; see `darfix_core.io.join.join_scans` for what it holds.

    Parameters
    ----------
    parts : mapping
        What to call a scan in messages -> the scan. They fit together: see `darfix_core.io.join_checks`.
    along : (str, ndarray of shape (number of parts,)), optional
        Motor that tells the parts apart, and where it stood in each; None: found from the motors.
    **of_pixels
        Parts of the dataset that belong to the pixels: mask, dark, origin ...

    Returns
    -------
    Dataset
    """
    datasets = list(parts.values())
    lengths = [dataset.n_frames for dataset in datasets]
    first = datasets[0]
    positions = {name: np.concatenate([one.positions[name] for one in datasets]) for name in first.positions}
    units = dict(first.units)
    constants, moved = _between_scans([one.metadata.get("motors", {}) for one in datasets])
    if along is not None:
        constants.pop(along[0], None)
        moved[along[0]] = along[1]
        positions.pop(along[0], None)
    taken = [name for name in moved if name not in positions]
    for name in taken:
        positions[name] = np.repeat(moved[name], lengths)
        unit = units.get(name) or _unit_in_files(parts, name) or motor_unit(name)
        if unit:
            units[name] = unit
    told = [along[0]] if along else taken or [name for name in positions if _tells_apart(name, datasets)]
    if not told:
        positions[SCAN_NUMBER] = np.repeat(np.arange(1.0, len(datasets) + 1), lengths)
        told = [SCAN_NUMBER]
    return Dataset(
        joined_frames([one.frames for one in datasets]),
        positions=positions,
        units=units,
        counters=_counters(parts),
        metadata=_metadata(parts, constants, tuple(told)),
        **of_pixels,
    )


def _tells_apart(name: str, datasets: Sequence[Dataset]) -> bool:
    """True for a motor that was recorded with every frame and was in another range in each scan."""
    ranges = sorted((float(one.positions[name].min()), float(one.positions[name].max())) for one in datasets)
    noise = read_back_noise(datasets[0].unit(name) or motor_unit(name))
    return all(after[0] - before[1] > noise for before, after in itertools.pairwise(ranges))


def read_back_noise(unit: str) -> float:
    """Difference between two read-backs of a motor of that unit that stands still, at most."""
    return _NOISE.get(unit, _NOISE_OF_OTHERS)


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
        return bool(ranges[name] > max(read_back_noise(unit), furthest[unit] / _DRIFT))

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
