"""Scans that BLISS wrote, and simpler NeXus or HDF5 trees, as datasets."""

from __future__ import annotations

import os
from typing import Any

import h5py

from darfix_core.errors import DataFileError
from darfix_core.io.bliss_choice import choose_detector, choose_scan
from darfix_core.io.bliss_positions import read_per_frame
from darfix_core.io.bliss_recording import recording
from darfix_core.io.bliss_scans import Detector, Scan
from darfix_core.io.bliss_values import find, scan_metadata
from darfix_core.io.dataset_file import open_saved_dataset
from darfix_core.io.hdf5_file import naming_damage, read_hdf5
from darfix_core.io.hdf5_source import Hdf5Source, load_filters
from darfix_core.io.nexus import written_kind
from darfix_core.model.dataset import Dataset
from darfix_core.model.frame_sources import checked_range
from darfix_core.model.frames import Frames


def open_bliss(
    path: str, *, scan: str | None = None, detector: str | None = None, frames: tuple[int, int] | None = None
) -> Dataset:
    """Scan of an HDF5 file. No frame is read before it is needed.

    Parameters
    ----------
    path : str
        The file. It is opened for reading only and without a lock.
    scan : str, optional
        Name of the scan: ``"1.1"``, or ``"1"`` for short. None: the only one that holds frames.
    detector : str, optional
        Name of the detector, or path of its stack inside the scan. None: the only one.
    frames : (int, int), optional
        First frame to use, and the one behind the last. None: all.

    Returns
    -------
    Dataset
        Without dimensions; what `darfix_core.save_dataset` has written comes as it was. The metadata hold, as far as
        the file has them: title, start_time, sample, instrument, detector, detector_pixel_size (um, along y and x),
        exposure_time (s), motors (those that stood still: name -> position), scan_parameters, end_reason, scan, file.
        Of a scan that is still recorded, or a file that is being copied, it holds what is complete, with a warning.

    Raises
    ------
    DataFileError
        If the file cannot be read, the scan or detector is not there or not clear, a file that it refers to
        is missing, or the positions do not fit the frames.
    ValueError
        If `frames` does not lie in the scan.
    """
    path = os.path.abspath(path)
    written = written_kind(path)
    if written == "dataset":
        return open_saved_dataset(path, scan=scan, detector=detector, frames=frames)
    if written == "maps":
        raise DataFileError(
            "holds maps, no frames; load_maps in Python reads them, darfix-core rerun makes them again", file=path
        )
    with read_hdf5(path) as file:
        load_filters()
        chosen = choose_scan(file, scan)
        with naming_damage(path, chosen.path()):
            stack = choose_detector(chosen, detector)
            metadata = _metadata(chosen, stack)
            title, parameters = metadata.get("title", ""), metadata.get("scan_parameters", {})
            found = recording(chosen, stack, parameters)
            per_frame = read_per_frame(chosen, found, title, parameters)
            stored = (path, chosen.path(stack.path)) if found.stored is None else found.stored
    metadata["motors"] = dict(per_frame.constants)
    first, stop = (0, per_frame.n_frames) if frames is None else checked_range(frames, per_frame.n_frames)
    return Dataset(
        Frames(Hdf5Source(*stored, (first, stop))),
        positions={name: values[first:stop] for name, values in per_frame.positions.items()},
        units=per_frame.units,
        counters={name: values[first:stop] for name, values in per_frame.counters.items()},
        metadata=metadata,
    )


def _metadata(scan: Scan, stack: Detector) -> dict[str, Any]:
    group = find(scan.entry, f"instrument/{stack.name}")
    known = scan_metadata(scan.entry, group if isinstance(group, h5py.Group) else None)
    return known | {"detector": stack.name, "scan": scan.name, "file": scan.file}
