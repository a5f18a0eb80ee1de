"""Data selection: a scan from files."""

from __future__ import annotations

from darfix_core.engine.registry import step
from darfix_core.io.load import open_scan
from darfix_core.model.dataset import Dataset


@step(
    "load",
    version=1,
    title="Data Selection",
    widget="orangecontrib.dfxm.widgets.owdataselection.OWDataSelection",
    input_path="path",
    file_parameters=("dark",),
)
def load(
    path: str | tuple[str, ...],
    *,
    scan: str | None = None,
    detector: str | None = None,
    dark: str | None = None,
    frames: tuple[int, int] | None = None,
) -> Dataset:
    """Open a scan. Nothing is read but the positions of the motors; frames are read when they are needed.

    Parameters
    ----------
    path : str or sequence of str
        A BLISS or NeXus HDF5 file; or an EDF file, a list of EDF files, a pattern with ``*``, or a folder.
    scan : str or None
        Name of the scan in the file, such as ``"1.1"``; None: the only one that holds frames.
    detector : str or None
        Name of the detector, or the path of its frames inside the scan; None: the only one.
    dark : str or None
        Frames without light: another scan of the same file (``"2.1"``), another file (``"dark.h5"`` or
        ``"dark.h5::2.1"``), or EDF files; None: none.
    frames : (int, int) or None
        First frame to use, counted from 0, and the one behind the last; None: all.

    Returns
    -------
    Dataset
        The scan, without dimensions: positions of the motors and values of the counters at every frame, and
        what the file says about sample, detector and constant motors.

    Raises
    ------
    DataFileError
        If a file, scan or detector is missing, broken, or of another kind; the message names it.
    ValueError
        If `frames` does not lie in the scan.
    """
    return open_scan(path, scan=scan, detector=detector, dark=dark, frames=frames)
