"""Stacks in npy files, as `numpy.save` writes them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any, BinaryIO

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
from darfix_core.io.series_source import SeriesSource
from darfix_core.io.signature import describe_file, is_npy
from darfix_core.model.dataset import Dataset
from darfix_core.model.frames import Frames

_NUMBERS = "uifbc"


def open_npy(paths: Sequence[str], *, frames: tuple[int, int] | None = None) -> Dataset:
    """Open npy files as one scan. Headers are read, the counts only when they are needed.

    Parameters
    ----------
    paths : sequence of str
        The files in the order of the scan. Each holds an array of shape (n_frames, ny, nx) or ``(*scan, ny, nx)``,
        or one frame (ny, nx).
    frames : (int, int), optional
        First frame and the one behind the last, counted over all files from 0; None: all.

    Returns
    -------
    Dataset
        Without positions: npy files hold none.

    Raises
    ------
    ValueError
        If the range of frames is empty or does not fit.
    DataFileError
        If a file is missing, incomplete or broken, or holds something else than frames like the first one.
    Cancelled
        If the computation was cancelled.
    """
    chosen, files = choose_frames(paths, frames_of_npy, frames)
    source = SeriesSource(chosen, used_files(chosen, files), frames_of_npy)
    return Dataset(Frames(source), metadata={"file": chosen[0].file, "motors": {}})


def inspect_npy(paths: Sequence[str]) -> FileReport:
    """What npy files hold, from their headers; see `darfix_core.io.frame_series.good_frames`."""
    return series_report("npy", paths, frames_of_npy)


def frames_of_npy(file: SeriesFile) -> Iterator[StoredFrame]:
    """Frames of a file; only the header is read.

    Raises
    ------
    DataFileError
        If the file holds no stack of counts in one piece.
    """
    try:
        with open(file.path, "rb") as handle:
            shape, by_columns, dtype = _header(file, handle)
            offset = handle.tell()
    except OSError as error:
        raise DataFileError(f"cannot be read: {error.strerror or error}", file=file.path) from error
    if dtype.kind not in _NUMBERS:
        raise DataFileError(f"the array holds {dtype}; counts must be integers or floats", file=file.path)
    if len(shape) < 2 or 0 in shape:
        raise DataFileError(
            f"the array must have the shape (n_frames, ny, nx), (*scan, ny, nx) or (ny, nx), got {shape}",
            file=file.path,
        )
    if by_columns and len(shape) > 1:
        raise DataFileError(
            "the array is stored in Fortran order, in which no frame lies in one piece; save it with "
            "numpy.save(file, numpy.ascontiguousarray(stack))",
            file=file.path,
        )
    ny, nx = shape[-2:]
    size = ny * nx * dtype.itemsize
    for number in range(math.prod(shape[:-2])):
        begin = offset + number * size
        missing = min(size, max(0, begin + size - file.source.size))
        yield StoredFrame(file=file.path, number=number, shape=(ny, nx), dtype=dtype, offset=begin, missing=missing)


def _header(file: SeriesFile, handle: BinaryIO) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Shape, whether in Fortran order, and type of the array; the file stands behind the header then."""
    header = np.lib.format
    try:
        version = header.read_magic(handle)  # type: ignore[no-untyped-call]
        if version > (2, 0):
            raise ValueError(f"version {version[0]}.{version[1]} of the format is only for arrays with named fields")
        read = header.read_array_header_1_0 if version == (1, 0) else header.read_array_header_2_0
        shape, by_columns, dtype = read(handle)  # type: ignore[no-untyped-call]
    except ValueError as error:
        if not is_npy(file.path):
            raise DataFileError(f"not an npy file, but {describe_file(file.path)}", file=file.path) from error
        raise DataFileError(f"the header is broken: {error}", file=file.path) from error
    return shape, by_columns, dtype
