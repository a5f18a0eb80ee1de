"""Scratch files in pixel order: a stack on disk from which whole curves of pixels can be read fast.

The rows of the image are stored band by band; a band holds its few rows of all frames, one frame after the other.
So a stripe of rows in all frames is one piece of the file, and nothing has to be decoded. The file lives as long as
somebody uses it.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import tempfile
import weakref
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from darfix_core.engine.cutting import BlockSizes, frame_ranges
from darfix_core.engine.execution import check_cancelled, current_execution
from darfix_core.engine.pool import run_in_order
from darfix_core.errors import DataFileError
from darfix_core.model.arrays import AnyArray
from darfix_core.model.frame_operations import Crop, FrameOperation, SelectFrames
from darfix_core.model.frame_sources import Region, SourceFile, Storage
from darfix_core.model.frames import Frames

# A band is the smallest piece that is read: large enough for the disk, small enough for many threads.
_BAND_BYTES = 8 * 2**20
_PREFIX = "darfix-scratch"
# Fewer cost less to compute anew than their floats need on the disk.
_MANY_ROWS = 16


class ScratchFile:
    """A file that is removed when nobody uses it any more, or when the process ends.

    Parameters
    ----------
    path : str
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self.remove = weakref.finalize(self, _remove, path, os.getpid())


def _remove(path: str, process: int) -> None:
    # A forked process has inherited the object, not the file.
    if os.getpid() == process:
        Path(path).unlink(missing_ok=True)


@dataclass(frozen=True, eq=False)
class ScratchSource:
    """Frames in a scratch file.

    Parameters
    ----------
    path : str
    shape : (int, int, int)
        (n_frames, ny, nx).
    dtype : numpy.dtype
    band : int
        Rows of a band.
    files : tuple of SourceFile
        The files that the counts came from.
    file : ScratchFile or None
        Keeps the file alive; None in other processes, which only read it.
    """

    path: str
    shape: tuple[int, int, int]
    dtype: np.dtype[Any]
    band: int
    files: tuple[SourceFile, ...] = ()
    file: ScratchFile | None = field(default=None, repr=False)

    in_memory = False

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "file": None}

    @property
    def storage(self) -> Storage:
        """All frames of a band of rows."""
        return Storage(frames=self.shape[0], rows=self.band)

    def read(self, region: Region) -> AnyArray:
        """Counts of a region; of rows and frames nothing else is read.

        Raises
        ------
        DataFileError
            If the file is gone.
        Cancelled
            If the computation was cancelled.
        """
        rows = region.rows
        block = np.empty(
            (region.n_frames, rows.stop - rows.start, region.columns.stop - region.columns.start), self.dtype
        )
        if not block.size:
            return block
        try:
            with open(self.path, "rb", buffering=0) as file:
                for top in range(rows.start - rows.start % self.band, rows.stop, self.band):
                    check_cancelled()
                    self._read_band(file.fileno(), top, block, region)
        except OSError as error:
            raise DataFileError(f"the scratch file cannot be read: {error.strerror}", file=self.path) from error
        return block

    def _read_band(self, descriptor: int, top: int, block: AnyArray, region: Region) -> None:
        """Fill the rows of a block that lie in one band."""
        n_frames, ny, nx = self.shape
        height = min(self.band, ny - top)
        frames = region.frames if isinstance(region.frames, slice) else slice(0, n_frames)
        offset = (n_frames * top + frames.start * height) * nx * self.dtype.itemsize
        inside = slice(max(region.rows.start, top) - top, min(region.rows.stop, top + height) - top)
        given = slice(top + inside.start - region.rows.start, top + inside.stop - region.rows.start)
        whole = (frames.stop - frames.start, height, nx)
        # A block as high as a band need not be that band: it may reach over two of them.
        if block.shape == whole and region.rows.start == top and isinstance(region.frames, slice):
            _read_exactly(descriptor, block, offset, self.path)
            return
        band = np.empty(whole, self.dtype)
        _read_exactly(descriptor, band, offset, self.path)
        chosen = band if isinstance(region.frames, slice) else band[region.frames]
        block[:, given] = chosen[:, inside, region.columns]


def _read_exactly(descriptor: int, array: AnyArray, offset: int, path: str) -> None:
    """Fill an array from a place in the file."""
    view = array.data.cast("B")
    done = 0
    while done < len(view):
        count = os.preadv(descriptor, [view[done:]], offset + done)
        if count == 0:
            raise DataFileError("the scratch file is cut off", file=path)
        done += count


def scratch_folder(folder: str | None = None) -> Path:
    """Folder for scratch files: the given one, else ``DARFIX_SCRATCH``, else that of the system for temporary files.

    Raises
    ------
    DataFileError
        If there is no such folder.
    """
    path = Path(folder or os.environ.get("DARFIX_SCRATCH", "") or tempfile.gettempdir()).expanduser()
    if not path.is_dir():
        raise DataFileError("there is no such folder for scratch files", file=str(path))
    return path.absolute()


