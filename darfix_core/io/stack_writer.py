"""Stacks in HDF5 files: how they are laid out, and how they are filled."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Literal

from darfix_core.engine.cutting import BlockSizes, frame_ranges
from darfix_core.engine.execution import THREADS, current_execution, execution, part_of_progress
from darfix_core.engine.pixel_maps import map_pixels
from darfix_core.engine.pool import run_in_order
from darfix_core.model.arrays import AnyArray
from darfix_core.model.frames import Frames

if TYPE_CHECKING:
    import h5py

#: What of a stack is stored together: whole frames, or the curves of pixels.
Order = Literal["frame", "pixel"]

# Curves of neighbouring pixels are stored together up to this size.
_CURVES_BYTES = 2**20


def new_stack(group: h5py.Group, name: str, frames: Frames, order: Order = "frame") -> h5py.Dataset:
    """Empty stack, compressed: one frame a chunk as detectors write them, or the curves of a piece of a row."""
    import hdf5plugin

    n_frames, ny, nx = frames.shape
    columns = min(nx, max(1, _CURVES_BYTES // (n_frames * frames.dtype.itemsize)))
    chunks = (1, ny, nx) if order == "frame" else (n_frames, 1, columns)
    stack = group.create_dataset(name, frames.shape, frames.dtype, chunks=chunks, **hdf5plugin.Bitshuffle(cname="lz4"))
    stack.attrs["interpretation"] = "image"
    return stack


def write_stacks(stacks: Sequence[tuple[h5py.Dataset, Frames]]) -> None:
    """Compute stacks and write them, in blocks within the memory budget.

    Parameters
    ----------
    stacks : sequence of (h5py.Dataset, Frames)
        From `new_stack`, with what belongs in it.

    Raises
    ------
    DataFileError
        If frames cannot be read, or a scratch file is needed and cannot be written.
    Cancelled
        If the computation was cancelled.
    """
    total, done = sum(frames.nbytes for _, frames in stacks), 0
    for target, frames in stacks:
        with part_of_progress(done / total, (done + frames.nbytes) / total):
            if target.chunks[0] == 1:
                _write_frames(target, frames)
            else:
                _write_curves(target, frames)
        done += frames.nbytes


def _write_frames(target: h5py.Dataset, frames: Frames) -> None:
    """Write the frames in blocks, which several threads compute."""
    run = current_execution()
    parts = frame_ranges(frames, run.memory // (4 * run.threads), BlockSizes())
    largest = frames.nbytes // len(frames) * max(part.stop - part.start for part in parts)
    # Two blocks a thread are under way, and one is written: large ones leave room for fewer threads.
    threads = max(1, min(run.threads, (run.memory // largest - 1) // 2))

    def compute(part: slice) -> tuple[slice, AnyArray]:
        return part, frames.read(part)

    for part, block in run_in_order(compute, parts, replace(run, threads=threads)):
        target[part] = block
        run.report(part.stop / len(frames), "writing frames")


def _write_curves(target: h5py.Dataset, frames: Frames) -> None:
    """Write the curves of stripes of rows, each as soon as it is there."""
    run, lock = current_execution(), threading.Lock()

    def write(block: AnyArray, rows: slice) -> Mapping[str, AnyArray]:
        with lock:
            target[:, rows] = block
        return {}

    # A cluster's workers cannot write to a file that is open here.
    with execution(scheduler=THREADS, progress=run.progress, cancelled=run.cancelled, on_warning=run.on_warning):
        map_pixels(frames, write, what="writing curves")
