"""Several scans as one dataset: frames one after the other, and a position that tells the scans apart."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

from darfix_core.engine.execution import collect_warnings, current_execution, warn
from darfix_core.errors import DataFileError
from darfix_core.io.join_checks import check_alike, check_pixels
from darfix_core.io.joined_dataset import joined_dataset
from darfix_core.io.scan_names import may_name_several, scans_named
from darfix_core.model.dataset import Dataset

# What belongs to all frames alike.
_OF_PIXELS = ("mask", "dark", "noise", "pixel_size", "origin", "orientation")


def open_joined(
    files: Sequence[str],
    *,
    scan: str | None = None,
    detector: str | None = None,
    frames: tuple[int, int] | None = None,
    without: Mapping[str, Sequence[str]] | None = None,
) -> Dataset:
    """Scans of one or several HDF5 files as one dataset. No frame is read before it is needed.

    Parameters
    ----------
    files : sequence of str
        In this order.
    scan : str, optional
        Scans of each file, see `darfix_core.io.scan_names.scans_named`; None: the only one that holds frames.
    detector : str, optional
        See `darfix_core.io.bliss.open_bliss`.
    frames : (int, int), optional
        First frame of each scan to use, and the one behind the last, counted within each scan. None: all.
    without : mapping, optional
        Absolute path of a file -> scans that a range and ``"all"`` leave out.

    Returns
    -------
    Dataset
        See `join_scans`; the scan itself where there is only one.

    Raises
    ------
    DataFileError
        If a scan cannot be opened, or the scans do not fit together.
    ValueError
        If `frames` does not lie in a scan; the message names it.
    Cancelled
        If the computation was cancelled.
    """
    from darfix_core.io.bliss import open_bliss

    wanted = [(file, name) for file in files for name in _names(file, scan, detector, without or {})]
    labels = part_labels(wanted)
    run = current_execution()
    parts: dict[str, Dataset] = {}
    for number, ((file, name), label) in enumerate(zip(wanted, labels, strict=True)):
        run.check_cancelled()
        run.report(number / len(wanted), "scans")
        with collect_warnings() as messages:
            try:
                parts[label] = open_bliss(file, scan=name, detector=detector, frames=frames)
            except ValueError as error:
                raise ValueError(f"{label}: {error}") from None
        for message in messages:
            warn(f"{label}: {message}" if len(wanted) > 1 else message)
        if len(wanted) > 1 and parts[label].dimensions:
            raise DataFileError(
                "this saved dataset has scan dimensions, which are not those of several scans together; save it "
                "before they are defined, or join the scans that it was made from",
                file=file,
            )
    return join_scans(parts) if len(parts) > 1 else next(iter(parts.values()))


def _names(
    file: str, scan: str | None, detector: str | None, without: Mapping[str, Sequence[str]]
) -> Sequence[str | None]:
    if scan is None or not may_name_several(scan):
        return [scan]
    return scans_named(file, scan, detector=detector, without=without.get(os.path.abspath(file), ()))


def part_labels(parts: Sequence[tuple[str, str | None]]) -> list[str]:
    """Shortest words that tell scans of files apart: ``"2.1"``, ``"layer_2.h5"``, ``"layer_2.h5::2.1"``.

    Parameters
    ----------
    parts : sequence of (str, str or None)
        File, and name of the scan.

    Returns
    -------
    list of str

    Raises
    ------
    DataFileError
        If a scan of a file is there twice.
    """
    files = [os.path.abspath(file) for file, _ in parts]
    scans = [scan for _, scan in parts]
    # A link such as latest.h5 is not another file.
    known: set[tuple[str, str | None]] = set()
    for file, scan in parts:
        place = os.path.realpath(file), scan
        if place in known:
            raise DataFileError("the scan is given twice", file=file, path=scan)
        known.add(place)
    several_files, several_scans = len(set(files)) > 1, len(set(files)) < len(files) or len(set(scans)) > 1
    if not several_files:
        return [scan or os.path.basename(file) for file, scan in zip(files, scans, strict=True)]
    names = [os.path.basename(file) for file in files]
    if len(set(names)) < len(set(files)):
        names = files
    return [f"{name}::{scan}" if several_scans and scan else name for name, scan in zip(names, scans, strict=True)]


def join_scans(parts: Mapping[str, Dataset]) -> Dataset:
    """Scans of the same kind as one dataset, with a position that tells them apart.

    A motor that stood still in each scan, but elsewhere in the next one, becomes a position of every frame, and
    `define_dimensions` finds the slow dimension in it. Where there is none, the position ``"scan"`` numbers the
    scans from 1. Differences as small as read-back noise do not count.

    Parameters
    ----------
    parts : mapping
        What to call a scan in messages -> the scan, as it was opened: without dimensions and frame operations.

    Returns
    -------
    Dataset
        Its metadata hold what is equal in all parts, the constant motors (where read-backs differ by noise: those of
        the first part), and

        - ``parts``: file and scan of each part, as ``"layer_1.h5::1.1"``;
        - ``frames_of_parts``: their numbers of frames;
        - ``joined_along``: the motors that tell the parts apart, or ``"scan"``;
        - ``scan_parameters_of_parts``: the scan parameters that are equal in all parts, under a name of their own
          since they do not describe the whole.

    Raises
    ------
    ValueError
        If there is no part, or one has dimensions or frame operations.
    DataFileError
        If the parts differ in the shape or type of their frames, in detector, motors or units; or, as saved
        datasets may, in mask, dark frames, noise, or place on the detector.
    """
    if not parts:
        raise ValueError("parts must hold at least one scan, got none")
    datasets = list(parts.values())
    if any(one.dimensions or one.frames.operations for one in datasets):
        raise ValueError("parts must be scans as they were opened, got one with dimensions or frame operations")
    check_alike(parts)
    check_pixels(parts)
    return joined_dataset(parts, **{name: getattr(datasets[0], name) for name in _OF_PIXELS})
