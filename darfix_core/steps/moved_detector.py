"""What is known about the pixels of the detector, for frames that were moved over them."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np

from darfix_core.model.arrays import AnyArray, BoolArray, FloatArray, IntArray
from darfix_core.model.noise import NoiseModel

_Slices = tuple[slice, slice]


def moved_mask(mask: BoolArray | None, values: FloatArray) -> BoolArray | None:
    """Pixels to which a masked pixel is moved, by whole or parts of pixels, in any frame.

    Parameters
    ----------
    mask : ndarray of bool, shape (ny, nx), or None
    values : ndarray, shape (n_frames, 2), px
        Shift (dy, dx) of each frame.

    Returns
    -------
    ndarray of bool, shape (ny, nx), or None
    """
    if mask is None:
        return None
    enclosing = [np.floor(values), np.ceil(values)]
    corners = [np.stack([y[:, 0], x[:, 1]], axis=1) for y, x in itertools.product(enclosing, repeat=2)]
    moved = np.zeros_like(mask)
    for offset in np.unique(np.concatenate(corners), axis=0):
        target, source = _overlap(offset.astype(int), mask.shape)
        moved[target] |= mask[source]
    return moved


def moved_noise(noise: NoiseModel | None, values: FloatArray, interpolation: str) -> NoiseModel | None:
    """Noise of interpolated counts, on average over the frames.

    Counts that are added with weights w have the variance of one of them times the sum of w^2. That neighbouring
    pixels then vary together is not described. Images are averaged over the pixels from which the frames come.

    Parameters
    ----------
    noise : NoiseModel or None
    values : ndarray, shape (n_frames, 2), px
        Shift (dy, dx) of each frame.
    interpolation : {"linear", "cubic", "fourier"}

    Returns
    -------
    NoiseModel or None
    """
    if noise is None:
        return None
    left = _left_of_variance(values, interpolation)
    parts = {
        name: _averaged(part**2, values) ** 0.5 if name == "read_noise" else _averaged(part, values)
        for name, part in noise.parts().items()
    }
    return NoiseModel(parts["gain"] * left, parts["offset"], parts["read_noise"] * left**0.5)


def _left_of_variance(values: FloatArray, interpolation: str) -> float:
    """Share of the variance that interpolation leaves, on average over the frames."""
    from darfix_core.kernels.warp import interpolation_weights

    if interpolation == "fourier":
        return 1.0
    weights = interpolation_weights(values % 1)
    used = weights[..., :1] if interpolation == "linear" else weights[..., 1:]
    along_axes = (used**2).sum(axis=-1) + (1 - used.sum(axis=-1)) ** 2
    return float(along_axes.prod(axis=1).mean())


def _averaged(part: float | FloatArray, values: FloatArray) -> AnyArray | float:
    """Mean of an image over the frames that are moved over it, by whole pixels; NaN where none lies. Numbers stay."""
    if not isinstance(part, np.ndarray):
        return part
    total, count = np.zeros(part.shape), np.zeros(part.shape)
    for target, source, n_frames in _whole_moves(values, part.shape):
        total[target] += n_frames * part[source]
        count[target] += n_frames
    with np.errstate(invalid="ignore"):
        return total / count


def _whole_moves(values: FloatArray, shape: tuple[int, int]) -> Iterator[tuple[_Slices, _Slices, int]]:
    """Where pixels come to lie, where from, and in how many frames, by whole pixels."""
    for offset, n_frames in zip(*np.unique(np.rint(values), axis=0, return_counts=True), strict=True):
        yield *_overlap(offset.astype(int), shape), int(n_frames)


def _overlap(offset: IntArray, shape: tuple[int, int]) -> tuple[_Slices, _Slices]:
    """Pixels that are found at `offset` from themselves in an image, and where they are found."""
    target = tuple(slice(max(0, -by), max(0, size - max(0, by))) for by, size in zip(offset, shape, strict=True))
    source = tuple(slice(max(0, by), max(0, size - max(0, -by))) for by, size in zip(offset, shape, strict=True))
    return target, source  # type: ignore[return-value]


def common_area(values: FloatArray, shape: tuple[int, int]) -> tuple[tuple[int, int], tuple[int, int]]:
    """Rectangle in which all moved frames have counts.

    Parameters
    ----------
    values : ndarray, shape (n_frames, 2), px
        Shift (dy, dx) of each frame.
    shape : (int, int), px
        Of the frames.

    Returns
    -------
    (int, int), (int, int)
        Its first pixel and its shape.

    Raises
    ------
    ValueError
        If the frames have nothing in common.
    """
    first = np.maximum(0, np.ceil(-values.min(axis=0))).astype(int)
    behind = (shape - np.maximum(0, np.ceil(values.max(axis=0)))).astype(int)
    (y, x), (height, width) = first.tolist(), (behind - first).tolist()
    if min(height, width) < 1:
        spread = " x ".join(f"{size:.3g}" for size in np.ptp(values, axis=0))
        raise ValueError(
            f"borders='crop' leaves nothing: the shifts span {spread} px, and frames of {shape[0]} x {shape[1]} px "
            "have no pixel in common; take borders='nan'"
        )
    return (y, x), (height, width)
