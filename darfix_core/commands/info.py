"""``darfix-core info``: what a data file holds."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from darfix_core.commands.terminal import complain, say, say_table
from darfix_core.engine.execution import collect_warnings
from darfix_core.errors import DarfixError
from darfix_core.io.inspect import inspect_file
from darfix_core.io.load import open_scan
from darfix_core.io.report import DetectorReport, FileReport, MotorReport, ScanReport
from darfix_core.steps.scan_grid import ScanGrid, find_dimensions

_MAX_MOTORS = 12


def info(paths: Sequence[str], *, scan: str | None, as_json: bool) -> int:
    """Show the scans of a file and the dimensions that would be chosen. No frame is read.

    Parameters
    ----------
    paths : sequence of str
        An HDF5 file, or EDF files.
    scan : str or None
        Only this scan.
    as_json : bool
        Write JSON instead of text.

    Returns
    -------
    int
        Exit status.

    Raises
    ------
    DataFileError
        If the file cannot be read.
    """
    path: str | tuple[str, ...] = paths[0] if len(paths) == 1 else tuple(paths)
    report = inspect_file(path, scan=scan)
    if as_json:
        plain = report.to_dict()
        for entry, scan_report in zip(plain["scans"], report.scans, strict=True):
            entry["dimensions"] = _plain_dimensions(path, scan_report)
        say(json.dumps(_without_nan(plain), indent=2, allow_nan=False))
        return 0
    _show_file(report)
    for scan_report in report.scans:
        say()
        _show_scan(path, scan_report)
    if not report.scans:
        complain("warning", "there is no scan in this file")
    return 0


def _grid(path: str | tuple[str, ...], report: ScanReport) -> tuple[ScanGrid | None, str]:
    """Grid that `define_dimensions` would find, or why it would not."""
    if not report.detectors:
        return None, "there are no frames"
    several = len(report.detectors) > 1
    try:
        with collect_warnings():  # the report has them
            dataset = open_scan(path, scan=report.name or None, detector=report.detectors[0].path if several else None)
        return find_dimensions(
            dataset.positions, dataset.units, dataset.title, dataset.metadata.get("scan_parameters")
        ), ""
    except (DarfixError, ValueError, OSError) as error:
        return None, str(error)


def _plain_dimensions(path: str | tuple[str, ...], report: ScanReport) -> dict[str, Any]:
    grid, problem = _grid(path, report)
    if grid is None:
        return {"found": None, "problem": problem}
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
    say(f"{first}{more}: {report.kind}, {_bytes(report.size)}, {scans}")


def _show_scan(path: str | tuple[str, ...], report: ScanReport) -> None:
    heading = f"Scan {report.name}" if report.name else "Stack"
    facts = [report.title or "no title", f"{report.n_frames} frames", report.start_time]
    say(f"{heading}: " + ", ".join(fact for fact in facts if fact))
    if report.detectors:
        rows = [_detector_row(detector) for detector in report.detectors]
        say_table(["detector", ">frames", ">rows", ">columns", "type", "compression", "chunks", "path"], rows, indent=2)
        others = dict.fromkeys(file for detector in report.detectors for file in detector.files)
        for file in others:
            say(f"    frames lie in {file}")
        say()
    _show_motors(report)
    grid, problem = _grid(path, report)
    if grid is None:
        if report.detectors:
            say(f"  dimensions: not found. {problem}")
    else:
        _show_grid(grid)
    for text in report.problems:
        say(f"  problem: {text}")


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
    numbers = [f"{value:.6g}" for value in (report.low, report.high, report.step)]
    return [report.name, str(report.n_positions), *numbers, f"{report.jitter:.2g}", report.unit or "-"]


def _show_grid(grid: ScanGrid) -> None:
    shape = " x ".join(map(str, grid.shape))
    say(f"  dimensions that would be chosen: {shape}, slow to fast")
    fits = {fit.name: fit for fit in grid.fits}
    rows = []
    for dimension in grid.dimensions:
        fit, values = fits[dimension.name], dimension.values
        along = f"with {', '.join(dimension.along)}" if dimension.along else ""
        step = f"{dimension.step:.6g}" if fit.regular else "uneven"
        ends = [f"{values[0]:.6g}", f"{values[-1]:.6g}"]
        residual = f"{100 * fit.max_fraction:.1f} %"
        rows.append([dimension.name, str(dimension.size), *ends, step, dimension.unit or "-", residual, along])
    columns = ["motor", ">size", ">start", ">stop", ">step", "unit", ">largest deviation (of a step)", ""]
    say_table(columns, rows, indent=4)
    for text in grid.warnings:
        say(f"    note: {text}")


def _bytes(size: int) -> str:
    number = float(size)
    for unit in ("bytes", "kB", "MB", "GB"):
        if number < 1000:
            return f"{number:.4g} {unit}"
        number /= 1000
    return f"{number:.4g} TB"
