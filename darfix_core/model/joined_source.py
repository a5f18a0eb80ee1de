"""Several stacks as one, without copying them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from darfix_core.model.arrays import AnyArray, IntArray
from darfix_core.model.frame_sources import FrameSource, Region, SourceFile, Storage, compact

#: Position that numbers the scans of a joined dataset where no motor tells them apart.
SCAN_NUMBER = "scan"


@dataclass(frozen=True, eq=False)
class JoinedSource:
    """Frames of several sources, one source after the other. A read goes to the sources that hold the frames.

    Parameters
    ----------
    parts : tuple of FrameSource
        At least one; all with frames of one shape and type.

    Raises
    ------
    ValueError
        If there is no part, or the frames differ in shape or type.
    """

    parts: tuple[FrameSource, ...]
    #: Number of the first frame of each part, and of the frame behind the last.
    bounds: IntArray = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if not self.parts:
            raise ValueError("parts must hold at least one source, got none")
        kinds = {(part.shape[1:], np.dtype(part.dtype)) for part in self.parts}
        if len(kinds) > 1:
            found = ", ".join(sorted(f"{ny} x {nx} {dtype}" for (ny, nx), dtype in kinds))
            raise ValueError(f"parts must have frames of one shape and type, got {found}")
        lengths = [part.shape[0] for part in self.parts]
        object.__setattr__(self, "bounds", np.concatenate(([0], np.cumsum(lengths, dtype=np.int64))))

    @property
    def shape(self) -> tuple[int, int, int]:
        """(n_frames, ny, nx)."""
        return (int(self.bounds[-1]), *self.parts[0].shape[1:])

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the counts."""
        return np.dtype(self.parts[0].dtype)

    @property
    def in_memory(self) -> bool:
        """True where all parts are in memory."""
        return all(part.in_memory for part in self.parts)

    @property
    def storage(self) -> Storage:
        """What is stored together: that of the parts with the largest blocks, counted from the first part.

        Where a part does not end with a whole block, the blocks of the next one lie otherwise. Reading then decodes
        some of them twice, and is right all the same.
        """
        stored = [part.storage for part in self.parts]
        first = stored[0]
        return Storage(
            max(one.frames for one in stored), max(one.rows for one in stored), first.before, first.rows_before
        )

    @property
    def files(self) -> tuple[SourceFile, ...]:
        """The files behind all parts."""
        return tuple(dict.fromkeys(file for part in self.parts for file in part.files))

    def read(self, region: Region) -> AnyArray:
        """Counts of a region; what a single part holds comes as that part gives it."""
        wanted = region.frames
        if isinstance(wanted, slice):
            first, stop = wanted.start, wanted.stop
        else:
            first, stop = (int(wanted.min()), int(wanted.max()) + 1) if wanted.size else (0, 0)
        low = max(0, int(np.searchsorted(self.bounds, first, side="right")) - 1)
        high = int(np.searchsorted(self.bounds, stop, side="left"))
        if high - low <= 1:
            return self.parts[low].read(self._inside(low, wanted, region))
        rows, columns = region.rows, region.columns
        shape = (region.n_frames, rows.stop - rows.start, columns.stop - columns.start)
        block = np.empty(shape, self.dtype)
        for number in range(low, high):
            start, end = int(self.bounds[number]), int(self.bounds[number + 1])
            if isinstance(wanted, slice):
                held = slice(max(start, wanted.start), min(end, wanted.stop))
                place: slice | IntArray = slice(held.start - wanted.start, held.stop - wanted.start)
                block[place] = self.parts[number].read(self._inside(number, held, region))
            else:
                place = np.flatnonzero((wanted >= start) & (wanted < end))
                if place.size:
                    block[place] = self.parts[number].read(self._inside(number, wanted[place], region))
        return block

    def _inside(self, number: int, frames: slice | IntArray, region: Region) -> Region:
        """The region of a part that holds the given frames."""
        first = int(self.bounds[number])
        own = slice(frames.start - first, frames.stop - first) if isinstance(frames, slice) else compact(frames - first)
        return Region(own, region.rows, region.columns)
