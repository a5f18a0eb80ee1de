"""Rocking curves of the sampled pixels: where they are dark, how strong they are, and how wide along each motor."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from darfix_core.model.arrays import AnyArray, BoolArray, FloatArray, IntArray
from darfix_core.model.dataset import Dataset
from darfix_core.steps.quality_pass import Observed

#: A pixel is lit where its curve rises this many times the noise above its lowest counts,
LIT_NOISE = 10.0
#: and by this share of what the strongest pixels do. Pixels below that share lie off the sample.
LIT_SHARE = 0.1
#: Pixels off the sample, at least, whose mean tells the level beside it.
FEWEST_OFF = 20
# The lowest counts are taken as a mean over this share of the frames.
_LOWEST_SHARE = 1 / 40
_TO_SIGMA = 1 / 0.6745


@dataclass(frozen=True, eq=False)
class Slices:
    """The curve of each lit pixel along one motor, through its peak and less its lowest counts.

    Parameters
    ----------
    counts : ndarray, shape (n_positions, n_pixels), counts
        NaN where the scan has no frame.
    peak : ndarray of int, shape (n_pixels,)
        Position number of the highest count.
    fwhm : ndarray, shape (n_pixels,), positions
        Full width at half maximum; NaN where the curve does not come down to half on any side.
    """

    counts: FloatArray
    peak: IntArray
    fwhm: FloatArray

    @classmethod
    def of(cls, counts: FloatArray) -> Slices:
        """Slices with their widths."""
        filled = np.where(np.isnan(counts), -np.inf, counts)
        peak = np.argmax(filled, axis=0)
        sides = [_half_width(counts, peak, way) for way in (-1, 1)]
        # Where one side is cut off, the other one tells.
        with np.errstate(invalid="ignore"):
            fwhm = np.where(np.isnan(sides[0]), 2 * sides[1], np.where(np.isnan(sides[1]), 2 * sides[0], sum(sides)))
        return cls(counts, peak, fwhm)


def _half_width(counts: FloatArray, peak: IntArray, way: int) -> FloatArray:
    """Distance from the peak to where the curve first falls to half of it, between two positions."""
    n, pixels = counts.shape[0], np.arange(counts.shape[1])
    half = counts[peak, pixels] / 2
    found: FloatArray = np.full(pixels.size, np.nan)
    before, at = counts[peak, pixels], peak.copy()
    last = np.zeros(pixels.size)
    for step in range(1, n):
        at = peak + way * step
        inside = (at >= 0) & (at < n) & np.isnan(found)
        if not inside.any():
            break
        here = np.where(inside, counts[np.clip(at, 0, n - 1), pixels], np.nan)
        crossed = inside & (here < half)
        with np.errstate(invalid="ignore", divide="ignore"):
            part = (before - half) / (before - here)
        found = np.where(crossed, last + part * (step - last), found)
        seen = inside & np.isfinite(here)
        before, last = np.where(seen, here, before), np.where(seen, float(step), last)
    return found


@dataclass(frozen=True, eq=False)
class SampledCurves:
    """Curves of the pixels of the tiles that can be judged.

    Parameters
    ----------
    dataset : Dataset
    counts : ndarray of float32, shape (n_frames, n_pixels)
        In the order of recording.
    pixels : ndarray of int, shape (n_pixels, 2)
        Row and column of each.
    """

    dataset: Dataset
    counts: AnyArray
    pixels: IntArray

    @classmethod
    def of(cls, observed: Observed, used: BoolArray) -> SampledCurves:
        """Curves of the tiles' pixels that are to be used.

        Parameters
        ----------
        observed : Observed
        used : ndarray of bool, shape (ny, nx)
        """
        chosen = observed.of_tiles(used)
        y, x = (observed.of_tiles(entry)[chosen] for entry in np.indices(used.shape))
        return cls(observed.dataset, observed.tiles[:, chosen], np.stack([y, x], axis=1))

    @cached_property
    def order(self) -> IntArray:
        """Frames along the grid of the scan: neighbours are neighbours in the fastest motor."""
        index = self.dataset.grid_index
        return np.arange(len(self.counts)) if index is None else np.argsort(index, kind="stable")

    @cached_property
    def noise(self) -> FloatArray:
        """Standard deviation of the counts of each pixel where it is dark, shape (n_pixels,)."""
        if len(self.counts) < 2:
            return np.zeros(self.counts.shape[1])
        steps = np.abs(np.diff(self.counts[self.order], axis=0))
        noise: FloatArray = np.median(steps, axis=0) * (_TO_SIGMA / np.sqrt(2))
        return noise.astype(np.float64)

    @cached_property
    def lowest(self) -> FloatArray:
        """Lowest counts of each pixel, as a mean over a fortieth of the frames, shape (n_pixels,)."""
        width = max(1, int(len(self.counts) * _LOWEST_SHARE))
        sums = np.cumsum(self.counts[self.order], axis=0, dtype=np.float64)
        sums = np.concatenate([np.zeros((1, sums.shape[1])), sums])
        lowest: FloatArray = (sums[width:] - sums[:-width]).min(axis=0) / width
        return lowest

    @cached_property
    def strength(self) -> FloatArray:
        """Height of each curve above its lowest counts, shape (n_pixels,).

        A peak has a neighbour: a single bright frame is none.
        """
        counts = self.counts[self.order]
        if len(counts) < 3:
            return np.asarray(counts.max(axis=0) - self.lowest)
        inside = np.minimum(counts[1:-1], np.maximum(counts[:-2], counts[2:])).max(axis=0)
        ends = np.maximum(np.minimum(counts[0], counts[1]), np.minimum(counts[-1], counts[-2]))
        return np.asarray(np.maximum(inside, ends) - self.lowest)

    @cached_property
    def full_strength(self) -> float:
        """Strength of the strongest curves, counts; 0 where no pixel is lit."""
        clear = self.strength > LIT_NOISE * self.noise
        return float(np.percentile(self.strength[clear], 90)) if clear.any() else 0.0

    @cached_property
    def lit(self) -> BoolArray:
        """Pixels that diffract, shape (n_pixels,)."""
        strong: BoolArray = self.strength > max(LIT_SHARE * self.full_strength, 0.0)
        return strong & (self.strength > LIT_NOISE * self.noise)

    @cached_property
    def off(self) -> IntArray:
        """Numbers of the pixels that lie off the sample: the quietest quarter of those that hardly diffract."""
        quiet = np.flatnonzero(self.strength < LIT_SHARE * self.full_strength)
        wanted = max(FEWEST_OFF, quiet.size // 4)
        return quiet[np.argsort(self.strength[quiet], kind="stable")[:wanted]]

    @cached_property
    def level(self) -> FloatArray | None:
        """Mean count of each frame off the sample, shape (n_frames,); None where hardly a pixel lies there."""
        if self.off.size < FEWEST_OFF:
            return None
        level: FloatArray = self.counts[:, self.off].mean(axis=1, dtype=np.float64)
        return level

    @cached_property
    def rocking(self) -> FloatArray:
        """Mean curve of the lit pixels, each between 0 and 1, shape (n_frames,)."""
        curves = (self.counts[:, self.lit] - self.lowest[self.lit]) / self.strength[self.lit]
        mean: FloatArray = curves.mean(axis=1, dtype=np.float64)
        return mean

    def slices(self, axis: int) -> Slices:
        """Curves of the lit pixels along one dimension of the scan, through their peaks."""
        dataset, shape = self.dataset, self.dataset.scan_shape
        counts = self.counts[:, self.lit] - self.lowest[self.lit]
        grid: FloatArray = np.full((int(np.prod(shape)), counts.shape[1]), np.nan, np.float32)
        grid[dataset.grid_index] = counts
        peak = np.nanargmax(grid, axis=0)
        places = list(np.unravel_index(peak, shape))
        along = np.arange(shape[axis])[:, None]
        places = [place[None] if number != axis else along for number, place in enumerate(places)]
        index = np.ravel_multi_index(tuple(np.broadcast_arrays(*places)), shape)
        return Slices.of(np.take_along_axis(grid, index, axis=0).astype(np.float64))
