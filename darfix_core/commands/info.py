"""``darfix-core info``: what a data file holds."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from darfix_core.commands.info_lines import bytes_text, rounded
from darfix_core.commands.info_shift import info_shift
from darfix_core.commands.info_written import (
    info_maps,
    plain_history,
    refuse_options,
    shape_text,
    show_dimensions,
    show_history,
)
from darfix_core.commands.terminal import say, say_table
from darfix_core.engine.execution import collect_warnings
from darfix_core.errors import DarfixError, DataFileError
from darfix_core.io.inspect import inspect_file
from darfix_core.io.load import files_of, open_scan
from darfix_core.io.nexus import written_kind
from darfix_core.io.report import DetectorReport, FileReport, MotorReport, ScanReport, motor_report
from darfix_core.io.scan_names import may_name_several
from darfix_core.io.shift_file import is_shift_file
from darfix_core.model.dataset import Dataset
from darfix_core.steps.scan_grid import ScanGrid, find_dimensions

_MAX_MOTORS = 12


def info(paths: Sequence[str], *, scan: str | None, as_json: bool, positions: str | None = None) -> int:
    """Show the scans of a file and the dimensions that would be chosen. No frame is read.

    Of what darfix-core has written it also shows how that was made: see `darfix_core.commands.info_written`.
    Where several scans are asked for, by `scan` or by several HDF5 files, what they give when joined comes last.

    Parameters
    ----------
    paths : sequence of str
        HDF5 files; EDF, TIFF or npy files; or a shift that was saved.
    scan : str or None
        Only this scan, or these.
    as_json : bool
        Write JSON instead of text.
    positions : str, optional
        Table of the positions of the motors, as `load` takes it; the motors of the report are then those that the
        scan has with it.

    Returns
    -------
    int
        Exit status.

    Raises
    ------
    DarfixError
        If the file cannot be read, or no scan in it that was asked for can be opened. In the second case what is
        known about them has been shown.
    """
    if len(paths) == 1 and os.path.isfile(paths[0]) and is_shift_file(paths[0]):
        refuse_options(paths[0], "a shift", scan=scan, positions=positions)
        info_shift(paths[0], as_json=as_json)
        return 0
    path: str | tuple[str, ...] = paths[0] if len(paths) == 1 else tuple(paths)
    kind, files = files_of(path)
    if len(files) == 1 and kind == "HDF5" and written_kind(files[0]) == "maps":
        refuse_options(files[0], "maps", scan=scan, positions=positions)
        info_maps(files[0], as_json=as_json)
        return 0
    sources = files if kind == "HDF5" else [path]
    looked = [_look_into(source, scan, positions) for source in sources]
    several = len(sources) > 1 or (may_name_several(scan) and len(looked[0][1]) > 1)
    joined = _look_at_joined(path, scan) if several else None
    if as_json:
        plain = [_plain_report(report, looks) for report, looks in looked]
        whole: dict[str, Any] = plain[0] if len(plain) == 1 else {"reports": plain}
        if joined is not None:
            whole["joined"] = {"title": joined.title, "dimensions": _plain_dimensions(joined)}
        say(json.dumps(_without_nan(whole), indent=2, allow_nan=False))
    else:
        for report, looks in looked:
            _show_file(report)
            for scan_report, look in zip(report.scans, looks, strict=True):
                say()
                _show_scan(scan_report, look)
                if look.saved is not None:
                    show_history(look.saved.history, report.files[0])
            if report is not looked[-1][0] or joined is not None:
                say()
        if joined is not None:
            _show_joined(joined)
    for report, looks in looked:
        _refuse_if_nothing_opens(report, looks)
    return 0


def _look_into(
    path: str | tuple[str, ...], scan: str | None, positions: str | None
) -> tuple[FileReport, Sequence[_Look]]:
    """Report of a file, and what comes of opening its scans."""
    report = inspect_file(path, scan=scan)
    looks = [_look(path, entry, positions) for entry in report.scans]
    if positions is not None:
        motors = [look.motors or entry.motors for entry, look in zip(report.scans, looks, strict=True)]
        scans = (replace(entry, motors=found) for entry, found in zip(report.scans, motors, strict=True))
        report = replace(report, scans=tuple(scans))
    return report, looks


def _plain_report(report: FileReport, looks: Sequence[_Look]) -> dict[str, Any]:
    plain = report.to_dict()
    for entry, look in zip(plain["scans"], looks, strict=True):
        entry["dimensions"] = _plain_dimensions(look)
        if look.saved is not None:
            entry["stored_dimensions"] = [dimension.to_dict() for dimension in look.saved.dimensions]
            entry |= plain_history(look.saved.history)
    return plain


@dataclass(frozen=True, eq=False)
class _Look:
    """What comes of opening a scan.

    Parameters
    ----------
    opens : bool
    grid : ScanGrid or None
        The grid that `define_dimensions` would find.
    problem : str
        Why the scan does not open, or has no grid.
    motors : tuple of MotorReport
        Those of the opened scan; the ones that moved first.
    title : str
        That of the opened scan.
    saved : Dataset or None
        The dataset, where it is one that was saved.
    """

    opens: bool
    grid: ScanGrid | None = None
    problem: str = ""
    motors: tuple[MotorReport, ...] = ()
    title: str = ""
    saved: Dataset | None = None


def _look(path: str | tuple[str, ...], report: ScanReport, positions: str | None) -> _Look:
    if report.problems and not report.detectors:
        return _Look(False, problem=report.problems[0])
    # With a name for each stack none is ambiguous; the first one that opens tells the positions.
    names = [detector.path for detector in report.detectors] if len(report.detectors) > 1 else [None]
    problems = []
    for name in names:
        try:
            with collect_warnings():  # the report has them
                dataset = open_scan(path, scan=report.name or None, detector=name, positions=positions)
        except (DarfixError, ValueError, OSError) as error:
            problems.append(str(error))
        else:
            return _look_at(dataset, stands_still=bool(report.motors))
    return _Look(False, problem=problems[0])


def _look_at(dataset: Dataset, *, stands_still: bool = False) -> _Look:
    motors = [motor_report(name, values, dataset.unit(name)) for name, values in dataset.positions.items()]
    moved_first = tuple(sorted(motors, key=lambda motor: motor.n_positions == 1))
    look = _Look(True, motors=moved_first, title=dataset.title)
    if dataset.history.nodes[str(dataset.history.head)].stored:
        look = replace(look, saved=dataset)
    if not motors:
        why = "No motor moved" if stands_still else "The scan has no motor positions"
        return replace(look, problem=f"{why}; a table can give positions: --positions FILE.")
    try:
        parameters = dataset.metadata.get("scan_parameters")
        return replace(look, grid=find_dimensions(dataset.positions, dataset.units, dataset.title, parameters))
    except (DarfixError, ValueError) as error:
        return replace(look, problem=str(error))


def _look_at_joined(path: str | tuple[str, ...], scan: str | None) -> _Look:
    """What comes of joining the scans."""
    try:
        with collect_warnings():  # those of each scan have been shown
            return _look_at(open_scan(path, scan=scan))
    except (DarfixError, ValueError, OSError) as error:
        return _Look(False, problem=str(error))


def _refuse_if_nothing_opens(report: FileReport, looks: Sequence[_Look]) -> None:
    if not looks:
        raise DataFileError("there is no scan in this file", file=report.files[0])
    if any(look.opens for look in looks):
        return
    if len(looks) == 1:
        raise DarfixError(looks[0].problem)
    raise DarfixError(f"none of the {len(looks)} scans can be opened; scan {report.scans[0].name}: {looks[0].problem}")


def _plain_dimensions(look: _Look) -> dict[str, Any]:
    grid = look.grid
    if grid is None:
        return {"found": None, "problem": look.problem}
    return {
        "found": [dimension.to_dict() for dimension in grid.dimensions],
        "shape": list(grid.shape),
        "n_missing": grid.n_missing,
        "n_duplicated": grid.n_duplicated,
        "warnings": list(grid.warnings),
        "fits": [
            {
                "motor": fit.name,
                "unit": fit.unit,
                "step": fit.step,
                "max_residual": fit.max_residual,
                "rms_residual": fit.rms_residual,
            }
            for fit in grid.fits
        ],
    }


def _without_nan(value: Any) -> Any:
    """JSON knows no NaN: null instead."""
    if isinstance(value, dict):
        return {key: _without_nan(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [_without_nan(entry) for entry in value]
    return None if isinstance(value, float) and value != value else value


def _show_file(report: FileReport) -> None:
    first = report.files[0]
    more = f" and {len(report.files) - 1} more" if len(report.files) > 1 else ""
    scans = "1 scan" if len(report.scans) == 1 else f"{len(report.scans)} scans"
    say(f"{first}{more}: {report.kind}, {bytes_text(report.size)}, {scans}")


def _show_scan(report: ScanReport, look: _Look) -> None:
    heading = f"Scan {report.name}" if report.name else "Stack"
    complete = "" if report.n_complete is None else f"{report.n_complete} complete of "
    facts = [report.title or "no title", f"{complete}{report.n_frames} frames", report.start_time]
    say(f"{heading}: " + ", ".join(fact for fact in facts if fact))
    if report.detectors:
        rows = [_detector_row(detector) for detector in report.detectors]
        say_table(["detector", ">frames", ">rows", ">columns", "type", "compression", "chunks", "path"], rows, indent=2)
        others = dict.fromkeys(file for detector in report.detectors for file in detector.files)
        for file in others:
            say(f"    frames lie in {file}")
        say()
    _show_motors(report)
    if look.saved is not None and look.saved.dimensions:
        show_dimensions(look.saved.dimensions)
    elif look.grid is not None:
        _show_grid(look.grid)
    elif look.opens:
        say(f"  dimensions: not found. {look.problem}")
    else:
        say(f"  cannot be opened: {look.problem}")
    for text in report.problems:
        if text != look.problem:
            say(f"  problem: {text}")


def _show_joined(look: _Look) -> None:
    if not look.opens:
        say(f"Joined: not possible. {look.problem}")
        return
    say(f"Joined: {look.title}")
    if look.grid is None:
        say(f"  dimensions: not found. {look.problem}")
    else:
        _show_grid(look.grid)


def _detector_row(report: DetectorReport) -> list[str]:
    chunks = "x".join(map(str, report.chunks)) if report.chunks else "-"
    name = report.name or "-"
    return [name, *map(str, report.shape), report.dtype, report.compression or "-", chunks, report.path or "-"]


def _show_motors(report: ScanReport) -> None:
    moving = [motor for motor in report.motors if motor.n_positions > 1]
    standing = [motor for motor in report.motors if motor.n_positions <= 1]
    if moving:
        rows = [_motor_row(motor) for motor in moving]
        say_table(["moving motor", ">positions", ">from", ">to", ">step", ">jitter (rms)", "unit"], rows, indent=2)
        say()
    if standing:
        names = [motor.name for motor in standing]
        more = f" and {len(names) - _MAX_MOTORS} more" if len(names) > _MAX_MOTORS else ""
        say(f"  recorded with each frame, but standing still: {', '.join(names[:_MAX_MOTORS])}{more}")
    if report.detectors and not report.motors:
        say("  no motor positions")


def _motor_row(report: MotorReport) -> list[str]:
    ends = [rounded(value, report.step) for value in (report.low, report.high)]
    return [
        report.name,
        str(report.n_positions),
        *ends,
        f"{report.step:.6g}",
        f"{report.jitter:.2g}",
        report.unit or "-",
    ]


def _show_grid(grid: ScanGrid) -> None:
    say(f"  dimensions that would be chosen: {shape_text(grid.shape)}")
    fits = {fit.name: fit for fit in grid.fits}
    rows = []
    for dimension in grid.dimensions:
        fit, values = fits[dimension.name], dimension.values
        along = f"with {', '.join(dimension.along)}" if dimension.along else ""
        step = f"{dimension.step:.6g}" if fit.regular else "uneven"
        ends = [rounded(float(value), fit.step) for value in (values[0], values[-1])]
        residual = f"{100 * fit.max_fraction:.1f} %"
        rows.append([dimension.name, str(dimension.size), *ends, step, dimension.unit or "-", residual, along])
    columns = ["motor", ">size", ">start", ">stop", ">step", "unit", ">largest deviation (of a step)", ""]
    say_table(columns, rows, indent=4)
    for text in grid.warnings:
        say(f"    note: {text}")
