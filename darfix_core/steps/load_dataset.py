"""Open a saved dataset."""

from __future__ import annotations

import os

from darfix_core.engine.registry import step
from darfix_core.errors import DataFileError
from darfix_core.io.dataset_file import is_saved_dataset, open_saved_dataset
from darfix_core.model.dataset import Dataset


@step(
    "load_dataset",
    version=1,
    title="Load Dataset",
    widget="orangecontrib.dfxm.widgets.owloaddataset.OWLoadDataset",
    input_path="path",
)
def load_dataset(path: str) -> Dataset:
    """Open a dataset as it was saved: dimensions, mask, dark frames, noise and history included.

    No frame is read before it is needed. `load` opens such files too, and all others.

    Parameters
    ----------
    path : str
        A file of `save_dataset` or `data_copy`.

    Returns
    -------
    Dataset
        Its history goes on where it was saved.

    Raises
    ------
    DataFileError
        If there is no such file, or another program has written it.
    """
    file = os.path.abspath(os.path.expanduser(path))
    if not is_saved_dataset(file):
        raise DataFileError(
            "holds no dataset that darfix-core has saved; open it with Data Selection (load)", file=file
        )
    return open_saved_dataset(file)
