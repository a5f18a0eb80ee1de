"""The scan of ``darfix-core demo``: a mosaicity scan of a few grains whose orientations are known."""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from darfix_core.errors import WorkflowError
from darfix_core.io.atomic import write_whole
from darfix_core.model.arrays import AnyArray, BoolArray, FloatArray, IntArray
from darfix_core.model.maps import Maps
from darfix_core.units import motor_unit

#: Where the tutorial stands: in an installation as a package, in the source tree as a folder.
TUTORIALS = "orangecontrib.dfxm.tutorials"

_SEED = 20170
_SIZE = 256
_POINTS = 11
_PEDESTAL = 100.0
_READ_NOISE = 2.0
# Half of a range that rocking curves with this width fit in, so that their moments are whole.
_CHI = np.linspace(-0.5, 0.5, _POINTS)
_MU = np.linspace(-0.25, 0.25, _POINTS)
_WIDTH = 0.85  # rms of a pixel's curve, in steps of the scan
_JITTER = 0.03  # rms of the read-backs about the nominal positions, in steps
# Centres of the cells in the field of view (parts of its size), their chi and mu (deg), and their peaks (counts).
# The last cell is a grain that does not diffract here.
_CELLS = (
    (0.16, 0.20, -0.15, 0.07, 6500.0),
    (0.20, 0.66, 0.12, 0.09, 5500.0),
    (0.52, 0.42, 0.02, -0.03, 8000.0),
    (0.88, 0.24, 0.17, -0.07, 6000.0),
    (0.70, 0.82, -0.11, -0.06, 7000.0),
    (0.60, 0.04, -0.04, 0.02, 5800.0),
    (0.04, 0.95, 0.0, 0.0, 0.0),
)
# Lattice bending within a grain, deg.
_BEND = {"chi": 0.035, "mu": 0.018}
_BOUNDARY = 3.0  # width of the dark line between grains, px
_CORE = 10.0  # pixels nearer than this to another grain are not counted into the core of a grain


@dataclass(frozen=True, eq=False)
class Grains:
    """The truth behind the demo scan.

    Parameters
    ----------
    number : ndarray of int, shape (ny, nx)
        Grain of each pixel, counted from 1; 0 where there is none.
    core : ndarray of bool, shape (ny, nx)
        True well inside a grain.
    orientation : dict
        Motor -> where the pixel's rocking curve has its centre, shape (ny, nx), deg.
    peak : ndarray, shape (ny, nx), counts
        Height of the curve above the pedestal.
    """

    number: IntArray
    core: BoolArray
    orientation: dict[str, FloatArray]
    peak: FloatArray


@dataclass(frozen=True)
class Recovered:
    """Mean orientation of the core of a grain: what was put in and what came out.

    Parameters
    ----------
    grain : int
    n_pixels : int
        Pixels of the core.
    true, found : dict
        Motor -> mean orientation, deg.
    """

    grain: int
    n_pixels: int
    true: dict[str, float] = field(default_factory=dict)
    found: dict[str, float] = field(default_factory=dict)


def demo_grains() -> Grains:
    """The grains of the demo scan: cells around their centres, with bent borders."""
    y, x = np.mgrid[:_SIZE, :_SIZE].astype(np.float64) / _SIZE
    warped_y = y + 0.020 * np.sin(9 * x + 1) + 0.008 * np.sin(31 * x)
    warped_x = x + 0.020 * np.sin(8 * y + 2) + 0.008 * np.sin(29 * y)
    distance = np.stack([np.hypot(warped_y - cy, warped_x - cx) for cy, cx, *_ in _CELLS]) * _SIZE
    nearest = np.argmin(distance, axis=0)
    ordered = np.sort(distance, axis=0)
    margin = (ordered[1] - ordered[0]) / 2
    chi, mu, peak = (np.array(values)[nearest] for values in list(zip(*_CELLS, strict=True))[2:])
    inside = (margin > _BOUNDARY / 2) & (peak > 0)
    # The lattice of each grain bends in a direction of its own.
    along = np.cos(nearest) * (y - 0.5) + np.sin(nearest) * (x - 0.5)
    across = np.cos(nearest) * (x - 0.5) - np.sin(nearest) * (y - 0.5)
    orientation = {
        "chi": chi + _BEND["chi"] * (np.sin(4 * along) + 0.25 * np.sin(23 * across)),
        "mu": mu + _BEND["mu"] * (np.sin(5 * across) + 0.25 * np.cos(19 * along)),
    }
    shade = 0.8 + 0.2 * np.cos(9 * along) * np.cos(7 * across)
    # The beam is a little weaker towards the upper and lower edges.
    beam = np.exp(-((y - 0.5) ** 2) / (2 * 0.5**2))
    numbers = np.where(inside, nearest + 1, 0)
    return Grains(numbers, inside & (margin > _CORE), orientation, np.where(inside, peak * shade * beam, 0.0))


