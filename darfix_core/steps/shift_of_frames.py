"""Which shift each frame of a dataset gets."""

from __future__ import annotations

import numpy as np

from darfix_core.model.arrays import FloatArray
from darfix_core.model.dataset import Dataset
from darfix_core.model.shift import Shift

# Closer to whole pixels than this, px, a frame is not interpolated.
_WHOLE = 1e-6


def shift_of_frames(shift: Shift, dataset: Dataset, *, untrusted: bool = False) -> FloatArray:
    """Shift of each frame of a dataset, which need not be the one in which the shift was found.

    A shift that is linear in a motor goes by the position of that motor, where the datasets differ in it; any other
    goes frame by frame.

    Parameters
    ----------
    shift : Shift
    dataset : Dataset
    untrusted : bool
        True: take values that are not trusted as they are. False: in their place those between the trusted values of
        frames before and behind.

    Returns
    -------
    ndarray, shape (n_frames, 2), px
        Finite.

    Raises
    ------
    ValueError
        If the shift does not fit the frames, in number or size, or holds no number.
    """
    values = _known(shift, untrusted=untrusted)
    there, here = shift.positions.get(shift.motor), dataset.positions.get(shift.motor)
    if shift.velocity is not None and there is not None and here is not None and not np.array_equal(there, here):
        _check_unit(shift, dataset)
        zero = (values - np.outer(there, shift.velocity)).mean(axis=0)
        values = zero + np.outer(here, shift.velocity)
    elif len(values) != dataset.n_frames:
        raise ValueError(
            f"shift must hold a value for each of the {dataset.n_frames} frames, got {len(values)}; only one that is "
            "linear in a motor which both scans have can be applied to another number of frames"
        )
    _check_size(values, dataset.frame_shape)
    whole = np.rint(values)
    return np.where(np.abs(values - whole) < _WHOLE, whole, values)


def _known(shift: Shift, *, untrusted: bool) -> FloatArray:
    """Values of all frames, in the gaps those between their neighbours."""
    known = np.isfinite(shift.values).all(axis=1) & (shift.trusted | untrusted)
    if not known.any():
        raise ValueError("shift must hold a number for at least one frame, got none")
    if known.all():
        return shift.values
    frames = np.arange(shift.n_frames)
    return np.stack([np.interp(frames, frames[known], along[known]) for along in shift.values.T], axis=1)


def _check_unit(shift: Shift, dataset: Dataset) -> None:
    motor = shift.motor
    there, here = shift.units.get(motor, ""), dataset.unit(motor)
    if there and here and there != here:
        raise ValueError(f"shift is linear in {motor} in {there}, but the dataset has {motor} in {here}")


def _check_size(values: FloatArray, shape: tuple[int, int]) -> None:
    too_large = np.flatnonzero((np.abs(values) >= shape).any(axis=1))
    if too_large.size:
        frame = int(too_large[0])
        dy, dx = values[frame]
        raise ValueError(
            f"shift must be smaller than the frames of {shape[0]} x {shape[1]} px, got ({dy:.6g}, {dx:.6g}) px "
            f"for frame {frame}" + (f" and others, {too_large.size} in all" if too_large.size > 1 else "")
        )
