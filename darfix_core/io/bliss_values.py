"""Single values of an HDF5 scan: texts, numbers, units, and the facts about a scan made of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import h5py
import numpy as np

from darfix_core.errors import DataFileError
from darfix_core.io.hdf5_file import Item, get_item
from darfix_core.io.hdf5_partial import IncompleteFileError

_PARAMETER_GROUPS = (
    "instrument/fscan_parameters",
    "instrument/scan_parameters",
    "scan_parameters",
    "fscan_parameters",
)
_MICROMETRES = {"m": 1e6, "mm": 1e3, "um": 1.0, "µm": 1.0, "μm": 1.0, "micron": 1.0, "microns": 1.0, "nm": 1e-3}
_UNITS = {
    "degree": "deg",
    "degrees": "deg",
    "°": "deg",
    "radian": "rad",
    "radians": "rad",
    "millimeter": "mm",
    "millimetre": "mm",
    "millimeters": "mm",
    "micron": "um",
    "microns": "um",
    "µm": "um",
    "μm": "um",
}


def find(parent: h5py.Group, path: str) -> Item | None:
    """Group or dataset below a group; None where there is none, or where a link to it is broken.

    Raises
    ------
    IncompleteFileError
        If it lies in the part of a file that is not there yet.
    """
    try:
        return get_item(parent, path)
    except IncompleteFileError:
        raise
    except DataFileError:
        return None


def value(parent: h5py.Group, path: str) -> Any:
    """Plain value of a scalar dataset or of an array of one: str, int, float or bool; else None."""
    item = find(parent, path)
    return None if not isinstance(item, h5py.Dataset) or item.size != 1 else plain(item[()])


def plain(entry: Any) -> Any:
    """Python value of what h5py reads as a scalar; None for what is neither text nor number."""
    if isinstance(entry, np.ndarray):
        entry = entry.reshape(-1)[0]
    if isinstance(entry, bytes):
        return entry.decode(errors="replace")
    if isinstance(entry, np.generic):
        entry = entry.item()
    return entry if isinstance(entry, str | int | float | bool) else None


def text(parent: h5py.Group, path: str) -> str:
    """Text at a path; empty where there is none."""
    found = value(parent, path)
    return found.strip() if isinstance(found, str) else ""


def number(parent: h5py.Group, path: str) -> float | None:
    """Finite number at a path; None where there is none."""
    return finite(value(parent, path))


def finite(entry: Any) -> float | None:
    """Number that h5py read, None for what is no finite number."""
    found = plain(entry)
    if isinstance(found, bool) or not isinstance(found, int | float) or not np.isfinite(found):
        return None
    return float(found)


def attribute(item: Item, name: str) -> str:
    """Attribute as text; empty where there is none."""
    return str(plain(item.attrs[name]) or "").strip() if name in item.attrs else ""


def unit_attribute(item: Item) -> str:
    """Unit that is written with a dataset, in the symbols used here; empty where there is none."""
    unit = attribute(item, "units")
    return _UNITS.get(unit.lower(), unit)


def scan_parameters(entry: h5py.Group) -> dict[str, Any]:
    """Parameters that the scan was called with: text, numbers, truth values."""
    for path in _PARAMETER_GROUPS:
        group = find(entry, path)
        if isinstance(group, h5py.Group):
            values = {name: value(group, name) for name in group}
            return {name: entry for name, entry in values.items() if entry is not None}
    return {}


def scan_metadata(entry: h5py.Group, detector: h5py.Group | None) -> dict[str, Any]:
    """Facts about a scan that are known; see `darfix_core.io.bliss.open_bliss`.

    Parameters
    ----------
    entry : h5py.Group
    detector : h5py.Group or None
        Group of the detector, where it has one.

    Returns
    -------
    dict
        Plain values. What is not known is left out.
    """
    found: dict[str, Any] = {
        "title": text(entry, "title"),
        "start_time": _if_there(text, entry, "start_time"),
        "sample": _if_there(text, entry, "sample/name"),
        "instrument": _if_there(text, entry, "instrument/name"),
        "scan_parameters": scan_parameters(entry),
        "end_reason": _if_there(text, entry, "end_reason"),
    }
    if detector is not None:
        found["detector_pixel_size"] = _if_there(_pixel_size, detector)
    found["exposure_time"] = _if_there(_exposure_time, detector, found["scan_parameters"])
    return {name: entry for name, entry in found.items() if entry not in (None, "", {})}


def _if_there(read: Callable[..., Any], *arguments: Any) -> Any:
    """Fact that a scan can do without; None while it lies in a part of a file that is not there yet."""
    try:
        return read(*arguments)
    except IncompleteFileError:
        return None


def _pixel_size(detector: h5py.Group) -> tuple[float, float] | None:
    """Size of a detector pixel along y and x, um."""
    sizes = [_micrometres(detector, name) for name in ("y_pixel_size", "x_pixel_size")]
    return None if sizes[0] is None or sizes[1] is None else (sizes[0], sizes[1])


def _micrometres(detector: h5py.Group, name: str) -> float | None:
    size = number(detector, name)
    item = find(detector, name)
    if size is None or size <= 0 or item is None:
        return None
    unit = attribute(item, "units")
    # No pixel is smaller than a nanometre: such a number is in metres.
    factor = _MICROMETRES.get(unit) if unit else 1.0 if size >= 1e-3 else 1e6
    return None if factor is None else size * factor


def _exposure_time(detector: h5py.Group | None, parameters: dict[str, Any]) -> float | None:
    """Exposure time of a frame, s."""
    if detector is not None:
        for path in ("acq_parameters/acq_expo_time", "count_time", "exposure_time"):
            found = number(detector, path)
            if found is not None:
                return found
    for name in ("acq_time", "count_time"):
        given = parameters.get(name)
        if isinstance(given, int | float) and not isinstance(given, bool):
            return float(given)
    return None


# Parts of the words that BLISS writes for scans that were stopped, failed, or are still recorded.
_UNFINISHED = ("abort", "interrupt", "fail", "kill", "error", "cancel", "deleted", "stop", "running")


def interruption(entry: h5py.Group) -> str:
    """Why a scan is not whole, as far as the file tells; empty for scans that went through."""
    for path in ("end_reason", "writer/status"):
        reason = _if_there(text, entry, path) or ""
        if any(word in reason.lower() for word in _UNFINISHED):
            return reason
    # BLISS writes when a scan starts, and both of these when it ends, however it ends.
    if _if_there(text, entry, "start_time") and not has_end(entry):
        return "no end is recorded: it was cut off, or still runs"
    return ""


def has_end(entry: h5py.Group) -> bool:
    """True for a scan that has ended, however it ended."""
    return "end_time" in entry or "end_reason" in entry
