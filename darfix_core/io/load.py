"""Scans from files of every kind."""

from __future__ import annotations

import contextlib
import glob
import os
from collections.abc import Sequence

from darfix_core.engine.execution import warn
from darfix_core.errors import DarfixError, DataFileError
from darfix_core.io.file_names import HDF5_ENDINGS, SERIES_ENDINGS, expand_folder, expand_pattern
from darfix_core.io.nexus import OUTPUT_SUFFIXES, written_kind
from darfix_core.io.signature import describe_file, is_edf, is_hdf5, is_npy, is_tiff
from darfix_core.model.dataset import Dataset

_LISTED = 8
_ENDINGS = {"HDF5": HDF5_ENDINGS, **SERIES_ENDINGS}
_ARTICLES = {"HDF5": "an", "EDF": "an", "npy": "an"}


def open_scan(
    path: str | Sequence[str],
    *,
    scan: str | None = None,
    detector: str | None = None,
    dark: str | None = None,
    frames: tuple[int, int] | None = None,
    positions: str | None = None,
) -> Dataset:
    """Scan from an HDF5 file or a series of EDF, TIFF or npy files; no frame is read before it is needed.

    Several scans or HDF5 files become one dataset, see `darfix_core.io.join.join_scans`.

    Parameters
    ----------
    path : str or sequence of str
        An HDF5 file, a list of them or a pattern with ``*``; or an EDF, TIFF or npy file, a list of them, a pattern,
        or a folder.
    scan : str, optional
        One scan or several, see `darfix_core.io.scan_names.scans_named`; None: the only one of each file. For HDF5
        files only.
    detector : str, optional
        See `darfix_core.io.bliss.open_bliss`; for HDF5 files only.
    dark : str, optional
        Frames without light: another scan of the same file (``"2.1"``), which is the first one where there are
        several, another file (``"dark.h5"``, ``"dark.h5::2.1"``), or EDF, TIFF or npy files.
    frames : (int, int), optional
        First frame to use, and the one behind the last, counted within each scan. None: all.
    positions : str, optional
        Table of the positions of the motors, see `darfix_core.io.given_positions.with_positions`.

    Returns
    -------
    Dataset

    Raises
    ------
    DataFileError
        If a file cannot be read as asked.
    ValueError
        If `frames` does not lie in the scan, or `scan` or `detector` is given for files that are not HDF5.
    """
    kind, files = files_of(path)
    if kind != "HDF5":
        for name, value in (("scan", scan), ("detector", detector)):
            if value is not None:
                raise ValueError(f"{name} must be None for {kind} files, which hold one stack, got {value!r}")
        dataset = open_series(kind, files, frames)
    else:
        dataset = _open_hdf5(files, scan, detector, dark, frames)
    if positions is not None:
        from darfix_core.io.given_positions import with_positions

        # A table for several scans has a row for each frame of the joined stack.
        dataset = with_positions(dataset, positions, None if "parts" in dataset.metadata else frames)
    return dataset if dark is None else dataset.replace(dark=_open_dark(dataset, dark).frames)


def _open_hdf5(
    files: Sequence[str], scan: str | None, detector: str | None, dark: str | None, frames: tuple[int, int] | None
) -> Dataset:
    """Scan of a file, or several scans joined."""
    from darfix_core.io.scan_names import dark_scans, may_name_several

    if len(files) == 1 and not may_name_several(scan):
        from darfix_core.io.bliss import open_bliss

        return open_bliss(files[0], scan=scan, detector=detector, frames=frames)
    from darfix_core.io.join import open_joined

    without = {os.path.abspath(file): dark_scans(file, dark) for file in files}
    return open_joined(files, scan=scan, detector=detector, frames=frames, without=without)


def open_series(kind: str, files: Sequence[str], frames: tuple[int, int] | None = None) -> Dataset:
    """Stack in files of a kind that `files_of` tells, other than HDF5."""
    if kind == "TIFF":
        from darfix_core.io.tiff import open_tiff

        return open_tiff(files, frames=frames)
    if kind == "npy":
        from darfix_core.io.npy import open_npy

        return open_npy(files, frames=frames)
    from darfix_core.io.edf import open_edf

    return open_edf(files, frames=frames)


def files_of(path: str | Sequence[str]) -> tuple[str, list[str]]:
    """Kind of the files that make a scan, told by the first of them, and the files.

    Parameters
    ----------
    path : str or sequence of str
        A file, a pattern or a folder, or several of them.

    Returns
    -------
    (str, list of str)
        ``"HDF5"``, ``"EDF"``, ``"TIFF"`` or ``"npy"`` with one file or more, those of a pattern in natural order: frame
        10 after frame 9. A pattern leaves out maps that darfix-core has written, which is told as a warning.

    Raises
    ------
    DataFileError
        If there is no such file, or it is of another kind.
    ValueError
        If the sequence is empty.
    """
    paths = [os.path.expanduser(entry) for entry in ([path] if isinstance(path, str) else path)]
    if not paths:
        raise ValueError("path must be a file or a list of files, got an empty list")
    files = [file for entry in paths for file in _expanded(entry)]
    return _kind(files[0]), files


