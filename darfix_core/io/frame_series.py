"""Stacks whose frames lie one after the other in a file, or in many files: EDF, TIFF, npy.

What a frame is and where its counts begin is found when the stack is opened; the counts are read when they are
needed. A plain frame is read from its place in the file, only the rows that are asked for.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO, TypeVar

import numpy as np

from darfix_core.engine.execution import current_execution
from darfix_core.errors import DataFileError
from darfix_core.io.hdf5_file import counts_type
from darfix_core.io.report import DetectorReport, FileReport, ScanReport
from darfix_core.model.arrays import AnyArray
from darfix_core.model.frame_sources import Region, SourceFile, Storage

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
    kind: str, frames: Sequence[StoredFrame], files: Sequence[SeriesFile], problems: Sequence[str]
) -> FileReport:
    """Report of a stack whose files tell nothing but the counts.

    Parameters
    ----------
    kind : str
        As it is shown.
    frames, files, problems
        See `good_frames`.
    """
    first = frames[0]
    chunks = (1, first.rows_together, first.shape[1]) if first.compression else None
    shape = (len(frames), *first.shape)
    detector = DetectorReport("", "", shape, first.dtype.newbyteorder("=").name, first.compression, chunks)
    scan = ScanReport("", "", len(frames), (detector,), problems=tuple(problems))
    return FileReport(tuple(file.path for file in files), kind, sum(file.source.size for file in files), (scan,))


@dataclass(frozen=True, slots=True)
class FramePlace:
    """Where a frame lies; the fields are those of `StoredFrame`."""

    file: str
    number: int
    offset: int
    dtype: np.dtype[Any]
    header_offset: int


class SeriesSource:
    """Stack of the frames of one or several files, read when they are needed.

    It holds no open file and can be pickled; several threads may read at once. Sub-classes decode what does not lie
    plainly in the file.

    Parameters
    ----------
    frames : sequence of StoredFrame
        All of one shape and type; their byte orders may differ.
    files : sequence of SourceFile
        The files as they were opened.
    storage : Storage
        What of the stack is stored together.
    """

    in_memory = False

    def __init__(
        self, frames: Sequence[StoredFrame], files: Sequence[SourceFile], storage: Storage | None = None
    ) -> None:
        # Without the headers, which would make thousands of frames heavy to hold and to send.
        self.places = [
            FramePlace(frame.file, frame.number, frame.offset, frame.dtype, frame.header_offset) for frame in frames
        ]
        self.shape = (len(frames), *frames[0].shape)
        stored = frames[0].dtype
        self.dtype: np.dtype[Any] = counts_type(stored) or stored.newbyteorder("=")
        self.files = tuple(files)
        self.storage = storage or Storage()

    def read(self, region: Region) -> AnyArray:
        """Counts of a region, shape (frames, rows, columns).

        Raises
        ------
        DataFileError
            If a file is gone, has become shorter, or cannot be decoded.
        """
        numbers = np.arange(len(self.places))[region.frames]
        rows, columns = region.rows, region.columns
        block = np.empty((numbers.size, rows.stop - rows.start, columns.stop - columns.start), self.dtype)
        if block.size == 0:
            return block
        with contextlib.ExitStack() as stack:
            opened: Any = None
            known: tuple[str, bool] | None = None
            for target, place in zip(block, (self.places[number] for number in numbers), strict=True):
                wanted = place.file, place.offset < 0
                if wanted != known:
                    stack.close()
                    opened, known = stack.enter_context(self._opened(*wanted)), wanted
                if place.offset < 0:
                    target[:] = self._decoded(opened, place, rows, columns)
                else:
                    self._read_plain(opened, place, rows, columns, target)
        return block

    @contextlib.contextmanager
    def _opened(self, path: str, to_decode: bool) -> Iterator[Any]:
        """File opened for reading, in the way that `_decoded` needs it or as plain bytes."""
        try:
            if to_decode:
                with self._decoder(path) as decoder:
                    yield decoder
            else:
                with open(path, "rb", buffering=0) as handle:
                    yield handle
        except OSError as error:
            raise DataFileError(f"cannot be read: {error.strerror or error}", file=path) from error

    def _decoder(self, path: str) -> contextlib.AbstractContextManager[Any]:
        """File opened for `_decoded`."""
        raise NotImplementedError

    def _decoded(self, opened: Any, place: FramePlace, rows: slice, columns: slice) -> AnyArray:
        """Part of a frame that does not lie plainly in its file."""
        raise NotImplementedError

    def _read_plain(self, handle: BinaryIO, place: FramePlace, rows: slice, columns: slice, target: AnyArray) -> None:
        """Read the rows straight into `target` where they are kept whole and as they are stored."""
        nx, n_rows = self.shape[2], rows.stop - rows.start
        direct = place.dtype == self.dtype and target.shape[1] == nx
        buffer = target if direct else np.empty((n_rows, nx), place.dtype)
        handle.seek(place.offset + rows.start * nx * place.dtype.itemsize)
        view = buffer.reshape(-1).view(np.uint8).data
        while view:
            got = handle.readinto(view)  # type: ignore[attr-defined]
            if not got:
                raise DataFileError(
                    "the file has become shorter since it was opened", file=place.file, path=f"frame {place.number}"
                )
            view = view[got:]
        if not direct:
            target[:] = buffer[:, columns]

    def __repr__(self) -> str:
        return f"{type(self).__name__}({len(self.files)} files, {' x '.join(map(str, self.shape))})"
