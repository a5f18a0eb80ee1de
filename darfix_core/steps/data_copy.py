"""Data copy: the frames, computed once, in a file that what follows reads from."""

from __future__ import annotations

from darfix_core.engine.registry import step
from darfix_core.io.atomic import write_whole
from darfix_core.io.dataset_file import dataset_target, dataset_writer, open_saved_dataset
from darfix_core.io.stack_writer import Order
from darfix_core.model.dataset import Dataset


@step(
    "data_copy",
    version=1,
    title="Data Copy",
    widget="orangecontrib.dfxm.widgets.owdatacopy.OWDataCopy",
    output_path="path",
)
def data_copy(dataset: Dataset, *, path: str, order: Order = "frame", overwrite: bool = False) -> Dataset:
    """Compute the frames once, write the dataset to a file, and go on with what is read from there.

    The file is that of `save_dataset`: it stays, and `load_dataset` opens it again. A copy changes nothing: the history
    of the result is that of the dataset.

    Parameters
    ----------
    dataset : Dataset
        Any scan.
    path : str
        The file; it ends in .h5, .hdf5 or .nxs. Its folder is made if it is missing.
    order : {"frame", "pixel"}
        What is stored together: whole frames, as detectors write them and for what adds up over frames; or the curves
        of pixels, from which medians and fits of stacks that exceed the memory are read fast.
    overwrite : bool
        Replace a file that exists.

    Returns
    -------
    Dataset
        The same scan; frames and dark frames are read from the file.

    Raises
    ------
    ValueError
        If `path` has another ending.
    TypeError
        If the metadata hold something that cannot be written.
    OutputExistsError
        If the file exists and `overwrite` is False.
    DataFileError
        If the file cannot be written, or is one that the dataset was made from.
    Cancelled
        If the computation was cancelled; no file is left then.
    """
    target = dataset_target(dataset, path)
    (file,) = write_whole({target: dataset_writer(dataset, order=order)}, overwrite=overwrite)
    return open_saved_dataset(str(file))
