from __future__ import annotations

import h5py
import numpy as np
import pytest

import darfix_core as dc
from darfix_core.engine.execution import execution
from darfix_core.errors import DataFileError
from darfix_core.io.dataset_file import dataset_writer, is_saved_dataset, open_saved_dataset
from darfix_core.model.history import History
from tests.bliss_files import small_stack, write_scan


@pytest.fixture
def everything(mosaicity_dataset, rng):
    """A dataset that has all that a dataset can have, its frames in no simple order."""
    n_frames, frame_shape = mosaicity_dataset.n_frames, mosaicity_dataset.frame_shape
    return mosaicity_dataset.replace(
        units={"mu": "deg", "chi": "deg", "not recorded": "mm"},
        counters={"current": rng.normal(200, 1, n_frames), "a/b": np.full(n_frames, np.nan), "mu": np.ones(n_frames)},
        grid_index=np.r_[34, 3, 3, np.arange(3, 35)],
        mask=rng.random(frame_shape) < 0.1,
        dark=dc.Frames.from_array(rng.integers(90, 110, (3, *frame_shape)).astype(np.uint16)),
        noise=dc.NoiseModel(2.1, 100.0 + rng.random(frame_shape), 3.5),
        metadata={
            "title": "amesh \0 with a zero",
            "sample": "Al",
            "detector": "pco ff/1",
            "motors": {"samz": 1.5, "chi": 3.0, "text": "x"},
            "exposure_time": 0.5,
            "detector_pixel_size": (6.5, 6.5),
            "nested": {"list": (1, 2.5, None), "nan": float("inf")},
        },
        pixel_size=(0.65, 0.66),
        origin=(7, 9),
        orientation=(1, -1),
    )


def write(dataset, path):
    dataset_writer(dataset)(path)
    return str(path)


def assert_same(one, other):
    assert one.frames.dtype == other.frames.dtype
    np.testing.assert_array_equal(one.frames[:], other.frames[:])
    for name in ("positions", "counters"):
        assert list(getattr(one, name)) == list(getattr(other, name))
        for key, values in getattr(one, name).items():
            np.testing.assert_array_equal(values, getattr(other, name)[key], err_msg=key)
    for name in ("units", "metadata", "noise", "pixel_size", "origin", "orientation"):
        assert getattr(one, name) == getattr(other, name), name
    assert [d.to_dict() for d in one.dimensions] == [d.to_dict() for d in other.dimensions]
    for name in ("grid_index", "mask"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name), err_msg=name)
    assert (one.dark is None) == (other.dark is None)
    if one.dark is not None:
        np.testing.assert_array_equal(one.dark[:], other.dark[:])


def test_dataset_comes_back_as_it_was(everything, tmp_path):
    path = write(everything, tmp_path / "saved.h5")
    again = open_saved_dataset(path)
    assert_same(again, everything)
    assert again.history.head == everything.history.head
    assert not again.frames.source.in_memory


def test_bare_dataset_comes_back_as_it_was(tmp_path):
    bare = dc.Dataset.from_array(np.arange(24.0).reshape(2, 3, 4))
    assert_same(open_saved_dataset(write(bare, tmp_path / "bare.h5")), bare)


@pytest.mark.parametrize("dtype", ["u1", "i2", "u4", "i8", "f4", "f8"])
def test_every_type_of_counts_is_kept(tmp_path, dtype):
    dataset = dc.Dataset.from_array(np.arange(24).reshape(2, 3, 4).astype(dtype))
    assert_same(open_saved_dataset(write(dataset, tmp_path / "saved.h5")), dataset)


@pytest.mark.parametrize("threads", [1, 3])
def test_blocks_and_operations_give_the_same_frames(everything, tmp_path, threads):
    small = dc.roi(everything, origin=(2, 3), shape=(8, 9)).map_frames(np.sqrt, dtype=np.float64)
    with execution(threads=threads, memory=2000):
        path = write(small, tmp_path / "saved.h5")
    assert_same(open_saved_dataset(path), small)


def test_stack_is_stored_as_detectors_do_and_where_programs_look_for_it(everything, tmp_path):
    with h5py.File(write(everything, tmp_path / "saved.h5")) as file:
        entry = file[file.attrs["default"]]
        data = entry["instrument/pco_ff_1/data"]
        assert data.chunks == (1, 12, 16)
        assert data.id.get_create_plist().get_filter(0)[0] == 32008
        assert entry["measurement/pco_ff_1"] == data
        assert entry["instrument/positioners/mu"].attrs["units"] == "deg"
        assert entry["instrument/positioners/samz"][()] == 1.5
        plot = entry[entry.attrs["default"]]
        assert plot[plot.attrs["signal"]] == data
        assert plot["y"].attrs["units"] == "um"


