"""Reading parts of stacks in HDF5 files."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import h5py
import numpy as np
import pytest

from darfix_core.errors import DataFileError
from darfix_core.io.bliss import open_bliss
from darfix_core.io.hdf5_source import Hdf5Source
from darfix_core.model.frame_sources import Region
from darfix_core.model.frames import Frames
from tests.bliss_files import small_stack, write_scan

STACK = small_stack(23, 6, 9)
INSIDE = "/1.1/instrument/pco_ff/data"


@pytest.fixture
def path(tmp_path):
    write_scan(tmp_path / "scan.h5", STACK, {}, storage={"chunks": (4, 3, 5), "compression": "gzip"})
    return tmp_path / "scan.h5"


@pytest.mark.parametrize(
    "numbers",
    [slice(0, 23), slice(4, 8), slice(5, 5), [3], [7, 2, 2, 3, 4, 22, 0], np.arange(23)[::-1]],
    ids=str,
)
def test_parts_are_those_of_the_array(path, numbers):
    frames = Frames(Hdf5Source(str(path), INSIDE))
    rows, columns = slice(1, 5), slice(2, 9)
    np.testing.assert_array_equal(frames.read(numbers, rows, columns), STACK[numbers, rows, columns])


def test_range_of_frames_is_counted_from_its_first(path):
    frames = Frames(Hdf5Source(str(path), INSIDE, (5, 20)))
    assert frames.shape == (15, 6, 9)
    np.testing.assert_array_equal(frames[[2, 14]], STACK[[7, 19]])


def test_reads_go_by_chunks(path):
    assert Hdf5Source(str(path), INSIDE).storage.frames == 4


def test_file_is_open_only_while_something_is_read(path):
    frames = Frames(Hdf5Source(str(path), INSIDE))
    np.testing.assert_array_equal(frames[0], STACK[0])
    with h5py.File(path, "a") as file:
        file["note"] = "written while the source is alive"
    np.testing.assert_array_equal(frames[1], STACK[1])


def test_file_that_is_open_elsewhere_with_other_flags_is_read(path):
    with h5py.File(path, "r"):
        np.testing.assert_array_equal(Frames(Hdf5Source(str(path), INSIDE))[0], STACK[0])
    with h5py.File(path, "a"):
        np.testing.assert_array_equal(Frames(Hdf5Source(str(path), INSIDE))[0], STACK[0])


def test_file_that_another_process_writes_is_read(path):
    script = f"import h5py, sys; file = h5py.File({str(path)!r}, 'a'); print('open', flush=True); sys.stdin.read()"
    writer = subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        assert writer.stdout.readline() == "open\n"
        np.testing.assert_array_equal(Frames(Hdf5Source(str(path), INSIDE))[0], STACK[0])
    finally:
        writer.communicate()
    assert writer.returncode == 0


def test_many_threads_share_a_source(path):
    frames = Frames(Hdf5Source(str(path), INSIDE))
    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(lambda number: frames[number % 23], range(200)))
    for number, frame in enumerate(results):
        np.testing.assert_array_equal(frame, STACK[number % 23])


def test_pickled_source_reads(path):
    source = Hdf5Source(str(path), INSIDE, (3, 9))
    copy = pickle.loads(pickle.dumps(source))
    assert copy.files == source.files
    np.testing.assert_array_equal(Frames(copy)[:], STACK[3:9])


def test_counts_come_in_the_byte_order_of_the_machine(tmp_path):
    with h5py.File(tmp_path / "big.h5", "w") as file:
        file["data"] = STACK.astype(">u2")
    frames = Frames(Hdf5Source(str(tmp_path / "big.h5"), "/data"))
    assert frames.dtype == np.dtype("=u2")
    assert frames[2].dtype.isnative
    np.testing.assert_array_equal(frames[2], STACK[2])


def test_half_precision_comes_as_single_precision(tmp_path):
    with h5py.File(tmp_path / "half.h5", "w") as file:
        file["1.1/measurement/det"] = STACK.astype(np.float16)
    frames = open_bliss(str(tmp_path / "half.h5")).frames
    assert frames.dtype == frames[2].dtype == np.float32
    np.testing.assert_array_equal(frames, STACK.astype(np.float16))


@pytest.mark.parametrize("dtype", [np.longdouble, np.complex64, bool])
def test_stacks_that_hold_no_counts_are_refused(tmp_path, dtype):
    with h5py.File(tmp_path / "odd.h5", "w") as file:
        file["1.1/measurement/det"] = STACK.astype(dtype)
    with pytest.raises(DataFileError, match=rf"holds no frames.*det \(23, 6, 9\) {np.dtype(dtype)}"):
        open_bliss(str(tmp_path / "odd.h5"))
    with pytest.raises(DataFileError, match=rf"odd\.h5::.*this has \(23, 6, 9\) {np.dtype(dtype)}"):
        open_bliss(str(tmp_path / "odd.h5"), scan="1.1", detector="measurement/det")
    with pytest.raises(DataFileError, match=f"integers, or floats of 16 to 64 bits, got {np.dtype(dtype)}"):
        Hdf5Source(str(tmp_path / "odd.h5"), "/1.1/measurement/det")


def test_bitshuffled_frames_are_read(tmp_path):
    hdf5plugin = pytest.importorskip("hdf5plugin")
    storage = {"chunks": (1, 6, 9), **hdf5plugin.Bitshuffle()}
    write_scan(tmp_path / "scan.h5", STACK, {}, storage=storage, source="lima.h5", virtual=True)
    script = (
        "from darfix_core.io.hdf5_source import Hdf5Source; from darfix_core.model.frames import Frames;"
        f"print(Frames(Hdf5Source({str(tmp_path / 'scan.h5')!r}, {INSIDE!r}))[7].sum())"
    )
    # In a fresh process, where nothing else has loaded the filters.
    shown = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert int(shown.stdout) == STACK[7].sum()


def test_raw_data_are_found_from_the_folder_of_the_file(tmp_path):
    STACK.tofile(tmp_path / "frames.raw")
    with h5py.File(tmp_path / "scan.h5", "w") as file:
        file.create_dataset("data", STACK.shape, STACK.dtype, external=[("frames.raw", 0, STACK.nbytes)])
    source = Hdf5Source(str(tmp_path / "scan.h5"), "/data")
    np.testing.assert_array_equal(Frames(source)[3], STACK[3])
    assert source.files[-1].url == str(tmp_path / "frames.raw")
    os.truncate(tmp_path / "frames.raw", STACK.nbytes // 2)
    with pytest.raises(DataFileError, match=r"frames\.raw: the file has become shorter since it was opened"):
        Frames(source)[0]
    (tmp_path / "frames.raw").unlink()
    with pytest.raises(DataFileError, match=r"frames\.raw is missing"):
        Hdf5Source(str(tmp_path / "scan.h5"), "/data")


def test_broken_chunk_fails_where_it_is_read_and_nowhere_else(path):
    with h5py.File(path, "r") as file:
        chunk = file[INSIDE].id.get_chunk_info_by_coord((8, 3, 0))
    with open(path, "r+b") as stream:
        stream.seek(chunk.byte_offset)
        stream.write(b"\xff" * chunk.size)
    frames = Frames(Hdf5Source(str(path), INSIDE))
    np.testing.assert_array_equal(frames.read(slice(0, 8)), STACK[:8])
    np.testing.assert_array_equal(frames.read(slice(8, 12), slice(0, 3)), STACK[8:12, :3])
    np.testing.assert_array_equal(frames.read(slice(8, 12), None, slice(5, 9)), STACK[8:12, :, 5:9])
    with pytest.raises(DataFileError, match="frames cannot be read") as caught:
        frames.read(slice(8, 12))
    assert (caught.value.file, caught.value.path) == (str(path), INSIDE)


def test_file_that_vanished_is_named_when_it_is_read(path):
    frames = Frames(Hdf5Source(str(path), INSIDE))
    path.unlink()
    with pytest.raises(DataFileError, match=r"scan\.h5: there is no such file"):
        frames[0]


def virtual_stack(folder) -> Hdf5Source:
    """Virtual dataset of a file a frame: 0.h5, 1.h5 ..."""
    layout = h5py.VirtualLayout(STACK.shape, STACK.dtype)
    for number in range(23):
        with h5py.File(folder / f"{number}.h5", "w") as file:
            file["data"] = STACK[number : number + 1]
        layout[number] = h5py.VirtualSource(f"{number}.h5", "data", (1, 6, 9))[0]
    with h5py.File(folder / "scan.h5", "w") as file:
        file.create_virtual_dataset("data", layout)
    return Hdf5Source(str(folder / "scan.h5"), "/data")


def test_virtual_source_that_vanished_gives_no_zeros(tmp_path):
    frames = Frames(virtual_stack(tmp_path))
    (tmp_path / "11.h5").unlink()
    np.testing.assert_array_equal(frames[5:11], STACK[5:11])
    with pytest.raises(DataFileError, match=r"11\.h5: there is no such file"):
        frames[5:12]


def test_virtual_source_that_vanished_after_a_read_gives_no_zeros(tmp_path):
    frames = Frames(virtual_stack(tmp_path))
    np.testing.assert_array_equal(frames[:], STACK)
    for number in (0, 11):
        (tmp_path / f"{number}.h5").unlink()
        with pytest.raises(DataFileError, match=rf"{number}\.h5: there is no such file"):
            frames[number]


def test_huge_scan_opens_at_once_and_is_read_in_parts(tmp_path):
    shape = (12_000, 2048, 2048)
    with h5py.File(tmp_path / "huge.h5", "w") as file:
        stack = file.create_dataset("1.1/measurement/pco_ff", shape, "uint16", chunks=(1, 256, 2048))
        stack[7_777, 300:310, 5] = 42
        file["1.1/measurement/mu"] = np.linspace(0, 1, shape[0])
    started = time.perf_counter()
    dataset = open_bliss(str(tmp_path / "huge.h5"))
    # Reading 100 GB takes minutes; a second leaves room for a busy machine.
    assert time.perf_counter() - started < 1.0
    assert dataset.frames.nbytes > 100e9
    small = dataset.crop((300, 0), (10, 10)).select_frames([7_777, 2])
    assert small.frames[:].sum() == 420
    assert os.path.getsize(tmp_path / "huge.h5") < 20e6


def test_region_without_frames_or_rows_is_empty(path):
    source = Hdf5Source(str(path), INSIDE)
    assert source.read(Region(slice(3, 3), slice(0, 6), slice(0, 9))).shape == (0, 6, 9)
    assert source.read(Region(slice(0, 3), slice(2, 2), slice(0, 9))).shape == (3, 0, 9)