def _positions(random: np.random.Generator) -> dict[str, FloatArray]:
    """Read-backs of all frames: chi slow, mu fast, each read-back a little off."""
    chi, mu = np.repeat(_CHI, _POINTS), np.tile(_MU, _POINTS)
    # The slow motor stands still during a line.
    chi_off = np.repeat(random.normal(0, _JITTER, _POINTS), _POINTS) + random.normal(0, _JITTER / 5, chi.size)
    return {
        "chi": chi + chi_off * (_CHI[1] - _CHI[0]),
        "mu": mu + random.normal(0, _JITTER, mu.size) * (_MU[1] - _MU[0]),
    }


def demo_frames(grains: Grains, positions: dict[str, FloatArray], random: np.random.Generator) -> AnyArray:
    """Counts that the detector sees.

    Parameters
    ----------
    grains : Grains
    positions : dict
        Motor -> position of each frame, shape (n_frames,), deg.
    random : numpy.random.Generator
        Source of the noise: Poisson in the diffracted counts, normal read noise on the pedestal.

    Returns
    -------
    ndarray of uint16, shape (n_frames, ny, nx)
    """
    exponent = np.zeros((positions["mu"].size, _SIZE, _SIZE), dtype=np.float32)
    for motor, nominal in (("chi", _CHI), ("mu", _MU)):
        width = _WIDTH * (nominal[1] - nominal[0])
        off = (positions[motor][:, None, None] - grains.orientation[motor]) / width
        exponent -= (off**2 / 2).astype(np.float32)
    expected = np.exp(exponent) * grains.peak.astype(np.float32)
    counts = np.zeros(expected.shape, dtype=np.float32)
    bright = expected > 1e-3
    counts[bright] = random.poisson(expected[bright])
    counts += np.float32(_PEDESTAL) + np.float32(_READ_NOISE) * random.standard_normal(counts.shape, dtype=np.float32)
    return np.clip(np.rint(counts), 0, 2**16 - 1).astype(np.uint16)


def write_demo_scan(path: str | os.PathLike[str]) -> Path:
    """Write the demo scan as the ESRF's BLISS does: 11 x 11 positions of chi and mu, frames of 256 x 256.

    The data are the same each time.

    Parameters
    ----------
    path : path
        The HDF5 file, which is replaced when it exists.

    Returns
    -------
    Path
        Absolute path.

    Raises
    ------
    DataFileError
        If the file cannot be written.
    """
    random = np.random.default_rng(_SEED)
    positions = _positions(random)
    frames = demo_frames(demo_grains(), positions, random)

    def write(part: Path) -> None:
        from darfix_core.io.hdf5_output import create_hdf5

        with create_hdf5(part) as file:
            _fill(file, frames, positions)

    return write_whole({Path(path): write}, overwrite=True)[0]


def scan_step(motor: str) -> float:
    """Nominal step of a motor of the demo scan, deg."""
    nominal = {"chi": _CHI, "mu": _MU}[motor]
    return float(nominal[1] - nominal[0])


def is_demo_scan(path: str | os.PathLike[str]) -> bool:
    """True for a file that `write_demo_scan` wrote."""
    import h5py

    try:
        with h5py.File(path, "r", locking=False) as file:
            return bool(file.attrs.get("creator") == _CREATOR)
    except OSError:
        return False


_CREATOR = "darfix-core demo"
_CONSTANT_MOTORS = {"obpitch": 17.94634, "mainx": -5000.0, "obx": 262.0, "ffz": 1623.0, "ccmth": 6.679, "samz": 0.0}


