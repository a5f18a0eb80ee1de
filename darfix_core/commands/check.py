"""``darfix-core check``: what may spoil the maps of a scan."""

from __future__ import annotations

import json
import os
import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from darfix_core.commands.signals import cancel_on_interrupt
from darfix_core.commands.terminal import RunLines, complain, say, say_table
from darfix_core.engine.execution import execution
from darfix_core.engine.registry import get_step
from darfix_core.errors import DarfixError, DataFileError, DimensionError
from darfix_core.io.atomic import check_output, write_whole
from darfix_core.io.load import files_of
from darfix_core.io.mask_file import MASK_SUFFIXES, write_mask
from darfix_core.model.dataset import Dataset
from darfix_core.model.scan_quality import ScanQuality
from darfix_core.workflow.graph import Node

#: Exit status where a check is bad: neither success nor an error of the user or the program.
BAD = 3
_LINE = 100
_PAGES = (".png", ".pdf", ".svg")


def check(
    paths: Sequence[str],
    *,
    scan: str | None = None,
    positions: str | None = None,
    saturation: float | None = None,
    as_json: bool = False,
    output: str | None = None,
    mask: str | None = None,
    overwrite: bool = False,
    threads: int | None = None,
) -> int:
    """Check the scan of each file, and show the verdicts.

    Parameters
    ----------
    paths : sequence of str
        HDF5 files, each a scan of its own; or EDF, TIFF or npy files, which are one.
    scan : str, optional
        Scan of each file; see `darfix_core.load`.
    positions : str, optional
        Table of the positions of the motors; see `darfix_core.load`.
    saturation : float, optional, counts
        See `darfix_core.scan_quality`.
    as_json : bool
        Write JSON instead of a table.
    output : str, optional
        Picture of all measurements (.png, .pdf, .svg), or the verdicts as .json; for one scan only.
    mask : str, optional
        Image file for the pixels that are dead, hot or saturated; see `darfix_core.apply_mask`. For one scan only.
    overwrite : bool
        Replace `output` and `mask` if they exist.
    threads : int, optional
        Number of threads.

    Returns
    -------
    int
        0 where no check is bad, else 3. Doubtful is not bad.

    Raises
    ------
    DarfixError
        If a file cannot be read, or the output not be written as asked.
    """
    kind, files = files_of(paths[0] if len(paths) == 1 else tuple(paths))
    sources: list[str | tuple[str, ...]] = list(files) if kind == "HDF5" else [tuple(files)]
    target = _target(output, (*_PAGES, ".json"), len(sources), overwrite)
    mask_target = _target(mask, MASK_SUFFIXES, len(sources), overwrite)
    parameters = {"scan": scan, "positions": positions}
    found: list[tuple[str, ScanQuality]] = []
    with cancel_on_interrupt() as cancelled, RunLines() as lines:
        for number, source in enumerate(sources, start=1):
            name = source if isinstance(source, str) else ", ".join(paths)
            node = Node("scan_quality", os.path.basename(name), "scan_quality")

            def progress(fraction: float, what: str, node: Node = node) -> None:
                lines.progress(node, fraction, what)

            def warned(message: str, node: Node = node) -> None:
                lines.warned(node, message)

            lines.started(node, number, len(sources))
            with execution(threads=threads, progress=progress, cancelled=cancelled, on_warning=warned):
                dataset = _opened(get_step("load")(path=source, **parameters))
                quality, bad_pixels = get_step("scan_quality")(dataset, saturation=saturation)
            found.append((name, quality))
    _show(found, as_json=as_json)
    if target is not None:
        with execution():
            _write(found[0][1], target, overwrite=overwrite)
    if mask_target is not None:
        write_mask(mask_target, bad_pixels.values, overwrite=overwrite)
    for file in filter(None, (target, mask_target)):
        if not as_json:
            say(f"wrote {file}")
    return BAD if any(quality.worst == "bad" for _, quality in found) else 0


def _opened(dataset: Dataset) -> Dataset:
    """Dataset with its dimensions where they can be found; else what needs them is not checked."""
    if dataset.dimensions:
        return dataset
    try:
        found: Dataset = get_step("define_dimensions")(dataset)
    except DimensionError as error:
        complain("warning", f"the dimensions cannot be found, and what needs them is not checked: {error}")
        return dataset
    return found


def _target(output: str | None, suffixes: Sequence[str], n_scans: int, overwrite: bool) -> Path | None:
    """Path of a file that is written, checked before the work starts."""
    if output is None:
        return None
    path = Path(output)
    if path.suffix.lower() not in suffixes:
        raise DataFileError(f"must end in {', '.join(suffixes[:-1])} or {suffixes[-1]}", file=output)
    if n_scans > 1:
        raise DarfixError(f"{output} takes what was found in one scan, got {n_scans} files: check them one by one")
    return check_output(path, overwrite=overwrite)


def _show(found: Sequence[tuple[str, ScanQuality]], *, as_json: bool) -> None:
    if as_json:
        plain = [{"file": os.path.abspath(name), **quality.to_dict()} for name, quality in found]
        say(json.dumps(plain[0] if len(plain) == 1 else {"scans": plain}, indent=2, allow_nan=False))
        return
    for name, quality in found:
        say(f"{name}: {quality.title}".rstrip(": "))
        say_table(
            ["check", "verdict", "measured", "limit"],
            [[row.check, row.verdict, row.measured or "-", row.limit] for row in quality.rows],
            indent=2,
        )
        for row in quality.rows:
            if row.verdict != "ok":
                helps = f" Step that helps: {row.helps}." if row.helps and row.verdict != "not checked" else ""
                meaning = "" if row.verdict == "not checked" else f" {row.meaning}{helps}"
                text = f"{row.check}, {row.verdict}: {row.finding}.{meaning}"
                say("\n" + textwrap.fill(text, _LINE, initial_indent="  ", subsequent_indent="    "))
        say()


def _write(quality: ScanQuality, target: Path, *, overwrite: bool) -> None:
    def write(part: Path) -> None:
        if part.suffix == ".json":
            text: dict[str, Any] = quality.to_dict()
            part.write_text(json.dumps(text, indent=2, allow_nan=False) + "\n", encoding="utf-8")
            return
        from darfix_core.figures.quality_figure import quality_figure
        from darfix_core.figures.style import DPI

        quality_figure(quality).savefig(part, dpi=DPI)

    write_whole({target: write}, overwrite=overwrite)
