"""Moments of rocking curves: orientation, width and shape of every pixel's curve."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations
from typing import Annotated, Any

import numpy as np

from darfix_core.engine.compiler import load_compiler
from darfix_core.engine.cutting import BlockSizes
from darfix_core.engine.folding import fold_frames
from darfix_core.engine.registry import step
from darfix_core.errors import DimensionError
from darfix_core.model.arrays import AnyArray, FloatArray
from darfix_core.model.dataset import Dataset
from darfix_core.model.maps import Map, Maps
from darfix_core.steps.curve_checks import CurveSampler, Sample
from darfix_core.units import Unit

# About as many rows tell how the image fares, in a millisecond.
_SAMPLED_ROWS = 16

Accumulator = tuple[FloatArray, Sample]


@step("moments", version=1, title="Moments", widget="", needs_dimensions=True)
def moments(dataset: Dataset, *, min_intensity: Annotated[float | None, Unit("counts")] = None) -> Maps:
    """Moments of the rocking curve of every pixel, for every motor of the scan.

    Each frame counts at the position that was read back when it was taken, so that jitter, snake scans and
    missing points need no grid. Frames at one grid point share its weight.

    Parameters
    ----------
    dataset : Dataset
        A scan with dimensions. Subtract its background first: a constant pedestal pulls every centre of mass
        to the middle of the scan and widens every curve.
    min_intensity : float or None, counts
        Pixels whose counts, summed over the scan, are fewer become NaN in all maps but the intensity.
        None: only pixels without positive intensity do.

    Returns
    -------
    Maps
        ``intensity`` (counts: the sum over the scan); for each motor, in its unit, ``<motor>/center_of_mass``
        and ``<motor>/fwhm`` (2.355 standard deviations), and the pure numbers ``<motor>/skewness`` and
        ``<motor>/kurtosis`` (excess: 0 for a Gaussian); for each pair ``<slow>,<fast>/covariance``. Masked
        pixels are NaN. So are those whose centre of mass lies outside the scan, as signed counts of empty
        pixels can make it.

    Raises
    ------
    DimensionError
        If the dataset has no dimensions.

    References
    ----------
    Garriga Ferrer et al. (2023), J. Synchrotron Rad. 30, 527.
    """
    return compute_moments(dataset, min_intensity)


def compute_moments(dataset: Dataset, min_intensity: float | None = None, sizes: BlockSizes | None = None) -> Maps:
    """Moments as in `moments`, with the sizes of the blocks chosen.

    Raises
    ------
    DimensionError
        If the dataset has no dimensions.
    """
    if not dataset.dimensions:
        raise DimensionError("moments need the scan dimensions: use define_dimensions (Dimension Definition) first")
    motors = [dimension.name for dimension in dataset.dimensions]
    fold = _MomentsFold(dataset, motors, min_intensity)
    load_compiler()
    fold_frames(dataset.frames, fold, what="moments", sizes=sizes)
    fold.warn()
    if dataset.mask is not None:
        fold.shapes[:, dataset.mask] = np.nan
        fold.covariances[:, dataset.mask] = np.nan
    return _named_maps(dataset, motors, fold)


class _MomentsFold:
    """Sums of counts times powers of the motor positions, added up over frames.

    The positions are centred and scaled to -1 .. 1, and the sums are float64: central moments of a curve
    as narrow as a hundredth of the scan keep twelve digits.
    """

    def __init__(self, dataset: Dataset, motors: list[str], min_intensity: float | None) -> None:
        positions = np.array([dataset.positions[motor] for motor in motors])
        low, high = positions.min(axis=1), positions.max(axis=1)
        self._centre = (low + high) / 2
        self._scale = np.where(high > low, (high - low) / 2, 1.0)
        u = (positions - self._centre[:, None]) / self._scale[:, None]
        # Rounding may carry the mean of a curve that ends with the scan just over the end.
        self._low, self._high = u.min(axis=1) - 1e-9, u.max(axis=1) + 1e-9
        powers = [np.ones(dataset.n_frames), *(motor**n for motor in u for n in (1, 2, 3, 4))]
        products = [a * b for a, b in combinations(u, 2)]
        self._weights = np.array([*powers, *products]) / dataset.multiplicity
        self._n_motors = len(motors)
        self._minimum = -np.inf if min_intensity is None else min_intensity
        n, (ny, nx) = len(motors), dataset.frame_shape
        self.shapes, self.covariances = np.empty((1 + 4 * n, ny, nx)), np.empty((n * (n - 1) // 2, ny, nx))
        self._sampler, self._samples = CurveSampler(dataset), dict[int, Sample]()

    def __getstate__(self) -> dict[str, Any]:
        """What adding up needs: the workers of a cluster do not finish."""
        return {name: value for name, value in self.__dict__.items() if name not in ("shapes", "covariances")}

    def start(self, n_rows: int, n_columns: int) -> Accumulator:
        """Zero sums, and nothing seen of the first row."""
        from darfix_core.kernels.moments import GROUP

        groups = -(-len(self._weights) // GROUP)
        return np.zeros((n_rows, groups, GROUP, n_columns)), self._sampler.start(n_columns)

    def part(self, accumulator: Accumulator, rows: slice) -> Accumulator:
        """Sums of a stripe, and a sample of its own first row."""
        sums, _ = accumulator
        return sums[rows], self._sampler.start(sums.shape[-1])

    def add(self, accumulator: Accumulator, block: AnyArray, frames: slice) -> None:
        """Add the frames of a block."""
        from darfix_core.kernels.layout import row_major_view
        from darfix_core.kernels.moments import add_weighted_sums, sweep_weights

        sums, sample = accumulator
        add_weighted_sums(row_major_view(block), sweep_weights(self._weights[:, frames]), sums)
        # One row of each stripe is enough to see what is wrong with the curves, and costs next to nothing.
        self._sampler.add(sample, block[:, 0], frames)

    def merge(self, accumulator: Accumulator, other: Accumulator) -> None:
        """Add the sums over other frames."""
        np.add(accumulator[0], other[0], out=accumulator[0])
        self._sampler.merge(accumulator[1], other[1])

    def finish(self, accumulator: Accumulator, rows: slice) -> Mapping[str, AnyArray]:
        """Moments of a stripe, written to `shapes` and `covariances` where they belong."""
        from darfix_core.kernels.moments import moments_from_sums

        sums, self._samples[rows.start] = accumulator
        ends = self._centre, self._scale, self._low, self._high
        moments_from_sums(sums, rows.start, self._n_motors, *ends, self._minimum, self.shapes, self.covariances)
        return {}

    def warn(self) -> None:
        """Tell what is wrong with the curves, by the rows that were looked at."""
        rows = sorted(self._samples)
        chosen = rows[:: max(1, len(rows) // _SAMPLED_ROWS)]
        self._sampler.warn({row: self._samples[row] for row in chosen}, self.shapes, self._minimum)


def _named_maps(dataset: Dataset, motors: list[str], fold: _MomentsFold) -> Maps:
    entries = {"intensity": Map(fold.shapes[0], "counts", "sum of the counts over the scan")}
    for i, motor in enumerate(motors):
        unit = dataset.unit(motor)
        names = (
            ("center_of_mass", unit, f"centre of mass of the rocking curve in {motor}"),
            ("fwhm", unit, f"full width at half maximum in {motor}, from the variance"),
            ("skewness", "", f"skewness of the rocking curve in {motor}"),
            ("kurtosis", "", f"excess kurtosis of the rocking curve in {motor}"),
        )
        for j, (name, of, text) in enumerate(names):
            entries[f"{motor}/{name}"] = Map(fold.shapes[1 + 4 * i + j], of, text)
    for i, (first, second) in enumerate(combinations(motors, 2)):
        unit = " ".join(filter(None, (dataset.unit(first), dataset.unit(second))))
        unit = f"{dataset.unit(first)}^2" if dataset.unit(first) == dataset.unit(second) != "" else unit
        entries[f"{first},{second}/covariance"] = Map(fold.covariances[i], unit, f"covariance of {first} and {second}")
    return Maps(
        entries,
        dimensions=dataset.dimensions,
        pixel_size=dataset.pixel_size,
        origin=dataset.origin,
        metadata=dataset.metadata,
    )
