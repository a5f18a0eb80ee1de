"""Writer of small synthetic scan files in the layout of BLISS, for the tests of everything that reads scans.

Use ``from tests.bliss_files import write_scan``. Nothing here uses darfix_core, so that reader and writer
cannot share a mistake.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import h5py
import numpy as np


def small_stack(n_frames: int = 12, ny: int = 5, nx: int = 7) -> np.ndarray:
    """Counts that differ in every frame and pixel: 1000 * frame + 10 * row + column, uint16."""
    frame, row, column = np.ogrid[:n_frames, :ny, :nx]
    return (1000 * frame + 10 * row + column).astype(np.uint16)


def mesh(slow: np.ndarray, fast: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Positions of every frame of a mesh: slow motor, fast motor."""
    first, second = np.meshgrid(slow, fast, indexing="ij")
    return first.reshape(-1), second.reshape(-1)


def write_scan(
    path: Path | str,
    stack: np.ndarray | None,
    positions: Mapping[str, Any],
    *,
    scan: str = "1.1",
    title: str = "",
    detector: str = "pco_ff",
    units: Mapping[str, str] | None = None,
    constants: Mapping[str, float | str] | None = None,
    counters: Mapping[str, Any] | None = None,
    scan_parameters: Mapping[str, Any] | None = None,
    end_reason: str | None = "SUCCESS",
    sample: str = "al_foil",
    exposure_time: float = 0.5,
    pixel_size: float = 6.5,
    classes: bool = True,
    copies: str = "soft",
    storage: Mapping[str, Any] | None = None,
    source: Path | str | None = None,
    virtual: bool = False,
) -> Path:
    """Add a scan to a file, made where it does not exist, in the full BLISS tree.

    Parameters
    ----------
    path : path
    stack : ndarray, shape (n_frames, ny, nx), or None
        None: a scan without a detector.
    positions : mapping
        Motor -> value of every frame; in positioners, instrument/<motor>/value and measurement.
    scan : str
        Name of the group.
    title : str
        By default that of an ascan or mesh over the motors in `positions`.
    detector : str
    units : mapping, optional
        Motor -> attribute ``units``; none is written for others.
    constants : mapping, optional
        Motor -> value in positioners; a string such as ``"ERR"`` is written as such.
    counters : mapping, optional
        Counter -> values, of any length; in instrument/<counter>/data and measurement.
    scan_parameters : mapping, optional
        Entries of instrument/fscan_parameters.
    end_reason : str or None
        None: not written, as in a scan that still runs.
    sample, exposure_time, pixel_size
        Metadata; um, s.
    classes : bool
        Write the NX_class attributes.
    copies : {"soft", "hard", "data", "none"}
        How the stack is repeated under measurement (and "data": under image too): as a link, as a data set
        of its own, or not.
    storage : mapping, optional
        Keyword arguments of `h5py.Group.create_dataset` for the stack: chunks, compression ...
    source : path, optional
        Write the stack into this file under ``/entry_0000/measurement/data`` and refer to it; a relative
        path is taken from the folder of `path`.
    virtual : bool
        Refer to `source` by a virtual dataset instead of an external link.

    Returns
    -------
    Path
        That of the file.
    """
    path = Path(path)
    with h5py.File(path, "a") as file:
        entry = _group(file, scan, "NXentry", classes)
        entry["title"] = title or default_title(positions)
        entry["start_time"] = "2025-02-03T03:50:08.270686+01:00"
        if end_reason is not None:
            entry["end_time"] = "2025-02-03T03:51:36.416778+01:00"
            entry["end_reason"] = end_reason
        _group(entry, "sample", "NXsample", classes)["name"] = sample
        instrument = _group(entry, "instrument", "NXinstrument", classes)
        instrument["name"] = "ESRF-ID03"
        measurement = _group(entry, "measurement", "NXcollection", classes)
        _write_motors(instrument, measurement, positions, constants or {}, units or {}, classes)
        for name, values in (counters or {}).items():
            data = _group(instrument, name, "NXdetector", classes).create_dataset("data", data=values)
            measurement[name] = h5py.SoftLink(data.name)
        for name, value in (scan_parameters or {}).items():
            instrument.require_group("fscan_parameters")[name] = value
        if stack is not None:
            group = _group(instrument, detector, "NXdetector", classes)
            group["type"] = "lima"
            group["x_pixel_size"] = group["y_pixel_size"] = pixel_size
            group["acq_parameters/acq_expo_time"] = exposure_time
            if source is None:
                group.create_dataset("data", data=stack, **(storage or {}))
            else:
                _refer(group, path, Path(source), stack, storage or {}, virtual)
            _repeat(group, measurement, detector, stack, copies)
    return path


