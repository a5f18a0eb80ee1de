"""What the checks of a scan look at: images and frame sums of all counts, and whole curves of small tiles.

Frames are read once. The tiles are chosen by a first look at a few frames: in every other cell of a grid over the
image the brightest tile, in the others the darkest, so that both the sample and what lies beside it are seen.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from darfix_core.engine.compiler import load_compiler
from darfix_core.engine.cutting import BlockSizes
from darfix_core.engine.folding import fold_frames
from darfix_core.model.arrays import AnyArray, BoolArray, FloatArray, IntArray
from darfix_core.model.dataset import Dataset

#: Pixels along the edge of a tile, and tiles along each side of the image.
TILE, TILES = 12, 8
# Counts of all tiles that are kept, at most: 64 MB as float32. The checks need some times as much.
_MOST_COUNTS = 2**24
# Frames of the first look.
_FIRST_LOOK = 16

_IMAGES = ("total", "lowest", "highest", "at_highest", "invalid")

Piece = tuple[slice, int, int, AnyArray]


class _Accumulator(NamedTuple):
    """What is kept of a stripe; `rows` is None where the stripe does not know its place in the image."""

    images: tuple[AnyArray, ...]
    of_frames: FloatArray
    rows: slice | None
    pieces: list[Piece]


@dataclass(frozen=True, eq=False)
class Observed:
    """A scan that was looked through.

    Parameters
    ----------
    dataset : Dataset
    total, lowest, highest : ndarray, shape (ny, nx), counts
        Over all frames; counts that are not finite are left out.
    at_highest, invalid : ndarray of int, shape (ny, nx)
        Frames whose count is the highest, and frames whose count is not finite.
    of_frames : ndarray, shape (n_frames,), counts
        Mean count of each frame.
    corners : ndarray of int, shape (n_tiles, 2)
        First row and column of each tile.
    tiles : ndarray of float32, shape (n_frames, n_tiles, TILE, TILE)
        Counts of the tiles, in the order in which the frames were recorded; tiles of smaller images are smaller.
    """

    dataset: Dataset
    total: FloatArray
    lowest: AnyArray
    highest: AnyArray
    at_highest: IntArray
    invalid: IntArray
    of_frames: FloatArray
    corners: IntArray
    tiles: AnyArray

    @property
    def used(self) -> BoolArray:
        """Pixels that are not masked and have counts in all frames, shape (ny, nx)."""
        mask = self.dataset.mask
        used: BoolArray = self.invalid == 0
        return used if mask is None else used & ~mask

    @property
    def without_counts(self) -> BoolArray:
        """Pixels with counts that are no numbers, and that are not masked, shape (ny, nx)."""
        mask = self.dataset.mask
        without: BoolArray = self.invalid > 0
        return without if mask is None else without & ~mask

    def of_tiles(self, image: AnyArray) -> AnyArray:
        """The pixels of an image that lie in the tiles, shape (n_tiles, TILE, TILE)."""
        height, width = self.tiles.shape[2:]
        return np.stack([image[y : y + height, x : x + width] for y, x in self.corners])


def observe(dataset: Dataset, sizes: BlockSizes | None = None) -> Observed:
    """Look through a scan once.

    Parameters
    ----------
    dataset : Dataset
    sizes : BlockSizes, optional
        For tests.

    Returns
    -------
    Observed

    Raises
    ------
    Cancelled
        If the computation was cancelled.
    """
    corners, shape = _choose_tiles(dataset)
    load_compiler()
    fold = _LookThrough(dataset, corners, shape)
    images = fold_frames(dataset.frames, fold, what="looking through the frames", sizes=sizes)
    tiles = fold.tiles()
    if tiles is None:
        # In memory, or stored by pixels: each tile is read for itself.
        places = [(slice(y, y + shape[0]), slice(x, x + shape[1])) for y, x in corners]
        tiles = np.stack([dataset.frames.read(None, *place) for place in places], axis=1).astype(np.float32)
    ny, nx = dataset.frame_shape
    return Observed(dataset=dataset, of_frames=fold.of_frames() / (ny * nx), corners=corners, tiles=tiles, **images)


def _choose_tiles(dataset: Dataset) -> tuple[IntArray, tuple[int, int]]:
    """Corners of the tiles, and their shape."""
    (ny, nx), n_frames = dataset.frame_shape, dataset.n_frames
    height, width = min(TILE, ny), min(TILE, nx)
    # All places for a tile, on a lattice that is parted into cells.
    rows, columns = ny // height, nx // width
    most = min(TILES, max(1, int(np.sqrt(_MOST_COUNTS / (n_frames * height * width)))))
    parts_of_rows = np.array_split(np.arange(rows), min(rows, most))
    parts_of_columns = np.array_split(np.arange(columns), min(columns, most))
    swing = np.zeros((rows, columns))
    if max(rows, columns) > most:
        swing = _swing(dataset)[: rows * height, : columns * width]
        swing = swing.reshape(rows, height, columns, width).mean(axis=(1, 3))
    corners = []
    for i, rows_of_cell in enumerate(parts_of_rows):
        for j, columns_of_cell in enumerate(parts_of_columns):
            cell = swing[np.ix_(rows_of_cell, columns_of_cell)]
            place = cell.argmax() if (i + j) % 2 == 0 else cell.argmin()
            row, column = np.unravel_index(place, cell.shape)
            corners.append((rows_of_cell[row] * height, columns_of_cell[column] * width))
    return np.array(corners), (height, width)


def _swing(dataset: Dataset) -> FloatArray:
    """Highest less lowest count of each pixel in a few frames."""
    look = dataset.frames.read(np.unique(np.linspace(0, dataset.n_frames - 1, _FIRST_LOOK).astype(int)))
    with np.errstate(invalid="ignore"):
        swing: FloatArray = look.max(axis=0).astype(np.float64) - look.min(axis=0)
    swing[~np.isfinite(swing)] = 0.0
    return swing


class _LookThrough:
    """Fold of the images, the sums of the frames and, where the stripes know their rows, the tiles."""

    def __init__(self, dataset: Dataset, corners: IntArray, shape: tuple[int, int]) -> None:
        self._dtype, self._n_frames = dataset.frames.dtype.newbyteorder("="), dataset.n_frames
        self._corners, self._shape = corners, shape
        self._stripes: dict[int, _Accumulator] = {}

    def start(self, n_rows: int, n_columns: int) -> _Accumulator:
        """Nothing seen yet."""
        shape, dtype = (n_rows, n_columns), self._dtype
        limits = np.iinfo(dtype) if dtype.kind in "iu" else np.finfo(dtype)
        lowest, highest = np.full(shape, limits.max, dtype), np.full(shape, limits.min, dtype)
        images = (np.zeros(shape), lowest, highest, np.zeros(shape, np.int32), np.zeros(shape, np.int32))
        return _Accumulator(images, np.zeros(self._n_frames), None, [])

    def part(self, accumulator: _Accumulator, rows: slice) -> _Accumulator:
        """A stripe of the image."""
        images = tuple(image[rows] for image in accumulator.images)
        return _Accumulator(images, np.zeros(self._n_frames), rows, [])

    def add(self, accumulator: _Accumulator, block: AnyArray, frames: slice) -> None:
        """Take in the frames of a block."""
        from darfix_core.kernels.extremes import add_extremes
        from darfix_core.kernels.layout import row_major_view

        native = block.astype(self._dtype, copy=False)
        add_extremes(row_major_view(native), *accumulator.images, accumulator.of_frames[frames])
        if accumulator.rows is not None:
            self._keep_tiles(accumulator, accumulator.rows, native, frames)

    def _keep_tiles(self, accumulator: _Accumulator, rows: slice, block: AnyArray, frames: slice) -> None:
        height, width = self._shape
        for number, (y, x) in enumerate(self._corners):
            first, last = max(y, rows.start), min(y + height, rows.stop)
            if first < last:
                counts = block[:, first - rows.start : last - rows.start, x : x + width].copy()
                accumulator.pieces.append((frames, number, first - y, counts))

    def merge(self, accumulator: _Accumulator, other: _Accumulator) -> None:
        """Add what was seen in other frames."""
        total, lowest, highest, at_highest, invalid = accumulator.images
        frames_at = at_highest * (highest >= other.images[2]) + other.images[3] * (other.images[2] >= highest)
        at_highest[:] = frames_at
        total += other.images[0]
        np.minimum(lowest, other.images[1], out=lowest)
        np.maximum(highest, other.images[2], out=highest)
        invalid += other.images[4]
        accumulator.of_frames[:] += other.of_frames
        accumulator.pieces.extend(other.pieces)

    def finish(self, accumulator: _Accumulator, rows: slice) -> Mapping[str, Any]:
        """The images; sums of frames and tiles are kept here."""
        self._stripes[rows.start] = accumulator
        return dict(zip(_IMAGES, accumulator.images, strict=True))

    def of_frames(self) -> FloatArray:
        """Sums of the frames, added in the order of the stripes."""
        total: FloatArray = sum((self._stripes[row].of_frames for row in sorted(self._stripes)), np.zeros(1))
        return total

    def tiles(self) -> AnyArray | None:
        """Counts of the tiles; None where the stripes did not know their rows."""
        if any(stripe.rows is None for stripe in self._stripes.values()):
            return None
        tiles = np.empty((self._n_frames, len(self._corners), *self._shape), np.float32)
        for stripe in self._stripes.values():
            for span, number, row, counts in stripe.pieces:
                tiles[span, number, row : row + counts.shape[1]] = counts
        return tiles
