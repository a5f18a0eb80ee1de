"""Stacks whose frames lie one after the other in a file, or in many files: EDF, TIFF, npy.

What a frame is and where its counts begin is found when the stack is opened; the counts are read when they are
needed, see `darfix_core.io.series_source`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

from darfix_core.engine.execution import current_execution
from darfix_core.errors import DataFileError
from darfix_core.io.report import DetectorReport, FileReport, ScanReport
from darfix_core.model.frame_sources import SourceFile, counts_type

_FILES_BETWEEN_REPORTS = 64


@dataclass(frozen=True, eq=False, kw_only=True)
class StoredFrame:
    """One frame of a file.

    Parameters
    ----------
    file : str
        Absolute path.
    number : int
        Number of the frame in its file, from 0.
    shape : (int, int)
        (ny, nx).
    dtype : numpy.dtype
        With the byte order of the file.
    offset : int
        Where the counts begin, bytes; -1 where they have to be decoded.
    missing : int
        Bytes that the file is too short for this frame.
    compression : str
        Empty for plain frames.
    header_offset : int
        Where the description of the frame begins, bytes; -1 where that is not needed to decode it.
    rows_together : int
        Rows that are compressed, and so decoded, together.
    """

    file: str
    number: int
    shape: tuple[int, int]
    dtype: np.dtype[Any]
    offset: int
    missing: int = 0
    compression: str = ""
    header_offset: int = -1
    rows_together: int = 1

    def error(self, message: str) -> DataFileError:
        """Error that names the file and the frame."""
        return DataFileError(message, file=self.file, path=f"frame {self.number}")


F = TypeVar("F", bound=StoredFrame)


@dataclass(eq=False)
class SeriesFile:
    """A file and what was noticed while it was looked through.

    Parameters
    ----------
    path : str
        Absolute path.
    source : SourceFile
        The file as it was when it was opened.
    surplus : int
        Bytes behind the last frame that no header accounts for.
    """

    path: str
    source: SourceFile
    surplus: int = 0


def locate(path: str) -> SeriesFile:
    """File with its size and time.

    Raises
    ------
    DataFileError
        If there is no such file.
    """
    absolute = os.path.abspath(path)
    try:
        status = os.stat(absolute)
    except OSError as error:
        raise DataFileError(f"cannot be opened: {error.strerror}", file=absolute) from error
    return SeriesFile(absolute, SourceFile(absolute, status.st_size, status.st_mtime))


def all_frames(
    paths: Sequence[str],
    files: list[SeriesFile],
    frames_of_file: Callable[[SeriesFile], Iterator[F]],
    stop: int | None = None,
) -> Iterator[F]:
    """Frames of all files up to number `stop`; `files` takes the files that were opened.

    Raises
    ------
    Cancelled
        If the computation was cancelled.
    """
    run, count = current_execution(), 0
    for number, path in enumerate(paths):
        if number % _FILES_BETWEEN_REPORTS == 0:
            run.check_cancelled()
            if len(paths) > _FILES_BETWEEN_REPORTS:
                run.report(number / len(paths), "headers")
        files.append(locate(path))
        for frame in frames_of_file(files[-1]):
            yield frame
            count += 1
            if count == stop:
                return


def choose_frames(
    paths: Sequence[str], frames_of_file: Callable[[SeriesFile], Iterator[F]], frames: tuple[int, int] | None
) -> tuple[list[F], list[SeriesFile]]:
    """Frames of a stack, all of one shape and type, and the files that were opened for them.

    Parameters
    ----------
    paths : sequence of str
        The files in the order of the scan.
    frames_of_file : callable
        Gives the frames of one file.
    frames : (int, int) or None
        First frame and the one behind the last, counted over all files from 0; None: all. Frames outside need not
        be whole.

    Returns
    -------
    (list of StoredFrame, list of SeriesFile)

    Raises
    ------
    ValueError
        If the range of frames is empty or does not fit.
    DataFileError
        If a file is missing, or a frame is incomplete or has another shape or type than the first one.
    Cancelled
        If the computation was cancelled.
    """
    if not paths:
        raise ValueError("paths must hold at least one file, got none")
    start, stop = (0, None) if frames is None else frames
    if start < 0 or (stop is not None and stop <= start):
        raise ValueError(f"frames must be (first, stop) with 0 <= first < stop, got {frames}")
    files: list[SeriesFile] = []
    found = list(all_frames(paths, files, frames_of_file, stop))
    chosen = found[start:]
    if not chosen or (stop is not None and len(found) < stop):
        raise ValueError(f"frames must be (first, stop) with 0 <= first < stop <= {len(found)}, got {frames}")
    for frame in chosen:
        problem = frame_problem(frame, chosen[0])
        if problem:
            raise frame.error(problem)
    return chosen, files


def good_frames(
    paths: Sequence[str], frames_of_file: Callable[[SeriesFile], Iterator[F]]
) -> tuple[list[F], list[SeriesFile], list[str]]:
    """Frames that can be read, the files that were opened, and what is wrong with the others.

    Raises
    ------
    DataFileError
        If no frame can be read.
    Cancelled
        If the computation was cancelled.
    """
    files: list[SeriesFile] = []
    problems: list[str] = []
    failure: DataFileError | None = None
    good: list[F] = []
    for path in paths:
        try:
            for frame in all_frames([path], files, frames_of_file):
                problem = frame_problem(frame, (good or [frame])[0])
                if problem:
                    raise frame.error(problem)
                good.append(frame)
        except DataFileError as error:
            failure = failure or error
            problems.append(str(error))
    if not good:
        raise failure or DataFileError("there are no files to read")
    return good, files, problems


def frame_problem(frame: StoredFrame, first: StoredFrame) -> str:
    """Why a frame cannot be part of the stack that begins with `first`; empty where it can."""
    if frame.shape != first.shape:
        (ny, nx), (ny_first, nx_first) = frame.shape, first.shape
        return f"the frame has {ny} x {nx} pixels, the first one ({first.file}) has {ny_first} x {nx_first}"
    if counts_type(frame.dtype) is None:
        return f"the frame holds {frame.dtype.name}; counts must be integers or floats of up to 64 bits"
    if frame.dtype.newbyteorder("=") != first.dtype.newbyteorder("="):
        return f"the frame holds {frame.dtype.name}, the first one ({first.file}) {first.dtype.name}"
    if frame.missing:
        return (
            f"the file is cut short: {frame.missing} bytes of this frame are missing; "
            "a range of frames can leave it out"
        )
    return ""


def used_files(frames: Iterable[StoredFrame], files: Iterable[SeriesFile]) -> list[SourceFile]:
    """The files among those opened that the frames lie in."""
    used = {frame.file for frame in frames}
    return [file.source for file in files if file.path in used]


def series_report(
    kind: str, paths: Sequence[str], frames_of_file: Callable[[SeriesFile], Iterator[StoredFrame]]
) -> FileReport:
    """Report of a stack whose files tell nothing but the counts; see `good_frames`.

    Parameters
    ----------
    kind : str
        As it is shown.
    paths : sequence of str
    frames_of_file : callable
        Gives the frames of one file.
    """
    frames, files, problems = good_frames(paths, frames_of_file)
    first = frames[0]
    chunks = (1, first.rows_together, first.shape[1]) if first.compression else None
    shape = (len(frames), *first.shape)
    detector = DetectorReport("", "", shape, first.dtype.newbyteorder("=").name, first.compression, chunks)
    scan = ScanReport("", "", len(frames), (detector,), problems=tuple(problems))
    return FileReport(tuple(file.path for file in files), kind, sum(file.source.size for file in files), (scan,))
