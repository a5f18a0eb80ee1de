"""Scans in EDF files: one file of many frames, or many files."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from darfix_core.engine.execution import warn
from darfix_core.errors import DataFileError
from darfix_core.io.edf_frames import EdfFrame, EdfSource, GrowingSeries, frames_of_file
from darfix_core.io.frame_series import SeriesFile, choose_frames, good_frames, used_files
from darfix_core.io.report import DetectorReport, FileReport, ScanReport, motor_report
from darfix_core.model.arrays import FloatArray
from darfix_core.model.dataset import Dataset
from darfix_core.model.frames import Frames
from darfix_core.units import motor_unit

_NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?|[-+]?(nan|inf)", re.IGNORECASE)

# Keys that describe the file or the frame itself; every other key with a number is a motor or a counter.
_STRUCTURE = re.compile(
    r"edf_.*|headerid|image|byteorder|datatype|dim_\d|size|scan|date|offset|count_time|point_no|scan_no|preset|run|"
    r"(col|row)_(beg|end)|(counter|motor)_(pos|mne)|suffix|prefix|dir|title|filename|compression|versionnumber|"
    r"raster\w+|acq_frame_nb|time|time_of_\w+|(psize|bsize|offset|center)_\d",
    re.IGNORECASE,
)


def open_edf(paths: Sequence[str], *, frames: tuple[int, int] | None = None) -> Dataset:
    """Open EDF files as one scan. Headers are read, the counts only when they are needed.

    Parameters
    ----------
    paths : sequence of str
        The files in the order of the scan; each holds one frame or several.
    frames : (int, int), optional
        First frame and the one behind the last, counted over all files from 0; None: all. Frames outside need not
        be whole.

    Returns
    -------
    Dataset
        Motors that moved are in `positions`, those that stood still in ``metadata["motors"]``.

    Raises
    ------
    ValueError
        If the range of frames is empty or does not fit.
    DataFileError
        If a file is missing, a header is broken, or a frame is incomplete, or has another shape or type than the
        first one; the message names file and frame. Where no range of frames is given, one in which the last file
        ends is left out with a warning: it may still be copied.
    Cancelled
        If the computation was cancelled.
    """
    series = GrowingSeries(paths)
    chosen, files = choose_frames(paths, series.frames_of_file if frames is None else frames_of_file, frames)
    for text in filter(None, (series.cut_off, *_surplus(files))):
        warn(text)
    table = _table(chosen)
    return Dataset(
        Frames(EdfSource(chosen, used_files(chosen, files), frames_of_file)),
        positions=table.moving,
        units={name: motor_unit(name) for name in table.moving if motor_unit(name)},
        counters=table.counters,
        metadata=_metadata(chosen[0], table.constant),
        origin=_origin(chosen[0]),
    )


def inspect_edf(paths: Sequence[str]) -> FileReport:
    """What EDF files hold, from their headers. What cannot be read is told among the problems.

    Parameters
    ----------
    paths : sequence of str
        The files in the order of the scan.

    Returns
    -------
    FileReport
        One scan.

    Raises
    ------
    DataFileError
        If no frame can be read.
    Cancelled
        If the computation was cancelled.
    """
    series = GrowingSeries(paths)
    good, files, problems = good_frames(paths, series.frames_of_file)
    scan = _scan_report(good, problems, files)
    if series.cut_off:
        scan = replace(scan, n_frames=len(good) + 1, n_complete=len(good), problems=(*scan.problems, series.cut_off))
    return FileReport(tuple(file.path for file in files), "EDF", sum(file.source.size for file in files), (scan,))


def _scan_report(frames: list[EdfFrame], problems: list[str], files: list[SeriesFile]) -> ScanReport:
    first = frames[0]
    try:
        table = _table(frames, tell=problems.append)
    except DataFileError as error:
        problems.append(str(error))
        table = _Table({}, {}, {})
    facts = _metadata(first, {})
    # Dozens of motors stand still; worth a line are those that should not.
    named = [name for name in facts.get("title", "").split() if name in table.constant]
    still = {name: np.full(len(frames), table.constant[name]) for name in named}
    motors = [motor_report(name, values, motor_unit(name)) for name, values in (*table.moving.items(), *still.items())]
    return ScanReport(
        name="",
        title=facts.get("title", ""),
        n_frames=len(frames),
        detectors=(DetectorReport("", "", (len(frames), *first.shape), first.dtype.name, first.compression),),
        motors=tuple(sorted(motors, key=lambda motor: motor.n_positions == 1)),
        start_time=facts.get("start_time", ""),
        problems=(*problems, *_surplus(files)),
    )


def _surplus(files: Iterable[SeriesFile]) -> list[str]:
    """One line for the files that hold more bytes than their headers account for."""
    longer = [file for file in files if file.surplus]
    if not longer:
        return []
    name, surplus = os.path.basename(longer[0].path), longer[0].surplus
    others = f" In all, {len(longer)} files are too long." if len(longer) > 1 else ""
    return [
        f"{name} is {surplus} bytes longer than its headers account for: if bytes were inserted into it, "
        f"the picture is shifted from there on.{others}"
    ]


@dataclass(frozen=True, eq=False)
class _Table:
    """Motors that moved and counters, name -> values of all frames, and motors that stood still."""

    moving: Mapping[str, FloatArray]
    constant: Mapping[str, float]
    counters: Mapping[str, FloatArray]


def _table(frames: Sequence[EdfFrame], tell: Callable[[str], None] = warn) -> _Table:
    motors, counters = zip(*map(_values, frames), strict=True)
    moving: dict[str, FloatArray] = {}
    constant: dict[str, float] = {}
    for name, column in _columns(motors, tell):
        if column.min() == column.max():
            constant[name] = float(column[0])
        elif not np.isnan(column).any():
            moving[name] = column
    kept = {name: column for name, column in _columns(counters, tell) if not np.isnan(column).all()}
    return _Table(moving, constant, kept)


def _values(frame: EdfFrame) -> tuple[dict[str, float], dict[str, float]]:
    """Motors and counters of one frame: from the lists of mnemonics, and from keys of their own."""
    motors, counters = _listed(frame, "motor"), _listed(frame, "counter")
    scan = frame.header.get("scan", "").split()
    for key, text in frame.header.items():
        if key not in motors and key not in counters and _NUMBER.fullmatch(text) and not _STRUCTURE.fullmatch(key):
            known = bool(motor_unit(key)) or key in scan
            (motors if known else counters)[key] = float(text)
    return motors, counters


def _listed(frame: EdfFrame, kind: str) -> dict[str, float]:
    """Values of ``motor_mne`` and ``motor_pos``, or of the counters."""
    names, values = (frame.header.get(f"{kind}_{part}", "").split() for part in ("mne", "pos"))
    if len(names) != len(values):
        raise frame.error(f"the header is broken: {kind}_mne holds {len(names)} names, {kind}_pos {len(values)} values")
    try:
        return dict(zip(names, map(float, values), strict=True))
    except ValueError as error:
        raise frame.error(f"the header is broken: {kind}_pos must hold numbers, {error}") from None


def _columns(rows: Sequence[Mapping[str, float]], tell: Callable[[str], None]) -> Iterator[tuple[str, FloatArray]]:
    """Name and values of what every frame has; the others are named in a warning."""
    everywhere = set(rows[0]).intersection(*rows[1:])
    partial = sorted(set().union(*rows) - everywhere)
    if partial:
        tell(f"left out, as some frames lack them: {', '.join(partial)}")
    for name in rows[0]:
        if name in everywhere:
            yield name, np.array([row[name] for row in rows], dtype=np.float64)


def _metadata(frame: EdfFrame, motors: Mapping[str, float]) -> dict[str, Any]:
    """Facts about the scan, from the header of its first frame."""
    header = frame.header
    texts = {
        "title": " ".join((header.get("scan") or header.get("title", "")).split()),
        "start_time": header.get("date", ""),
        "scan": header.get("scan_no", ""),
    }
    facts: dict[str, Any] = {name: text for name, text in texts.items() if text}
    facts.update(file=frame.file, motors=dict(motors))
    exposure = _number(header.get("count_time"))
    if exposure is not None:
        facts["exposure_time"] = exposure
    pixel = _number(header.get("PSize_2")), _number(header.get("PSize_1"))
    if pixel[0] and pixel[1]:
        facts["detector_pixel_size"] = (pixel[0] * 1e6, pixel[1] * 1e6)
    return facts


def _number(text: str | None) -> float | None:
    return float(text) if text is not None and _NUMBER.fullmatch(text) else None


def _origin(frame: EdfFrame) -> tuple[int, int]:
    """Where the first pixel sits on the detector, if the header tells it and it fits the frame."""
    begins, ends = ([frame.header.get(f"{axis}_{end}", "") for axis in ("row", "col")] for end in ("beg", "end"))
    if not all(text.isdecimal() for text in (*begins, *ends)):
        return 0, 0
    (y, x), (y_end, x_end) = map(int, begins), map(int, ends)
    return (y, x) if (y_end - y + 1, x_end - x + 1) == frame.shape else (0, 0)
