"""Save a dataset."""

from __future__ import annotations

import os

from darfix_core.engine.registry import step
from darfix_core.errors import DataFileError
from darfix_core.io.atomic import write_whole
from darfix_core.io.dataset_file import dataset_writer
from darfix_core.io.nexus import output_path
from darfix_core.model.dataset import Dataset


@step(
    "save_dataset",
    version=1,
    title="Save Dataset",
    widget="orangecontrib.dfxm.widgets.owsavedataset.OWSaveDataset",
    output_path="path",
)
def save_dataset(dataset: Dataset, *, path: str, overwrite: bool = False) -> None:
    """Write a dataset to a NeXus file, frames and all, that Data Selection opens again as it was.

    The file is laid out like a scan of BLISS, with one compressed frame a chunk, so that ``silx view`` and other
    programs show it. It also holds what only darfix-core knows: dimensions, mask, dark frames, place on the detector
    and how the dataset was made, which goes on when the file is opened again. The frames are computed while they are
    written, so that they need not fit into memory.

    Parameters
    ----------
    dataset : Dataset
        Any scan.
    path : str
        The file; it ends in .h5, .hdf5 or .nxs. Its folder is made if it is missing.
    overwrite : bool
        Replace a file that exists.

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
    target = output_path(path).expanduser()
    made_from = dataset.history.files.union(file.path for file in dataset.files)
    if os.path.realpath(target) in map(os.path.realpath, made_from):
        raise DataFileError("the dataset was made from this file; choose another name", file=str(target))
    write_whole({target: dataset_writer(dataset)}, overwrite=overwrite)
