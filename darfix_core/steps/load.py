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
    file_parameters=("dark", "positions"),
)
def load(
    path: str | tuple[str, ...],
    *,
    scan: str | None = None,
    detector: str | None = None,
    dark: str | None = None,
    positions: str | None = None,
    frames: tuple[int, int] | None = None,
) -> Dataset:
    """Open a scan. Nothing is read but the positions of the motors; frames are read when they are needed.

    Several scans, of one HDF5 file or of several, become one dataset: the frames one after the other, and a motor
    that was moved between the scans, such as samz, as a further position; where no motor was, the position ``"scan"``
    numbers them. `define_dimensions` then finds the slow dimension in it.

    What `save_dataset` has written comes as it was saved, dimensions and history included; with `dark`, `positions`
    or `frames` it is something else, and its history begins with the file. Several saved datasets are joined where they
    agree in mask, dark frames, noise and place on the detector, and were saved before their dimensions were defined.

    Parameters
    ----------
    path : str or sequence of str
        A BLISS or NeXus HDF5 file, a list of them, or a pattern with ``*``; or an EDF, TIFF or npy file, a list of
        them, a pattern, or a folder. An npy file holds an array (n_frames, ny, nx) or ``(*scan, ny, nx)``.
    scan : str or None
        Name of the scan in the file, such as ``"1.1"``, or several to join: names with commas between them, ranges
        such as ``"1.1-7.1"``, or ``"all"``; the last two take what holds frames; None: the only one of each file that
        holds frames.
    detector : str or None
        Name of the detector, or the path of its frames inside the scan; None: the only one.
    dark : str or None
        Frames without light: another scan of the (first) file (``"2.1"``), another file (``"dark.h5"`` or
        ``"dark.h5::2.1"``), or EDF, TIFF or npy files; None: none.
    positions : str or None
        Text file with a table of the motors' positions, for frames that come without or with wrong ones: the first
        line names the motors (``mu (deg), chi (deg)``), each further one belongs to a frame, in their order or by a
        column ``frame`` (numbers from 0) or ``file``; None: those of the scan.
    frames : (int, int) or None
        First frame to use, counted from 0 within each scan, and the one behind the last; None: all.

    Returns
    -------
    Dataset
        The scan, without dimensions unless it was saved with them: positions of the motors and values of the
        counters at every frame, and what the file says about sample, detector and constant motors.

    Raises
    ------
    DataFileError
        If a file, scan or detector is missing, broken, or of another kind; the message names it. If several scans
        differ in the shape or type of their frames, in detector, motors or units; the message names two of them. If
        the table of positions does not fit the frames; the message names its line.
    ValueError
        If `frames` does not lie in the scan.
    """
    return open_scan(path, scan=scan, detector=detector, dark=dark, frames=frames, positions=positions)
