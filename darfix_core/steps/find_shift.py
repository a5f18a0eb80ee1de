"""How far the content of the frames drifts."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from annotated_types import Ge, Le

from darfix_core.engine.execution import warn
from darfix_core.engine.registry import step
from darfix_core.model.arrays import IntArray
from darfix_core.model.dataset import Dataset
from darfix_core.model.shift import Shift
from darfix_core.steps.shift_field import Field
from darfix_core.steps.shift_lines import Lines, groups_along, lines_along
from darfix_core.steps.shift_published import published_shift
from darfix_core.steps.shift_results import linear_shift, shift_of_groups, untrusted
from darfix_core.units import Unit

# So many frames are kept in memory.
Lag: TypeAlias = Annotated[int, Ge(1), Le(32)]


@step("find_shift", version=1, title="Find Shift", uses_dimensions=True)
def find_shift(
    dataset: Dataset,
    *,
    model: Literal["linear", "frames", "dimension", "published"] = "linear",
    motor: str | None = None,
    lags: tuple[Lag, ...] = (1, 2, 4, 8, 16, 32),
    reference: Literal["neighbour", "mean", "frame"] = "neighbour",
    reference_frame: Annotated[int | None, Ge(0)] = None,
    region: Annotated[tuple[int, int, int, int] | None, Unit("px")] = None,
) -> Shift:
    """Find how far the content of the frames drifts, how certain that is, and whether it is to be trusted.

    The texture of the sample is followed, in tiles of the frames that are compared with each other. Rocking a bent
    crystal moves the illuminated part although the sample stands still: that motion is measured and taken off. All
    frames are read once (twice for the published way).

    Parameters
    ----------
    dataset : Dataset
        Any scan of at least two frames. Remove hot pixels first: they stand still.
    model : {"linear", "frames", "dimension", "published"}
        A drift that is linear in a motor; a shift of each frame on its own; one for each position of a motor; or, for
        comparison, the linear drift by the published way: two half sums and a scan of the scale.
    motor : str or None
        The motor that the drift is linear in, or that has one shift for each position. None: that of the only
        dimension; without dimensions, the frames as they were recorded.
    lags : tuple of int
        How many positions the frames that the linear model compares are apart, 1 to 32.
    reference : {"neighbour", "mean", "frame"}
        What the models "frames" and "dimension" compare with: neighbours, 1 to 16 frames before; the running mean of
        the last frames, put in their place; or a single frame.
    reference_frame : int or None
        The single frame, counted from 0, or the position of the motor; None: the one in the middle.
    region : (int, int, int, int) or None, px
        First row, first column, rows and columns of the part of the frames to look at; None: all of it.

    Returns
    -------
    Shift
        In px; zero at the mean position for linear drifts, at the reference else. Frames too dim to be matched get
        the values between those of their neighbours, and are not trusted beyond them.

    Raises
    ------
    ValueError
        If there is a single frame, no such motor, several dimensions and no motor given, no lag, or the region or the
        reference frame does not lie in the scan.
    DimensionError
        If the dimensions are not defined, and the motor does not move in one direction all the time.

    References
    ----------
    Hannan & Thomson (1973), Biometrika 60, 469: the weights. Westerweel (1997), Meas. Sci. Technol. 8, 1379: the
    windows. Garriga Ferrer et al. (2023), J. Synchrotron Rad. 30, 527: the published way.
    """
    if dataset.n_frames < 2:
        raise ValueError("find_shift needs at least two frames, got 1")
    if not lags:
        raise ValueError("lags must hold at least one number of positions, got ()")
    if model in ("linear", "published"):
        along: Lines | list[IntArray] = lines_along(dataset, motor)
    else:
        along = groups_along(dataset, model == "dimension", motor)
        if reference_frame is not None and reference_frame >= len(along):
            raise ValueError(f"reference_frame must be in 0 to {len(along) - 1}, got {reference_frame}")
    field = Field.of(dataset if region is None else dataset.crop(region[:2], region[2:]))
    if field is None:
        shift = untrusted(dataset, "The frames have no part of 16 x 16 pixels that is not masked.")
    elif isinstance(along, list):
        chosen = len(along) // 2 if reference_frame is None else reference_frame
        shift = shift_of_groups(dataset, field, along, reference, chosen)
    elif model == "linear":
        shift = linear_shift(dataset, field, along, lags)
    else:
        shift = published_shift(dataset, field, along)
    if not shift.is_trusted:
        warn(f"the shift is not trusted: {shift.reason}")
    return shift
