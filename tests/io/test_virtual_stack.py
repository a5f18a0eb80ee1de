"""Virtual files: several scans under one name, whose frames stay where they are."""

from __future__ import annotations

import h5py
import hdf5plugin
import numpy as np
import pytest

import darfix_core as dc
from darfix_core.errors import DataFileError
from tests.bliss_files import small_stack, write_scan

MU = np.linspace(0.0, 1.0, 12)


@pytest.fixture
def scans(tmp_path):
    """Three scans in two files; the frames of the last are a virtual dataset themselves."""
    (tmp_path / "raw").mkdir()
    files = []
    for number in range(3):
        file = tmp_path / "raw" / ("first.h5" if number < 2 else "second.h5")
        compressed = {"storage": {"chunks": (1, 5, 7), **hdf5plugin.Bitshuffle()}}
        options = compressed if number < 2 else {"virtual": True, "source": tmp_path / "raw" / "lima.h5"}
        stack, scan, constants = small_stack(12) + 100 * number, f"{number + 1}.1", {"samz": 0.1 * number}
        write_scan(file, stack, {"mu": MU}, scan=scan, constants=constants, **options)
        files.append((str(file), scan))
    return [dc.define_dimensions(dc.load(file, scan=scan)) for file, scan in files]


def saved(dataset, path):
    dc.save_dataset(dataset, path=str(path), virtual=True)
    return dc.load_dataset(str(path))


def test_concatenated_scans_are_one_small_file(scans, tmp_path):
    whole = dc.concatenate(scans)
    again = saved(whole, tmp_path / "all.h5")
    np.testing.assert_array_equal(again.frames[:], whole.frames[:])
    assert again.shape == whole.shape == (3, 12, 5, 7)
    assert again.history.head == whole.history.head
    with h5py.File(tmp_path / "all.h5") as file:
        assert file["1.1/instrument/pco_ff/data"].is_virtual


def test_chosen_and_cropped_frames_are_those_that_are_shown(scans, tmp_path):
    chosen = dc.roi(dc.concatenate(scans), origin=(1, 2), shape=(3, 4)).select_frames([30, 31, 2, 3, 4, 20, 11, 12])
    np.testing.assert_array_equal(saved(chosen, tmp_path / "some.h5").frames[:], chosen.frames[:])
    # Scans that were cropped differently before they were put together.
    parts = [dc.roi(scans[0], origin=(1, 2), shape=(3, 4)), dc.roi(scans[2], origin=(2, 2), shape=(3, 4))]
    whole = dc.concatenate([parts[0], parts[1].replace(origin=(1, 2))])
    np.testing.assert_array_equal(saved(whole, tmp_path / "parts.h5").frames[:], whole.frames[:])


def test_range_of_frames_and_virtual_files_of_virtual_files(scans, tmp_path):
    part = dc.load(scans[0].metadata["file"], scan="2.1", frames=(3, 9))
    first = saved(part, tmp_path / "part.h5")
    np.testing.assert_array_equal(first.frames[:], small_stack(12)[3:9] + 100)
    second = saved(first.select_frames([4, 1, 2]), tmp_path / "second.h5")
    np.testing.assert_array_equal(second.frames[:], small_stack(12)[[7, 4, 5]] + 100)


def test_silx_shows_the_frames(scans, tmp_path):
    silx_io = pytest.importorskip("silx.io")
    from silx.io import nxdata

    whole = dc.concatenate(scans)
    saved(whole, tmp_path / "all.h5")
    with silx_io.open(str(tmp_path / "all.h5")) as file:
        np.testing.assert_array_equal(nxdata.get_default(file).signal[()], whole.frames[:])


def test_files_can_be_moved_together(scans, tmp_path):
    expected = dc.concatenate(scans).frames[:]
    saved(dc.concatenate(scans), tmp_path / "all.h5")
    (tmp_path / "elsewhere").mkdir()
    for name in ("raw", "all.h5"):
        (tmp_path / name).rename(tmp_path / "elsewhere" / name)
    np.testing.assert_array_equal(dc.load_dataset(str(tmp_path / "elsewhere" / "all.h5")).frames[:], expected)


def test_missing_file_is_named_and_gives_no_zeros(scans, tmp_path):
    saved(dc.concatenate(scans), tmp_path / "all.h5")
    (tmp_path / "raw" / "second.h5").unlink()
    with pytest.raises(DataFileError, match=r"raw/second\.h5"):
        dc.load_dataset(str(tmp_path / "all.h5")).frames[30]


def test_dark_frames_are_copied(scans, tmp_path):
    dark = scans[0].frames.select([0, 1])
    again = saved(scans[0].replace(dark=dark), tmp_path / "all.h5")
    np.testing.assert_array_equal(again.dark[:], dark[:])


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda one: one.map_frames(np.sqrt, dtype=np.float64), "that earlier steps compute"),
        (lambda one: one.replace(frames=dc.Frames.from_array(one.frames[:])), "these are in memory"),
        (lambda one: dc.persist(one, to="scratch"), "these are in files of another kind"),
    ],
)
def test_frames_that_lie_in_no_hdf5_file_are_refused(scans, tmp_path, change, reason):
    for dataset in (change(scans[0]), dc.concatenate([change(one) for one in scans])):
        with pytest.raises(ValueError, match=f"virtual must be False for frames .*{reason}"):
            dc.save_dataset(dataset, path=str(tmp_path / "out" / "all.h5"), virtual=True)
    assert not (tmp_path / "out").exists()


def test_measured_files_are_never_replaced(scans, tmp_path):
    again = saved(dc.concatenate(scans), tmp_path / "all.h5")
    with pytest.raises(DataFileError, match="the dataset was made from this file"):
        dc.save_dataset(again, path=str(tmp_path / "raw" / "first.h5"), virtual=True, overwrite=True)
