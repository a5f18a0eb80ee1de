"""What is in a data file, without reading a frame."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace

import h5py

from darfix_core.engine.execution import collect_warnings
from darfix_core.errors import DataFileError
from darfix_core.io.bliss_choice import choose_scan
from darfix_core.io.bliss_positions import read_per_frame
from darfix_core.io.bliss_recording import recording
from darfix_core.io.bliss_scans import Detector, Scan, find_detectors, find_scans
from darfix_core.io.bliss_values import scan_parameters, text
from darfix_core.io.hdf5_compression import compression
from darfix_core.io.hdf5_file import get_item, naming_damage, read_hdf5, resolve
from darfix_core.io.hdf5_partial import IncompleteFileError
from darfix_core.io.hdf5_pieces import pieces
from darfix_core.io.hdf5_source import load_filters
from darfix_core.io.load import files_of
from darfix_core.io.report import DetectorReport, FileReport, MotorReport, ScanReport, motor_report
from darfix_core.io.scan_names import may_name_several, scans_named


def inspect_file(path: str | Sequence[str], *, scan: str | None = None) -> FileReport:
    """Report of an HDF5 file or a series of EDF, TIFF or npy files.

    Parameters
    ----------
    path : str or sequence of str
        As `darfix_core.load` takes it.
    scan : str, optional
        The only scan to report of an HDF5 file, or several, see `darfix_core.io.scan_names.scans_named`; None: all.

    Returns
    -------
    FileReport
        Scans that cannot be read are in it, with their problems. Of several HDF5 files the scans of the first.

    Raises
    ------
    DataFileError
        If the file itself cannot be read, or has no such scan.
    """
    kind, files = files_of(path)
    if kind == "EDF":
        from darfix_core.io.edf import inspect_edf

        return inspect_edf(files)
    if kind == "TIFF":
        from darfix_core.io.tiff import inspect_tiff

        return inspect_tiff(files)
    if kind == "npy":
        from darfix_core.io.npy import inspect_npy

        return inspect_npy(files)
    report = inspect_bliss(files[0], scan=scan)
    others = [os.path.abspath(file) for file in files[1:]]
    size = report.size + sum(os.path.getsize(file) for file in others if os.path.exists(file))
    return replace(report, files=(*report.files, *others), size=size)


def inspect_bliss(path: str, *, scan: str | None = None) -> FileReport:
    """Report of an HDF5 file; see `inspect_file`."""
    path = os.path.abspath(path)
    names = scans_named(path, scan) if scan is not None and may_name_several(scan) else [scan]
    with read_hdf5(path) as file:
        load_filters()
        if scan is None:
            scans, broken = find_scans(file)
        else:
            scans, broken = [choose_scan(file, name) for name in names], []
        reports: list[ScanReport] = []
        for entry in scans:
            try:
                with naming_damage(path, entry.path()):
                    report = _scan_report(entry)
                    reports += [report] if _is_scan(entry, report) else []
            except DataFileError as error:
                reports.append(ScanReport(entry.name, "", 0, problems=(str(error),)))
        reports += [ScanReport(problem.path or "", "", 0, problems=(str(problem),)) for problem in broken]
    return FileReport((path,), "BLISS/NeXus HDF5", os.path.getsize(path), tuple(reports))


def _is_scan(scan: Scan, report: ScanReport) -> bool:
    """False for groups at the top of a file that are something else."""
    return bool(report.detectors or report.problems) or any(
        name in scan.entry for name in ("instrument", "measurement")
    )


def _scan_report(scan: Scan) -> ScanReport:
    found = find_detectors(scan)
    # What is not there yet is told of below, where something is.
    told = IncompleteFileError if found.detectors else ()
    problems = [str(problem) for problem in found.problems.values() if not isinstance(problem, told)]
    detectors: list[DetectorReport] = []
    for detector in found.detectors:
        try:
            detectors.append(_detector_report(scan, detector))
        except DataFileError as error:
            problems.append(str(error))
    motors: list[MotorReport] = []
    there: int | None = None
    announced = max((detector.shape[0] for detector in found.detectors), default=0)
    if found.detectors:
        with collect_warnings() as messages:
            try:
                parameters = scan_parameters(scan.entry)
                held = recording(scan, min(found.detectors, key=lambda detector: detector.rank), parameters)
                if held.unfinished:
                    announced, there = max(announced, held.announced), 0
                per_frame = read_per_frame(scan, held, scan.title, parameters)
                there = per_frame.n_frames if held.unfinished else None
                motors = [motor_report(*item, per_frame.units[item[0]]) for item in per_frame.positions.items()]
            except DataFileError as error:
                problems.append(str(error))
        problems += messages
    return ScanReport(
        scan.name,
        scan.title,
        announced,
        tuple(detectors),
        tuple(sorted(motors, key=lambda motor: motor.n_positions == 1)),
        text(scan.entry, "start_time"),
        tuple(dict.fromkeys(problems)),
        there,
    )


def _detector_report(scan: Scan, detector: Detector) -> DetectorReport:
    dataset, path = detector.dataset, scan.path(detector.path)
    stored = pieces(dataset)
    files = [resolve(scan.root, path)[0], *(piece.file for piece in stored)]
    chunks, filters = dataset.chunks, compression(dataset)
    if stored and stored[0].path and "%b" not in stored[0].file:
        # A virtual dataset has neither; what counts is how its frames are stored.
        with read_hdf5(stored[0].file) as file:
            item = get_item(file, stored[0].path)
            if isinstance(item, h5py.Dataset):
                chunks, filters = item.chunks, compression(item)
    others = tuple(file for file in dict.fromkeys(files) if file != scan.file)
    return DetectorReport(detector.name, path, detector.shape, str(dataset.dtype), filters, chunks, others)
