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
from darfix_core.io.frame_series import SeriesFile, StoredFrame
from darfix_core.io.series_source import FramePlace, SeriesSource
from darfix_core.io.signature import describe_file
from darfix_core.model.arrays import AnyArray

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


@dataclass(frozen=True, eq=False, kw_only=True)
class EdfFrame(StoredFrame):
    """One frame of an EDF file.

    Parameters
    ----------
    header : mapping
        Keys as they are written -> text.
    """

    header: Mapping[str, str]


class CutOffError(DataFileError):
    """A file ends within the header of a frame."""


@dataclass(eq=False)
class GrowingSeries:
    """Frames of a series of files whose last one may still be written or copied.

    Parameters
    ----------
    paths : sequence of str
        All files in the order of the scan.
    cut_off : str
        What of the last file is not there, in words; empty where nothing is known to lack.
    """

    paths: Sequence[str]
    cut_off: str = ""

    def __post_init__(self) -> None:
        self._n_frames = 0

    def frames_of_file(self, file: SeriesFile) -> Iterator[EdfFrame]:
        """As the function `frames_of_file`, without a frame in which the last file ends, if it is not the only one."""
        may_end = file.path == os.path.abspath(self.paths[-1])
        frames = frames_of_file(file)
        while True:
            try:
                frame = next(frames)
            except StopIteration:
                return
            except CutOffError as error:
                if not may_end or self._n_frames == 0:
                    raise
                self._leave_out(file, error.path or "", "its header has no end")
                return
            if frame.missing and may_end and self._n_frames:
                self._leave_out(file, f"frame {frame.number}", f"{frame.missing} bytes of it are missing")
                return
            self._n_frames += 1
            yield frame

    def _leave_out(self, file: SeriesFile, frame: str, why: str) -> None:
        count = "1 frame is" if self._n_frames == 1 else f"{self._n_frames} frames are"
        self.cut_off = (
            f"{os.path.basename(file.path)}: the file is incomplete: {frame} is cut off, {why}; {count} complete"
        )


def frames_of_file(file: SeriesFile) -> Iterator[EdfFrame]:
    """Frames of a file, one after the other; only headers are read.

    The end of the file is looked at when the frames are exhausted: bytes that belong to no frame are counted in
    `file.surplus`.

    Parameters
    ----------
    file : SeriesFile

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


def _plain_frames(file: SeriesFile, handle: BinaryIO) -> Iterator[EdfFrame]:
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


def _read_header(file: SeriesFile, handle: BinaryIO, start: int, number: int) -> tuple[dict[str, str] | None, int]:
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
        if not more:
            raise CutOffError("the header is broken: it has no end", file=file.path, path=f"frame {number}")
        if len(text) > _LARGEST_HEADER:
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
    file: SeriesFile, number: int, header: dict[str, str], keys: Mapping[str, str], offset: int
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
    frame = EdfFrame(
        file=file.path,
        number=number,
        header=header,
        shape=(sizes[1], sizes[0]),
        dtype=dtype,
        offset=offset,
        missing=missing,
    )
    return frame, stored


def _integer(file: SeriesFile, number: int, keys: Mapping[str, str], key: str, default: int | None) -> int:
    text = keys.get(key)
    if text is None and default is not None:
        return default
    try:
        return int(text or "")
    except ValueError:
        raise _broken(file, number, f"{key.capitalize()} must be an integer, it is {text!r}") from None


def _broken(file: SeriesFile, number: int, why: str) -> DataFileError:
    return DataFileError(f"the header is broken: {why}", file=file.path, path=f"frame {number}")


def _fabio_frames(file: SeriesFile) -> Iterator[EdfFrame]:
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
                yield EdfFrame(
                    file=file.path,
                    number=number,
                    header=header,
                    shape=(ny, nx),
                    dtype=np.dtype(frame.dtype),
                    offset=-1,
                    compression=kind,
                )
    except DataFileError:
        raise
    except Exception as error:  # noqa: BLE001  (fabio raises whatever the codec or the header gives)
        raise DataFileError(f"cannot be read as EDF: {error}", file=file.path) from error


class EdfSource(SeriesSource):
    """Stack of the frames of one or several EDF files; see `SeriesSource`."""

    @contextlib.contextmanager
    def _decoder(self, path: str) -> Iterator[Any]:
        import fabio

        with fabio.open(path) as image:
            yield image

    def _decoded(self, opened: Any, place: FramePlace, rows: slice, columns: slice) -> AnyArray:
        try:
            counts: AnyArray = np.asarray(opened.get_frame(place.number).data)
        except Exception as error:  # noqa: BLE001  (fabio raises whatever the codec gives)
            raise DataFileError(f"cannot be decoded: {error}", file=place.file, path=f"frame {place.number}") from error
        if counts.shape != self.shape[1:]:
            raise DataFileError("the frame is incomplete", file=place.file, path=f"frame {place.number}")
        return counts[rows, columns]
