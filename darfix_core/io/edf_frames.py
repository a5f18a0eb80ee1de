"""Frames of EDF files: where each one lies, found from the headers alone, and reading them.

An EDF file is a row of frames, each a header of text in braces and the counts behind it. Plain frames are read
from their place in the file, only the rows that are needed; compressed ones and unusual headers through fabio.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO

import numpy as np

from darfix_core.errors import DataFileError
from darfix_core.io.signature import describe_file
from darfix_core.model.arrays import AnyArray
from darfix_core.model.frame_sources import Region, SourceFile, Storage

_TYPES = {
    "signedbyte": "i1",
    "unsignedbyte": "u1",
    "signedshort": "i2",
    "unsignedshort": "u2",
    "signedinteger": "i4",
    "unsignedinteger": "u4",
    "signedlong": "i4",
    "unsignedlong": "u4",
    "signed64": "i8",
    "unsigned64": "u8",
    "float": "f4",
    "floatvalue": "f4",
    "real": "f4",
    "floatieee32": "f4",
    "double": "f8",
    "doublevalue": "f8",
    "doubleieee64": "f8",
}
_ORDERS = {"lowbytefirst": "<", "highbytefirst": ">"}
_COMPRESSED_ENDINGS = (".gz", ".bz2", ".xz", ".zst")
_HEADER_STEP = 4096
_LARGEST_HEADER = 2**20
_HEADER_END = re.compile(rb"\}\r?\n")
_PADDING = b"\0 \r\n\t"


@dataclass(frozen=True, eq=False)
class EdfFrame:
    """One frame of a file.

    Parameters
    ----------
    file : str
        Absolute path.
    number : int
        Number of the frame in its file, from 0.
    header : mapping
        Keys as they are written -> text.
    shape : (int, int)
        (ny, nx).
    dtype : numpy.dtype
        With the byte order of the file.
    offset : int
        Where the counts begin, bytes; -1 where fabio has to read them.
    missing : int
        Bytes that the file is too short for this frame.
    compression : str
        Empty for plain frames.
    """

    file: str
    number: int
    header: Mapping[str, str]
    shape: tuple[int, int]
    dtype: np.dtype[Any]
    offset: int
    missing: int = 0
    compression: str = ""

    def error(self, message: str) -> DataFileError:
        """Error that names the file and the frame."""
        return DataFileError(message, file=self.file, path=f"frame {self.number}")


@dataclass(eq=False)
class EdfFile:
    """A file and what was noticed while its headers were read.

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


def locate(path: str) -> EdfFile:
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
    return EdfFile(absolute, SourceFile(absolute, status.st_size, status.st_mtime))


def frames_of_file(file: EdfFile) -> Iterator[EdfFrame]:
    """Frames of a file, one after the other; only headers are read.

    The end of the file is looked at when the frames are exhausted: bytes that belong to no frame are counted in
    `file.surplus`.

    Parameters
    ----------
    file : EdfFile

    Yields
    ------
    EdfFrame

    Raises
    ------
    DataFileError
        If a header is broken; the message names the frame.
    """
    if file.path.lower().endswith(_COMPRESSED_ENDINGS):
        yield from _fabio_frames(file)
        return
    try:
        with open(file.path, "rb", buffering=0) as handle:
            yield from _plain_frames(file, handle)
    except OSError as error:
        raise DataFileError(f"cannot be read: {error.strerror or error}", file=file.path) from error


def _plain_frames(file: EdfFile, handle: BinaryIO) -> Iterator[EdfFrame]:
    size, start, number = file.source.size, 0, 0
    while True:
        header, offset = _read_header(file, handle, start, number)
        if header is None:
            break
        keys = {key.lower(): value for key, value in header.items()}
        if number == 0 and ("dim_1" not in keys or keys.get("compression", "none").lower() not in ("", "none", "no")):
            yield from _fabio_frames(file)
            return
        frame, stored = _plain_frame(file, number, header, keys, offset)
        yield frame
        start, number = offset + stored, number + 1
        if start >= size:
            return
    handle.seek(start)
    rest = handle.read(_HEADER_STEP + 1)
    # Some programs fill the file up to whole blocks.
    file.surplus = 0 if len(rest) <= _HEADER_STEP and not rest.strip(_PADDING) else size - start


