"""New HDF5 files, written so that a full disk is an error like any other."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import h5py


@contextlib.contextmanager
def create_hdf5(path: str | os.PathLike[str], **options: Any) -> Iterator[h5py.File]:
    """New HDF5 file that is open inside the block.

    When HDF5 itself cannot write, it cannot close the file either, and may bring the process down at its end. So
    this module writes for it and keeps the first failure for itself: HDF5 carries on and closes the file.

    Parameters
    ----------
    path : path
        There must be no such file.
    **options
        Those of `h5py.File`, as ``track_order=True``.

    Yields
    ------
    h5py.File

    Raises
    ------
    OSError
        If the file cannot be made or written, with the reason as the operating system names it.
    """
    target = _Target(Path(path))
    try:
        with h5py.File(target, "w", **options) as file:
            yield file
    except Exception as error:
        if target.failure is None:
            raise
        raise target.failure from error
    finally:
        target.close()
    if target.failure is not None:
        raise target.failure


class _Target:
    """What HDF5 takes for a file. After a failure it takes all there is to write, and keeps nothing."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("xb+", buffering=0)
        self.failure: BaseException | None = None

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def readinto(self, buffer: memoryview) -> int:
        count = 0
        while count < len(buffer) and (read := self._file.readinto(buffer[count:])):
            count += read
        buffer[count:] = bytes(len(buffer) - count)
        return len(buffer)

    def read(self, size: int = -1) -> bytes:
        return self._file.read(size)

    def write(self, data: memoryview) -> int:
        def write_all() -> None:
            count = 0
            while count < len(data):
                count += self._file.write(data[count:])

        self._keep_failure(write_all)
        return len(data)

    def truncate(self, size: int) -> int:
        self._keep_failure(lambda: self._file.truncate(size))
        return size

    def flush(self) -> None:
        """Nothing is kept back."""

    def close(self) -> None:
        self._file.close()

    def _keep_failure(self, work: Callable[[], object]) -> None:
        """Do nothing more after a failure, and keep a new one instead of telling it to HDF5."""
        if self.failure is None:
            try:
                work()
            except BaseException as error:  # noqa: BLE001  (an interrupt too: it is raised when the file is closed)
                self.failure = error