def _fill(file: Any, frames: AnyArray, positions: dict[str, FloatArray]) -> None:
    """The groups of one scan, with the names and classes that BLISS gives them."""
    import hdf5plugin

    def group(parent: Any, name: str, kind: str) -> Any:
        made = parent.create_group(name)
        made.attrs["NX_class"] = kind
        return made

    def number(parent: Any, name: str, value: Any, unit: str) -> None:
        parent[name] = value
        if unit:
            parent[name].attrs["units"] = unit

    file.attrs.update({"NX_class": "NXroot", "default": "1.1", "creator": _CREATOR})
    entry = group(file, "1.1", "NXentry")
    entry["title"] = (
        f"fscan2d chi {_CHI[0]:g} {_CHI[1] - _CHI[0]:g} {_POINTS} mu {_MU[0]:g} {_MU[1] - _MU[0]:g} {_POINTS} 0.1 0.1"
    )
    entry["start_time"], entry["end_time"] = "2025-01-01T08:00:00+01:00", "2025-01-01T08:00:24+01:00"
    group(entry, "sample", "NXsample")["name"] = "demo grains"
    instrument = group(entry, "instrument", "NXinstrument")
    instrument["name"] = "darfix-core demo"
    detector = group(instrument, "pco_ff", "NXdetector")
    detector.create_dataset("data", data=frames, chunks=(1, *frames.shape[1:]), **hdf5plugin.Bitshuffle())
    detector["data"].attrs["interpretation"] = "image"
    detector["type"] = "lima"
    for axis in ("x_pixel_size", "y_pixel_size"):
        number(detector, axis, 6.5, "um")
    group(detector, "acq_parameters", "NXcollection")["acq_expo_time"] = 0.1
    standing = group(instrument, "positioners", "NXcollection")
    for motor, value in {**_CONSTANT_MOTORS, **positions}.items():
        number(standing, motor, value, motor_unit(motor))
    scan = group(instrument, "fscan_parameters", "NXcollection")
    for role, motor, nominal in (("slow", "chi", _CHI), ("fast", "mu", _MU)):
        scan[f"{role}_motor"] = motor
        scan[f"{role}_start_pos"], scan[f"{role}_step_size"] = nominal[0], nominal[1] - nominal[0]
        scan[f"{role}_npoints"] = _POINTS
    scan["scan_name"], scan["acq_time"] = "fscan2d", 0.1
    measurement = group(entry, "measurement", "NXcollection")
    measurement["pco_ff"] = detector["data"]
    for motor, values in positions.items():
        group(instrument, motor, "NXpositioner")["value"] = values
        instrument[motor]["value"].attrs["units"] = motor_unit(motor)
        measurement[motor] = instrument[motor]["value"]
    # A ring that is topped up after each line: 0.02 %, which the counts do not show.
    measurement["srcurrent"] = 196.0 - 0.004 * (np.arange(_POINTS**2) % _POINTS)


def compare_with_truth(maps: Maps) -> list[Recovered]:
    """Mean orientation of each grain's core, as it was put into the demo scan and as maps show it.

    Parameters
    ----------
    maps : Maps
        Made from the demo scan, cropped or not.

    Returns
    -------
    list of Recovered
        One entry a grain that has core pixels in the maps.
    """
    grains = demo_grains()
    (y, x), (ny, nx) = maps.origin, maps.shape
    part = (slice(y, y + ny), slice(x, x + nx))
    rows: list[Recovered] = []
    for grain in range(1, len(_CELLS) + 1):
        pixels = grains.core[part] & (grains.number[part] == grain)
        for motor in grains.orientation:
            pixels &= np.isfinite(maps[f"{motor}/center_of_mass"])
        if not pixels.any():
            continue
        true = {motor: float(values[part][pixels].mean()) for motor, values in grains.orientation.items()}
        found = {motor: float(maps[f"{motor}/center_of_mass"][pixels].mean()) for motor in true}
        rows.append(Recovered(grain, int(pixels.sum()), true, found))
    return rows


def tutorial_file(name: str) -> Path:
    """Path of a workflow of the Tutorials menu, found without importing Orange.

    Parameters
    ----------
    name : str
        ``"mosaicity.ows"``.

    Returns
    -------
    Path

    Raises
    ------
    WorkflowError
        If it is not installed.
    """
    from importlib.resources import files

    folders = [Path(__file__).parents[2] / "tutorials"]
    with contextlib.suppress(ModuleNotFoundError):  # run from the source tree without an installation
        folders.insert(0, Path(str(files(TUTORIALS))))
    for folder in folders:
        if (folder / name).is_file():
            return folder / name
    raise WorkflowError(f"the workflow {name} is missing from the installation; looked in {folders[0]}")
