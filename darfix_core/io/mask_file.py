"""Masks in image files, as silx, pyFAI and Fit2D write them: pixels that are not 0 are not to be used."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from darfix_core.errors import DataFileError
from darfix_core.io.atomic import Writer, write_whole
from darfix_core.io.dataset_file import is_saved_dataset, open_saved_dataset
from darfix_core.io.hdf5_file import get_item, naming_damage, read_hdf5
from darfix_core.io.signature import describe_file, is_hdf5, is_npy, is_tiff
from darfix_core.model.arrays import AnyArray, BoolArray

#: Endings of the files that masks are written to.
MASK_SUFFIXES = (".npy", ".tif", ".tiff", ".edf")


def read_mask(file: str) -> BoolArray:
    """Mask in a file.

    Parameters
    ----------
    file : str
        An npy, TIFF or EDF image, a Fit2D mask (``.msk``), or an HDF5 file: ``"masks.h5::/path/in/it"``, or a file of
        `darfix_core.save_dataset`, whose mask it is then.

    Returns
    -------
    ndarray of bool, shape (ny, nx)
        True where the image is not 0.

    Raises
    ------
    DataFileError
        If there is no such file, or it does not hold one image; the message names it.
    """
    path, _, inside = os.path.expanduser(file).partition("::")
    if not os.path.isfile(path):
        raise DataFileError("there is no such mask file", file=path)
    if is_hdf5(path):
        image = _image_in_hdf5(path, inside)
    elif inside:
        raise DataFileError(f"a path inside belongs to HDF5 files, and this is {describe_file(path)}", file=file)
    else:
        image = _image(path)
    image = image[0] if image.ndim == 3 and len(image) == 1 else image
    if image.ndim != 2 or not image.size or image.dtype.kind not in "buif":
        raise DataFileError(
            f"a mask is one image of numbers (ny, nx), this holds {image.shape} {image.dtype}",
            file=path,
            path=inside or None,
        )
    masked: BoolArray = image != 0
    return masked


def _image_in_hdf5(path: str, inside: str) -> AnyArray:
    """Image at a path of an HDF5 file; without one, the mask of a saved dataset."""
    if inside:
        with read_hdf5(path) as file, naming_damage(path, inside):
            item = get_item(file, inside)
            if not isinstance(item, h5py.Dataset):
                raise DataFileError("there is no dataset of that name", file=path, path=inside)
            return np.asarray(item[()])
    if not is_saved_dataset(path):
        raise DataFileError(f"name the image in the HDF5 file: {path}::/PATH/OF/MASK", file=path)
    mask = open_saved_dataset(path).mask
    if mask is None:
        raise DataFileError("the saved dataset has no mask", file=path)
    return mask


def _image(path: str) -> AnyArray:
    """Image of a file that holds nothing else."""
    try:
        if is_npy(path):
            return np.asarray(np.load(path, allow_pickle=False))
        if is_tiff(path):
            import tifffile

            return np.asarray(tifffile.imread(path))
        import fabio

        with fabio.open(path) as image:
            if image.nframes != 1:
                raise DataFileError(f"a mask is one image, this file holds {image.nframes}", file=path)
            return np.asarray(image.data)
    except DataFileError:
        raise
    except Exception as error:  # noqa: BLE001  (each library raises whatever the damage leads to)
        raise DataFileError(f"no mask can be read from it, this is {describe_file(path)}", file=path) from error


def write_mask(path: str | os.PathLike[str], mask: Any, *, overwrite: bool = False) -> Path:
    """Write a mask as an image of 8 bits: 1 where a pixel is not to be used, else 0.

    Parameters
    ----------
    path : path
        It ends in .npy, .tif, .tiff or .edf.
    mask : array_like of bool, shape (ny, nx)
    overwrite : bool
        An existing file may be replaced.

    Returns
    -------
    Path
        Absolute path.

    Raises
    ------
    ValueError
        If the path ends otherwise.
    OutputExistsError
        If the file exists and may not be replaced.
    DataFileError
        If the file cannot be written.
    """
    suffix = Path(path).suffix.lower()
    if suffix not in MASK_SUFFIXES:
        raise ValueError(
            f"a mask is written to a file that ends in {', '.join(MASK_SUFFIXES)}, got {os.fspath(path)!r}"
        )
    image = np.asarray(mask, dtype=bool).astype(np.uint8)
    return write_whole({Path(path): _writer(image, suffix)}, overwrite=overwrite)[0]


def _writer(image: AnyArray, suffix: str) -> Writer:
    """Function that writes an image to the path that it is given."""

    def write(path: Path) -> None:
        if suffix == ".npy":
            np.save(path, image)
        elif suffix == ".edf":
            from fabio.edfimage import EdfImage

            EdfImage(data=image).write(str(path))
        else:
            import tifffile

            tifffile.imwrite(path, image)

    return write