def test_silx_shows_the_frames(everything, tmp_path):
    silx_io = pytest.importorskip("silx.io")
    from silx.io import nxdata

    with silx_io.open(write(everything, tmp_path / "saved.h5")) as file:
        shown = nxdata.get_default(file)
        assert shown.signal.shape == everything.frames.shape
        assert shown.is_image or shown.interpretation == "image"


def test_reader_of_plain_scans_understands_the_file(everything, tmp_path):
    path = write(everything, tmp_path / "saved.h5")
    with h5py.File(path, "a") as file:
        del file["1.1"].attrs["darfix_core_dataset"]
    plain = dc.load(path)
    np.testing.assert_array_equal(plain.frames[:], everything.frames[:])
    np.testing.assert_array_equal(plain.positions["mu"], everything.positions["mu"])


def test_range_of_frames(everything, tmp_path):
    path = write(everything, tmp_path / "saved.h5")
    part = open_saved_dataset(path, frames=(5, 20))
    expected = everything.select_frames(np.arange(5, 20))
    assert_same(part, expected)
    with pytest.raises(ValueError, match=r"frames must be \(first, stop\) with 0 <= first < stop <= 35"):
        open_saved_dataset(path, frames=(5, 40))


def test_scan_and_detector_of_another_name_are_refused(everything, tmp_path):
    path = write(everything, tmp_path / "saved.h5")
    for scan in ("1.1", "1", "/1.1"):
        open_saved_dataset(path, scan=scan, detector="pco_ff_1")
    with pytest.raises(DataFileError, match="one saved dataset, without a scan '2.1'; leave scan out"):
        open_saved_dataset(path, scan="2.1")
    with pytest.raises(DataFileError, match="of the detector 'pco_ff_1', not of 'eiger'; leave detector out"):
        open_saved_dataset(path, detector="eiger")


def test_file_of_a_newer_version_is_refused(everything, tmp_path):
    path = write(everything, tmp_path / "saved.h5")
    with h5py.File(path, "a") as file:
        file["1.1"].attrs["darfix_core_dataset"] = 99
    with pytest.raises(DataFileError, match="newer darfix-core .format 99, this version reads 1"):
        open_saved_dataset(path)


def test_history_of_a_newer_version_is_not_taken_for_damage(everything, tmp_path):
    path = write(everything, tmp_path / "saved.h5")
    with h5py.File(path, "a") as file:
        note = file["1.1/process/history"]
        text = note["data"].asstr()[()]
        del note["data"]
        note["data"] = text.replace('"format": 1', '"format": 7')
    with pytest.raises(DataFileError, match=r"history/data: the history has the format 7, this version reads format 1"):
        open_saved_dataset(path)


def test_damaged_file_is_named(everything, tmp_path):
    path = write(everything, tmp_path / "saved.h5")
    with h5py.File(path, "a") as file:
        del file["1.1/darfix_core/origin"]
    with pytest.raises(DataFileError, match=r"saved\.h5::/1\.1: cannot be read, the file is damaged"):
        open_saved_dataset(path)


def test_only_saved_datasets_are_recognised(tmp_path):
    scan = write_scan(tmp_path / "scan.h5", small_stack(4), {"mu": [1.0, 2.0, 3.0, 4.0]})
    assert not is_saved_dataset(str(scan))
    assert is_saved_dataset(write(dc.load(str(scan)), tmp_path / "saved.h5"))


def test_opened_dataset_tells_where_it_was_stored(everything, tmp_path):
    path = write(dc.roi(everything), tmp_path / "saved.h5")
    history = History.from_json(open_saved_dataset(path).history.to_json())
    assert [file.url for file in history.nodes[history.head].stored] == [path]
    assert history.files == {path}


def test_metadata_that_cannot_be_written_are_named(tmp_path):
    dataset = dc.Dataset.from_array(np.ones((2, 3, 4)), metadata={"odd": object()})
    with pytest.raises(TypeError, match=r"metadata\['odd'\] must hold text, numbers and containers"):
        write(dataset, tmp_path / "saved.h5")
