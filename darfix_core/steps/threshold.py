"""Thresholds of the counts."""

from __future__ import annotations

import math
from typing import Annotated

import numpy as np

from darfix_core.engine.compiler import load_compiler
from darfix_core.engine.registry import step
from darfix_core.model.arrays import AnyArray
from darfix_core.model.dataset import Dataset
from darfix_core.units import Unit


@step("threshold", version=1, title="Threshold", widget="orangecontrib.dfxm.widgets.owthreshold.OWThreshold")
def threshold(
    dataset: Dataset,
    *,
    bottom: Annotated[float | None, Unit("counts")] = None,
    top: Annotated[float | None, Unit("counts")] = None,
) -> Dataset:
    """Set counts below `bottom` or above `top` to zero. This is done when frames are read.

    Parameters
    ----------
    dataset : Dataset
        Any scan. Subtract its background first: zero is the level of pixels without light.
    bottom : float or None, counts
        Lowest count that stays; None: no limit.
    top : float or None, counts
        Highest count that stays; None: no limit.

    Returns
    -------
    Dataset
        Counts of the same type. Counts that are no number stay so, and count as neither below nor above.

    Raises
    ------
    ValueError
        If `bottom` is above `top`.
    """
    if bottom is not None and top is not None and bottom > top:
        raise ValueError(f"bottom must be at most top, got bottom {bottom:g} above top {top:g}")
    load_compiler()
    low, high = -math.inf if bottom is None else bottom, math.inf if top is None else top
    return dataset.map_frames(_zero_outside, bottom=low, top=high)


def _zero_outside(block: AnyArray, bottom: float, top: float) -> AnyArray:
    from darfix_core.kernels.layout import row_major_view
    from darfix_core.kernels.thresholds import zero_outside

    view = row_major_view(block)
    result = np.empty(block.shape, view.dtype)
    zero_outside(view, bottom, top, result)
    return result