def _read_header(file: EdfFile, handle: BinaryIO, start: int, number: int) -> tuple[dict[str, str] | None, int]:
    """Header that begins at `start` and where it ends; None where there is no further frame."""
    handle.seek(start)
    text = handle.read(_HEADER_STEP)
    lead = len(text) - len(text.lstrip(_PADDING))
    if not text[lead:].startswith(b"{"):
        if number == 0:
            raise DataFileError(f"not an EDF file, but {describe_file(file.path)}", file=file.path)
        return None, start
    end = _HEADER_END.search(text)
    while end is None:
        more = handle.read(_HEADER_STEP)
        if not more or len(text) > _LARGEST_HEADER:
            raise _broken(file, number, "it has no end")
        searched = len(text) - 2
        text += more
        end = _HEADER_END.search(text, searched)
    entries: dict[str, str] = {}
    for line in text[lead + 1 : end.start()].decode("latin-1").split("\n"):
        key, equals, value = line.partition("=")
        if equals:
            entries[key.strip()] = value.strip().removesuffix(";").rstrip()
    if not entries:
        raise _broken(file, number, "it is empty")
    return entries, start + end.end()


def _plain_frame(
    file: EdfFile, number: int, header: dict[str, str], keys: Mapping[str, str], offset: int
) -> tuple[EdfFrame, int]:
    """Frame whose counts begin at `offset`, and the number of bytes that they take in the file."""
    sizes = [_integer(file, number, keys, f"dim_{axis}", default) for axis, default in ((1, None), (2, 1), (3, 1))]
    if min(sizes) < 1 or sizes[2] != 1:
        raise _broken(file, number, f"it asks for {' x '.join(map(str, sizes))} pixels")
    kind, order = keys.get("datatype", ""), keys.get("byteorder", "LowByteFirst")
    if kind.lower() not in _TYPES:
        raise _broken(file, number, f"DataType is {kind!r}, known are integers and floats of 8 to 64 bits")
    if order.lower() not in _ORDERS:
        raise _broken(file, number, f"ByteOrder must be LowByteFirst or HighByteFirst, it is {order!r}")
    dtype = np.dtype(_ORDERS[order.lower()] + _TYPES[kind.lower()])
    needed = sizes[0] * sizes[1] * dtype.itemsize
    stored = _integer(file, number, keys, "edf_binarysize", _integer(file, number, keys, "size", needed))
    if stored < needed:
        raise _broken(file, number, f"{sizes[1]} x {sizes[0]} pixels take {needed} bytes, its Size is {stored}")
    missing = max(0, offset + needed - file.source.size)
    return EdfFrame(file.path, number, header, (sizes[1], sizes[0]), dtype, offset, missing), stored


def _integer(file: EdfFile, number: int, keys: Mapping[str, str], key: str, default: int | None) -> int:
    text = keys.get(key)
    if text is None and default is not None:
        return default
    try:
        return int(text or "")
    except ValueError:
        raise _broken(file, number, f"{key.capitalize()} must be an integer, it is {text!r}") from None


def _broken(file: EdfFile, number: int, why: str) -> DataFileError:
    return DataFileError(f"the header is broken: {why}", file=file.path, path=f"frame {number}")


