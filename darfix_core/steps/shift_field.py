"""The field in which a shift is looked for: tiles of the frames, their spectra, and the light of their surroundings."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from darfix_core.engine.compiler import load_compiler
from darfix_core.engine.cutting import BlockSizes, frame_ranges
from darfix_core.engine.execution import current_execution
from darfix_core.engine.pool import read_ahead, run_in_order
from darfix_core.model.arrays import AnyArray, BoolArray, FloatArray, IntArray
from darfix_core.model.dataset import Dataset
from darfix_core.model.frames import Frames
from darfix_core.model.noise import NoiseModel

ComplexArray = NDArray[Any]
T = TypeVar("T")

# Longer sides are binned to at most this: the texture of crystals is coarser than a pixel, and the time stays bounded.
_MOST_PIXELS = 1024
# Size of tiles, the distance between them, and how many there should be to compare them; else the next is taken.
_TILINGS = ((128, 128, 8), (64, 64, 8), (64, 32, 9), (32, 32, 4), (16, 16, 1))
# Part of a tile over which its window fades out.
_FADE = 8
# Part of a tile, on each side of a pixel, whose mean is taken off. Where the light has a step, as at the rim of a
# grain, the window would show in the tile; it stands still, and would draw the shift towards 0.
_SURROUNDINGS = 8
# Blocks whose mean counts show the illuminated part, in a tile's side.
_BLOCKS = 8
#: Displacements, in blocks, over which the illuminated part is compared.
REACH = 2


@dataclass(frozen=True, eq=False)
class FrameSpectra:
    """Fourier transforms of a frame.

    Parameters
    ----------
    tiles : ndarray of complex64, shape (n_tiles, size, size // 2 + 1)
        Of each windowed tile, without the mean of the surroundings of each pixel.
    blocks : ndarray of complex128, shape (block rows + REACH, (block columns + REACH) // 2 + 1)
        Of the mean counts of the blocks, padded with zeros.
    mean : float, counts
        Mean of the usable pixels.
    """

    tiles: ComplexArray
    blocks: ComplexArray
    mean: float

    @cached_property
    def power(self) -> FloatArray:
        """Mean power spectrum of the tiles, shape (size, size // 2 + 1)."""
        power: FloatArray = np.einsum("tyx,tyx->yx", self.tiles.real, self.tiles.real)
        power += np.einsum("tyx,tyx->yx", self.tiles.imag, self.tiles.imag)
        power /= len(self.tiles)
        return power

    def plus(self, other: FrameSpectra) -> FrameSpectra:
        """Transforms of the sum with another frame."""
        return FrameSpectra(self.tiles + other.tiles, self.blocks + other.blocks, self.mean + other.mean)

    def divided(self, number: int) -> FrameSpectra:
        """Transforms of the frame divided by a number."""
        return self if number == 1 else FrameSpectra(self.tiles / number, self.blocks / number, self.mean / number)


@dataclass(frozen=True, eq=False)
class Field:
    """Tiles that cover a field of the frames.

    Parameters
    ----------
    frames : Frames, shape (n_frames, ny, nx)
        The field, cut to whole bins.
    good : ndarray of bool, shape (ny, nx)
        False at masked pixels.
    binning : int, px
    size : int, bins
        Side of a tile.
    corners : ndarray of int, shape (n_tiles, 2), bins
        Of those tiles that are not mostly masked.
    """

    frames: Frames
    good: BoolArray
    binning: int
    size: int
    corners: IntArray

    @classmethod
    def of(cls, dataset: Dataset) -> Field | None:
        """Field of all pixels of a dataset; None where no tile of 16 x 16 fits or all of them are masked."""
        ny, nx = dataset.frame_shape
        binning = -(-max(ny, nx) // _MOST_PIXELS)
        rows, columns = ny // binning, nx // binning
        frames = dataset.frames.crop((0, 0), (rows * binning, columns * binning))
        mask = np.zeros((ny, nx), bool) if dataset.mask is None else dataset.mask
        good = ~mask[: rows * binning, : columns * binning]
        share = good.reshape(rows, binning, columns, binning).mean((1, 3))
        for size, distance, wanted in _TILINGS:
            if size <= min(rows, columns):
                corners = _corners(share, size, distance)
                if len(corners) >= wanted:
                    return cls(frames, good, binning, size, corners)
        return None

    @cached_property
    def window(self) -> FloatArray:
        """Window of a tile, shape (size, size): 1 inside, with edges that fade out as a cosine."""
        length = self.size // _FADE
        edge = 0.5 - 0.5 * np.cos(np.pi * (np.arange(length) + 0.5) / length)
        side = np.concatenate([edge, np.ones(self.size - 2 * length), edge[::-1]])
        return np.outer(side, side).astype(np.float32)

    @cached_property
    def overlap(self) -> FloatArray:
        """How much of the windows, without masked pixels, still overlaps at each displacement, shape (size, size).

        In the order of a Fourier transform; 1 without displacement. A correlation is divided by it: content that
        leaves its tile would draw the peak towards 0.
        """
        import scipy.fft

        size = self.size
        usable: BoolArray = np.any(self._cells(self.good), axis=(1, 3))
        total = np.zeros((2 * size, 2 * size))
        for y, x in self.corners:
            spectrum = scipy.fft.rfft2(self.window * usable[y : y + size, x : x + size], (2 * size, 2 * size))
            total += scipy.fft.irfft2(np.abs(spectrum) ** 2, (2 * size, 2 * size))
        order = np.fft.fftfreq(size, 1 / size).astype(int)
        overlap: AnyArray = np.maximum(total[order][:, order] / total[0, 0], 0.01)
        return overlap

    @property
    def redundancy(self) -> float:
        """How often tiles that overlap count each pixel, on average; 1 where they do not."""
        height, width = np.ptp(self.corners, axis=0) + self.size
        return max(1.0, len(self.corners) * self.size**2 / float(height * width))

    @property
    def block(self) -> int:
        """Side of a block, bins."""
        return self.size // _BLOCKS

    @cached_property
    def block_shape(self) -> tuple[int, int]:
        """Rows and columns of blocks."""
        ny, nx = self.good.shape
        return ny // self.binning // self.block, nx // self.binning // self.block

    @property
    def padded_shape(self) -> tuple[int, int]:
        """Shape of the blocks with the zeros that keep the two ends of their correlation apart."""
        return self.block_shape[0] + REACH, self.block_shape[1] + REACH

    @cached_property
    def window_power(self) -> float:
        """Sum of the squared window: the power of white noise of variance 1 in a tile."""
        return float((self.window**2).sum())

    def noise_power(self, noise: NoiseModel, mean: float) -> float:
        """Power of the noise in the spectrum of a tile, for mean counts of the frame."""
        gain, offset, read_noise = (float(np.mean(part)) for part in noise.parts().values())
        return self.window_power * (gain * max(mean - offset, 0.0) + read_noise**2) / self.binning**2

    @property
    def binned_shape(self) -> tuple[int, int]:
        """Rows and columns of bins."""
        return self.good.shape[0] // self.binning, self.good.shape[1] // self.binning

    def binned(self, frame: AnyArray) -> tuple[AnyArray, BoolArray]:
        """Frame in bins, and which of them have a usable pixel."""
        from darfix_core.kernels.tiles import bin_pixels

        image, usable = np.empty(self.binned_shape, np.float32), np.empty(self.binned_shape, bool)
        bin_pixels(np.ascontiguousarray(frame), self.good, self.binning, image, usable)
        return image, usable

    def spectra(self, frame: AnyArray) -> FrameSpectra:
        """Fourier transforms of a frame, shape (ny, nx)."""
        import scipy.fft

        from darfix_core.kernels.tiles import block_means, subtract_surroundings, window_tiles

        image, usable = self.binned(frame)
        texture = np.empty_like(image)
        subtract_surroundings(image, usable, self.size // _SURROUNDINGS, texture)
        tiles = np.empty((len(self.corners), self.size, self.size), np.float32)
        window_tiles(texture, usable, self.corners, self.window, tiles)
        means = np.empty(self.block_shape, np.float32)
        block_means(image, usable, self.block, means)
        mean = float(image[usable].mean()) if usable.any() else 0.0
        # The darkest blocks show the pedestal, which is no light that moves.
        seen = means != 0
        means[seen] -= np.percentile(means[seen], 5) if seen.any() else 0.0
        blocks = scipy.fft.rfft2(means.astype(np.float64), self.padded_shape)
        return FrameSpectra(scipy.fft.rfft2(tiles), blocks, mean)

    def whole_spectrum(self, frame: AnyArray) -> ComplexArray:
        """Fourier transform of the whole binned frame without its mean."""
        import scipy.fft

        image, usable = self.binned(frame)
        mean = image[usable].mean() if usable.any() else 0.0
        spectrum: ComplexArray = scipy.fft.rfft2(np.where(usable, image - mean, 0).astype(np.float32))
        return spectrum

    def all_spectra(self, order: IntArray, what: str) -> Iterator[FrameSpectra]:
        """Fourier transforms of the frames with the numbers `order`, computed by several threads, in that order."""
        return self._of_all(self.spectra, order, what)

    def whole_spectra(self, order: IntArray, what: str) -> Iterator[ComplexArray]:
        """Fourier transforms of whole frames; see `all_spectra`."""
        return self._of_all(self.whole_spectrum, order, what)

    def _of_all(self, transform: Callable[[AnyArray], T], order: IntArray, what: str) -> Iterator[T]:
        run = current_execution()
        load_compiler()
        frames = self.frames if np.array_equal(order, np.arange(len(self.frames))) else self.frames.select(order)

        def read(part: slice) -> tuple[slice, Frames]:
            run.check_cancelled()
            return part, frames.window(part)

        for part, window in read_ahead(read, frame_ranges(frames, run.memory // 3, BlockSizes())):

            def of_frame(number: int, window: Frames = window) -> T:
                return transform(window.read(slice(number, number + 1))[0])

            for number, result in enumerate(run_in_order(of_frame, range(part.start, part.stop), run), part.start + 1):
                run.report(number / len(frames), what)
                yield result

    def _cells(self, pixels: AnyArray) -> AnyArray:
        ny, nx = pixels.shape
        return pixels.reshape(ny // self.binning, self.binning, nx // self.binning, self.binning)


def _corners(share: FloatArray, size: int, distance: int) -> IntArray:
    """Corners of the tiles, in the middle of the field, of which at least half is usable."""
    tops, lefts = (
        ((length - size) % distance) // 2 + distance * np.arange((length - size) // distance + 1)
        for length in share.shape
    )
    places = [(y, x) for y in tops for x in lefts if share[y : y + size, x : x + size].mean() >= 0.5]
    return np.array(places, dtype=np.int64).reshape(-1, 2)
