"""Persist: a stack that is computed often, kept in memory or in a scratch file."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from darfix_core.engine.cutting import block_frames
from darfix_core.engine.execution import current_execution
from darfix_core.engine.pixel_maps import compute_frames
from darfix_core.engine.registry import step
from darfix_core.engine.scratch import check_room, scratch_folder, to_scratch
from darfix_core.errors import DataFileError
from darfix_core.model.dataset import Dataset
from darfix_core.model.frame_sources import ArraySource
from darfix_core.model.frames import Frames

# Frames of about this size, and for about this time, are computed to tell how long the whole stack takes.
_SAMPLE_BYTES = 32 * 2**20
_SAMPLE_SECONDS = 0.1


@step("persist", version=1, title="Persist", widget="orangecontrib.dfxm.widgets.owpersist.OWPersist")
def persist(dataset: Dataset, *, to: Literal["memory", "scratch"] = "memory", folder: str | None = None) -> Dataset:
    """Compute the frames once and keep them, so that what follows does not read and compute them again.

    Without this step, every step that needs the counts reads the file and applies the operations before it anew,
    which costs no memory. It is worth keeping the frames where they are needed often, and costly: compressed files
    on a slow disk, long chains of operations, many maps of the same stack. A scratch file holds the curves of the
    pixels in one piece, so that medians and fits of stacks that exceed the memory read it fast.

    Parameters
    ----------
    dataset : Dataset
        Any scan.
    to : {"memory", "scratch"}
        Where the frames are kept: in memory, within the memory budget (``DARFIX_MEMORY``, else a quarter of what is
        free); or in a scratch file on disk, in pixel order, which is removed when nobody uses it any more.
    folder : str or None
        Folder of the scratch file; None: ``DARFIX_SCRATCH``, else the folder of the system for temporary files.

    Returns
    -------
    Dataset
        The same scan. Only the frames are kept; dark frames stay where they are.

    Raises
    ------
    MemoryError
        If the frames exceed the memory budget.
    DataFileError
        If the scratch file does not fit the disk, or cannot be written.
    """
    plan = plan_persist(dataset, to=to, folder=folder)
    plan.check()
    run = current_execution()
    what = f"keeping {plan.describe()}"
    run.report(0.0, what)
    if to == "scratch":
        scratch = to_scratch(dataset.frames, scratch_folder(folder), lambda fraction: run.report(fraction, what))
        return dataset.replace(frames=scratch)
    if dataset.frames.source.in_memory and not dataset.frames.operations:
        return dataset
    array = compute_frames(dataset.frames, what=what)
    return dataset.replace(frames=Frames(ArraySource(array, dataset.frames.source.files)))


@dataclass(frozen=True)
class PersistPlan:
    """What keeping the frames of a dataset costs, known before it is done.

    Parameters
    ----------
    to : str
        ``"memory"`` or ``"scratch"``.
    nbytes : int
        Size of the computed frames.
    room : int, bytes
        The memory budget, or what is free on the disk.
    seconds : float
        Time that it will take, from the time that some of the frames took.
    place : str
        Folder of the scratch file; empty for memory.
    """

    to: str
    nbytes: int
    room: int
    seconds: float
    place: str = ""

    @property
    def fits(self) -> bool:
        """True where there is room enough."""
        return self.nbytes <= self.room

    def check(self) -> None:
        """Refuse what does not fit.

        Raises
        ------
        MemoryError
            If the frames exceed the memory budget.
        DataFileError
            If they exceed the disk.
        """
        if self.to == "scratch":
            check_room(scratch_folder(self.place), self.nbytes)
        elif not self.fits:
            raise MemoryError(
                f"the frames take {size_text(self.nbytes)}, the memory budget is {size_text(self.room)}: "
                "keep them with to='scratch', take a smaller ROI, or set DARFIX_MEMORY"
            )

    def describe(self) -> str:
        """Size, place, room and time, in words."""
        where = f"in {self.place} ({size_text(self.room)} free)" if self.to == "scratch" else "in memory"
        budget = "" if self.to == "scratch" else f" (budget {size_text(self.room)})"
        return f"{size_text(self.nbytes)} {where}{budget}, about {time_text(self.seconds)}"


def plan_persist(dataset: Dataset, *, to: str = "memory", folder: str | None = None) -> PersistPlan:
    """Tell what `persist` would cost, by computing some of the frames.

    Parameters
    ----------
    dataset : Dataset
    to, folder
        As for `persist`.

    Returns
    -------
    PersistPlan

    Raises
    ------
    DataFileError
        If the frames cannot be read, or there is no such folder.
    """
    frames = dataset.frames
    seconds = _seconds(frames)
    if to == "scratch":
        place = scratch_folder(folder)
        # Frames are computed while others are written: the slower of both counts.
        seconds = max(seconds, _seconds_of_disk(place, frames.nbytes))
        return PersistPlan(to, frames.nbytes, shutil.disk_usage(place).free, seconds, str(place))
    return PersistPlan(to, frames.nbytes, current_execution().memory, seconds)


def _seconds(frames: Frames) -> float:
    """Time that all frames take, from the time that some of them took."""
    most, done, size = block_frames(frames, _SAMPLE_BYTES), 0, 1
    start = time.perf_counter()
    # More and more at once: a small region of large frames may take as long to read as the whole of them.
    while done < most and time.perf_counter() - start < _SAMPLE_SECONDS:
        count = min(most - done, max(size, frames.storage.frames))
        frames.read(slice(done, done + count))
        done, size = done + count, 2 * size
    return (time.perf_counter() - start) * len(frames) / done


def _seconds_of_disk(folder: Path, nbytes: int) -> float:
    """Time that so many bytes take to reach the disk, from the time of some."""
    piece, done, start = bytes(2**22), 0, time.perf_counter()
    try:
        with tempfile.TemporaryFile(dir=folder, buffering=0) as file:
            while done < min(nbytes, _SAMPLE_BYTES) and time.perf_counter() - start < _SAMPLE_SECONDS:
                done += file.write(piece)
                os.fdatasync(file.fileno())
    except OSError as error:
        raise DataFileError(f"a scratch file cannot be made: {error.strerror}", file=str(folder)) from error
    return (time.perf_counter() - start) * nbytes / max(1, done)


def size_text(nbytes: int) -> str:
    """Size for people, such as ``"2.12 GB"``."""
    for factor, unit in ((1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
        if nbytes >= factor:
            return f"{nbytes / factor:.3g} {unit}"
    return f"{nbytes} bytes"


def time_text(seconds: float) -> str:
    """Duration for people, such as ``"40 s"`` or ``"3 min"``."""
    if seconds < 1:
        return "1 s or less"
    return f"{seconds:.2g} s" if seconds < 99.5 else f"{seconds / 60:.0f} min"
