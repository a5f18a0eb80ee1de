"""Threshold that keeps faint features with a strong local gradient."""

from __future__ import annotations

import math
from typing import Annotated

import numpy as np
from annotated_types import Ge, Le

from darfix_core.engine.compiler import load_compiler
from darfix_core.engine.registry import step
from darfix_core.model.arrays import AnyArray, BoolArray
from darfix_core.model.dataset import Dataset
from darfix_core.model.frame_operations import PerPixel
from darfix_core.units import Unit


@step(
    "gradient_threshold",
    version=1,
    title="Gradient Threshold",
    widget="orangecontrib.dfxm.widgets.owgradientthreshold.OWGradientThreshold",
)
def gradient_threshold(
    dataset: Dataset,
    *,
    bottom: Annotated[float | None, Unit("counts")] = None,
    min_gradient: Annotated[float | None, Ge(0), Unit("counts/px")] = None,
    scale: Annotated[float, Ge(0.5), Le(10), Unit("px")] = 1.0,
) -> Dataset:
    """Set counts below `bottom` to zero, but for those with a strong local gradient.

    A plain threshold that takes the noise of dark areas away also takes the faint edges of grains, dislocations and
    walls. They stay here: where the frame, smoothed by a Gaussian, changes by `min_gradient` and more from pixel to
    pixel. This is done when frames are read.

    Parameters
    ----------
    dataset : Dataset
        Any scan. Subtract its background, and remove its hot pixels, first: they have the strongest gradients.
    bottom : float or None, counts
        Counts from here on stay in any case; None: all counts stay.
    min_gradient : float or None, counts/px
        Magnitude of the gradient from which on fainter counts stay, too; None: fainter counts go. Noise of standard
        deviation s in single pixels has gradients of about ``0.28 * s / scale**2`` counts/px (rms).
    scale : float, px
        Standard deviation of the Gaussian: larger ones bring noise down, and blur narrow features.

    Returns
    -------
    Dataset
        Counts of the same type. Within four `scale` of a masked pixel, or of one that is no number, there is no
        gradient, and `bottom` alone decides. Counts that are no number stay so. At the edges of the frame its outermost
        pixels are repeated.

    Raises
    ------
    Cancelled
        If the computation was cancelled.
    """
    load_compiler()
    return dataset.map_frames(
        _zero_faint_and_flat,
        halo=math.floor(4 * scale + 0.5),
        bottom=-math.inf if bottom is None else bottom,
        gradient=math.inf if min_gradient is None else min_gradient,
        scale=scale,
        mask=None if dataset.mask is None else PerPixel(dataset.mask),
    )


def _zero_faint_and_flat(
    block: AnyArray, bottom: float, gradient: float, scale: float, mask: BoolArray | None
) -> AnyArray:
    from darfix_core.kernels.layout import row_major_view
    from darfix_core.kernels.thresholds import gaussian_weights, zero_faint_and_flat

    view = row_major_view(block)
    masked = np.zeros(block.shape[1:], dtype=bool) if mask is None else np.ascontiguousarray(mask)
    weights = gaussian_weights(scale, np.result_type(view.dtype, np.float32))
    result = np.empty(block.shape, view.dtype)
    zero_faint_and_flat(view, masked, weights, bottom, gradient, result)
    return result
