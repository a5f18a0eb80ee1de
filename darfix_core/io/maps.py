"""Maps in NeXus files: HDF5 that other programs show with axes and units, and that gives the same `Maps` back."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from darfix_core.errors import DataFileError
from darfix_core.io.atomic import Writer, write_whole
from darfix_core.io.nexus import (
    MAPS_MARK,
    fill_constant_motors,
    fill_facts,
    fill_process,
    fill_root,
    fill_title,
    group_names,
    new_group,
    output_path,
    read_facts,
    read_history,
    storable_text,
)
from darfix_core.model.maps import Map, Maps

if TYPE_CHECKING:
    import h5py

#: Raised when older versions can no longer read the files.
FORMAT = 1

_ENTRY, _FORMAT_NAME = MAPS_MARK
# Names in the entry that no map may have.
_TAKEN = ("title", "start_time", "sample", "process", "instrument", "scan")


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
    return write_whole({output_path(path): maps_writer(maps)}, overwrite=overwrite)[0]


def maps_writer(maps: Maps) -> Writer:
    """Function that writes `maps` to the path that it is given, for `darfix_core.io.atomic.write_whole`."""

    def write(path: Path) -> None:
        from darfix_core.io.hdf5_output import create_hdf5

        with create_hdf5(path, track_order=True) as file:
            _fill(file, maps)

    return write


def default_map(maps: Maps) -> str:
    """Name of the map to show first: the mosaicity, else a centre of mass, else the first one."""
    centers = (name for name in maps if name.endswith("/center_of_mass"))
    return "mosaicity" if "mosaicity" in maps else next(centers, next(iter(maps)))


def _fill(file: h5py.File, maps: Maps) -> None:
    fill_root(file, _ENTRY)
    entry = new_group(file, _ENTRY, "NXentry")
    entry.attrs[_FORMAT_NAME] = FORMAT
    fill_title(entry, maps.metadata)
    groups = dict(zip(maps, group_names(maps, _TAKEN), strict=True))
    entry.attrs["default"] = groups[default_map(maps)]
    fill_process(entry, maps.history)
    if isinstance(maps.metadata.get("motors"), Mapping):
        positioners = new_group(new_group(entry, "instrument", "NXinstrument"), "positioners", "NXcollection")
        fill_constant_motors(positioners, maps.metadata["motors"])
    fill_facts(new_group(entry, "scan", "NXcollection"), maps)
    axes: h5py.Group | None = None
    for name, group_name in groups.items():
        group = new_group(entry, group_name, "NXdata")
        _fill_map(group, name, maps.entry(name))
        axes = _fill_axes(group, maps) if axes is None else _link_axes(group, axes)


def cleaned(maps: Maps) -> Maps:
    """The same maps with texts that files and pictures can hold."""
    entries = {
        storable_text(name): replace(
            entry, unit=storable_text(entry.unit), description=storable_text(entry.description)
        )
        for name, entry in maps.entries.items()
    }
    return replace(maps, entries=entries, metadata=_cleaned(maps.metadata))


def _cleaned(value: Any) -> Any:
    if isinstance(value, str):
        return storable_text(value)
    if isinstance(value, Mapping):
        return {_cleaned(key): _cleaned(entry) for key, entry in value.items()}
    return tuple(map(_cleaned, value)) if isinstance(value, list | tuple) else value


def _fill_map(group: h5py.Group, name: str, entry: Map) -> None:
    name, unit, description = storable_text(name), storable_text(entry.unit), storable_text(entry.description)
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
    version = entry.attrs.get(_FORMAT_NAME) if isinstance(entry, h5py.Group) else None
    if version is None:
        raise DataFileError("holds no maps of darfix-core; measured scans are read with load", file=file_name)
    if version > FORMAT:
        raise DataFileError(
            f"was written by a newer darfix-core (format {version}, this version reads {FORMAT})", file=file_name
        )
    maps = [group for group in entry.values() if "map" in group.attrs]
    return Maps(
        {group.attrs["map"]: _map_of(group["data"]) for group in maps},
        history=read_history(entry),
        **read_facts(entry["scan"]),
    )


def _map_of(data: h5py.Dataset) -> Map:
    return Map(data[()], unit=data.attrs["units"], description=data.attrs["description"])
