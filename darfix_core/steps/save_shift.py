"""Save a shift."""

from __future__ import annotations

from darfix_core.engine.registry import step
from darfix_core.io.atomic import write_whole
from darfix_core.io.shift_file import shift_path, shift_writer
from darfix_core.model.shift import Shift


@step(
    "save_shift",
    version=1,
    title="Save Shift",
    widget="orangecontrib.dfxm.widgets.owsaveshift.OWSaveShift",
    output_path="path",
)
def save_shift(shift: Shift, *, path: str, overwrite: bool = False) -> None:
    """Write a shift to a text file that `load_shift` opens again as it was, and that people and spreadsheets can read.

    Above the table stand the verdict, the velocity of a shift that is linear in a motor, and how the shift was found.
    Each row holds a frame: where its content sits, along rows (dy) and columns (dx), in px, with the uncertainties,
    whether the value is trusted, and the positions of the motors.

    Parameters
    ----------
    shift : Shift
        What to write.
    path : str
        The file; it ends in .txt, .csv or .dat. Its folder is made if it is missing.
    overwrite : bool
        Replace a file that exists.

    Raises
    ------
    ValueError
        If `path` has another ending.
    OutputExistsError
        If the file exists and `overwrite` is False.
    DataFileError
        If the file cannot be written.
    """
    write_whole({shift_path(path).expanduser(): shift_writer(shift)}, overwrite=overwrite)