def _expanded(path: str) -> list[str]:
    """Files that a folder or a pattern stands for, or the path itself."""
    if os.path.isdir(path):
        return expand_folder(path)
    if os.path.exists(path) or not glob.has_magic(path):
        return [path]
    found = expand_pattern(path)
    maps = [file for file in found if _holds_maps(file)]
    if not maps or len(maps) == len(found):
        return found
    listed = ", ".join(map(os.path.basename, maps[:_LISTED]))
    more = f" and {len(maps) - _LISTED} more" if len(maps) > _LISTED else ""
    warn(f"{path}: left out, since they hold maps: {listed}{more}")
    return [file for file in found if file not in maps]


def _holds_maps(path: str) -> bool:
    """True for maps that darfix-core has written, often beside the scans that they were made from."""
    if not path.lower().endswith(OUTPUT_SUFFIXES) or not is_hdf5(path):
        return False
    # What is broken is told where it is opened.
    with contextlib.suppress(DarfixError, OSError):
        return written_kind(path) == "maps"
    return False


def _kind(path: str) -> str:
    """Kind of a file that must exist."""
    if not os.path.exists(path):
        raise DataFileError(_no_such_file(path), file=path)
    if not os.access(path, os.R_OK):
        raise DataFileError("no permission to read the file", file=path)
    if is_hdf5(path):
        return "HDF5"
    for known, is_known in (("TIFF", is_tiff), ("npy", is_npy), ("EDF", is_edf)):
        if is_known(path):
            return known
    name = path.lower()
    if name.endswith(".npz"):
        raise DataFileError(
            "an archive of arrays (.npz) cannot be read frame by frame; save the stack alone with numpy.save, as .npy",
            file=path,
        )
    expected = next((kind for kind, endings in _ENDINGS.items() if name.endswith(endings)), "")
    words = f"not {_ARTICLES.get(expected, 'a')} {expected} file" if expected else "no HDF5, EDF, TIFF or npy file"
    raise DataFileError(f"{words}, but {describe_file(path)}", file=path)


def _no_such_file(path: str) -> str:
    folder = os.path.dirname(os.path.abspath(path))
    while not os.path.isdir(folder):
        missing, folder = folder, os.path.dirname(folder)
        if os.path.isdir(folder):
            return f"there is no such file: the folder {missing} does not exist"
    return "there is no such file"


def _open_dark(dataset: Dataset, dark: str) -> Dataset:
    """Dark frames of a scan."""
    opened = _named_dark(dataset, dark)
    if opened.frame_shape != dataset.frame_shape:
        raise DataFileError(
            f"dark frames must have the shape of the frames, {dataset.frame_shape}, got {opened.frame_shape}",
            file=opened.frames.source.files[0].url,
        )
    return opened


def _named_dark(dataset: Dataset, dark: str) -> Dataset:
    from darfix_core.io.hdf5_source import Hdf5Source
    from darfix_core.model.joined_source import JoinedSource

    file, separator, scan = dark.partition("::")
    if isinstance(dataset.frames.source, Hdf5Source | JoinedSource) and not separator and not _is_path(dark):
        return _open_dark_scan(dataset.frames.source.files[0].path, dark, dataset)
    kind, files = files_of(file)
    if kind == "HDF5":
        return _open_dark_scan(files[0], scan or None, dataset)
    return open_series(kind, files)


def _is_path(dark: str) -> bool:
    """True where a name of dark frames means a file, not a scan."""
    named = dark.lower().endswith(tuple(ending for endings in _ENDINGS.values() for ending in endings))
    return named or os.sep in dark.strip(os.sep) or glob.has_magic(dark) or os.path.exists(dark)


def _open_dark_scan(file: str, scan: str | None, dataset: Dataset) -> Dataset:
    """Scan of dark frames: those of the same detector, where it is there."""
    from darfix_core.io.bliss import open_bliss
    from darfix_core.io.bliss_choice import choose_scan
    from darfix_core.io.bliss_scans import find_detectors
    from darfix_core.io.hdf5_file import read_hdf5

    with read_hdf5(file) as opened:
        chosen = choose_scan(opened, scan)
        names = [detector.name for detector in find_detectors(chosen).detectors]
    detector = dataset.metadata.get("detector")
    return open_bliss(file, scan=chosen.name, detector=detector if detector in names else None)
