"""Stacks in TIFF files: one page a file, or many pages in one file, as ImageJ and most cameras write them.

Plain pages are read from their place in the file; compressed and tiled ones are decoded by tifffile, only the strips
and tiles that are needed.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from darfix_core.errors import DataFileError
from darfix_core.io.frame_series import (
    SeriesFile,
    StoredFrame,
    choose_frames,
    series_report,
    used_files,
)
from darfix_core.io.report import FileReport
from darfix_core.io.series_source import FramePlace, SeriesSource
from darfix_core.io.signature import describe_file, is_tiff
from darfix_core.model.arrays import AnyArray
from darfix_core.model.dataset import Dataset
from darfix_core.model.frame_sources import Storage
from darfix_core.model.frames import Frames

if TYPE_CHECKING:
    from tifffile import TiffFile, TiffPage

_PALETTE = 3


def open_tiff(paths: Sequence[str], *, frames: tuple[int, int] | None = None) -> Dataset:
    """Open TIFF files as one scan. The descriptions of the pages are read, the counts only when they are needed.

    Parameters
    ----------
    paths : sequence of str
        The files in the order of the scan; each holds one page or several, all of which are frames. Reduced pages
        (thumbnails) are left out.
    frames : (int, int), optional
        First frame and the one behind the last, counted over all files from 0; None: all.

    Returns
    -------
    Dataset
        Without positions: TIFF files hold none.

    Raises
    ------
    ValueError
        If the range of frames is empty or does not fit.
    DataFileError
        If a file is missing, cut short or broken, a page is in colour, or has another shape or type than the first
        one; the message names file and frame.
    Cancelled
        If the computation was cancelled.
    """
    chosen, files = choose_frames(paths, frames_of_tiff, frames)
    rows = max(frame.rows_together for frame in chosen)
    source = TiffSource(chosen, used_files(chosen, files), frames_of_tiff, Storage(rows=rows))
    return Dataset(Frames(source), metadata={"file": chosen[0].file, "motors": {}})


def inspect_tiff(paths: Sequence[str]) -> FileReport:
    """What TIFF files hold, from their descriptions; see `darfix_core.io.frame_series.good_frames`."""
    return series_report("TIFF", paths, frames_of_tiff)


def frames_of_tiff(file: SeriesFile) -> Iterator[StoredFrame]:
    """Frames of a file, one after the other; no counts are read.

    Raises
    ------
    DataFileError
        If the file is broken, or holds something else than grey images.
    """
    with _opened(file.path) as tif:
        number = announced = 0
        for page_number, offset in enumerate(_page_offsets(tif, file)):
            page = _page(tif, offset, page_number, file.path)
            if page.is_reduced:
                continue
            frame = _frame(file, tif, page, number)
            if number == 0:
                announced = _announced(tif, page)
            yield frame
            number += 1
        if number == 1 < announced and frame.offset >= 0:
            # One description for the whole stack, whose frames lie behind each other.
            yield from _following(file, frame, announced)
        elif number < announced:
            raise DataFileError(
                f"the file is not whole: it announces {announced} pages and holds {number}", file=file.path
            )
        elif number == 0:
            raise DataFileError("the file holds no page", file=file.path)


@contextlib.contextmanager
def _opened(path: str) -> Iterator[TiffFile]:
    """TIFF file, opened by tifffile."""
    # Imported when a TIFF file is read: it takes a tenth of a second.
    from tifffile import TiffFile

    if not is_tiff(path):
        raise DataFileError(f"not a TIFF file, but {describe_file(path)}", file=path)
    with contextlib.ExitStack() as stack:
        try:
            tif = stack.enter_context(TiffFile(path))
        except OSError as error:
            raise DataFileError(f"cannot be read: {error.strerror or error}", file=path) from error
        except Exception as error:  # noqa: BLE001  (tifffile raises whatever the damage leads to)
            raise DataFileError(f"the file is damaged or not whole: {error}", file=path) from error
        yield tif


def _page_offsets(tif: TiffFile, file: SeriesFile) -> Iterator[int]:
    """Where the descriptions of the pages begin: each tells where the next one lies."""
    layout, handle = tif.tiff, tif.filehandle
    handle.seek(8 if layout.is_bigtiff else 4)
    seen: set[int] = set()
    while True:
        text = handle.read(layout.offsetsize)
        offset = int.from_bytes(text, "little" if tif.byteorder == "<" else "big")
        if len(text) == layout.offsetsize and offset == 0:
            return
        if len(text) < layout.offsetsize or offset in seen or offset + layout.tagnosize > file.source.size:
            raise DataFileError(
                f"the file is cut short or damaged: the description of page {len(seen)} does not lie in it",
                file=file.path,
            )
        seen.add(offset)
        yield offset
        handle.seek(offset)
        n_tags = int.from_bytes(handle.read(layout.tagnosize), "little" if tif.byteorder == "<" else "big")
        handle.seek(offset + layout.tagnosize + n_tags * layout.tagsize)


def _page(tif: TiffFile, offset: int, number: int, path: str) -> TiffPage:
    """Description of a page that begins at `offset`."""
    from tifffile import TiffPage

    tif.filehandle.seek(offset)
    try:
        return TiffPage(tif, number)
    except Exception as error:  # noqa: BLE001  (tifffile raises whatever the damage leads to)
        raise DataFileError(f"the description is damaged: {error}", file=path, path=f"page {number}") from error


def _frame(file: SeriesFile, tif: TiffFile, page: TiffPage, number: int) -> StoredFrame:
    """Frame of a page, from its description."""

    def refuse(why: str) -> DataFileError:
        return DataFileError(why, file=file.path, path=f"frame {number}")

    samples, photometric = page.samplesperpixel, page.photometric
    if samples > 1 or photometric == _PALETTE:
        kind = f"{samples} values a pixel" if samples > 1 else "a palette of colours"
        hint = "; tifffile writes stacks of 3 or 4 frames so, unless told photometric='minisblack'"
        raise refuse(f"the image has {kind}, counts have one{hint if samples in (3, 4) else ''}")
    if page.imagedepth > 1:
        raise refuse("the page holds a volume; save its layers as pages")
    if page.dtype is None or not page.dataoffsets or len(page.dataoffsets) != len(page.databytecounts):
        raise refuse("the description of the page tells neither where the counts lie nor what they are")
    if not all(page.databytecounts) or not all(page.dataoffsets):
        raise refuse("the page is incomplete: some of its counts were not written")
    plain, offsets = page.is_contiguous, page.dataoffsets
    pieces = zip(offsets, page.databytecounts, strict=True)
    end = offsets[0] + page.nbytes if plain else max(offset + size for offset, size in pieces)
    return StoredFrame(
        file=file.path,
        number=number,
        shape=(page.imagelength, page.imagewidth),
        dtype=np.dtype(page.dtype).newbyteorder(tif.byteorder),
        offset=offsets[0] if plain else -1,
        missing=max(0, end - file.source.size),
        compression="" if plain else _compression(page),
        header_offset=page.offset,
        rows_together=1 if plain else min(int(page.chunks[0]), page.imagelength),
    )


def _compression(page: TiffPage) -> str:
    """How the counts are stored, in a word."""
    name = getattr(page.compression, "name", str(page.compression)).lower().replace("_", " ")
    return ("tiled" if page.is_tiled else "packed") if name in ("none", "1") else name


def _announced(tif: TiffFile, page: TiffPage) -> int:
    """Frames that the description of the first page speaks of; 0 where it speaks of none."""
    if tif.is_imagej:
        return int((tif.imagej_metadata or {}).get("images", 0))
    if tif.is_shaped:
        shape = (tif.shaped_metadata or ({},))[0].get("shape", ())
        return math.prod(shape) // (page.imagelength * page.imagewidth) if shape else 0
    return 0


def _following(file: SeriesFile, first: StoredFrame, n_frames: int) -> Iterator[StoredFrame]:
    """Frames behind the first one that have no description of their own."""
    ny, nx = first.shape
    size = ny * nx * first.dtype.itemsize
    for number in range(1, n_frames):
        offset = first.offset + number * size
        missing = min(size, max(0, offset + size - file.source.size))
        yield StoredFrame(
            file=first.file, number=number, shape=first.shape, dtype=first.dtype, offset=offset, missing=missing
        )


class TiffSource(SeriesSource):
    """Stack of the pages of one or several TIFF files; see `SeriesSource`."""

    def _decoder(self, path: str) -> contextlib.AbstractContextManager[Any]:
        return _opened(path)

    def _decoded(self, opened: TiffFile, place: FramePlace, rows: slice, columns: slice) -> AnyArray:
        """Decode the strips or tiles that the rows and columns lie in."""
        page = _page(opened, place.header_offset, place.number, place.file)
        if (page.imagelength, page.imagewidth) != self.shape[1:]:
            raise DataFileError(
                "the file has changed since it was opened", file=place.file, path=f"frame {place.number}"
            )
        part = np.empty((rows.stop - rows.start, columns.stop - columns.start), page.dtype)
        (height, width), across = page.chunks[:2], page.chunked[1]
        for down in range(rows.start // height, -(-rows.stop // height)):
            for right in range(columns.start // width, -(-columns.stop // width)):
                piece = _decode(opened, page, down * across + right, place)
                y, x = down * height, right * width
                top, bottom = max(rows.start, y), min(rows.stop, y + height)
                left, end = max(columns.start, x), min(columns.stop, x + width)
                part[top - rows.start : bottom - rows.start, left - columns.start : end - columns.start] = piece[
                    top - y : bottom - y, left - x : end - x
                ]
        return part


def _decode(tif: TiffFile, page: TiffPage, index: int, place: FramePlace) -> AnyArray:
    """One strip or tile of a page, shape (rows, columns)."""
    tif.filehandle.seek(page.dataoffsets[index])
    stored = tif.filehandle.read(page.databytecounts[index])
    where = {"file": place.file, "path": f"frame {place.number}"}
    if len(stored) < page.databytecounts[index]:
        raise DataFileError("the file has become shorter since it was opened", **where)
    try:
        decoded = page.decode(stored, index, jpegtables=page.jpegtables)[0]
        if decoded is None:
            raise ValueError("it is empty")
        piece: AnyArray = decoded[0, :, :, 0]
    except Exception as error:  # noqa: BLE001  (codecs raise what they like)
        hint = "; pip install 'darfix-core[tiff]'" if "imagecodecs" in str(error) else ""
        raise DataFileError(f"cannot be decoded: {error}{hint}", **where) from error
    return piece
