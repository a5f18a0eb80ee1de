"""Save maps."""

from __future__ import annotations

import os

import numpy as np

from darfix_core.engine.execution import warn
from darfix_core.engine.registry import step
from darfix_core.errors import DataFileError
from darfix_core.figures.files import figure_writers, files_to_write
from darfix_core.io.atomic import write_whole
from darfix_core.io.maps import cleaned, maps_writer
from darfix_core.model.maps import Maps


@step(
    "save_maps",
    version=1,
    title="Save Maps",
    widget="orangecontrib.dfxm.widgets.owsavemaps.OWSaveMaps",
    output_path="path",
)
def save_maps(maps: Maps, *, path: str, overwrite: bool = False, figures: bool = True) -> None:
    """Write maps to a NeXus file, and pictures of them beside it: all files or none.

    Beside ``maps.h5`` stand ``maps_overview.png``, all maps side by side, and ``maps_mosaicity.png``, the
    orientation with its colour key, for maps of two motors. The file holds the maps with axes and units and how
    they were made; ``silx view`` and other NeXus programs open it on the mosaicity or the centre of mass. The names
    of both pictures belong to the maps, whether they are written or not: one that an earlier run left would show
    other maps.

    Parameters
    ----------
    maps : Maps
        What to write.
    path : str
        The file; it ends in .h5, .hdf5 or .nxs. Its folder is made if it is missing.
    overwrite : bool
        Replace files that exist; pictures that are not written anew are removed.
    figures : bool
        Write the pictures too.

    Raises
    ------
    ValueError
        If `path` has another ending.
    OutputExistsError
        If the file or one of the two pictures exists and `overwrite` is False.
    DataFileError
        If a file cannot be written, or is one that the maps were made from.
    """
    target, *pictures = files_to_write(path)
    empty = [name for name, entry in maps.entries.items() if not np.isfinite(entry.values).any()]
    if empty:
        warn(f"no pixel has a value in {', '.join(empty)}")
    writers = {target: maps_writer(maps)}
    if figures:
        writers |= figure_writers(cleaned(maps), target.with_suffix(""))
    if os.path.realpath(target) in map(os.path.realpath, maps.history.files):
        raise DataFileError("the maps were made from this file; choose another name", file=str(target))
    outdated = [picture for picture in pictures if picture not in writers]
    write_whole(writers, overwrite=overwrite, outdated=outdated)
