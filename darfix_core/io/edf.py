"""Scans in EDF files: one file of many frames, or many files."""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from darfix_core.engine.execution import current_execution, warn
from darfix_core.errors import DataFileError
from darfix_core.io.edf_frames import EdfFile, EdfFrame, EdfSource, frames_of_file, locate
from darfix_core.io.report import DetectorReport, FileReport, ScanReport, motor_report
from darfix_core.model.arrays import FloatArray
from darfix_core.model.dataset import Dataset
from darfix_core.model.frames import Frames
from darfix_core.units import motor_unit

_ENDINGS = re.compile(r"\.edf(\.gz|\.bz2)?$", re.IGNORECASE)
_DIGITS = re.compile(r"(\d+)")
_NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?|[-+]?(nan|inf)", re.IGNORECASE)

# Keys that describe the file or the frame itself; every other key with a number is a motor or a counter.
_STRUCTURE = re.compile(
    r"edf_.*|headerid|image|byteorder|datatype|dim_\d|size|scan|date|offset|count_time|point_no|scan_no|preset|run|"
    r"(col|row)_(beg|end)|(counter|motor)_(pos|mne)|suffix|prefix|dir|title|filename|compression|versionnumber|"
    r"raster\w+|acq_frame_nb|time|time_of_\w+|(psize|bsize|offset|center)_\d",
    re.IGNORECASE,
)


def expand_edf(path: str) -> list[str]:
    """Files that a path stands for, in natural order: frame 10 after frame 9.

    Parameters
    ----------
    path : str
        A file, a folder (all its EDF files), or a pattern such as ``"strain_*.edf"``.

    Returns
    -------
    list of str
        Absolute paths.

    Raises
    ------
    DataFileError
        If there is no such file, or no EDF file in the folder.
    """
    given = os.path.abspath(os.path.expanduser(path))
    if os.path.isfile(given):
        return [given]
    if os.path.isdir(given):
        names = [name for name in os.listdir(given) if _ENDINGS.search(name) and not name.startswith(".")]
        if not names:
            raise DataFileError("the folder holds no EDF files (.edf, .edf.gz, .edf.bz2)", file=given)
        return [os.path.join(given, name) for name in sorted(names, key=_natural)]
    if not glob.has_magic(given):
        raise DataFileError("there is no such file or folder", file=given)
    found = [entry for entry in glob.glob(given, recursive=True) if os.path.isfile(entry)]
    if not found:
        raise DataFileError("no file matches this pattern", file=given)
    return sorted(found, key=_natural)


def _natural(path: str) -> list[Any]:
    """Key of natural order: runs of digits compare as numbers."""
    return [int(part) if number % 2 else part.lower() for number, part in enumerate(_DIGITS.split(path))]


def open_edf(paths: Sequence[str], *, frames: tuple[int, int] | None = None) -> Dataset:
    """Open EDF files as one scan. Headers are read, the counts only when they are needed.

    Parameters
    ----------
    paths : sequence of str
        The files in the order of the scan, see `expand_edf`; each holds one frame or several.
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
        first one; the message names file and frame.
    Cancelled
        If the computation was cancelled.
    """
    if not paths:
        raise ValueError("paths must hold at least one file, got none")
    start, stop = (0, None) if frames is None else frames
    if start < 0 or (stop is not None and stop <= start):
        raise ValueError(f"frames must be (first, stop) with 0 <= first < stop, got {frames}")
    files: list[EdfFile] = []
    found = list(_all_frames(paths, files, stop))
    chosen = found[start:]
    if not chosen or (stop is not None and len(found) < stop):
        raise ValueError(f"frames must be (first, stop) with 0 <= first < stop <= {len(found)}, got {frames}")
    for frame in chosen:
        problem = _problem(frame, chosen[0])
        if problem:
            raise frame.error(problem)
    for text in _surplus(files):
        warn(text)
    used = {frame.file for frame in chosen}
    table = _table(chosen)
    return Dataset(
        Frames(EdfSource(chosen, [file.source for file in files if file.path in used])),
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
        The files in the order of the scan, see `expand_edf`.

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
    files: list[EdfFile] = []
    problems: list[str] = []
    failure: DataFileError | None = None
    good: list[EdfFrame] = []
    for path in paths:
        try:
            for frame in _all_frames([path], files):
                problem = _problem(frame, (good or [frame])[0])
                if problem:
                    raise frame.error(problem)
                good.append(frame)
        except DataFileError as error:
            failure = failure or error
            problems.append(str(error))
    if not good:
        raise failure or DataFileError("there are no files to read")
    scan = _scan_report(good, problems, files)
    return FileReport(tuple(file.path for file in files), "EDF", sum(file.source.size for file in files), (scan,))


def _scan_report(frames: list[EdfFrame], problems: list[str], files: list[EdfFile]) -> ScanReport:
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


def _all_frames(paths: Iterable[str], files: list[EdfFile], stop: int | None = None) -> Iterator[EdfFrame]:
    """Frames of all files up to number `stop`; `files` takes the files that were opened."""
    run, known = current_execution(), len(paths) if isinstance(paths, Sequence) else 0
    count = 0
    for number, path in enumerate(paths):
        if number % 64 == 0:
            run.check_cancelled()
            if known > 64:
                run.report(number / known, "headers")
        files.append(locate(path))
        for frame in frames_of_file(files[-1]):
            yield frame
            count += 1
            if count == stop:
                return


def _problem(frame: EdfFrame, first: EdfFrame) -> str:
    """Why a frame cannot be part of the stack; empty where it can."""
    if frame.shape != first.shape:
        (ny, nx), (ny_first, nx_first) = frame.shape, first.shape
        return f"the frame has {ny} x {nx} pixels, the first one ({first.file}) has {ny_first} x {nx_first}"
    if frame.dtype.itemsize > 8:
        return f"the frame holds {frame.dtype.name}; counts must be integers or floats of up to 64 bits"
    if frame.dtype.newbyteorder("=") != first.dtype.newbyteorder("="):
        return f"the frame holds {frame.dtype.name}, the first one ({first.file}) {first.dtype.name}"
    if frame.missing:
        return (
            f"the file is cut short: {frame.missing} bytes of this frame are missing; "
            "a range of frames can leave it out"
        )
    return ""


def _surplus(files: Iterable[EdfFile]) -> list[str]:
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
