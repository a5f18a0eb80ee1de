"""Virtual datasets, read from the files that hold their frames."""

from __future__ import annotations

import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import h5py
import hdf5plugin
import numpy as np
import pytest

from darfix_core.errors import DataFileError
from darfix_core.io.hdf5_source import Hdf5Source
from darfix_core.model.frame_sources import Storage
from darfix_core.model.frames import Frames
from tests.bliss_files import small_stack

SHAPE = (24, 6, 9)
STACK = small_stack(*SHAPE)


def write(path: Path, stack: np.ndarray, chunks: tuple[int, ...] = (1, 6, 9), **storage: object) -> None:
    """File of a detector; bitshuffled by default."""
    with h5py.File(path, "w") as file:
        file.create_dataset("entry/data", data=stack, chunks=chunks, **(storage or hdf5plugin.Bitshuffle()))


def source_of(name: str, n_frames: int) -> h5py.VirtualSource:
    return h5py.VirtualSource(name, "entry/data", (n_frames, *SHAPE[1:]))


def join(path: Path, parts: list[tuple[slice, h5py.VirtualSource]], dtype: str = "u2") -> Hdf5Source:
    """Virtual dataset of parts."""
    layout = h5py.VirtualLayout(SHAPE, dtype)
    for place, source in parts:
        layout[place] = source
    with h5py.File(path, "w") as file:
        file.create_virtual_dataset("data", layout, fillvalue=0)
    return Hdf5Source(str(path), "/data")


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch) -> None:
    """Decode chunks as small as those of the tests, which are otherwise left to HDF5."""
    monkeypatch.setattr("darfix_core.io.hdf5_chunks._is_small", lambda layout: False)


@pytest.fixture
def scan(tmp_path) -> Hdf5Source:
    """Three files; of the second, which is stored in chunks of two frames, the frames 3 to 10."""
    write(tmp_path / "0.h5", STACK[:9])
    padded = np.concatenate([np.full((3, *SHAPE[1:]), 9999, np.uint16), STACK[9:17], STACK[:1]])
    write(tmp_path / "1.h5", padded, (2, 4, 9))
    write(tmp_path / "2.h5", STACK[17:], (7, 6, 9), compression="gzip")
    parts = [(slice(0, 9), source_of("0.h5", 9)), (slice(9, 17), source_of("1.h5", 12)[3:11])]
    return join(tmp_path / "scan.h5", [*parts, (slice(17, 24), source_of("2.h5", 7))])


@pytest.fixture
def hdf5_reads(monkeypatch) -> list[object]:
    """What was left to HDF5."""
    found, read = [], Hdf5Source._read_by_hdf5
    monkeypatch.setattr(
        Hdf5Source, "_read_by_hdf5", lambda source, *rest: found.append(rest[1].frames) or read(source, *rest)
    )
    return found


@pytest.mark.parametrize("frames", [slice(0, 24), slice(8, 18), [23, 0, 12, 12, 9], [16]], ids=str)
def test_frames_are_decoded_from_the_files_that_hold_them(scan, hdf5_reads, frames):
    assert scan.reader == "bitshuffle/lz4"
    np.testing.assert_array_equal(Frames(scan).read(frames), STACK[frames])
    np.testing.assert_array_equal(Frames(scan).read(frames, slice(2, 5), slice(1, 3)), STACK[frames, 2:5, 1:3])
    assert not hdf5_reads


@pytest.mark.parametrize(
    ("part", "storage"), [(None, Storage(1, 6)), ((9, 15), Storage(2, 4, 1)), ((12, 24), Storage(2, 4, 0))]
)
def test_storage_is_that_of_the_first_file(scan, tmp_path, part, storage):
    source = Hdf5Source(str(tmp_path / "scan.h5"), "/data", part)
    assert source.storage == storage
    np.testing.assert_array_equal(Frames(source)[:], STACK[slice(*(part or (0, 24)))])


def test_virtual_datasets_of_virtual_datasets_are_followed(scan, tmp_path, hdf5_reads):
    whole = h5py.VirtualSource("scan.h5", "data", SHAPE)
    parts = [(slice(0, 10), whole[14:24]), (slice(10, 24), whole[0:14])]
    outer = join(tmp_path / "outer.h5", parts)
    assert outer.reader == "bitshuffle/lz4"
    np.testing.assert_array_equal(Frames(outer)[:], np.concatenate([STACK[14:], STACK[:14]]))
    assert not hdf5_reads


def test_virtual_dataset_behind_an_external_link_is_followed(scan, tmp_path, hdf5_reads):
    (tmp_path / "session").mkdir()
    with h5py.File(tmp_path / "session" / "master.h5", "w") as file:
        file["stack"] = h5py.ExternalLink("../scan.h5", "/data")
    np.testing.assert_array_equal(Frames(Hdf5Source(str(tmp_path / "session/master.h5"), "/stack"))[:], STACK)
    assert not hdf5_reads


def strided(folder: Path) -> list[tuple[slice, h5py.VirtualSource]]:
    """Even and odd frames in two files."""
    for number in (0, 1):
        write(folder / f"{number}.h5", STACK[number::2])
    return [(slice(number, 24, 2), source_of(f"{number}.h5", 12)) for number in (0, 1)]


