"""Datasets in NeXus files: laid out like a BLISS scan, so that other programs show them, and read back as they were."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from darfix_core.errors import DataFileError
from darfix_core.io.atomic import Writer
from darfix_core.io.hdf5_file import naming_damage, read_hdf5
from darfix_core.io.hdf5_output import create_hdf5
from darfix_core.io.hdf5_source import Hdf5Source
from darfix_core.io.nexus import (
    DATASET_MARK,
    fill_constant_motors,
    fill_facts,
    fill_process,
    fill_root,
    fill_title,
    group_names,
    new_group,
    now,
    output_path,
    read_facts,
    read_history,
    storable_text,
    written_kind,
)
from darfix_core.io.stack_writer import Order, new_stack, write_stacks
from darfix_core.io.virtual_stack import new_virtual_stack
from darfix_core.model.dataset import Dataset
from darfix_core.model.frame_sources import SourceFile, checked_range
from darfix_core.model.frames import Frames
from darfix_core.model.noise import NoiseModel

if TYPE_CHECKING:
    import h5py

#: Raised when older versions can no longer read the files.
FORMAT = 1

_ENTRY, _FORMAT_NAME = DATASET_MARK
_OWN = "darfix_core"


def dataset_target(dataset: Dataset, path: str) -> Path:
    """File that a dataset is to be written to.

    Raises
    ------
    ValueError
        If its name has another ending than such files have.
    DataFileError
        If the dataset was made from it.
    """
    target = output_path(path).expanduser()
    made_from = dataset.history.files.union(file.path for file in dataset.files)
    if os.path.realpath(target) in map(os.path.realpath, made_from):
        raise DataFileError("the dataset was made from this file; choose another name", file=str(target))
    return target


def dataset_writer(dataset: Dataset, *, order: Order = "frame", virtual: bool = False) -> Writer:
    """Function that writes a dataset to the path that it is given, for `darfix_core.io.atomic.write_whole`.

    Frames are computed and written in blocks within the memory budget.

    Parameters
    ----------
    dataset : Dataset
    order : {"frame", "pixel"}
        What of the frames is stored together; dark frames are stored one by one.
    virtual : bool
        Point to the frames where they lie instead.

    Returns
    -------
    callable
        It raises ValueError where `virtual` frames do not lie in HDF5 files as they are.
    """

    def write(path: Path) -> None:
        with create_hdf5(path, track_order=True) as file:
            write_stacks(_fill(file, dataset, path if virtual else None, order))

    return write


def _fill(file: h5py.File, dataset: Dataset, virtual: Path | None, order: Order) -> list[tuple[h5py.Dataset, Frames]]:
    """Everything but the frames, which take long: what cannot be written is known before. Stacks still to write."""
    fill_root(file, _ENTRY)
    entry = new_group(file, _ENTRY, "NXentry")
    fill_title(entry, dataset.metadata)
    entry["end_time"] = now()
    if dataset.metadata.get("end_reason"):
        entry["end_reason"] = storable_text(dataset.metadata["end_reason"])
    instrument = new_group(entry, "instrument", "NXinstrument")
    if dataset.metadata.get("instrument"):
        instrument["name"] = storable_text(dataset.metadata["instrument"])
    name = group_names([str(dataset.metadata.get("detector", ""))], ["positioners", "name"], default="detector")[0]
    detector = new_group(instrument, name, "NXdetector")
    stacks: list[tuple[h5py.Dataset, Frames]] = []
    if virtual is None:
        stacks.append((new_stack(detector, "data", dataset.frames, order), dataset.frames))
    else:
        new_virtual_stack(detector, "data", dataset.frames, virtual)
    _fill_positions(entry, instrument, detector["data"], dataset)
    _fill_detector(detector, dataset)
    _fill_plot(entry, detector["data"], dataset)
    fill_process(entry, dataset.history)
    own = new_group(entry, _OWN, "NXcollection")
    own.attrs["frames"] = detector["data"].name
    _fill_own(own, dataset)
    if dataset.dark is not None:
        stacks.append((new_stack(own, "dark", dataset.dark), dataset.dark))
    entry.attrs[_FORMAT_NAME] = FORMAT
    return stacks


def _fill_positions(entry: h5py.Group, instrument: h5py.Group, data: h5py.Dataset, dataset: Dataset) -> None:
    """Motors under positioners, and all that was recorded with each frame under measurement."""
    positioners = new_group(instrument, "positioners", "NXcollection")
    measurement = new_group(entry, "measurement", "NXcollection")
    detector = _last_name(data.parent)
    _datasets(measurement, dataset.counters, "counter", [detector])
    for name, values in _datasets(positioners, dataset.positions, "motor", []).items():
        if dataset.unit(name):
            values.attrs["units"] = storable_text(dataset.unit(name))
        if _last_name(values) not in (*measurement, detector):
            measurement[_last_name(values)] = values
    fill_constant_motors(positioners, dataset.metadata.get("motors"))
    measurement[detector] = data


def _last_name(item: h5py.Group | h5py.Dataset) -> str:
    return str(item.name).rpartition("/")[2]


def _datasets(
    group: h5py.Group, entries: Mapping[str, Any], attribute: str, taken: list[str]
) -> dict[str, h5py.Dataset]:
    """A dataset for each entry, its exact name in an attribute."""
    made: dict[str, h5py.Dataset] = {}
    for name, safe in zip(entries, _safe_names(entries, taken), strict=True):
        made[name] = group.create_dataset(safe, data=entries[name])
        made[name].attrs[attribute] = storable_text(name)
    return made


def _safe_names(names: Mapping[str, Any], taken: list[str]) -> Iterator[str]:
    """Names as they are where HDF5 can hold them, else without what it cannot hold."""
    used = set(taken)
    for name in names:
        usable = name == storable_text(name) and name.strip("./ ") == name and "/" not in name and name not in used
        chosen = name if usable and name else group_names([name], used, default="values")[0]
        used.add(chosen)
        yield chosen


def _fill_detector(detector: h5py.Group, dataset: Dataset) -> None:
    """What NeXus has a name for."""
    if dataset.mask is not None:
        detector["pixel_mask"] = dataset.mask.astype(np.uint32)
        detector["pixel_mask"].attrs["description"] = "Pixels that are not 0 are not to be used"
    sizes = dataset.metadata.get("detector_pixel_size")
    if isinstance(sizes, tuple | list) and len(sizes) == 2:
        for name, size in zip(("y_pixel_size", "x_pixel_size"), sizes, strict=True):
            detector[name] = float(size)
            detector[name].attrs["units"] = "um"
    if isinstance(dataset.metadata.get("exposure_time"), int | float):
        detector["count_time"] = float(dataset.metadata["exposure_time"])
        detector["count_time"].attrs["units"] = "s"


def _fill_plot(entry: h5py.Group, data: h5py.Dataset, dataset: Dataset) -> None:
    """What a viewer shows first: the frames, with axes in um where the pixel size is known, else in pixels."""
    plot = new_group(entry, "plot", "NXdata")
    plot["data"] = data
    plot.attrs.update(signal="data", axes=[".", "y", "x"], title=storable_text(dataset.title or "frames"))
    for number, name in enumerate("yx"):
        size = dataset.frame_shape[number]
        if dataset.pixel_size is not None:
            plot[name], unit = np.arange(size) * dataset.pixel_size[number], "um"
        else:
            plot[name], unit = np.arange(size) + dataset.origin[number], "px"
        plot[name].attrs.update(units=unit, long_name=f"{name} ({unit})")
    entry.attrs["default"] = "plot"


def _fill_own(own: h5py.Group, dataset: Dataset) -> None:
    """What only darfix-core knows."""
    fill_facts(own, dataset)
    own["units"] = json.dumps(dict(dataset.units))
    if dataset.grid_index is not None:
        own["grid_index"] = dataset.grid_index
        own["grid_index"].attrs["description"] = "Where each frame sits in the flattened scan grid (C order)"
    own["orientation"] = np.array(dataset.orientation, dtype=np.int64)
    own["orientation"].attrs["description"] = "Signs of the image axes (y, x) against the sample"
    if dataset.noise is not None:
        noise = new_group(own, "noise", "NXcollection")
        for name, values in dataset.noise.parts().items():
            noise[name] = values
            noise[name].attrs["units"] = "counts"


def is_saved_dataset(file: str) -> bool:
    """True for an HDF5 file that `darfix_core.save_dataset` has written."""
    return written_kind(file) == "dataset"


def open_saved_dataset(
    file: str, *, scan: str | None = None, detector: str | None = None, frames: tuple[int, int] | None = None
) -> Dataset:
    """Dataset that was saved. No frame is read before it is needed.

    Parameters
    ----------
    file : str
        The file. It is opened for reading only and without a lock.
    scan, detector : str, optional
        The file holds one of each; another name is refused.
    frames : (int, int), optional
        First frame to use, and the one behind the last. None: all.

    Returns
    -------
    Dataset
        As it was saved. Its history is the stored one, unless only a part of the frames is asked for.

    Raises
    ------
    DataFileError
        If the file cannot be read, was written by a newer version, or does not hold what is asked for.
    ValueError
        If `frames` does not lie in the stack.
    """
    file = os.path.abspath(file)
    with read_hdf5(file) as opened:
        entry = opened[_ENTRY]
        if entry.attrs[_FORMAT_NAME] > FORMAT:
            raise DataFileError(
                f"was written by a newer darfix-core (format {entry.attrs[_FORMAT_NAME]}, this version reads {FORMAT})",
                file=file,
            )
        with naming_damage(file, f"/{_ENTRY}"):
            stack = str(entry[_OWN].attrs["frames"])
            known, has_dark = _parts_of(entry, stack), "dark" in entry[_OWN]
    _check_asked(file, stack, scan, detector)
    dataset = Dataset(
        Frames(Hdf5Source(file, stack)),
        dark=Frames(Hdf5Source(file, f"/{_ENTRY}/{_OWN}/dark")) if has_dark else None,
        **known,
    )
    if frames is not None:
        first, stop = checked_range(frames, dataset.n_frames)
        if (first, stop) != (0, dataset.n_frames):
            return dataset.select_frames(np.arange(first, stop)).replace(
                frames=Frames(Hdf5Source(file, stack, (first, stop)))
            )
    status = os.stat(file)
    return dataset.with_history(dataset.history.read_from(SourceFile(file, status.st_size, status.st_mtime)))


def _parts_of(entry: h5py.Group, stack: str) -> dict[str, Any]:
    """Arguments of `Dataset` but the stacks."""
    own, positioners = entry[_OWN], entry["instrument/positioners"]
    motors = {values.attrs["motor"]: values for values in positioners.values() if "motor" in values.attrs}
    counters = [values for values in entry["measurement"].values() if "counter" in values.attrs]
    mask = entry.file.get(f"{stack.rpartition('/')[0]}/pixel_mask")
    noise = own.get("noise")
    return read_facts(own) | {
        "positions": {name: values[()] for name, values in motors.items()},
        "units": json.loads(own["units"].asstr()[()]),
        "counters": {values.attrs["counter"]: values[()] for values in counters},
        "grid_index": own["grid_index"][()] if "grid_index" in own else None,
        "orientation": tuple(own["orientation"][()].tolist()),
        "mask": None if mask is None else mask[()] != 0,
        "noise": None if noise is None else NoiseModel(**{name: noise[name][()] for name in noise}),
        "history": read_history(entry),
    }


def _check_asked(file: str, stack: str, scan: str | None, detector: str | None) -> None:
    """Only the scan and the detector that are there can be asked for."""
    name = stack.split("/")[-2]
    if scan is not None and scan.strip("/") not in (_ENTRY, _ENTRY.partition(".")[0]):
        raise DataFileError(f"this is one saved dataset, without a scan {scan!r}; leave scan out", file=file)
    inside = stack.removeprefix(f"/{_ENTRY}/")
    if detector is not None and detector.strip("/") not in (name, inside, inside.rpartition("/")[0], stack.strip("/")):
        raise DataFileError(
            f"this is one saved dataset, of the detector {name!r}, not of {detector!r}; leave detector out", file=file
        )