def _fabio_frames(file: EdfFile) -> Iterator[EdfFrame]:
    """Frames that only fabio can read: compressed, or with an unusual header."""
    import fabio

    try:
        with fabio.open(file.path) as image:
            for number in range(image.nframes):
                frame = image.get_frame(number)
                ny, nx = frame.shape
                header = {str(key): str(value) for key, value in frame.header.items()}
                how = (
                    os.path.splitext(file.path)[1].lstrip(".")
                    if file.path.lower().endswith(_COMPRESSED_ENDINGS)
                    else ""
                )
                kind = header.get("Compression", how) or how
                yield EdfFrame(file.path, number, header, (ny, nx), np.dtype(frame.dtype), -1, 0, kind)
    except DataFileError:
        raise
    except Exception as error:  # noqa: BLE001  (fabio raises whatever the codec or the header gives)
        raise DataFileError(f"cannot be read as EDF: {error}", file=file.path) from error


class EdfSource:
    """Stack of the frames of one or several EDF files, read when they are needed.

    Parameters
    ----------
    frames : sequence of EdfFrame
        All of one shape and type; their byte orders may differ.
    files : sequence of SourceFile
        The files as they were opened.
    """

    in_memory = False
    storage = Storage()

    def __init__(self, frames: Sequence[EdfFrame], files: Sequence[SourceFile]) -> None:
        # Without the headers, which would make thousands of frames heavy to hold and to send.
        self._places = [(frame.file, frame.number, frame.offset, frame.dtype) for frame in frames]
        self.shape = (len(frames), *frames[0].shape)
        self.dtype = frames[0].dtype.newbyteorder("=")
        self.files = tuple(files)

    def read(self, region: Region) -> AnyArray:
        """Counts of a region, shape (frames, rows, columns)."""
        numbers = np.arange(len(self._places))[region.frames]
        rows, columns = region.rows, region.columns
        block = np.empty((numbers.size, rows.stop - rows.start, columns.stop - columns.start), self.dtype)
        with contextlib.ExitStack() as stack:
            opened: Any = None
            path = ""
            for target, place in zip(block, (self._places[number] for number in numbers), strict=True):
                if place[0] != path or opened is None:
                    stack.close()
                    path = place[0]
                    opened = stack.enter_context(_opened(path, by_fabio=place[2] < 0))
                if place[2] < 0:
                    target[:] = self._read_by_fabio(opened, path, place[1])[rows, columns]
                else:
                    self._read_plain(opened, place, rows, columns, target)
        return block

    def _read_plain(
        self,
        handle: BinaryIO,
        place: tuple[str, int, int, np.dtype[Any]],
        rows: slice,
        columns: slice,
        target: AnyArray,
    ) -> None:
        """Read the rows straight into `target` where they are kept whole and as they are stored."""
        file, number, offset, dtype = place
        nx = self.shape[2]
        n_rows = rows.stop - rows.start
        direct = dtype == self.dtype and target.shape[1] == nx
        buffer = target if direct else np.empty((n_rows, nx), dtype)
        handle.seek(offset + rows.start * nx * dtype.itemsize)
        view = buffer.reshape(-1).view(np.uint8).data
        while view:
            got = handle.readinto(view)  # type: ignore[attr-defined]
            if not got:
                raise DataFileError(
                    "the file has become shorter since it was opened", file=file, path=f"frame {number}"
                )
            view = view[got:]
        if not direct:
            target[:] = buffer[:, columns]

    def _read_by_fabio(self, image: Any, path: str, number: int) -> AnyArray:
        try:
            counts: AnyArray = np.asarray(image.get_frame(number).data)
        except Exception as error:  # noqa: BLE001  (fabio raises whatever the codec gives)
            raise DataFileError(f"cannot be decoded: {error}", file=path, path=f"frame {number}") from error
        if counts.shape != self.shape[1:]:
            raise DataFileError("the frame is incomplete", file=path, path=f"frame {number}")
        return counts


@contextlib.contextmanager
def _opened(path: str, *, by_fabio: bool) -> Iterator[Any]:
    """File opened for reading, by fabio where the frames need it."""
    try:
        if by_fabio:
            import fabio

            with fabio.open(path) as image:
                yield image
        else:
            with open(path, "rb", buffering=0) as handle:
                yield handle
    except OSError as error:
        raise DataFileError(f"cannot be read: {error.strerror or error}", file=path) from error
