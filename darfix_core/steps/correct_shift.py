"""Correction of a shift."""

from __future__ import annotations

from typing import Literal

import numpy as np

from darfix_core.engine.compiler import load_compiler
from darfix_core.engine.execution import warn
from darfix_core.engine.registry import step
from darfix_core.model.arrays import AnyArray
from darfix_core.model.dataset import Dataset
from darfix_core.model.frame_operations import PerPixel
from darfix_core.model.frames import Frames
from darfix_core.model.shift import Shift
from darfix_core.steps.moved_detector import common_area, moved_mask, moved_noise
from darfix_core.steps.moved_frames import Interpolation, MoveFrames
from darfix_core.steps.shift_of_frames import shift_of_frames


@step("correct_shift", version=1, title="Correct Shift")
def correct_shift(
    dataset: Dataset,
    shift: Shift,
    *,
    interpolation: Interpolation = "linear",
    borders: Literal["nan", "crop"] = "nan",
    apply_untrusted: bool = False,
) -> Dataset:
    """Move every frame back to where its content would sit without drift. Frames are moved when they are read.

    Counts of any type become float32 or float64, whichever holds them exactly, and nothing is cut off. Frames whose
    shift is a whole number of pixels are not interpolated.

    Parameters
    ----------
    dataset : Dataset
        Any scan.
    shift : Shift
        How far each frame has moved, from `find_shift`, a file, or another scan. One that is linear in a motor may
        come from a scan with other positions of that motor; else it must have as many frames as the dataset.
    interpolation : {"linear", "cubic", "fourier"}
        Between pixels. Linear blurs most and never overshoots; cubic is sharper; Fourier keeps all detail, but
        needs whole frames, takes many times longer and rings around sharp spots.
    borders : {"nan", "crop"}
        Where a frame has no counts after it was moved: NaN, or crop all frames to what they have in common.
    apply_untrusted : bool
        Apply values that are not trusted, too. Otherwise such a frame gets the shift between those of its trusted
        neighbours, and a shift without any trusted value is not applied.

    Returns
    -------
    Dataset
        The moved scan. A pixel is masked if a masked pixel was moved there in any frame. The noise is that of the
        interpolated counts, on average over the frames. Dark frames belong to pixels of the detector, which the moved
        frames are not, and are left out: subtract them before.

    Raises
    ------
    ValueError
        If the shift belongs to another number of frames, is as large as the frames, or leaves them nothing in common.
    """
    if not (shift.is_trusted or apply_untrusted):
        warn(
            "the frames were not moved, since the shift is not trusted" + (f": {shift.reason}" if shift.reason else "")
        )
        return dataset
    values = shift_of_frames(shift, dataset, untrusted=apply_untrusted)
    load_compiler()
    frames = _without_masked(dataset).frames
    moved = dataset.replace(
        frames=Frames(frames.source, (*frames.operations, MoveFrames(values, interpolation))),
        mask=moved_mask(dataset.mask, values),
        noise=moved_noise(dataset.noise, values, interpolation),
        dark=None,
    )
    return moved if borders == "nan" else moved.crop(*common_area(values, dataset.frame_shape))


def _without_masked(dataset: Dataset) -> Dataset:
    """The dataset with NaN in its masked pixels, so that nothing is interpolated from them."""
    if dataset.mask is None or not dataset.mask.any():
        return dataset
    dtype = np.result_type(dataset.frames.dtype, np.float32)
    return dataset.map_frames(_blanked, dtype=dtype, mask=PerPixel(dataset.mask))


def _blanked(block: AnyArray, mask: AnyArray) -> AnyArray:
    blanked = block.astype(np.result_type(block.dtype, np.float32))
    blanked[:, mask] = np.nan
    return blanked
