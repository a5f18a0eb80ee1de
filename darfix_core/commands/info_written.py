"""What ``darfix-core info`` shows of files that darfix-core has written: maps, and how a result was made."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from typing import Any

import numpy as np

from darfix_core.commands.info_lines import bytes_text, rounded
from darfix_core.commands.terminal import say, say_table
from darfix_core.errors import DarfixError
from darfix_core.io.maps import load_maps
from darfix_core.model.dimension import Dimension
from darfix_core.model.frame_sources import SourceFile
from darfix_core.model.history import ARRAY, History
from darfix_core.model.maps import Maps
from darfix_core.workflow.replay import change_of
from darfix_core.workflow.rerun import step_names
from darfix_core.workflow.source_files import as_it_is_now


def info_maps(file: str, *, as_json: bool) -> None:
    """Show the maps in a file, the scan that they were made from, and how.

    Parameters
    ----------
    file : str
    as_json : bool
        Write JSON instead of text.

    Raises
    ------
    DataFileError
        If the maps cannot be read.
    """
    path = os.path.abspath(os.path.expanduser(file))
    maps = load_maps(path)
    if as_json:
        say(json.dumps(_plain_maps(path, maps), indent=2, allow_nan=False))
        return
    ny, nx = maps.shape
    say(f"{path}: maps that darfix-core has made, {bytes_text(os.path.getsize(path))}, {ny} x {nx} pixels")
    facts = [str(maps.metadata[name]) for name in ("sample", "title") if maps.metadata.get(name)]
    if facts:
        say(", ".join(facts))
    say()
    rows = [
        [name, entry.unit or "-", _covered(entry.values), entry.description] for name, entry in maps.entries.items()
    ]
    say_table(["map", "unit", ">pixels with a value", "what it shows"], rows, indent=2)
    say()
    show_dimensions(maps.dimensions)
    show_history(maps.history, file)


def _covered(values: Any) -> str:
    finite = np.isfinite(values)
    return f"{100 * float((finite if finite.ndim == 2 else finite.all(axis=2)).mean()):.3g} %"


def show_dimensions(dimensions: Sequence[Dimension]) -> None:
    """Write the dimensions that a result has."""
    if not dimensions:
        say("  dimensions: none are defined")
        return
    say(f"  dimensions: {shape_text([dimension.size for dimension in dimensions])}")
    rows = [
        [
            dimension.name,
            str(dimension.size),
            *(rounded(float(dimension.values[end]), dimension.step) for end in (0, -1)),
            f"{dimension.step:.6g}" if dimension.size > 1 else "-",
            dimension.unit or "-",
        ]
        for dimension in dimensions
    ]
    say_table(["motor", ">size", ">start", ">stop", ">step", "unit"], rows, indent=4)


def shape_text(shape: Sequence[int]) -> str:
    """Shape of a scan grid: the order matters where there are several motors."""
    return " x ".join(map(str, shape)) + (", slow to fast" if len(shape) > 1 else "")


def show_history(history: History, file: str) -> None:
    """Write the steps that made a result, the files that they read, and how to make it again."""
    if not history.made_by_steps:
        say("  nothing is known about how it was made")
        return
    names = step_names(history)
    say()
    say("  made by these steps, which darfix-core rerun repeats:")
    for number, (key, node) in enumerate(history.in_order(), start=1):
        given = ", ".join(f"{name} = {value!r}" for name, value in node.parameters.items() if value is not None)
        say(f"  {number:3d}  {names[key]}: {given or 'no parameters'}")
        for message in node.warnings:
            say(f"       warning: {message}")
    if any(node.sources for node in history.nodes.values()):
        say("  from these files:")
    for key, node in history.in_order():
        for source in node.sources:
            say(f"       {names[key]}: {source.path}: {_state(source)}")
    say()
    say(f"  on other data: darfix-core rerun {file} --input OTHER_FILE")


def _state(source: SourceFile) -> str:
    now = as_it_is_now(source)
    if now is None:
        return "is missing"
    return "has changed since" if change_of(source, now) else "the same as then"


def plain_history(history: History) -> dict[str, Any]:
    """Steps and files of a result, fit for JSON."""
    names = step_names(history)
    order = [(key, node) for key, node in history.in_order() if node.step != ARRAY]
    return {
        "steps": [
            {
                "name": names[key],
                "step": node.step,
                "version": node.version,
                "parameters": node.to_dict()["parameters"],
                "inputs": {name: names[source] for name, source in node.inputs.items()},
                "warnings": list(node.warnings),
            }
            for key, node in order
        ],
        "sources": [
            {"step": names[key], "file": source.path, "size": source.size, "state": _state(source)}
            for key, node in order
            for source in node.sources
        ],
    }


def _plain_maps(path: str, maps: Maps) -> dict[str, Any]:
    entries = [
        {"name": name, "unit": entry.unit, "description": entry.description, "shape": list(entry.values.shape)}
        for name, entry in maps.entries.items()
    ]
    return {
        "files": [path],
        "kind": "maps of darfix-core",
        "size": os.path.getsize(path),
        "maps": entries,
        "dimensions": [dimension.to_dict() for dimension in maps.dimensions],
        **plain_history(maps.history),
    }


def refuse_options(file: str, what: str, **options: str | None) -> None:
    """Refuse options that mean nothing for what a file holds.

    Raises
    ------
    DarfixError
        If one is given.
    """
    for name, value in options.items():
        if value is not None:
            raise DarfixError(f"{file} holds {what}: leave out --{name}, which is for scans")
