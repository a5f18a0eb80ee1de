"""HDF5 files whose copy is in progress: opened as they will be, so that what is there already can be read.

HDF5 refuses a file that is shorter than its header states. Here it is shown a file of the full length; what lies
beyond the end of the real one is never made up: reading it is an error.
"""

from __future__ import annotations

import atexit
import io
import os
import weakref
from typing import Any

import h5py

from darfix_core.errors import DataFileError

_SIGNATURE = b"\x89HDF\r\n\x1a\n"
# Where the sizes of addresses, and the addresses themselves, begin in the headers of each version.
_ADDRESSES = {0: (13, 24), 1: (13, 28), 2: (9, 12), 3: (9, 12)}
_LONGEST_HEADER = 128


class IncompleteFileError(DataFileError):
    """What was asked for lies in the part of a file that is not there yet."""


class PartialFile(io.RawIOBase):
    """A file that is as long as it will be; what is not there yet cannot be read.

    Parameters
    ----------
    path : str
    size : int, bytes
        Length of the whole file.
    """

    def __init__(self, path: str, size: int) -> None:
        super().__init__()
        self.path, self._size, self._position = path, size, 0
        self._stream = open(path, "rb", buffering=0)  # noqa: SIM115  (closed with this object)
        self._start: int | None = None

    def forbid_links(self, start: int) -> None:
        """Refuse to give the header, which lies at `start`, once more.

        HDF5 opens the target of an external link, or of a virtual dataset, with the same file object, and would
        look for the target in this file.
        """
        self._start = start

    def readable(self) -> bool:
        """True."""
        return True

    def seekable(self) -> bool:
        """True."""
        return True

    def tell(self) -> int:
        """Where the next read begins."""
        return self._position

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Set where the next read begins."""
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self._size}[whence]
        self._position = base + offset
        return self._position

    def readinto(self, buffer: Any) -> int:
        """Fill a buffer.

        Raises
        ------
        IncompleteFileError
            If the file is not yet that long.
        """
        if self._position == self._start:
            raise OSError("HDF5 cannot follow a link out of an incomplete file")
        view = memoryview(buffer).cast("B")
        wanted = len(view)
        self._stream.seek(self._position)
        while view:
            got = self._stream.readinto(view)
            if not got:
                raise missing_part(self.path)
            view = view[got:]
        self._position += wanted
        return wanted

    def close(self) -> None:
        """Close the file."""
        self._stream.close()
        super().close()


# Those that HDF5 still holds.
_streams: weakref.WeakSet[PartialFile] = weakref.WeakSet()


@atexit.register
def _close_all() -> None:
    """Close what is still open: HDF5 would use the streams after Python has removed them."""
    paths = {stream.path for stream in _streams}
    kinds = h5py.h5f.OBJ_FILE | h5py.h5f.OBJ_GROUP | h5py.h5f.OBJ_DATASET
    for item in h5py.h5f.get_obj_ids(h5py.h5f.OBJ_ALL, kinds) if paths else ():
        file = h5py.File(h5py.h5i.get_file_id(item)) if item.valid else None
        if file is not None and is_partial(file) and file.filename in paths:
            file.close()


def open_partial(path: str) -> h5py.File | None:
    """Open an HDF5 file that is shorter than its header states.

    Parameters
    ----------
    path : str

    Returns
    -------
    h5py.File or None
        To be closed by the caller. External links and virtual datasets cannot be read through it. None where the
        file is whole, or too short to tell.

    Raises
    ------
    IncompleteFileError
        If what is there is not enough to open it.
    """
    size = announced_size(path)
    if size is None or not is_cut_off(path):
        return None
    stream = PartialFile(path, size)
    access = h5py.h5p.create(h5py.h5p.FILE_ACCESS)
    # What was reached by a link, and is still used, keeps its file open.
    access.set_fclose_degree(h5py.h5f.CLOSE_WEAK)
    # Frames that are there may end where the file ends: nothing beyond them must be read.
    access.set_sieve_buf_size(1)
    access.set_fileobj_driver(h5py.h5fd.fileobj_driver, stream)
    file = h5py.File(h5py.h5f.open(os.fsencode(path), h5py.h5f.ACC_RDONLY, fapl=access))
    stream.forbid_links(file.userblock_size)
    _streams.add(stream)
    return file


def is_cut_off(path: str) -> bool:
    """True for an HDF5 file that is shorter than its header states."""
    size = announced_size(path)
    return size is not None and size > os.path.getsize(path)


def is_partial(item: h5py.Group | h5py.Dataset) -> bool:
    """True for what lies in a file that is not wholly there."""
    driver: Any = item.file.id.get_access_plist().get_driver()
    return bool(driver == h5py.h5fd.fileobj_driver)


def announced_size(path: str) -> int | None:
    """Length that the header of an HDF5 file states, bytes; None where there is no whole header.

    Parameters
    ----------
    path : str

    Returns
    -------
    int or None
    """
    with open(path, "rb") as stream:
        start = 0
        while True:
            stream.seek(start)
            header = stream.read(_LONGEST_HEADER)
            if header.startswith(_SIGNATURE):
                break
            if len(header) < len(_SIGNATURE):
                return None
            # The format allows its header at 0, 512, 1024, 2048 ...
            start = 2 * start or 512
    if len(header) < 16 or header[8] not in _ADDRESSES:
        return None
    place_of_width, place = _ADDRESSES[header[8]]
    width = header[place_of_width]
    # Base address, address of free space or of an extension, end of the file.
    end = place + 2 * width
    return int.from_bytes(header[end : end + width], "little") if len(header) >= end + width else None


def check_still_there(dataset: h5py.Dataset) -> None:
    """Make sure that a file has not been cut off while it was open: HDF5 gives zeros for what is gone.

    Parameters
    ----------
    dataset : h5py.Dataset
        That was read.

    Raises
    ------
    DataFileError
        If its file is now shorter than its header states.
    """
    file = dataset.file
    # Of a file that is being copied or written, more is announced than is there.
    if not is_partial(file) and not file.swmr_mode and is_cut_off(file.filename):
        raise IncompleteFileError(
            f"the file was cut off while it was read: {_amount(file.filename)} are left", file=file.filename
        )


def incomplete(path: str) -> str:
    """How much of a file is there: ``"the file is incomplete: 12.3 of 26.7 MB are there"``."""
    return f"the file is incomplete: {_amount(path)} are there"


def missing_part(path: str) -> IncompleteFileError:
    """Error for what lies beyond the end of a file."""
    return IncompleteFileError(
        f"the HDF5 file is cut off, or still being copied: {_amount(path)} are there, and what is asked for "
        "is not among them; if it is being copied, wait until it is whole",
        file=path,
    )


def _amount(path: str) -> str:
    there, size = os.path.getsize(path), announced_size(path) or 0
    unit, factor = ("MB", 1e6) if size >= 1e6 else ("kB", 1e3)
    return f"{there / factor:.1f} of {size / factor:.1f} {unit}"
