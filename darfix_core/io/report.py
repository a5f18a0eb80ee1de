"""What a data file holds, as `darfix-core info` shows it: the same report for every kind of file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from darfix_core.model.arrays import FloatArray, IntArray


@dataclass(frozen=True)
class MotorReport:
    """A motor that has one position a frame.

    Parameters
    ----------
    name : str
    unit : str
        Unit of all positions; empty when unknown.
    low, high : float
        Smallest and largest position.
    step : float
        Mean distance between neighbouring positions, 0 for a motor that stands still.
    jitter : float
        Standard deviation of the read-backs about even positions.
    n_positions : int
        Number of positions that the motor went to; 1 for a motor that stands still.
    """

    name: str
    unit: str
    low: float
    high: float
    step: float
    jitter: float
    n_positions: int


@dataclass(frozen=True)
class DetectorReport:
    """A stack of frames.

    Parameters
    ----------
    name : str
        As `load` takes it; empty where the file does not name the detector.
    path : str
        Path inside the file; empty where there is none (EDF).
    shape : (int, int, int)
        (n_frames, ny, nx).
    dtype : str
        Type of the counts, such as ``"uint16"``.
    compression : str
        Name of the filter, empty for uncompressed frames.
    chunks : tuple of int or None
        Shape that is stored, and so read, together; None for contiguous frames.
    files : tuple of str
        Other files that the frames lie in: targets of links, sources of virtual datasets.
    """

    name: str
    path: str
    shape: tuple[int, int, int]
    dtype: str
    compression: str = ""
    chunks: tuple[int, ...] | None = None
    files: tuple[str, ...] = ()


@dataclass(frozen=True)
class ScanReport:
    """A scan.

    Parameters
    ----------
    name : str
        As `load` takes it; empty where the file knows no scans (EDF).
    title : str
        Empty when unknown.
    n_frames : int
        Frames of the detector with the most, or that were announced; 0 for a scan without frames.
    detectors : tuple of DetectorReport
    motors : tuple of MotorReport
        Motors with one position a frame; those that moved first.
    start_time : str
        As the file has it; empty when unknown.
    problems : tuple of str
        What cannot be read, such as a missing external file.
    n_complete : int or None
        Frames that can be read of a scan that is still written, or a file that is not wholly there; None for others.
    """

    name: str
    title: str
    n_frames: int
    detectors: tuple[DetectorReport, ...] = ()
    motors: tuple[MotorReport, ...] = ()
    start_time: str = ""
    problems: tuple[str, ...] = ()
    n_complete: int | None = None


@dataclass(frozen=True)
class FileReport:
    """A data file, or a series of files that make one stack.

    Parameters
    ----------
    files : tuple of str
        Absolute paths.
    kind : str
        ``"BLISS/NeXus HDF5"``, ``"EDF"`` ...
    size : int, bytes
        All files together, without those that they refer to.
    scans : tuple of ScanReport
    """

    files: tuple[str, ...]
    kind: str
    size: int
    scans: tuple[ScanReport, ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain values, fit for JSON."""
        plain: dict[str, Any] = _plain(asdict(self))
        return plain


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(entry) for key, entry in value.items()}
    return [_plain(entry) for entry in value] if isinstance(value, tuple | list) else value


# Read-backs lie within this part of a step of even positions; beyond 0.3 neighbours begin to mix.
_LARGEST_DEVIATION = 0.35
# Gaps between positions are wider than gaps within a position, by this factor where few read-backs share
# a position, so that even steps are not paired by chance.
_SMALLEST_RATIO = 1.05
_SMALLEST_RATIO_OF_FEW = 1.5
_FEW = 4


def motor_report(name: str, values: ArrayLike, unit: str = "") -> MotorReport:
    """Range, step and jitter of a motor from its read-backs.

    The read-backs are those of the fewest even positions that they lie close to. A motor whose read-backs go
    up and down without such positions stands still and wobbles.

    Parameters
    ----------
    name : str
    values : array_like, shape (n_frames,), in `unit`
        Read-backs in the order of the frames; those that are not finite are left out.
    unit : str
        Shown with the numbers.

    Returns
    -------
    MotorReport
    """
    recorded = np.asarray(values, dtype=np.float64).reshape(-1)
    recorded = recorded[np.isfinite(recorded)]
    if recorded.size == 0:
        return MotorReport(name, unit, float("nan"), float("nan"), 0.0, 0.0, 0)
    positions = np.sort(recorded)
    low, high = float(positions[0]), float(positions[-1])
    # Shorter gaps are rounding.
    floor = 1e-9 * max(high - low, abs(low), abs(high), 1e-3)
    for group in _groupings(positions, floor):
        for step, deviation in _even_positions(positions, group):
            if np.abs(deviation).max() <= _LARGEST_DEVIATION * step:
                return MotorReport(name, unit, low, high, step, float(deviation.std()), int(group[-1]) + 1)
    steps = np.diff(recorded)
    if high - low > floor and (np.all(steps >= -floor) or np.all(steps <= floor)):
        n_positions = int(np.count_nonzero(np.diff(positions) > floor)) + 1
        return MotorReport(name, unit, low, high, (high - low) / (n_positions - 1), 0.0, n_positions)
    return MotorReport(name, unit, low, high, 0.0, float(recorded.std()), 1)


def _groupings(positions: FloatArray, floor: float) -> Iterator[IntArray]:
    """Ways to divide sorted read-backs into two groups or more, the fewest groups first: group of each."""
    gaps = np.diff(positions)
    lengths = np.sort(np.maximum(gaps, floor))
    ratios = lengths[1:] / lengths[:-1]
    for split in np.flatnonzero(ratios >= _SMALLEST_RATIO)[::-1]:
        few = positions.size < _FEW * (lengths.size - split)
        if ratios[split] >= (_SMALLEST_RATIO_OF_FEW if few else _SMALLEST_RATIO):
            limit = np.sqrt(lengths[split] * lengths[split + 1])
            yield np.concatenate([[0], np.cumsum(gaps > limit)])
    if lengths.size and lengths[-1] > floor:
        yield np.concatenate([[0], np.cumsum(gaps > floor)])


def _even_positions(positions: FloatArray, group: IntArray) -> Iterator[tuple[float, FloatArray]]:
    """Step of the even positions that groups of sorted read-backs belong to, and deviations from them."""
    gaps = np.diff(np.bincount(group, weights=positions) / np.bincount(group))
    # Where positions were left out, as in an interrupted scan, a gap is a multiple of the usual step.
    for steps in (np.ones(gaps.size), np.maximum(1.0, np.rint(gaps / np.median(gaps)))):
        number = np.concatenate([[0.0], np.cumsum(steps)])[group]
        spread = number - number.mean()
        step = float(spread @ (positions - positions.mean()) / (spread @ spread))
        yield step, positions - positions.mean() - step * spread
