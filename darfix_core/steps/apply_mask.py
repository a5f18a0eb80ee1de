"""Masks: pixels that are not to be used."""

from __future__ import annotations

from typing import Literal

import numpy as np

from darfix_core.engine.execution import warn
from darfix_core.engine.registry import step
from darfix_core.io.mask_file import read_mask
from darfix_core.model.arrays import BoolArray
from darfix_core.model.dataset import Dataset
from darfix_core.model.mask import Mask


@step(
    "apply_mask",
    version=1,
    title="Mask",
    widget="orangecontrib.dfxm.widgets.owmask.OWMask",
    file_parameters=("file",),
)
def apply_mask(
    dataset: Dataset,
    mask: Mask | None = None,
    *,
    file: str | None = None,
    invert: bool = False,
    mode: Literal["add", "replace"] = "add",
) -> Dataset:
    """Name the pixels that are not to be used: they are NaN in every map. The counts stay as they are.

    The mask has the shape of the frames, or that of the detector: of a larger mask the part is used that the frames
    show, by their `origin`.

    Parameters
    ----------
    dataset : Dataset
        Any scan.
    mask : Mask or None
        The pixels not to be used.
    file : str or None
        File that holds the mask: an npy, TIFF or EDF image or a Fit2D mask (.msk) of which all pixels are masked that
        are not 0, as silx and pyFAI write them; an image in an HDF5 file (``"masks.h5::/path"``); or a saved dataset,
        whose mask is taken. None: the mask comes in as an input.
    invert : bool
        Mask the other pixels instead.
    mode : {"add", "replace"}
        What becomes of pixels that were masked before: they stay masked, or only the new mask holds.

    Returns
    -------
    Dataset
        The same scan with its mask.

    Raises
    ------
    ValueError
        If there is no mask or there are two, it does not cover the frames, or it leaves no pixel.
    DataFileError
        If the file holds no mask.
    """
    if mask is not None and file is not None:
        raise ValueError(f"file must be None where the input mask is connected, got {file!r}")
    if mask is None:
        if file is None:
            raise ValueError("a mask must be given, as the input mask or by file; got neither")
        mask = Mask(read_mask(file))
    chosen = mask_on_frames(mask, dataset)
    chosen = ~chosen if invert else chosen
    if mode == "add" and dataset.mask is not None:
        chosen = chosen | dataset.mask
    if chosen.all():
        raise ValueError(
            f"the mask must leave pixels to be used, it covers all of them (invert={invert}, mode={mode!r})"
        )
    return dataset.replace(mask=chosen)


def mask_on_frames(mask: Mask, dataset: Dataset) -> BoolArray:
    """The part of a mask that lies on the frames of a dataset.

    Parameters
    ----------
    mask : Mask
        Of the shape of the frames, or larger: then it is known where it sits on the detector.
    dataset : Dataset

    Returns
    -------
    ndarray of bool, shape (ny, nx)

    Raises
    ------
    ValueError
        If it does not cover the frames, or these are binned and it is not.
    """
    (ny, nx), anywhere = dataset.frame_shape, mask.origin == (0, 0)
    if mask.shape == (ny, nx) and (anywhere or mask.origin == dataset.origin):
        return mask.values
    if any(node.step == "binning" for node in dataset.history.nodes.values()):
        raise ValueError(
            f"the frames are binned: the mask must have their shape, {(ny, nx)}, or be applied before; "
            f"it has the shape {mask.shape}"
        )
    y, x = np.subtract(dataset.origin, mask.origin)
    part = mask.values[max(y, 0) : max(y + ny, 0), max(x, 0) : max(x + nx, 0)]
    if part.shape != (ny, nx) or min(y, x) < 0:
        raise ValueError(
            f"the mask must have the shape of the frames, {(ny, nx)}, or cover them on the detector, where they begin "
            f"at {dataset.origin}; it has the shape {mask.shape} and begins at {mask.origin}"
        )
    if anywhere and dataset.origin == (0, 0):
        warn(
            f"the mask, {mask.shape[0]} x {mask.shape[1]} px, is larger than the frames, {ny} x {nx} px, which begin "
            "at (0, 0): its first rows and columns are used"
        )
    return part
