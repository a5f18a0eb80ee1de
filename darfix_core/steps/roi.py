"""Region of interest."""

from __future__ import annotations

from typing import Annotated

from darfix_core.engine.registry import step
from darfix_core.model.dataset import Dataset
from darfix_core.units import Unit


@step("roi", version=1, title="ROI Selection", widget="orangecontrib.dfxm.widgets.owroi.OWRoi")
def roi(
    dataset: Dataset,
    *,
    origin: Annotated[tuple[int, int], Unit("px")] = (0, 0),
    shape: Annotated[tuple[int, int] | None, Unit("px")] = None,
) -> Dataset:
    """Crop every frame to a rectangle. Nothing is read until the pixels are needed, and then only the rectangle.

    Parameters
    ----------
    dataset : Dataset
        Any scan.
    origin : (int, int), px
        Row and column of the first pixel to keep, counted from 0 in the frames as they come in.
    shape : (int, int) or None, px
        Rows and columns to keep; None: up to the end of the frame.

    Returns
    -------
    Dataset
        The cropped scan; its `origin` is where the rectangle sits on the detector.

    Raises
    ------
    ValueError
        If the rectangle is empty or does not lie in the frame.
    """
    ny, nx = dataset.frame_shape
    wanted = (ny - origin[0], nx - origin[1]) if shape is None else shape
    return dataset.crop(origin, wanted)
