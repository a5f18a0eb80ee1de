"""Projection: frames combined along motors of the scan."""

from __future__ import annotations

import math
from typing import Literal

import numpy as np

from darfix_core.engine.combined_source import CombinedSource
from darfix_core.engine.execution import warn
from darfix_core.engine.registry import step
from darfix_core.errors import DimensionError, nearest
from darfix_core.model.arrays import AnyArray, FloatArray, IntArray, sum_type
from darfix_core.model.dataset import Dataset
from darfix_core.model.frames import Frames
from darfix_core.model.noise import NoiseModel


@step(
    "projection",
    version=1,
    title="Projection",
    widget="orangecontrib.dfxm.widgets.owprojection.OWProjection",
    needs_dimensions=True,
)
def projection(
    dataset: Dataset, *, motors: tuple[str, ...] | None = None, method: Literal["sum", "mean", "max"] = "sum"
) -> Dataset:
    """Combine the frames along motors of the scan, so that these motors are no dimensions any more.

    Nothing is read until a frame of the result is needed; then the frames that it is made of are read, a few at a time.

    Parameters
    ----------
    dataset : Dataset
        A scan with dimensions.
    motors : sequence of str or None
        Motors along which frames are combined; None: the slowest. All motors of the scan leave a single frame.
    method : {"sum", "mean", "max"}
        What a pixel of the result holds: the sum, the mean, or the highest of its counts. Several frames at one
        point of the scan share its weight. Points without a frame add nothing to a sum; a mean does not suffer from
        them.

    Returns
    -------
    Dataset
        One frame for each point of the motors that are left, in the order of the grid, with the mean of their
        positions and counters. Sums of integers are integers of so many bits that none wraps; means, and sums in
        which frames share a weight, are float32, or float64 for counts of 32 bits and more. Dark frames and noise
        follow, and are dropped where they cannot: noise of a maximum, and both where sums have lost points.

    Raises
    ------
    DimensionError
        If the dataset has no dimensions.
    ValueError
        If `motors` names what is no dimension of the scan, or one twice.
    """
    projected = _projected(dataset, motors)
    left = [axis for axis in range(len(dataset.dimensions)) if axis not in projected]
    places, group = _groups(dataset, left)
    weights = 1.0 / dataset.multiplicity
    combined = np.bincount(group, weights)
    if method == "mean":
        weights = weights / combined[group]
    n_points = math.prod(dataset.scan_shape[axis] for axis in projected)
    exact = method == "max" or bool((weights == 1).all())
    dtype = dataset.frames.dtype
    if not exact:
        dtype = np.result_type(dtype, np.float32)
    elif method == "sum":
        dtype = sum_type(dtype, n_points)
    source = CombinedSource(dataset.frames, group, None if method == "max" else weights, dtype)
    result = _scan_of(dataset, Frames(source), left, places, group)
    if method == "sum":
        return _with_summed_detector(result, n_points, n_incomplete=int((combined < n_points - 0.5).sum()))
    if method == "max":
        return result.replace(noise=None)
    return result.replace(noise=None if result.noise is None else _of_sums(result.noise, n_points).scaled(1 / n_points))


def _projected(dataset: Dataset, motors: tuple[str, ...] | None) -> list[int]:
    """Axes of the motors that are named."""
    if not dataset.dimensions:
        raise DimensionError("projection needs the scan dimensions: use define_dimensions (Dimension Definition) first")
    names = [dimension.name for dimension in dataset.dimensions]
    wanted = (names[0],) if motors is None else motors
    for motor in wanted:
        if motor not in names:
            raise ValueError(f"motors must be dimensions of the scan, got {motor!r}{nearest(motor, names)}")
    if len(set(wanted)) < len(wanted) or not wanted:
        raise ValueError(f"motors must name one or several dimensions, each once, got {wanted}")
    return [names.index(motor) for motor in wanted]


def _groups(dataset: Dataset, left: list[int]) -> tuple[IntArray, IntArray]:
    """Places of the combined frames in the grid of the axes that are left, and which of them each frame belongs to."""
    index, shape = [dataset.scan_index[axis] for axis in left], [dataset.scan_shape[axis] for axis in left]
    place = np.ravel_multi_index(index, shape) if left else np.zeros(dataset.n_frames, dtype=np.int64)
    places, group = np.unique(place, return_inverse=True)
    return places, group


def _scan_of(dataset: Dataset, frames: Frames, left: list[int], places: IntArray, group: IntArray) -> Dataset:
    """The combined frames, with the mean positions of the motors that are left and the mean counters."""
    gone = {
        name
        for axis, dimension in enumerate(dataset.dimensions)
        if axis not in left
        for name in (dimension.name, *dimension.along)
    }
    weights = 1.0 / dataset.multiplicity

    def mean(values: FloatArray) -> FloatArray:
        total: FloatArray = np.bincount(group, weights * values) / np.bincount(group, weights)
        return total

    return dataset.replace(
        frames=frames,
        positions={name: mean(values) for name, values in dataset.positions.items() if name not in gone},
        units={name: unit for name, unit in dataset.units.items() if name not in gone},
        counters={name: mean(values) for name, values in dataset.counters.items()},
        dimensions=tuple(dataset.dimensions[axis] for axis in left),
        grid_index=places if left else None,
    )


def _with_summed_detector(result: Dataset, n_points: int, n_incomplete: int) -> Dataset:
    """Dark frames and noise of sums over so many frames; neither where some sums are over fewer."""
    if n_incomplete:
        warn(
            f"{n_incomplete} of {result.n_frames} frames are sums over fewer than {n_points} points, as the scan lacks "
            "some: method='mean' makes up for it"
        )
        return result.replace(dark=None, noise=None)
    dark = result.dark
    if dark is not None:
        wide = sum_type(dark.dtype, n_points)
        dark = dark.map(_times, dtype=wide, factor=wide.type(n_points))
    return result.replace(dark=dark, noise=None if result.noise is None else _of_sums(result.noise, n_points))


def _times(block: AnyArray, factor: AnyArray) -> AnyArray:
    result: AnyArray = np.multiply(block, factor, dtype=factor.dtype)
    return result


def _of_sums(noise: NoiseModel, number: int) -> NoiseModel:
    """Noise of the sum of so many frames: offsets and variances add up."""
    return NoiseModel(noise.gain, noise.offset * number, noise.read_noise * math.sqrt(number))
