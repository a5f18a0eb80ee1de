"""Load a shift."""

from __future__ import annotations

from darfix_core.engine.registry import step
from darfix_core.io.shift_file import read_shift
from darfix_core.model.shift import Shift


@step(
    "load_shift",
    version=1,
    title="Load Shift",
    widget="orangecontrib.dfxm.widgets.owloadshift.OWLoadShift",
    input_path="path",
)
def load_shift(path: str) -> Shift:
    """Open a shift that `save_shift` has written, or a table of shifts that was made elsewhere.

    Parameters
    ----------
    path : str
        A text file. Its table has a row a frame, and columns ``dy`` and ``dx`` in px: where the content of the frame
        sits, along rows and columns. There may be ``dy_error`` and ``dx_error``, ``trusted`` (1 or 0), and positions
        of motors, with their units in brackets: ``mu (deg)``.

    Returns
    -------
    Shift
        As it was saved, history included. One whose table was edited since has a history that begins with the file.

    Raises
    ------
    DataFileError
        If the file cannot be read, or holds no such table; the message names the line.
    """
    return read_shift(path)
