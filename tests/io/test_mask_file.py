"""Masks in files: what silx, pyFAI and Fit2D write, and what is no mask."""

from __future__ import annotations

import h5py
import numpy as np
import pytest

import darfix_core as dc
from darfix_core.errors import DataFileError, OutputExistsError
from darfix_core.io.mask_file import MASK_SUFFIXES, read_mask, write_mask


@pytest.fixture
def mask():
    values = np.zeros((12, 16), dtype=bool)
    values[3, 4:9] = values[0, 0] = values[11, 15] = True
    return values


@pytest.mark.parametrize("suffix", MASK_SUFFIXES)
def test_written_mask_is_read_again(mask, suffix, tmp_path):
    file = write_mask(tmp_path / f"mask{suffix}", mask)
    np.testing.assert_array_equal(read_mask(str(file)), mask, strict=True)


def test_mask_of_fit2d_is_read(mask, tmp_path):
    from fabio.fit2dmaskimage import Fit2dMaskImage

    Fit2dMaskImage(data=mask.astype(np.uint8)).write(str(tmp_path / "mask.msk"))
    np.testing.assert_array_equal(read_mask(str(tmp_path / "mask.msk")), mask)


@pytest.mark.parametrize("suffix", ["edf", "tif", "npy", "msk"])
def test_files_of_the_mask_tools_of_silx_are_read(mask, suffix, tmp_path):
    masks = pytest.importorskip("silx.gui.plot.MaskToolsWidget", reason="needs the gui extra")
    tools = masks.ImageMask()
    tools.setMask(mask.astype(np.uint8) * 3)
    file = str(tmp_path / f"mask.{suffix}")
    tools.save(file, suffix)
    np.testing.assert_array_equal(read_mask(file), mask)


@pytest.mark.parametrize("dtype", [bool, np.int8, np.int32, np.float32])
def test_all_that_is_not_0_is_masked(mask, dtype, tmp_path):
    np.save(tmp_path / "mask.npy", np.where(mask, 2, 0).astype(dtype))
    np.testing.assert_array_equal(read_mask(str(tmp_path / "mask.npy")), mask)


def test_image_in_an_hdf5_file_is_named_by_its_path(mask, tmp_path):
    path = str(tmp_path / "masks.h5")
    with h5py.File(path, "w") as file:
        file["entry/mask"] = mask.astype(np.uint8)[None]
    np.testing.assert_array_equal(read_mask(f"{path}::/entry/mask"), mask)
    with pytest.raises(DataFileError, match=r"masks\.h5::/PATH/OF/MASK"):
        read_mask(path)
    for wrong in ("/entry", "/entry/other"):
        with pytest.raises(DataFileError, match=f"masks.h5::{wrong}: there is no dataset of that name"):
            read_mask(f"{path}::{wrong}")


def test_saved_dataset_gives_its_mask(rocking_dataset, mask, tmp_path):
    dc.save_dataset(rocking_dataset.replace(mask=mask), path=str(tmp_path / "saved.h5"))
    np.testing.assert_array_equal(read_mask(str(tmp_path / "saved.h5")), mask)
    dc.save_dataset(rocking_dataset, path=str(tmp_path / "bare.h5"))
    with pytest.raises(DataFileError, match=r"bare\.h5: the saved dataset has no mask"):
        read_mask(str(tmp_path / "bare.h5"))


@pytest.mark.parametrize("content", [b"", b"no mask", b"\x93NUMPY", b"II*\x00", b"MASK"])
def test_file_that_holds_no_mask_is_named(content, tmp_path):
    (tmp_path / "wrong.msk").write_bytes(content)
    with pytest.raises(DataFileError, match=r"wrong\.msk: no mask can be read from it"):
        read_mask(str(tmp_path / "wrong.msk"))


def test_missing_file_is_named(tmp_path):
    for file in (tmp_path / "missing.npy", tmp_path):
        with pytest.raises(DataFileError, match=f"{file}: there is no such mask file"):
            read_mask(str(file))


@pytest.mark.parametrize("values", [np.zeros(3), np.zeros((2, 3, 4)), np.zeros((0, 4)), np.array([["a"]])])
def test_what_is_no_image_of_numbers_is_refused(values, tmp_path):
    np.save(tmp_path / "mask.npy", values)
    with pytest.raises(DataFileError, match=r"mask\.npy: a mask is one image of numbers"):
        read_mask(str(tmp_path / "mask.npy"))


def test_series_is_no_mask(mask, tmp_path):
    from fabio.edfimage import EdfImage

    image = EdfImage(data=mask.astype(np.uint8))
    image.append_frame(data=mask.astype(np.uint8))
    image.write(str(tmp_path / "two.edf"))
    with pytest.raises(DataFileError, match=r"two\.edf: a mask is one image, this file holds 2"):
        read_mask(str(tmp_path / "two.edf"))


def test_file_is_replaced_only_when_asked_and_named_as_an_image(mask, tmp_path):
    file = write_mask(tmp_path / "mask.npy", mask)
    with pytest.raises(OutputExistsError, match=r"mask\.npy"):
        write_mask(file, ~mask)
    write_mask(file, ~mask, overwrite=True)
    np.testing.assert_array_equal(read_mask(str(file)), ~mask)
    with pytest.raises(ValueError, match=r"ends in \.npy, \.tif, \.tiff, \.edf, got '.*mask\.png'"):
        write_mask(tmp_path / "mask.png", mask)
