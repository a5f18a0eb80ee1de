"""Source of a stack whose frames lie one after the other in a file, or in many files.

A plain frame is read from its place in the file, only the rows that are asked for.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO

import numpy as np

from darfix_core.engine.execution import check_cancelled
from darfix_core.engine.spare_memory import new_block
from darfix_core.errors import DataFileError
from darfix_core.io.frame_series import SeriesFile, StoredFrame, locate
from darfix_core.model.arrays import AnyArray
from darfix_core.model.frame_sources import Region, SourceFile, Storage, counts_type


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
    frames_of_file : callable
        Gives the frames of one file, to look whether they still lie where they did when the file has changed.
    storage : Storage
        What of the stack is stored together.
    """

    in_memory = False

    def __init__(
        self,
        frames: Sequence[StoredFrame],
        files: Sequence[SourceFile],
        frames_of_file: Callable[[SeriesFile], Iterator[StoredFrame]],
        storage: Storage | None = None,
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
        self._frames_of_file = frames_of_file
        # Files in the state in which their frames are known to lie where `places` says.
        self._states = {file.url: file for file in files}

    def read(self, region: Region) -> AnyArray:
        """Counts of a region, shape (frames, rows, columns).

        Raises
        ------
        DataFileError
            If a file is gone, has become shorter, or cannot be decoded.
        Cancelled
            If the computation was cancelled.
        """
        numbers = np.arange(len(self.places))[region.frames]
        rows, columns = region.rows, region.columns
        block = new_block((numbers.size, rows.stop - rows.start, columns.stop - columns.start), self.dtype)
        if block.size == 0:
            return block
        with contextlib.ExitStack() as stack:
            opened: Any = None
            known: tuple[str, bool] | None = None
            for target, place in zip(block, (self.places[number] for number in numbers), strict=True):
                check_cancelled()
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
        self._check_unchanged(path)
        try:
            if to_decode:
                with self._decoder(path) as decoder:
                    yield decoder
            else:
                with open(path, "rb", buffering=0) as handle:
                    yield handle
        except OSError as error:
            raise DataFileError(f"cannot be read: {error.strerror or error}", file=path) from error

    def _check_unchanged(self, path: str) -> None:
        """Make sure that what lies at the places is still frames: a file may have been replaced by another one."""
        file = locate(path)
        if self._states[path] == file.source:
            return
        expected = {place.number: place for place in self.places if place.file == path}
        last = max(expected)
        for frame in self._frames_of_file(file):
            place = expected.pop(frame.number, None)
            if place is not None:
                self._check_place(place, frame)
            if frame.number >= last:
                break
        if expected:
            raise _shorter(next(iter(expected.values())))
        self._states[path] = file.source

    def _check_place(self, place: FramePlace, frame: StoredFrame) -> None:
        """Make sure that a frame of a file that has changed is where it was."""
        if frame.missing:
            raise _shorter(place)
        now = FramePlace(frame.file, frame.number, frame.offset, frame.dtype, frame.header_offset)
        if now != place or frame.shape != self.shape[1:]:
            raise frame.error("the file has changed since it was opened: open it again")

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
                raise _shorter(place)
            view = view[got:]
        if not direct:
            target[:] = buffer[:, columns]

    def __repr__(self) -> str:
        return f"{type(self).__name__}({len(self.files)} files, {' x '.join(map(str, self.shape))})"


def _shorter(place: FramePlace) -> DataFileError:
    return DataFileError(
        "the file has become shorter since it was opened", file=place.file, path=f"frame {place.number}"
    )
