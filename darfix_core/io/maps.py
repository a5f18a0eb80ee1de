"""Maps in NeXus files: HDF5 that other programs show with axes and units, and that gives the same `Maps` back."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from darfix_core.errors import DataFileError
from darfix_core.io.atomic import Writer, write_whole
from darfix_core.model.dimension import Dimension
from darfix_core.model.history import History
from darfix_core.model.maps import Map, Maps
from darfix_core.units import motor_unit

if TYPE_CHECKING:
    import h5py

#: Raised when older versions can no longer read the files.
FORMAT = 1

_ENTRY = "entry"
_SUFFIXES = (".h5", ".hdf5", ".nxs")


def write_maps(maps: Maps, path: str | os.PathLike[str], *, overwrite: bool = False) -> Path:
    """Write maps to a NeXus file.

    The file holds one NXdata a map, with axes in micrometres where the pixel size is known, else in pixels of the
    detector, and opens on the mosaicity map or the first centre of mass. It is written under a temporary name
    and moved into place when it is whole; its folder is made if it is missing.

    Parameters
    ----------
    maps : Maps
        What to write. What HDF5 cannot hold of the texts, such as the zero character, is replaced by U+FFFD.
    path : path
        The file; it ends in .h5, .hdf5 or .nxs.
    overwrite : bool
        True where an existing file may be replaced.

    Returns
    -------
    Path
        Absolute path of the file.

    Raises
    ------
    ValueError
        If `path` has another ending.
    TypeError
        If the metadata hold something that cannot be written.
    OutputExistsError
        If the file exists and `overwrite` is False.
    DataFileError
        If the file cannot be written.
    """
    return write_whole({maps_path(path): maps_writer(maps)}, overwrite=overwrite)[0]


def maps_path(path: str | os.PathLike[str]) -> Path:
    """Path of a file of maps, its ending checked.

    Raises
    ------
    ValueError
        If it does not end in .h5, .hdf5 or .nxs.
    """
    if Path(path).suffix.lower() not in _SUFFIXES:
        raise ValueError(f"path must end in {', '.join(_SUFFIXES[:-1])} or {_SUFFIXES[-1]}, got {os.fspath(path)!r}")
    return Path(path)


def maps_writer(maps: Maps) -> Writer:
    """Function that writes `maps` to the path that it is given, for `darfix_core.io.atomic.write_whole`."""

    def write(path: Path) -> None:
        import h5py

        with h5py.File(path, "w-", track_order=True) as file:
            _fill(file, maps)

    return write


def default_map(maps: Maps) -> str:
    """Name of the map to show first: the mosaicity, else a centre of mass, else the first one."""
    centers = (name for name in maps if name.endswith("/center_of_mass"))
    return "mosaicity" if "mosaicity" in maps else next(centers, next(iter(maps)))


def _fill(file: h5py.File, maps: Maps) -> None:
    from darfix_core import __version__

    now = datetime.now().astimezone().isoformat(timespec="seconds")
    file.attrs.update(NX_class="NXroot", default=_ENTRY, creator=f"darfix-core {__version__}", file_time=now)
    entry = _group(file, _ENTRY, "NXentry")
    entry.attrs["darfix_core_format"] = FORMAT
    for name in ("title", "start_time"):
        if maps.metadata.get(name):
            entry[name] = _text(maps.metadata[name])
    if maps.metadata.get("sample"):
        _group(entry, "sample", "NXsample")["name"] = _text(maps.metadata["sample"])
    groups = dict(zip(maps, _group_names(maps), strict=True))
    entry.attrs["default"] = groups[default_map(maps)]
    _fill_process(_group(entry, "process", "NXprocess"), maps, now, __version__)
    _fill_positioners(entry, maps.metadata.get("motors"))
    _fill_scan(_group(entry, "scan", "NXcollection"), maps)
    axes: h5py.Group | None = None
    for name, group_name in groups.items():
        group = _group(entry, group_name, "NXdata")
        _fill_map(group, name, maps.entry(name))
        axes = _fill_axes(group, maps) if axes is None else _link_axes(group, axes)


def _group(parent: h5py.Group, name: str, nx_class: str) -> h5py.Group:
    group = parent.create_group(name, track_order=True)
    group.attrs["NX_class"] = nx_class
    return group


def _text(value: Any) -> str:
    """Text without what HDF5 cannot hold: the zero character, and halves of characters as in undecoded file names."""
    return re.sub("[\0\ud800-\udfff]", "\ufffd", str(value))


def cleaned(maps: Maps) -> Maps:
    """The same maps with texts that files and pictures can hold."""
    entries = {
        _text(name): replace(entry, unit=_text(entry.unit), description=_text(entry.description))
        for name, entry in maps.entries.items()
    }
    return replace(maps, entries=entries, metadata=_cleaned(maps.metadata))


def _cleaned(value: Any) -> Any:
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, Mapping):
        return {_cleaned(key): _cleaned(entry) for key, entry in value.items()}
    return tuple(map(_cleaned, value)) if isinstance(value, list | tuple) else value


def _group_names(names: Iterable[str]) -> list[str]:
    """Names of maps as names of NeXus groups, which know letters, digits and underscores only."""
    taken = {"title", "start_time", "sample", "process", "instrument", "scan"}
    result: list[str] = []
    for name in names:
        plain = re.sub(r"\W+", "_", name, flags=re.ASCII).strip("_") or "map"
        candidate, number = plain, 1
        while candidate in taken:
            number += 1
            candidate = f"{plain}_{number}"
        taken.add(candidate)
        result.append(candidate)
    return result


def _fill_process(group: h5py.Group, maps: Maps, now: str, version: str) -> None:
    group["program"], group["version"], group["date"] = "darfix-core", version, now
    group["sequence_index"] = 1
    notes = {
        "history": ("application/json", maps.history.to_json(), "Graph of the steps, enough to run them again"),
        "steps": ("text/plain", maps.history.describe(), "The steps in their order, for people"),
    }
    for name, (kind, data, description) in notes.items():
        note = _group(group, name, "NXnote")
        note["type"], note["data"], note["description"] = kind, data, description


def _fill_positioners(entry: h5py.Group, motors: Any) -> None:
    """Motors that stood still, where ESRF programs look for them."""
    if not isinstance(motors, Mapping):
        return
    positioners = _group(_group(entry, "instrument", "NXinstrument"), "positioners", "NXcollection")
    for name, value in motors.items():
        motor = _text(name)
        if motor and "/" not in motor and motor != "." and isinstance(value, int | float | np.number):
            positioners[motor] = float(value)
            if motor_unit(motor):
                positioners[motor].attrs["units"] = motor_unit(motor)


def _fill_scan(group: h5py.Group, maps: Maps) -> None:
    """What `load_maps` needs beside the maps themselves."""
    for number, dimension in enumerate(maps.dimensions):
        values = group.create_dataset(f"dimension_{number}", data=dimension.values)
        values.attrs.update(motor=_text(dimension.name), units=_text(dimension.unit), along=json.dumps(dimension.along))
    group["origin"] = np.array(maps.origin, dtype=np.int64)
    group["origin"].attrs.update(units="px", description="Where the first pixel sits on the detector (y, x)")
    if maps.pixel_size is not None:
        group["pixel_size"] = np.array(maps.pixel_size, dtype=np.float64)
        group["pixel_size"].attrs.update(units="um", description="Size of a pixel in the object plane (y, x)")
    group["metadata"] = json.dumps({key: _plain(value, key) for key, value in maps.metadata.items()})


def _plain(value: Any, key: str) -> Any:
    """JSON form of metadata."""
    if value is None or isinstance(value, str | int | float):
        return value
    if isinstance(value, np.generic | np.ndarray):
        return _plain(value.tolist(), key)
    if isinstance(value, Mapping):
        return {str(name): _plain(entry, key) for name, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(entry, key) for entry in value]
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    raise TypeError(f"metadata[{key!r}] must hold text, numbers and containers of them, got {type(value).__name__}")


def _fill_map(group: h5py.Group, name: str, entry: Map) -> None:
    name, unit, description = _text(name), _text(entry.unit), _text(entry.description)
    title = f"{description or name} ({unit})" if unit else description or name
    group.attrs.update(signal="data", axes=["y", "x"], map=name, title=title)
    group.attrs.update(y_indices=0, x_indices=1)
    data = group.create_dataset("data", data=entry.values)
    data.attrs.update(units=unit, long_name=f"{name} ({unit})" if unit else name)
    data.attrs["description"] = description
    data.attrs["interpretation"] = "image" if entry.values.ndim == 2 else "rgba-image"


def _fill_axes(group: h5py.Group, maps: Maps) -> h5py.Group:
    """Axes of the first map: um in the object plane, else pixels of the detector."""
    positions, unit = axes_of(maps)
    for name, values in zip("yx", positions, strict=True):
        group[name] = values
        group[name].attrs.update(units=unit, long_name=f"{name} ({unit})")
    return group


def _link_axes(group: h5py.Group, first: h5py.Group) -> h5py.Group:
    """The same axes for another map, stored once."""
    group["y"], group["x"] = first["y"], first["x"]
    return first


def axes_of(maps: Maps) -> tuple[tuple[Any, Any], str]:
    """Positions of the rows and columns, and their unit.

    Parameters
    ----------
    maps : Maps

    Returns
    -------
    (ndarray, ndarray), str
        Positions in the object plane in um where the pixel size is known, else pixels of the detector, ``"px"``.
    """
    if maps.axes_um is not None:
        return maps.axes_um, "um"
    (y, x), (ny, nx) = maps.origin, maps.shape
    return (np.arange(y, y + ny), np.arange(x, x + nx)), "px"


def load_maps(path: str | os.PathLike[str]) -> Maps:
    """Read maps that darfix-core has written.

    Parameters
    ----------
    path : path
        The NeXus file. It is opened read-only and without a lock.

    Returns
    -------
    Maps
        As they were written, history included; lists in the metadata come back as tuples.

    Raises
    ------
    DataFileError
        If there is no such file, or it was not written by darfix-core, or by a newer version.
    """
    from darfix_core.io.hdf5_file import read_hdf5

    file_name = os.path.abspath(os.path.expanduser(os.fspath(path)))
    with read_hdf5(file_name) as file:
        return _maps_of(file, file_name)


def _maps_of(file: h5py.File, file_name: str) -> Maps:
    import h5py

    entry = file.get(_ENTRY)
    version = entry.attrs.get("darfix_core_format") if isinstance(entry, h5py.Group) else None
    if version is None:
        raise DataFileError("holds no maps of darfix-core; measured scans are read with load", file=file_name)
    if version > FORMAT:
        raise DataFileError(
            f"was written by a newer darfix-core (format {version}, this version reads {FORMAT})", file=file_name
        )
    maps = [group for group in entry.values() if "map" in group.attrs]
    scan = entry["scan"]
    return Maps(
        {group.attrs["map"]: _map_of(group["data"]) for group in maps},
        dimensions=tuple(_dimension_of(scan[key]) for key in _numbered(scan)),
        pixel_size=tuple(scan["pixel_size"][()].tolist()) if "pixel_size" in scan else None,
        origin=tuple(scan["origin"][()].tolist()),
        metadata={key: _frozen(value) for key, value in json.loads(scan["metadata"].asstr()[()]).items()},
        history=History.from_json(entry["process/history/data"].asstr()[()]),
    )


def _map_of(data: h5py.Dataset) -> Map:
    return Map(data[()], unit=data.attrs["units"], description=data.attrs["description"])


def _numbered(scan: h5py.Group) -> list[str]:
    return sorted((key for key in scan if key.startswith("dimension_")), key=lambda key: int(key[10:]))


def _dimension_of(values: h5py.Dataset) -> Dimension:
    along = tuple(json.loads(values.attrs["along"]))
    return Dimension(values.attrs["motor"], values[()], unit=values.attrs["units"], along=along)


def _frozen(value: Any) -> Any:
    """Metadata as they were before JSON, which knows no tuples."""
    if isinstance(value, dict):
        return {key: _frozen(entry) for key, entry in value.items()}
    return tuple(_frozen(entry) for entry in value) if isinstance(value, list) else value
