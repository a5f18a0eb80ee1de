"""How much of a BLISS scan is there: scans that were stopped, that still run, and files that are being copied."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import h5py

from darfix_core.engine.execution import warn
from darfix_core.io.bliss_scans import Detector, Scan
from darfix_core.io.bliss_values import has_end, interruption
from darfix_core.io.hdf5_complete import complete_frames, located_frames
from darfix_core.io.hdf5_partial import incomplete, is_cut_off, is_partial
from darfix_core.io.hdf5_pieces import announced_pieces, missing_frames, pieces


@dataclass(frozen=True)
class Recording:
    """The frames of a scan that are there.

    Parameters
    ----------
    n_frames : int
        Complete frames, from the first on.
    announced : int
        Frames that there should be.
    reason : str
        Why there may be fewer; empty for a scan that is whole.
    growing : bool
        More may come: another program has the file open for writing, or it is being copied.
    ended : bool
        The scan itself has ended; what is announced is what was recorded.
    stored : (str, str) or None
        File and path where the frames are to be read, where that is not where the scan has them.
    """

    n_frames: int
    announced: int
    reason: str = ""
    growing: bool = False
    ended: bool = True
    stored: tuple[str, str] | None = None

    @property
    def unfinished(self) -> bool:
        """True where not all that is announced need be there."""
        return self.growing or not self.ended


def recording(scan: Scan, stack: Detector, parameters: Mapping[str, Any]) -> Recording:
    """Find out which frames of a scan are there.

    Parameters
    ----------
    scan : Scan
    stack : Detector
    parameters : mapping
        Of the scan; they may tell the number of frames.

    Returns
    -------
    Recording

    Raises
    ------
    DataFileError
        If the scan has ended, and a file that holds some of its frames is missing.
    """
    growing = _why_growing(scan, stack.dataset)
    stopped = interruption(scan.entry)
    ended = has_end(scan.entry) or not stopped
    if not growing and ended:
        return Recording(_recorded_frames(stack.dataset, stopped), stack.shape[0], stopped)
    n_frames, stored = located_frames(stack.dataset)
    told = parameters.get("npoints")
    announced = max(stack.shape[0], told if isinstance(told, int) else 0)
    return Recording(n_frames, announced, growing or stopped, bool(growing), ended, stored)


def _why_growing(scan: Scan, dataset: h5py.Dataset) -> str:
    """Why more frames may come; empty where that is not known."""
    for item in (scan.entry, dataset):
        if is_partial(item) or (not item.file.swmr_mode and _is_cut_off(item.file.filename)):
            return incomplete(item.file.filename)
    stored = [piece.file for piece in announced_pieces(dataset) if piece.path and "%b" not in piece.file]
    # There may be thousands of files; others that are cut off are met when they are read.
    for file in dict.fromkeys(stored[:1] + stored[-1:]):
        if _is_cut_off(file):
            return incomplete(file)
    if dataset.external and complete_frames(dataset) < len(dataset):
        return "the external files of raw data are incomplete"
    open_elsewhere = scan.entry.file.swmr_mode or dataset.file.swmr_mode
    return "the scan is still being written" if open_elsewhere and not has_end(scan.entry) else ""


def _is_cut_off(file: str) -> bool:
    try:
        return is_cut_off(file)
    except OSError:
        # A file that is missing is told of where its frames are needed.
        return False


def _recorded_frames(dataset: h5py.Dataset, reason: str) -> int:
    """Frames that were recorded: an interrupted scan may announce more than its files hold."""
    n_frames = int(dataset.shape[0])
    stored = pieces(dataset) if reason and dataset.is_virtual else []
    lacking = missing_frames(stored, range(n_frames)) if stored else None
    return n_frames if lacking is None or lacking.start == 0 else lacking.start


def tell(found: Recording, n_frames: int) -> None:
    """Warn of a scan that is not all there.

    Parameters
    ----------
    found : Recording
    n_frames : int
        Frames that are used: those that have positions, too.
    """
    if found.growing:
        words = f"{n_frames} of {found.announced}" if n_frames < found.announced else f"all {n_frames}"
        more = "" if n_frames < found.announced or found.ended else " so far"
        warn(f"{found.reason}{';' if ':' in found.reason else ':'} {words} frames are complete{more}")
    elif n_frames < found.announced:
        warn(f"the scan is not whole ({found.reason}): its files hold {n_frames} of {found.announced} frames")
