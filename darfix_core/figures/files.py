"""Pictures of maps as files."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from darfix_core.figures.map_figures import overview_figure, scalar_names
from darfix_core.figures.mosaicity_figure import mosaicity_figure
from darfix_core.figures.style import write_png
from darfix_core.io.atomic import Writer, write_whole
from darfix_core.io.nexus import output_path
from darfix_core.model.maps import Maps

if TYPE_CHECKING:
    from matplotlib.figure import Figure


_NAMES = ("overview", "mosaicity")


def files_to_write(path: str | os.PathLike[str]) -> list[Path]:
    """The files that belong to saved maps, known before there are maps.

    `darfix_core.save_maps` writes them or, where it has nothing to show in a picture, removes what an earlier run
    left there; without `overwrite` none of them may exist.

    Parameters
    ----------
    path : path
        The file of the maps.

    Returns
    -------
    list of Path
        The file of the maps, ``<stem>_overview.png`` and ``<stem>_mosaicity.png``.

    Raises
    ------
    ValueError
        If `path` does not end like a file of maps.
    """
    target = output_path(path).expanduser()
    return [target, *(_picture(target.with_suffix(""), name) for name in _NAMES)]


def _picture(stem: Path, name: str) -> Path:
    return stem.with_name(f"{stem.name}_{name}.png")


def figure_writers(maps: Maps, stem: str | os.PathLike[str]) -> dict[Path, Writer]:
    """The pictures that stand beside saved maps, for `darfix_core.io.atomic.write_whole`.

    Parameters
    ----------
    maps : Maps
    stem : path
        Beginning of the names of the files.

    Returns
    -------
    dict
        ``<stem>_overview.png`` and, with a mosaicity map, ``<stem>_mosaicity.png`` -> function that writes it.
    """
    figures: dict[str, Callable[[Maps], Figure]] = {}
    if scalar_names(maps):
        figures["overview"] = overview_figure
    if "mosaicity" in maps and "mosaicity" in maps.metadata:
        figures["mosaicity"] = mosaicity_figure
    return {_picture(Path(stem), name): partial(_write, draw, maps) for name, draw in figures.items()}


def save_figures(maps: Maps, stem: str | os.PathLike[str], *, overwrite: bool = False) -> list[Path]:
    """Write the pictures of maps: all of them, or none.

    Parameters
    ----------
    maps : Maps
    stem : path
        Beginning of the names: ``maps`` gives ``maps_overview.png`` and ``maps_mosaicity.png``.
    overwrite : bool
        True where existing files may be replaced.

    Returns
    -------
    list of Path
        Absolute paths of the files.

    Raises
    ------
    OutputExistsError
        If a file exists and `overwrite` is False.
    DataFileError
        If a file cannot be written.
    """
    return write_whole(figure_writers(maps, stem), overwrite=overwrite)


def _write(draw: Callable[[Maps], Figure], maps: Maps, path: Path) -> None:
    write_png(draw(maps), path)
