"""Files that a path of the user stands for, in the order of the scan."""

from __future__ import annotations

import glob
import os
import re
from typing import Any

from darfix_core.errors import DataFileError

#: Kind of files that make a stack together -> how their names end.
SERIES_ENDINGS = {"EDF": (".edf", ".edf.gz", ".edf.bz2"), "TIFF": (".tif", ".tiff"), "npy": (".npy",)}
HDF5_ENDINGS = (".h5", ".hdf5", ".nxs", ".nx", ".hdf", ".nexus")

_DIGITS = re.compile(r"(\d+)")


def natural_key(path: str) -> list[Any]:
    """Key of natural order: runs of digits compare as numbers, so frame 10 comes after frame 9."""
    return [int(part) if number % 2 else part.lower() for number, part in enumerate(_DIGITS.split(path))]


def expand_pattern(pattern: str) -> list[str]:
    """Files that match a pattern, in natural order.

    Raises
    ------
    DataFileError
        If there is none.
    """
    found = [entry for entry in glob.glob(pattern, recursive=True) if os.path.isfile(entry)]
    if not found:
        raise DataFileError("no file matches this pattern", file=pattern)
    return sorted(found, key=natural_key)


def expand_folder(folder: str) -> list[str]:
    """Frames in a folder, in natural order.

    Parameters
    ----------
    folder : str

    Returns
    -------
    list of str
        Files of one kind; hidden ones are left out.

    Raises
    ------
    DataFileError
        If there are none, or files of several kinds.
    """
    names = [name for name in os.listdir(folder) if not name.startswith(".")]
    found = {kind: [name for name in names if name.lower().endswith(ends)] for kind, ends in SERIES_ENDINGS.items()}
    found = {kind: chosen for kind, chosen in found.items() if chosen}
    if not found:
        endings = ", ".join(ending for endings in SERIES_ENDINGS.values() for ending in endings)
        raise DataFileError(f"the folder holds no EDF, TIFF or npy files ({endings})", file=folder)
    if len(found) > 1:
        raise DataFileError(
            f"the folder holds {' and '.join(found)} files; choose by a pattern such as "
            f"{os.path.join(folder, '*' + SERIES_ENDINGS[next(iter(found))][0])}",
            file=folder,
        )
    (chosen,) = found.values()
    return [os.path.join(folder, name) for name in sorted(chosen, key=natural_key)]
