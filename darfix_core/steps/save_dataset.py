"""Save a dataset."""

from __future__ import annotations

from darfix_core.engine.registry import step
from darfix_core.io.atomic import write_whole
from darfix_core.io.dataset_file import dataset_target, dataset_writer
from darfix_core.model.dataset import Dataset


@step(
    "save_dataset",
    version=1,
    title="Save Dataset",
    widget="orangecontrib.dfxm.widgets.owsavedataset.OWSaveDataset",
    output_path="path",
)
def save_dataset(dataset: Dataset, *, path: str, virtual: bool = False, overwrite: bool = False) -> None:
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
    virtual : bool
        Point to the frames in the HDF5 files that they lie in instead of copying them: a small file that shows several
        scans as one, as long as the others stay. Only for frames that no step has computed anew; they may be chosen,
        cropped and concatenated.
    overwrite : bool
        Replace a file that exists.

    Raises
    ------
    ValueError
        If `path` has another ending, or `virtual` frames do not lie in HDF5 files as they are.
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
    write_whole({target: dataset_writer(dataset, virtual=virtual)}, overwrite=overwrite)
