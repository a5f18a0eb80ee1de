"""Correction of a shift that is found, given, or known from elsewhere, in one step."""

from __future__ import annotations

from typing import Annotated, Literal

from annotated_types import Ge

from darfix_core.engine.execution import warn
from darfix_core.engine.registry import step
from darfix_core.io.shift_file import read_shift
from darfix_core.model.dataset import Dataset
from darfix_core.model.shift import Shift
from darfix_core.steps.correct_shift import correct_shift
from darfix_core.steps.find_shift import Lag, find_shift
from darfix_core.steps.given_shift import given_shift
from darfix_core.steps.moved_frames import Interpolation
from darfix_core.units import Unit


@step(
    "shift_correction",
    version=1,
    title="Shift Correction",
    widget="orangecontrib.dfxm.widgets.owshiftcorrection.OWShiftCorrection",
    file_parameters=("file",),
    uses_dimensions=True,
    outputs=("dataset", "shift"),
)
def shift_correction(
    dataset: Dataset,
    shift: Shift | None = None,
    *,
    model: Literal["linear", "frames", "dimension", "published", "given"] = "linear",
    motor: str | None = None,
    lags: tuple[Lag, ...] = (1, 2, 4, 8, 16, 32),
    reference: Literal["neighbour", "mean", "frame"] = "neighbour",
    reference_frame: Annotated[int | None, Ge(0)] = None,
    region: Annotated[tuple[int, int, int, int] | None, Unit("px")] = None,
    velocity: Annotated[tuple[float, float], Unit("px per unit")] = (0.0, 0.0),
    file: str | None = None,
    interpolation: Interpolation = "linear",
    borders: Literal["nan", "crop"] = "nan",
    apply_untrusted: bool = False,
) -> tuple[Dataset, Shift]:
    """Find how far the content of each frame has moved, and move it back.

    What `find_shift` and `correct_shift` do, in one step. A shift on the second input, in a file, or a velocity that is
    given, is applied instead of one that is found.

    Parameters
    ----------
    dataset : Dataset
        Any scan.
    shift : Shift, optional
        Shift to apply, of this or another scan.
    model : {"linear", "frames", "dimension", "published", "given"}
        How the shift is found, see `find_shift`; given: it has the `velocity`, and is zero at the mean position.
    motor : str or None
        The motor that the drift is linear in, or that has one shift for each position. None: that of the only
        dimension; without dimensions, or for a given velocity, the frames as they were recorded.
    lags : tuple of int
        How many positions the frames that the linear model compares are apart.
    reference : {"neighbour", "mean", "frame"}
        What the models "frames" and "dimension" compare with, see `find_shift`.
    reference_frame : int or None
        The single frame, counted from 0, or the position of the motor; None: the one in the middle.
    region : (int, int, int, int) or None, px
        First row, first column, rows and columns of the part of the frames to look at; None: all of it.
    velocity : (float, float), px per unit
        (dy, dx) of a given shift, per unit of the motor; without a motor, per frame.
    file : str or None
        File of `save_shift`, or a table like it, with the shift to apply; None: no file.
    interpolation : {"linear", "cubic", "fourier"}
        Between pixels, see `correct_shift`.
    borders : {"nan", "crop"}
        Where a frame has no counts after it was moved: NaN, or crop all frames to what they have in common.
    apply_untrusted : bool
        Apply values that are not trusted, too.

    Returns
    -------
    dataset : Dataset
        The moved scan, see `correct_shift`.
    shift : Shift
        The shift that was found or given, whether it was applied or not.

    Raises
    ------
    ValueError
        If a shift is given twice, does not fit the dataset, or cannot be looked for in it as asked.
    DataFileError
        If the file cannot be read, or holds no shift.
    Cancelled
        If the computation was cancelled.

    Warns
    -----
    DarfixWarning
        If the shift is not trusted, or a velocity is given that is not used.
    """
    known = _known_shift(shift, file)
    if velocity != (0.0, 0.0) and (known is not None or model != "given"):
        used = "the shift that comes in is applied" if known else f"model is {model!r}, 'given' would apply it"
        warn(f"velocity is not used: {used}")
    if known is None:
        if model == "given":
            known = given_shift(dataset, velocity, motor)
        else:
            known = find_shift(
                dataset,
                model=model,
                motor=motor,
                lags=lags,
                reference=reference,
                reference_frame=reference_frame,
                region=region,
            )
    corrected = correct_shift(
        dataset, known, interpolation=interpolation, borders=borders, apply_untrusted=apply_untrusted
    )
    return corrected, known


def _known_shift(shift: Shift | None, file: str | None) -> Shift | None:
    if shift is not None and file is not None:
        raise ValueError(f"a shift is given as input and by file, {file!r}: leave one out")
    return read_shift(file) if file is not None else shift
