"""What the files that darfix-core writes have in common: NeXus groups, texts, and the facts about a scan."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol

import numpy as np

from darfix_core.errors import DataFileError
from darfix_core.model.dimension import Dimension
from darfix_core.model.history import History
from darfix_core.units import motor_unit

if TYPE_CHECKING:
    import h5py

#: Entry of a written file, and the attribute of it that tells its format.
DATASET_MARK = ("1.1", "darfix_core_dataset")
MAPS_MARK = ("entry", "darfix_core_format")
#: Endings of the files that are written.
OUTPUT_SUFFIXES = (".h5", ".hdf5", ".nxs")


class ScanFacts(Protocol):
    """What `Dataset` and `Maps` both know about their scan and their pixels."""

    @property
    def dimensions(self) -> tuple[Dimension, ...]:
        """Axes of the scan grid, slow to fast."""

    @property
    def pixel_size(self) -> tuple[float, float] | None:
        """Size of a pixel in the object plane (y, x), um."""

    @property
    def origin(self) -> tuple[int, int]:
        """Where the first pixel sits on the detector (y, x), px."""

    @property
    def metadata(self) -> Mapping[str, Any]:
        """Title, sample, constant motors ..."""

    @property
    def history(self) -> History:
        """How it was made."""


def output_path(path: str | os.PathLike[str]) -> Path:
    """Path of a file to be written, its ending checked.

    Raises
    ------
    ValueError
        If it does not end in .h5, .hdf5 or .nxs.
    """
    if Path(path).suffix.lower() not in OUTPUT_SUFFIXES:
        raise ValueError(
            f"path must end in {', '.join(OUTPUT_SUFFIXES[:-1])} or {OUTPUT_SUFFIXES[-1]}, got {os.fspath(path)!r}"
        )
    return Path(path)


def written_kind(file: str) -> Literal["dataset", "maps"] | None:
    """What darfix-core has written to an HDF5 file; None for files of others."""
    from darfix_core.io.hdf5_file import read_hdf5

    with read_hdf5(file) as opened:
        for (name, mark), kind in ((DATASET_MARK, "dataset"), (MAPS_MARK, "maps")):
            entry = opened.get(name)
            if entry is not None and mark in entry.attrs:
                return "dataset" if kind == "dataset" else "maps"
    return None


def new_group(parent: h5py.Group, name: str, nx_class: str) -> h5py.Group:
    """Group with a NeXus class that keeps the order in which it is filled."""
    group = parent.create_group(name, track_order=True)
    group.attrs["NX_class"] = nx_class
    return group


def storable_text(value: Any) -> str:
    """Text without what HDF5 cannot hold: the zero character, and halves of characters as in undecoded file names."""
    return re.sub("[\0\ud800-\udfff]", "\ufffd", str(value))


def now() -> str:
    """Time of day with its zone, as NeXus writes it."""
    return datetime.now().astimezone().isoformat(timespec="seconds")


def group_names(names: Iterable[str], taken: Iterable[str] = (), *, default: str = "map") -> list[str]:
    """Names for NeXus groups, which know letters, digits and underscores only, each once.

    Parameters
    ----------
    names : iterable of str
        As they should be.
    taken : iterable of str
        What stands in the group already.
    default : str
        For names of which nothing is left.

    Returns
    -------
    list of str
    """
    used, result = set(taken), list[str]()
    for name in names:
        plain_name = re.sub(r"\W+", "_", name, flags=re.ASCII).strip("_") or default
        candidate, number = plain_name, 1
        while candidate in used:
            number += 1
            candidate = f"{plain_name}_{number}"
        used.add(candidate)
        result.append(candidate)
    return result


def fill_root(file: h5py.File, default: str) -> None:
    """Attributes of a NeXus file."""
    from darfix_core import __version__

    file.attrs.update(NX_class="NXroot", default=default, creator=f"darfix-core {__version__}", file_time=now())


def fill_title(entry: h5py.Group, metadata: Mapping[str, Any]) -> None:
    """Title, start and sample of the scan, as far as they are known."""
    for name in ("title", "start_time"):
        if metadata.get(name):
            entry[name] = storable_text(metadata[name])
    if metadata.get("sample"):
        new_group(entry, "sample", "NXsample")["name"] = storable_text(metadata["sample"])


def fill_process(entry: h5py.Group, history: History) -> None:
    """How the content of an entry was made: for programs, and for people."""
    from darfix_core import __version__

    group = new_group(entry, "process", "NXprocess")
    group["program"], group["version"], group["date"] = "darfix-core", __version__, now()
    group["sequence_index"] = 1
    notes = {
        "history": ("application/json", history.to_json(), "Graph of the steps, enough to run them again"),
        "steps": ("text/plain", history.describe(), "The steps in their order, for people"),
    }
    for name, (kind, data, description) in notes.items():
        note = new_group(group, name, "NXnote")
        note["type"], note["data"], note["description"] = kind, data, description


def read_history(entry: h5py.Group) -> History:
    """History that `fill_process` wrote.

    Raises
    ------
    DataFileError
        If it was written by a newer version, or edited in a way that leaves no history.
    """
    data = entry["process/history/data"]
    try:
        return History.from_json(data.asstr()[()])
    except ValueError as error:
        raise DataFileError(f"{error}", file=data.file.filename, path=data.name) from error


def fill_constant_motors(positioners: h5py.Group, motors: Any) -> None:
    """Motors that stood still, where ESRF programs look for them."""
    for name, value in motors.items() if isinstance(motors, Mapping) else ():
        motor = storable_text(name)
        usable = motor and "/" not in motor and motor != "." and motor not in positioners
        if usable and isinstance(value, int | float | np.number):
            positioners[motor] = float(value)
            if motor_unit(motor):
                positioners[motor].attrs["units"] = motor_unit(motor)


def fill_facts(group: h5py.Group, facts: ScanFacts) -> None:
    """What other programs do not know: dimensions, place on the detector, metadata."""
    for number, dimension in enumerate(facts.dimensions):
        values = group.create_dataset(f"dimension_{number}", data=dimension.values)
        values.attrs.update(
            motor=storable_text(dimension.name),
            units=storable_text(dimension.unit),
            along=json.dumps(dimension.along),
        )
    group["origin"] = np.array(facts.origin, dtype=np.int64)
    group["origin"].attrs.update(units="px", description="Where the first pixel sits on the detector (y, x)")
    if facts.pixel_size is not None:
        group["pixel_size"] = np.array(facts.pixel_size, dtype=np.float64)
        group["pixel_size"].attrs.update(units="um", description="Size of a pixel in the object plane (y, x)")
    group["metadata"] = json.dumps({key: plain(value, key) for key, value in facts.metadata.items()})


def read_facts(group: h5py.Group) -> dict[str, Any]:
    """Arguments of `Dataset` or `Maps` that `fill_facts` wrote; lists in the metadata come back as tuples."""
    return {
        "dimensions": tuple(_dimension_of(group[key]) for key in _numbered(group)),
        "pixel_size": tuple(group["pixel_size"][()].tolist()) if "pixel_size" in group else None,
        "origin": tuple(group["origin"][()].tolist()),
        "metadata": {key: _frozen(value) for key, value in json.loads(group["metadata"].asstr()[()]).items()},
    }


def plain(value: Any, key: str) -> Any:
    """JSON form of metadata.

    Raises
    ------
    TypeError
        If there is something that JSON does not know; the message names `key`.
    """
    if value is None or isinstance(value, str | int | float):
        return value
    if isinstance(value, np.generic | np.ndarray):
        return plain(value.tolist(), key)
    if isinstance(value, Mapping):
        return {str(name): plain(entry, key) for name, entry in value.items()}
    if isinstance(value, list | tuple):
        return [plain(entry, key) for entry in value]
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    raise TypeError(f"metadata[{key!r}] must hold text, numbers and containers of them, got {type(value).__name__}")


def _numbered(group: h5py.Group) -> list[str]:
    return sorted((key for key in group if key.startswith("dimension_")), key=lambda key: int(key[10:]))


def _dimension_of(values: h5py.Dataset) -> Dimension:
    along = tuple(json.loads(values.attrs["along"]))
    return Dimension(values.attrs["motor"], values[()], unit=values.attrs["units"], along=along)


def _frozen(value: Any) -> Any:
    """Metadata as they were before JSON, which knows no tuples."""
    if isinstance(value, dict):
        return {key: _frozen(entry) for key, entry in value.items()}
    return tuple(_frozen(entry) for entry in value) if isinstance(value, list) else value