def default_title(positions: Mapping[str, Any]) -> str:
    """Title that BLISS gives a scan over these motors, slow to fast."""
    if not positions:
        return "ct 0.5"
    ranges = [
        f"{name} {np.min(values):g} {np.max(values):g} {len(np.unique(values)) - 1}"
        for name, values in positions.items()
    ]
    return {1: "ascan", 2: "amesh"}.get(len(ranges), f"a{len(ranges)}mesh") + f" {' '.join(ranges)} 0.5"


def write_minimal_scan(
    path: Path | str, stack: np.ndarray, slow: tuple[str, Any], fast: tuple[str, Any], *, scan: str = "1.1"
) -> Path:
    """Add the smallest tree that is found in the wild: title, two motors, the stack; no classes, no attributes.

    The slow motor lies under instrument/<motor>/value, the fast one under instrument/<motor>/data, the stack
    under instrument/pco_ff/image.
    """
    path = Path(path)
    with h5py.File(path, "a") as file:
        entry = file.create_group(scan)
        entry["title"] = default_title(dict([slow, fast]))
        entry[f"instrument/{slow[0]}/value"] = np.asarray(slow[1], dtype=float)
        entry[f"instrument/{fast[0]}/data"] = np.asarray(fast[1], dtype=float)
        entry["instrument/pco_ff/image"] = stack
    return path


def _group(parent: h5py.Group, name: str, kind: str, classes: bool) -> h5py.Group:
    group = parent.require_group(name)
    if classes:
        group.attrs["NX_class"] = kind
    return group


def _write_motors(
    instrument: h5py.Group,
    measurement: h5py.Group,
    positions: Mapping[str, Any],
    constants: Mapping[str, float | str],
    units: Mapping[str, str],
    classes: bool,
) -> None:
    positioners = _group(instrument, "positioners", "NXcollection", classes)
    for name, values in positions.items():
        data = _group(instrument, name, "NXpositioner", classes).create_dataset("value", data=values)
        if name in units:
            data.attrs["units"] = units[name]
        positioners[name] = h5py.SoftLink(data.name)
        measurement[name] = h5py.SoftLink(data.name)
    for name, value in constants.items():
        positioners[name] = value
        if name in units:
            positioners[name].attrs["units"] = units[name]


def _refer(
    group: h5py.Group, path: Path, source: Path, stack: np.ndarray, storage: Mapping[str, Any], virtual: bool
) -> None:
    inside = "/entry_0000/measurement/data"
    target = path.parent / source
    target.parent.mkdir(parents=True, exist_ok=True)
    with h5py.File(target, "w") as file:
        file.create_dataset(inside, data=stack, **storage)
    if virtual:
        layout = h5py.VirtualLayout(stack.shape, stack.dtype)
        layout[:] = h5py.VirtualSource(str(source), inside, stack.shape, stack.dtype)
        group.create_virtual_dataset("data", layout)
    else:
        group["data"] = h5py.ExternalLink(str(source), inside)


def _repeat(group: h5py.Group, measurement: h5py.Group, detector: str, stack: np.ndarray, copies: str) -> None:
    if copies == "soft":
        measurement[detector] = h5py.SoftLink(f"{group.name}/data")
    elif copies == "hard":
        measurement[detector] = group["data"]
    elif copies == "data":
        group.create_dataset("image", data=stack)
        measurement.create_dataset(detector, data=stack)
    elif copies != "none":
        raise ValueError(f"copies must be 'soft', 'hard', 'data' or 'none', got {copies!r}")
