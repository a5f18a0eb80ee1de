"""Stacks one after the other as one stack, whatever operations stand on them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from darfix_core.engine.cutting import ranges
from darfix_core.engine.execution import current_execution
from darfix_core.engine.pool import in_worker, run_all
from darfix_core.model.arrays import AnyArray
from darfix_core.model.frame_operations import Crop
from darfix_core.model.frame_sources import FrameSource, Region, SourceFile, Storage
from darfix_core.model.frames import Frames
from darfix_core.model.joined_source import JoinedSource


@dataclass(frozen=True, eq=False)
class ComputedSource:
    """A stack with its chain of operations as a source, on which other stacks can be built.

    Parameters
    ----------
    frames : Frames
    """

    frames: Frames

    @property
    def shape(self) -> tuple[int, int, int]:
        """(n_frames, ny, nx)."""
        return self.frames.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the computed counts."""
        return self.frames.dtype

    @property
    def in_memory(self) -> bool:
        """True where nothing has to be read from a file."""
        return self.frames.source.in_memory

    @property
    def storage(self) -> Storage:
        """What is stored together."""
        return self.frames.storage

    @property
    def files(self) -> tuple[SourceFile, ...]:
        """The files behind the frames."""
        return self.frames.source.files

    def read(self, region: Region) -> AnyArray:
        """Computed counts of a region; the threads share its frames, unless one of them asks."""
        numbers, rows, columns = region.frames, region.rows, region.columns
        run = current_execution()
        if run.threads == 1 or in_worker() or not isinstance(numbers, slice) or region.n_frames < 2:
            return self.frames.read(numbers, rows, columns)
        stored = self.storage
        share = -(-region.n_frames // run.threads)
        parts = ranges(region.n_frames, share, stored.frames, (stored.before + numbers.start) % stored.frames)
        block = np.empty((region.n_frames, rows.stop - rows.start, columns.stop - columns.start), self.dtype)

        def compute(part: slice) -> None:
            wanted = slice(numbers.start + part.start, numbers.start + part.stop)
            block[part] = self.frames.read(wanted, rows, columns)

        run_all(compute, parts, run)
        return block


def joined_frames(stacks: Sequence[Frames]) -> Frames:
    """Stacks of frames of one shape and type, one after the other. Nothing is read or copied.

    Parameters
    ----------
    stacks : sequence of Frames
        At least one.

    Returns
    -------
    Frames
        A region of interest that is the same in all of them is cropped once, behind the joined files.

    Raises
    ------
    ValueError
        If the frames differ in shape or type.
    """
    cropped = {_crops(frames) for frames in stacks}
    sizes = {(frames.source.shape[1:], np.dtype(frames.source.dtype)) for frames in stacks}
    if len(cropped) == len(sizes) == 1 and None not in cropped:
        return Frames(JoinedSource(tuple(frames.source for frames in stacks)), stacks[0].operations)
    return Frames(JoinedSource(tuple(map(_source, stacks))))


def _crops(frames: Frames) -> tuple[Crop, ...] | None:
    """Operations of a stack that is only cropped; None where there are others."""
    crops = tuple(operation for operation in frames.operations if isinstance(operation, Crop))
    return crops if len(crops) == len(frames.operations) else None


def _source(frames: Frames) -> FrameSource:
    return ComputedSource(frames) if frames.operations else frames.source
