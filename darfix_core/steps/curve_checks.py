"""Rocking curves of some pixels, looked at while the moments are added up: is there a pedestal, are they whole?"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from darfix_core.engine.execution import warn
from darfix_core.model.arrays import AnyArray, BoolArray, FloatArray, IntArray
from darfix_core.model.dataset import Dataset

#: Share of a constant pedestal in the counts above which moments come with a warning.
PEDESTAL_SHARE = 0.1
#: Counts at an end of the scan, against the peak, above which the scan cuts the curves.
CUT_SHARE = 0.15
#: Share of the counts in pixels without centre or width beyond which the background must have been too high.
LOST_SHARE = 0.3
#: Share of the pixels with a flat top above which the detector must have been saturated.
FLAT_SHARE = 0.02
#: Steps within the width of the curves below which their widths and centres follow the steps.
FEWEST_STEPS = 1.2
#: Fewer frames do not show the floor of a curve, fewer positions not its ends.
_FEWEST = 8
# Positions are binned, and columns left out: what is kept of a row stays far below the sums themselves.
_MOST_BINS = 32
_MOST_COLUMNS = 64
# A flat top has this many equal highest counts, and this many counts below it: of fewer, some are equal by chance.
_FLAT_FRAMES, _FLAT_COUNTS = 3, 100


class Sample(NamedTuple):
    """What is kept of a row: the lowest counts, and of some columns the curves, the highest counts and how often."""

    lowest: FloatArray
    curves: FloatArray
    highest: FloatArray
    at_highest: IntArray


class CurveSampler:
    """What is kept of one row: the lowest count of each pixel, and its coarse curve in each motor.

    Parameters
    ----------
    dataset : Dataset
        With dimensions.
    """

    def __init__(self, dataset: Dataset) -> None:
        self._dataset = dataset
        self._bins: list[IntArray] = []
        self._edges = [0]
        for dimension in dataset.dimensions:
            positions = dataset.positions[dimension.name]
            number = min(_MOST_BINS, dimension.size)
            span = positions.max() - positions.min() or 1.0
            place = np.minimum(number - 1, (positions - positions.min()) / span * number).astype(int)
            # A bin that no frame fell into would look like an empty end: the others are numbered through.
            self._bins.append(self._edges[-1] + np.unique(place, return_inverse=True)[1])
            self._edges.append(int(self._bins[-1].max()) + 1)
        self._share: FloatArray = 1.0 / np.bincount(np.concatenate(self._bins))
        self._step = max(1, dataset.frame_shape[1] // _MOST_COLUMNS)

    def __getstate__(self) -> dict[str, object]:
        """What adding up needs: the workers of a cluster do not warn."""
        return {name: value for name, value in self.__dict__.items() if name != "_dataset"}

    def start(self, n_columns: int) -> Sample:
        """Nothing seen yet of a row."""
        kept = len(range(0, n_columns, self._step))
        curves = np.zeros((self._edges[-1], kept))
        return Sample(np.full(n_columns, np.inf), curves, np.full(kept, -np.inf), np.zeros(kept, dtype=np.int64))

    def add(self, sample: Sample, row: AnyArray, frames: slice) -> None:
        """Add the counts of a row (frames, columns), in place."""
        np.minimum(sample.lowest, row.min(axis=0), out=sample.lowest)
        kept = row[:, :: self._step].astype(np.float64)
        highest = kept.max(axis=0)
        _take_highest(sample, highest, (kept == highest).sum(axis=0))
        for bins in self._bins:
            order = np.argsort(bins[frames], kind="stable")
            found, first = np.unique(bins[frames][order], return_index=True)
            sample.curves[found] += np.add.reduceat(kept[order], first, axis=0) * self._share[found, None]

    def merge(self, sample: Sample, other: Sample) -> None:
        """Add what another sample of the row has seen of other frames, in place."""
        np.minimum(sample.lowest, other.lowest, out=sample.lowest)
        np.add(sample.curves, other.curves, out=sample.curves)
        _take_highest(sample, other.highest, other.at_highest)

    def warn(self, samples: dict[int, Sample], shapes: FloatArray, minimum: float) -> None:
        """Tell of pedestals, of curves that the scan cuts, and of counts that were cut too deep.

        Parameters
        ----------
        samples : dict
            Row -> what was kept of it.
        shapes : ndarray, shape (1 + 4 * n_motors, ny, nx)
            Intensity; centre of mass, width and shape in each motor.
        minimum : float, counts
            Pixels with less intensity do not count.
        """
        rows = sorted(samples)
        counts = shapes[0, rows]
        mask = self._dataset.mask
        used = np.ones(counts.shape, dtype=bool) if mask is None else ~mask[rows]
        pedestal = self._warn_of_pedestal(np.array([samples[row].lowest for row in rows])[used], counts[used])
        asked = used & (counts >= minimum)
        if used.any() and not asked.any():
            brightest = counts[used].max()
            warn(
                f"no pixel reaches min_intensity={minimum:g} counts: the brightest of those looked at has "
                f"{brightest:.4g}"
            )
        elif asked.any():
            self._warn_of_flat_tops([samples[row] for row in rows], np.where(asked, counts, 0.0)[:, :: self._step])
            told = self._warn_of_lost_counts(shapes[:, rows], np.where(asked, np.abs(counts), 0.0))
            if not (pedestal or told):
                columns = slice(None, None, self._step)
                curves = np.stack([samples[row].curves for row in rows], axis=1)
                self._warn_of_cut_curves(curves, np.where(asked, counts, 0.0)[:, columns])
                self._warn_of_few_steps(shapes[:, rows], np.where(asked, counts, 0.0))

    def _warn_of_pedestal(self, lowest: FloatArray, counts: FloatArray) -> bool:
        share = _pedestal_share(lowest, counts, self._dataset)
        if share <= PEDESTAL_SHARE:
            return False
        times = f"{1 / (1 - share):.3g} times " if share < 0.999 else ""
        warn(
            f"a constant pedestal makes up {share:.0%} of the counts: centres of mass are pulled to the middle of the "
            f"scan, their differences come out about {times}too small, and widths too large; subtract the background "
            "first"
        )
        return True

    def _warn_of_lost_counts(self, shapes: FloatArray, weight: FloatArray) -> bool:
        """Tell of pixels whose counts have no centre or no width, as those that were cut too deep."""
        total = float(weight.sum())
        if not total:
            warn("no pixel has counts above the background: there is nothing to map")
            return True
        motors = range((len(shapes) - 1) // 4)
        centre_and_width = shapes[[q for i in motors for q in (1 + 4 * i, 2 + 4 * i)]]
        lost = float(weight[~np.isfinite(centre_and_width).all(axis=0)].sum())
        if lost <= LOST_SHARE * total:
            return False
        n_frames = self._dataset.n_frames
        advice = (
            f"{n_frames} frames are too few to tell the background from the signal; take dark frames"
            if n_frames < _FEWEST
            else "the background was taken from frames in which they are lit, or there is hardly any signal; a low "
            "percentile or dark frames give a lower background"
        )
        warn(
            f"{lost / total:.0%} of the counts lie in pixels that have no centre of mass within the scan, or no width: "
            f"{advice}"
        )
        return True

    def _warn_of_cut_curves(self, curves: FloatArray, counts: FloatArray) -> None:
        """Tell of curves (bins, rows, columns) that have not come down where the scan ends."""
        bright = _brighter_half(counts)
        for number, dimension in enumerate(self._dataset.dimensions):
            curve = curves[self._edges[number] : self._edges[number + 1], bright]
            if len(curve) < _FEWEST or not bright.any():
                continue
            peak, end = curve.max(axis=0), np.maximum(curve[0], curve[-1])
            share = float(np.median(end[peak > 0] / peak[peak > 0])) if (peak > 0).any() else 0.0
            if share > CUT_SHARE:
                warn(
                    f"the scan in {dimension.name} is narrower than the curves: in half of the brighter pixels, the "
                    f"counts at an end still reach {share:.0%} of the peak or more. Centres of mass are pulled inside, "
                    "widths are too small, and a background that was taken from the scan itself is too high"
                )

    def _warn_of_flat_tops(self, samples: list[Sample], counts: FloatArray) -> None:
        """Tell of curves (rows, columns) that the detector has cut off."""
        bright = _brighter_half(counts)
        lowest = np.array([sample.lowest[:: self._step] for sample in samples])
        highest, at_highest = (
            np.array([sample.highest for sample in samples]),
            [sample.at_highest for sample in samples],
        )
        with np.errstate(invalid="ignore"):
            # A point that was taken twice has its counts twice.
            fewest = _FLAT_FRAMES * int(self._dataset.multiplicity.max())
            flat = (np.array(at_highest) >= fewest) & (highest - lowest > _FLAT_COUNTS)
        share = float(flat[bright].mean()) if bright.any() else 0.0
        if share > FLAT_SHARE:
            warn(
                f"{share:.0%} of the brighter pixels have the same highest count in {_FLAT_FRAMES} frames or more: the "
                "detector was saturated, and their widths are too large; scan_quality (Scan Quality) finds these pixels"
            )

    def _warn_of_few_steps(self, shapes: FloatArray, counts: FloatArray) -> None:
        """Tell of curves (rows, columns) that are as narrow as the steps of the scan."""
        bright = _brighter_half(counts)
        for number, dimension in enumerate(self._dataset.dimensions):
            if dimension.size < _FEWEST or not dimension.step or not bright.any():
                continue
            widths = shapes[2 + 4 * number][bright] / abs(dimension.step)
            widths = widths[np.isfinite(widths)]
            if widths.size and np.median(widths) < FEWEST_STEPS:
                warn(
                    f"the steps of {dimension.name} are too coarse: half of the brighter pixels have a FWHM of "
                    f"{np.median(widths):.2g} steps or less, and widths and centres of mass follow the steps"
                )


def _take_highest(sample: Sample, highest: FloatArray, at_highest: IntArray) -> None:
    """Compare the highest counts of a row with others, in place."""
    equal, higher = highest == sample.highest, highest > sample.highest
    sample.at_highest[:] = np.where(higher, at_highest, sample.at_highest + np.where(equal, at_highest, 0))
    np.maximum(sample.highest, highest, out=sample.highest)


def _brighter_half(counts: FloatArray) -> BoolArray:
    """Pixels with as many counts as half of those that have any."""
    lit: BoolArray = counts > 0
    return lit & (counts >= np.median(counts[lit])) if lit.any() else lit


def _pedestal_share(lowest: FloatArray, counts: FloatArray, dataset: Dataset) -> float:
    """Share of a constant pedestal in the counts of the brighter half of some pixels.

    It is 0 where there is none, or the scan has too few frames to tell.
    """
    bright = _brighter_half(counts)
    if dataset.n_frames < _FEWEST or not bright.any():
        return 0.0
    weight = float(np.sum(1.0 / dataset.multiplicity))
    return max(0.0, float(weight * lowest[bright].sum() / counts[bright].sum()))