def check_room(folder: Path, nbytes: int) -> None:
    """Refuse what the disk cannot hold.

    Raises
    ------
    DataFileError
        If the folder has less room; the message tells both sizes.
    """
    free = shutil.disk_usage(folder).free
    if nbytes > free:
        raise DataFileError(
            f"a scratch file of {nbytes / 1e9:.3g} GB does not fit: {free / 1e9:.3g} GB are free; "
            "set DARFIX_SCRATCH to a folder with more room",
            file=str(folder),
        )


def stored_part(frames: Frames) -> Frames:
    """The counts as they are stored, cropped and selected: the beginning of a chain that computes nothing."""
    count = 0
    while count < len(frames.operations) and isinstance(frames.operations[count], Crop | SelectFrames):
        count += 1
    return Frames(frames.source, frames.operations[:count])


def part_to_scratch(frames: Frames) -> Frames:
    """The beginning of a chain whose counts are best kept in pixel order: what is stored, unless it is moved about.

    Operations that take a row from many others, as moving frames does, have to be computed before the rows are parted:
    behind that, the curves of a few pixels would need a large part of the stack.
    """
    count = len(stored_part(frames).operations)
    for number, operation in enumerate(frames.operations):
        before = Frames(frames.source, frames.operations[:number]).shape
        if operation.output_shape(before) == before and _rows_for_one(operation, before) > _MANY_ROWS:
            count = number + 1
    return Frames(frames.source, frames.operations[:count])


def _rows_for_one(operation: FrameOperation, shape: tuple[int, int, int]) -> int:
    """Rows that an operation needs for a row in the middle of all frames."""
    n_frames, ny, nx = shape
    row = Region(slice(0, n_frames), slice(ny // 2, ny // 2 + 1), slice(0, nx))
    needed = operation.input_region(row, shape).rows
    return int(needed.stop - needed.start)


def to_scratch(frames: Frames, folder: Path, tell: Callable[[float], None]) -> Frames:
    """Compute a stack into a scratch file, each stored block being read once.

    Parameters
    ----------
    frames : Frames, shape (n_frames, ny, nx)
    folder : Path
    tell : callable
        Takes the fraction that is done.

    Returns
    -------
    Frames
        The same counts, from the scratch file.

    Raises
    ------
    DataFileError
        If the disk is full or the folder takes no files.
    Cancelled
        If the computation was cancelled; the file is removed.
    """
    run = current_execution()
    remove_stale(folder)
    check_room(folder, frames.nbytes)
    n_frames, ny, nx = frames.shape
    band = max(1, min(ny, _BAND_BYTES // (n_frames * nx * frames.dtype.itemsize)))
    try:
        descriptor, path = tempfile.mkstemp(".raw", f"{_PREFIX}-{socket.gethostname()}-{os.getpid()}-", folder)
    except OSError as error:
        raise DataFileError(f"a scratch file cannot be made: {error.strerror}", file=str(folder)) from error
    file = ScratchFile(path)

    def compute(part: slice) -> slice:
        block = frames.read(part)
        for top in range(0, ny, band):
            # A disk that cannot keep up holds each of these writes back.
            run.check_cancelled()
            height = min(band, ny - top)
            offset = (n_frames * top + part.start * height) * nx * frames.dtype.itemsize
            _write_exactly(descriptor, block[:, top : top + height], offset)
        return part

    # Each thread holds a block of counts, what is computed from it, and a band of it.
    parts = frame_ranges(frames, run.memory // (3 * run.threads), BlockSizes())
    try:
        os.ftruncate(descriptor, frames.nbytes)
        for part in run_in_order(compute, parts, run):
            tell(part.stop / n_frames)
    except OSError as error:
        file.remove()
        raise DataFileError(f"the scratch file cannot be written: {error.strerror}", file=path) from error
    except BaseException:
        file.remove()
        raise
    finally:
        os.close(descriptor)
    return Frames(ScratchSource(path, frames.shape, frames.dtype, band, frames.source.files, file))


def _write_exactly(descriptor: int, array: AnyArray, offset: int) -> None:
    view = np.ascontiguousarray(array).data.cast("B")
    done = 0
    while done < len(view):
        done += os.pwrite(descriptor, view[done:], offset + done)


def remove_stale(folder: Path) -> None:
    """Remove the scratch files of processes of this machine that have died."""
    for path in folder.glob(f"{_PREFIX}-*.raw"):
        # Names of machines may hold hyphens, and begin alike.
        owner, _, process = path.stem.rpartition("-")[0].rpartition("-")
        if owner == f"{_PREFIX}-{socket.gethostname()}" and process.isdecimal() and not psutil.pid_exists(int(process)):
            # In a folder for all users, those of others cannot be removed.
            with contextlib.suppress(PermissionError):
                path.unlink(missing_ok=True)