def tiled(folder: Path) -> list[tuple[object, h5py.VirtualSource]]:
    """Two halves of the detector in two files."""
    write(folder / "top.h5", STACK[:, :4], (1, 4, 9))
    write(folder / "bottom.h5", STACK[:, 4:], (1, 2, 9))
    top = h5py.VirtualSource("top.h5", "entry/data", (24, 4, 9))
    bottom = h5py.VirtualSource("bottom.h5", "entry/data", (24, 2, 9))
    return [(np.s_[:, :4], top), (np.s_[:, 4:], bottom)]


def overlapping(folder: Path) -> list[tuple[slice, h5py.VirtualSource]]:
    """Frames 10 to 13 in both files."""
    write(folder / "0.h5", STACK[:14])
    write(folder / "1.h5", STACK[10:])
    return [(slice(0, 14), source_of("0.h5", 14)), (slice(10, 24), source_of("1.h5", 14))]


@pytest.mark.parametrize("made_of", [strided, tiled, overlapping])
def test_what_is_not_made_of_whole_runs_of_frames_is_joined_by_hdf5(tmp_path, made_of):
    source = join(tmp_path / "scan.h5", made_of(tmp_path))
    assert source.reader == "HDF5"
    np.testing.assert_array_equal(Frames(source)[:], STACK)


def test_files_of_counts_of_another_type_are_converted_by_hdf5(tmp_path, hdf5_reads):
    write(tmp_path / "0.h5", STACK[:12].astype("u4"))
    write(tmp_path / "1.h5", STACK[12:])
    parts = [(slice(0, 12), source_of("1.h5", 12)), (slice(12, 24), source_of("0.h5", 12))]
    expected = np.concatenate([STACK[12:], STACK[:12]])
    np.testing.assert_array_equal(Frames(join(tmp_path / "scan.h5", parts))[:], expected)
    np.testing.assert_array_equal(np.concatenate(hdf5_reads), np.arange(12, 24))


def test_file_that_vanished_is_named(scan, tmp_path):
    (tmp_path / "1.h5").unlink()
    np.testing.assert_array_equal(Frames(scan)[[0, 20]], STACK[[0, 20]])
    with pytest.raises(DataFileError, match=r"1\.h5: there is no such file"):
        Frames(scan)[8:10]


def test_gaps_of_an_inner_virtual_dataset_hold_its_fill_value(tmp_path):
    write(tmp_path / "0.h5", STACK[:8])
    layout = h5py.VirtualLayout(SHAPE, "u2")
    layout[:4], layout[8:12] = source_of("0.h5", 8)[:4], source_of("0.h5", 8)[4:]
    with h5py.File(tmp_path / "inner.h5", "w") as file:
        file.create_virtual_dataset("data", layout, fillvalue=7)
    source = join(tmp_path / "outer.h5", [(slice(0, 24), h5py.VirtualSource("inner.h5", "data", SHAPE))])
    expected = np.full(SHAPE, 7, np.uint16)
    expected[:4], expected[8:12] = STACK[:4], STACK[4:8]
    np.testing.assert_array_equal(Frames(source)[:], expected)
    np.testing.assert_array_equal(Frames(source)[[3, 9, 2]], expected[[3, 9, 2]])


def test_files_of_other_frames_may_be_missing(scan, tmp_path, hdf5_reads):
    (tmp_path / "2.h5").unlink()
    source = Hdf5Source(str(tmp_path / "scan.h5"), "/data", (2, 15))
    np.testing.assert_array_equal(Frames(source)[:], STACK[2:15])
    assert not hdf5_reads


def test_damaged_frame_is_named_with_its_own_file(scan, tmp_path):
    with h5py.File(tmp_path / "2.h5") as file:
        chunk = file["entry/data"].id.get_chunk_info(0)
    with open(tmp_path / "2.h5", "r+b") as stream:
        stream.seek(chunk.byte_offset)
        stream.write(b"\xff" * chunk.size)
    with pytest.raises(DataFileError, match=r"2\.h5::entry/data: frames cannot be read: frame 3, rows 0 to 5"):
        Frames(scan)[20]


def test_virtual_dataset_that_was_written_anew_is_not_read_as_it_was(scan, tmp_path):
    parts = [(slice(0, 7), source_of("2.h5", 7)), (slice(7, 24), source_of("0.h5", 9))]
    parts[1] = (slice(7, 16), source_of("0.h5", 9))
    write(tmp_path / "3.h5", STACK[:8])
    join(tmp_path / "new.h5", [*parts, (slice(16, 24), source_of("3.h5", 8))])
    os.replace(tmp_path / "new.h5", tmp_path / "scan.h5")
    np.testing.assert_array_equal(Frames(scan)[:9], np.concatenate([STACK[17:], STACK[:2]]))


@pytest.mark.skipif(sys.platform != "linux", reason="counts open files in /proc")
def test_a_file_for_each_frame_does_not_run_out_of_open_files(tmp_path):
    import resource

    for number in range(24):
        write(tmp_path / f"{number}.h5", STACK[number : number + 1])
    source = join(tmp_path / "scan.h5", [(slice(n, n + 1), source_of(f"{n}.h5", 1)) for n in range(24)])
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (len(os.listdir("/proc/self/fd")) + 8, hard))
    try:
        np.testing.assert_array_equal(Frames(source)[:], STACK)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_many_threads_share_the_files(scan):
    with ThreadPoolExecutor(8) as pool:
        parts = list(pool.map(lambda number: Frames(scan)[number % 20 : number % 20 + 4], range(200)))
    for number, part in enumerate(parts):
        np.testing.assert_array_equal(part, STACK[number % 20 : number % 20 + 4])
