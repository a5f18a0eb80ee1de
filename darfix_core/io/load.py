"""Scans from files of every kind."""

from __future__ import annotations

import glob
import os
from collections.abc import Sequence

from darfix_core.errors import DataFileError
from darfix_core.io.signature import describe_file, is_edf, is_hdf5
from darfix_core.model.dataset import Dataset

_HDF5_NAMES = (".h5", ".hdf5", ".nxs", ".nx", ".hdf", ".nexus")
_EDF_NAMES = (".edf", ".edf.gz", ".edf.bz2")


def open_scan(
    path: str | Sequence[str],
    *,
    scan: str | None = None,
    detector: str | None = None,
    dark: str | None = None,
    frames: tuple[int, int] | None = None,
) -> Dataset:
    """Scan from an HDF5 file or a series of EDF files; no frame is read before it is needed.

    Parameters
    ----------
    path : str or sequence of str
        An HDF5 file; or an EDF file, a list of them, a pattern with ``*``, or a folder.
    scan, detector : str, optional
        See `darfix_core.io.bliss.open_bliss`; not for EDF files.
    dark : str, optional
        Frames without light: another scan of the same file (``"2.1"``), another file (``"dark.h5"``,
        ``"dark.h5::2.1"``), or EDF files.
    frames : (int, int), optional
        First frame to use, and the one behind the last. None: all.

    Returns
    -------
    Dataset

    Raises
    ------
    DataFileError
        If a file cannot be read as asked.
    ValueError
        If `frames` does not lie in the scan, or `scan` or `detector` is given for EDF files.
    """
    paths = (path,) if isinstance(path, str) else tuple(path)
    if not paths:
        raise ValueError("path must be a file or a list of files, got an empty list")
    if file_kind(paths) == "EDF":
        for name, value in (("scan", scan), ("detector", detector)):
            if value is not None:
                raise ValueError(f"{name} must be None for EDF files, which hold one stack, got {value!r}")
        dataset = _open_edf(paths, frames)
    elif len(paths) > 1:
        raise DataFileError(f"one HDF5 file can be opened at a time, got {len(paths)} files", file=paths[0])
    else:
        from darfix_core.io.bliss import open_bliss

        dataset = open_bliss(_only(paths[0]), scan=scan, detector=detector, frames=frames)
    return dataset if dark is None else dataset.replace(dark=_open_dark(dataset, dark).frames)


def file_kind(paths: Sequence[str]) -> str:
    """Kind of some files that make one scan: ``"HDF5"`` or ``"EDF"``, told by the first of them.

    Parameters
    ----------
    paths : sequence of str
        Files, patterns or folders.

    Raises
    ------
    DataFileError
        If there is no such file, or it is of another kind.
    """
    path = paths[0]
    if os.path.isdir(path):
        return "EDF"
    if not os.path.exists(path):
        found = sorted(glob.glob(path)) if glob.has_magic(path) else []
        if not found:
            raise DataFileError("no file fits this pattern" if glob.has_magic(path) else _no_such_file(path), file=path)
        path = found[0]
    if not os.access(path, os.R_OK):
        raise DataFileError("no permission to read the file", file=path)
    if is_hdf5(path):
        return "HDF5"
    if is_edf(path):
        return "EDF"
    expected = (
        "an HDF5" if path.lower().endswith(_HDF5_NAMES) else "an EDF" if path.lower().endswith(_EDF_NAMES) else ""
    )
    words = f"not {expected} file" if expected else "neither an HDF5 nor an EDF file"
    raise DataFileError(f"{words}, but {describe_file(path)}", file=path)


def _no_such_file(path: str) -> str:
    folder = os.path.dirname(os.path.abspath(path))
    while not os.path.isdir(folder):
        missing, folder = folder, os.path.dirname(folder)
        if os.path.isdir(folder):
            return f"there is no such file: the folder {missing} does not exist"
    return "there is no such file"


def _only(path: str) -> str:
    """The one file that a pattern stands for."""
    if os.path.exists(path):
        return path
    found = sorted(glob.glob(path))
    if len(found) > 1:
        raise DataFileError(f"one HDF5 file can be opened at a time, the pattern fits {len(found)}", file=path)
    return found[0]


def _open_edf(paths: Sequence[str], frames: tuple[int, int] | None) -> Dataset:
    from darfix_core.io.edf import expand_edf, open_edf

    files = [file for path in paths for file in expand_edf(path)]
    return open_edf(files, frames=frames)


def _open_dark(dataset: Dataset, dark: str) -> Dataset:
    """Dark frames of a scan."""
    opened = _named_dark(dataset, dark)
    if opened.frame_shape != dataset.frame_shape:
        raise DataFileError(
            f"dark frames must have the shape of the frames, {dataset.frame_shape}, got {opened.frame_shape}",
            file=opened.metadata.get("file", dark),
            path=opened.metadata.get("scan"),
        )
    return opened


def _named_dark(dataset: Dataset, dark: str) -> Dataset:
    file, separator, scan = dark.partition("::")
    own_file, own_scan = dataset.metadata.get("file"), dataset.metadata.get("scan")
    if own_scan is not None and not separator and not _is_path(dark):
        return _open_dark_scan(str(own_file), dark, dataset)
    if separator or file_kind([file]) == "HDF5":
        return _open_dark_scan(file, scan.strip("/") or None, dataset)
    return _open_edf([file], None)


def _is_path(dark: str) -> bool:
    """True where a name of dark frames means a file, not a scan."""
    named = dark.lower().endswith((*_HDF5_NAMES, *_EDF_NAMES))
    return named or os.sep in dark.strip(os.sep) or glob.has_magic(dark) or os.path.exists(dark)


def _open_dark_scan(file: str, scan: str | None, dataset: Dataset) -> Dataset:
    """Scan of dark frames: those of the same detector, where it is there."""
    from darfix_core.io.bliss import open_bliss
    from darfix_core.io.bliss_scans import choose_scan, find_detectors
    from darfix_core.io.hdf5_file import open_hdf5

    file_kind([file])
    with open_hdf5(file) as opened:
        chosen = choose_scan(opened, scan)
        names = [detector.name for detector in find_detectors(chosen).detectors]
    detector = dataset.metadata.get("detector")
    return open_bliss(file, scan=chosen.name, detector=detector if detector in names else None)
