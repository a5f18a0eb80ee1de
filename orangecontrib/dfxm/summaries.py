"""What the canvas shows in its few words: of the data on a wire, and of an error; the details come on a click."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
from orangewidget.utils.signals import PartialSummary, summarize

from darfix_core.errors import DataFileError
from darfix_core.figures.style import map_label
from darfix_core.model.dataset import Dataset
from darfix_core.model.dimension import Dimension
from darfix_core.model.maps import Maps
from darfix_core.model.mask import Mask
from darfix_core.model.scan_quality import ScanQuality
from darfix_core.model.shift import Shift

_LONGEST_LINE = 110  # characters of a message
_LONGEST_NAME = 28  # characters of a file that is named in a message


def error_text(error: BaseException) -> str:
    """Text of an error. Its first line is what the bar of the window has room for; the rest shows on a click.

    The folders of a file would fill the bar and push out what is wrong with it: they come last.
    """
    text = str(error) or type(error).__name__
    if not isinstance(error, DataFileError) or error.file is None or Path(error.file).name == error.file:
        return text
    name = Path(error.file).name
    short = name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 15]}…{name[-14:]}"
    return f"{short}: {error.message}\n{text[: len(text) - len(error.message)].removesuffix(': ')}"


def wrapped_text(text: str) -> tuple[str, str]:
    """First line of a message, and what follows. Orange shows every line in one piece, wider than the screen."""
    lines = [line for entry in text.split("\n") for line in textwrap.wrap(entry, _LONGEST_LINE) or [""]]
    return lines[0], "\n".join(lines[1:])


def describe_dimension(dimension: Dimension) -> str:
    """One line: the motor, how many positions, from where to where."""
    first, last = dimension.values[0], dimension.values[-1]
    along = f" with {', '.join(dimension.along)}" if dimension.along else ""
    return f"{dimension.name}{along}: {dimension.size} positions, {first:.6g} to {last:.6g} {dimension.unit}".rstrip()


def dataset_items(dataset: Dataset) -> dict[str, str]:
    """Facts about a dataset, for summaries and reports."""
    ny, nx = dataset.frame_shape
    items = {
        "Title": dataset.title or "unknown",
        "Frames": f"{dataset.n_frames} of {ny} x {nx} px, {dataset.frames.dtype}",
        "Dimensions": "; ".join(map(describe_dimension, dataset.dimensions)) or "not defined",
    }
    if dataset.missing.size:
        items["Missing points"] = str(dataset.missing.size)
    if dataset.dark is not None:
        items["Dark frames"] = str(dataset.dark.shape[0])
    return items


def maps_items(maps: Maps) -> dict[str, str]:
    """Facts about maps, for summaries and reports."""
    ny, nx = maps.shape
    return {"Size": f"{ny} x {nx} px", "Maps": "; ".join(map_label(maps, name) for name in maps)}


def shift_items(shift: Shift) -> dict[str, str]:
    """Facts about a shift, for summaries and reports."""
    items = {"Frames": str(shift.n_frames), "Trusted": f"{np.count_nonzero(shift.trusted)} of {shift.n_frames}"}
    if shift.velocity is not None:
        (dy, dx), motor = shift.velocity, shift.motor
        per = f"{shift.units.get(motor, '')} of {motor}".strip() if motor else "frame"
        items["Velocity"] = f"{dy:.4g} px in y, {dx:.4g} px in x per {per}"
    return items | ({"Verdict": shift.reason} if shift.reason else {})


def mask_items(mask: Mask) -> dict[str, str]:
    """Facts about a mask, for summaries and reports."""
    ny, nx = mask.shape
    n_masked = np.count_nonzero(mask.values)
    return {"Size": f"{ny} x {nx} px", "Masked": f"{n_masked} px, {n_masked / mask.values.size:.2%}"}


def quality_items(quality: ScanQuality) -> dict[str, str]:
    """Verdicts on a scan, for summaries and reports."""
    return {row.check: f"{row.verdict}: {row.finding}" for row in quality.rows}


_ITEMS: dict[type, Callable[[Any], dict[str, str]]] = {
    Dataset: dataset_items,
    Maps: maps_items,
    Shift: shift_items,
    Mask: mask_items,
    ScanQuality: quality_items,
}


def facts(value: Any) -> dict[str, str]:
    """Facts about whatever travels along a wire; empty for nothing."""
    return _ITEMS[type(value)](value) if type(value) in _ITEMS else {}


def _details(items: dict[str, str]) -> str:
    return "<br/>".join(f"{escape(name)}: {escape(text)}" for name, text in items.items())


@summarize.register
def summarize_nothing(nothing: None) -> PartialSummary:
    """Nothing, as Orange means it; where other add-ons describe every object, it would be the name of its type."""
    return PartialSummary()


@summarize.register
def summarize_dataset(dataset: Dataset) -> PartialSummary:
    """Shape of the scan, with its dimensions in the details."""
    shape = " x ".join(map(str, dataset.shape))
    return PartialSummary(shape, _details(dataset_items(dataset)))


@summarize.register
def summarize_maps(maps: Maps) -> PartialSummary:
    """Number of maps, with their names in the details."""
    return PartialSummary(f"{len(maps)} maps", _details(maps_items(maps)))


@summarize.register
def summarize_shift(shift: Shift) -> PartialSummary:
    """Largest displacement, with the verdict in the details."""
    largest = np.abs(shift.values[shift.trusted]).max(initial=0.0)
    short = f"up to {largest:.2g} px" if shift.is_trusted else "not trusted"
    return PartialSummary(short, _details(shift_items(shift)))


@summarize.register
def summarize_mask(mask: Mask) -> PartialSummary:
    """Number of masked pixels."""
    return PartialSummary(f"{np.count_nonzero(mask.values)} px", _details(mask_items(mask)))


@summarize.register
def summarize_quality(quality: ScanQuality) -> PartialSummary:
    """Number of checks that are not in order, with all verdicts in the details."""
    wrong = sum(row.verdict in ("doubtful", "bad") for row in quality.rows)
    return PartialSummary(
        f"{wrong} of {len(quality.rows)} doubtful" if wrong else "ok", _details(quality_items(quality))
    )
