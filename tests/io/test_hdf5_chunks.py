"""Chunks of HDF5 files, decoded outside of HDF5: the counts are those that h5py gives."""

from __future__ import annotations

import ctypes
import os
import threading
import zlib
from collections import Counter
from pathlib import Path

import h5py
import hdf5plugin
import numpy as np
import pytest

from darfix_core.engine.execution import execution
from darfix_core.engine.pixel_maps import compute_frames
from darfix_core.engine.pool import run_in_order
from darfix_core.errors import Cancelled, DataFileError
from darfix_core.io.hdf5_chunks import StoredChunk
from darfix_core.io.hdf5_codecs import Pipeline
from darfix_core.io.hdf5_source import Hdf5Source
from darfix_core.model.frame_sources import Region
from darfix_core.model.frames import Frames
from tests.bliss_files import small_stack

SHAPE = (23, 17, 29)
STACK = small_stack(*SHAPE)

# What each is decoded by; HDF5 where there is no decoder outside of it.
COMPRESSIONS = {
    "none": ({}, "HDF5"),
    "gzip": ({"compression": "gzip"}, "gzip"),
    "gzip, shuffled": ({"compression": "gzip", "shuffle": True}, "gzip"),
    "gzip, checked": ({"compression": "gzip", "fletcher32": True}, "HDF5"),
    "lzf": ({"compression": "lzf"}, "HDF5"),
    "bitshuffle/lz4": (hdf5plugin.Bitshuffle(cname="lz4"), "bitshuffle/lz4"),
    "bitshuffle/lz4, small blocks": (hdf5plugin.Bitshuffle(nelems=16), "bitshuffle/lz4"),
    "bitshuffle/zstd": (hdf5plugin.Bitshuffle(cname="zstd"), "bitshuffle/zstd"),
    "bitshuffle alone": (hdf5plugin.Bitshuffle(cname="none"), "HDF5"),
    "lz4": (hdf5plugin.LZ4(), "lz4"),
    "lz4, small blocks": (hdf5plugin.LZ4(nbytes=256), "lz4"),
    "zstd, shuffled": ({"shuffle": True, **hdf5plugin.Zstd()}, "zstd"),
    "blosc": (hdf5plugin.Blosc(), "blosc"),
    "blosc2": (hdf5plugin.Blosc2(), "HDF5"),
}
CHUNKS = [(1, 17, 29), (4, 17, 29), (5, 6, 10), (1, 6, 29), (23, 17, 29), (30, 4, 1)]
DTYPES = ["u2", ">u2", "f2", ">f4", "u1", "i8"]


def write(path: Path, stack: np.ndarray, chunks: tuple[int, ...], **storage: object) -> Hdf5Source:
    """Stack in a file; the source that reads it."""
    with h5py.File(path, "w") as file:
        # Chunks may be larger than the stack only where it could grow.
        file.create_dataset("data", data=stack, chunks=chunks, maxshape=(None,) * 3, **storage)
    return Hdf5Source(str(path), "/data")


def random_region(rng: np.random.Generator, shape: tuple[int, int, int]) -> Region:
    """Frames in a range or in any order, and a rectangle; some are empty."""
    bounds = [np.sort(rng.integers(0, size + 1, 2)).tolist() for size in shape]
    frames = slice(*bounds[0]) if rng.random() < 0.5 else rng.integers(0, shape[0], rng.integers(1, 12))
    return Region(frames, slice(*bounds[1]), slice(*bounds[2]))


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch) -> None:
    """Decode chunks as small as those of the tests, which are otherwise left to HDF5."""
    monkeypatch.setattr("darfix_core.io.hdf5_chunks._is_small", lambda layout: False)


@pytest.fixture
def decoded(monkeypatch) -> Counter:
    """How often each chunk was decoded, by its first frame, row and column."""
    count, decode = Counter(), StoredChunk.decode

    def counted(chunk: StoredChunk) -> None:
        count[chunk.corner] += 1
        decode(chunk)

    monkeypatch.setattr(StoredChunk, "decode", counted)
    return count


@pytest.mark.parametrize("compression", COMPRESSIONS)
def test_any_region_of_any_layout_is_what_h5py_reads(tmp_path, rng, compression):
    storage, reader = COMPRESSIONS[compression]
    for number, chunks in enumerate(CHUNKS):
        dtype = DTYPES[(number + len(compression)) % len(DTYPES)]
        stack = rng.poisson(50, SHAPE).astype(dtype)
        source = write(tmp_path / f"{number}.h5", stack, chunks, **storage)
        assert source.reader == reader
        with h5py.File(tmp_path / f"{number}.h5") as file:
            stored = file["data"][:]
        for _ in range(8):
            region = random_region(rng, SHAPE)
            block = source.read(region)
            assert block.dtype == source.dtype
            assert block.dtype.isnative
            np.testing.assert_array_equal(
                block, stored[region.frames, region.rows, region.columns], f"{chunks} {dtype}"
            )


@pytest.mark.parametrize("order", [slice(0, 23), slice(3, 20), [0, 2, 4, 22], np.arange(23)[::-1], [5, 5, 6, 4, 19]])
@pytest.mark.parametrize(("rows", "columns"), [(slice(0, 17), slice(0, 29)), (slice(5, 8), slice(9, 22))])
def test_each_chunk_is_decoded_once(tmp_path, decoded, order, rows, columns):
    frames = Frames(write(tmp_path / "data.h5", STACK, (5, 6, 10), compression="gzip"))
    np.testing.assert_array_equal(frames.read(order, rows, columns), STACK[order, rows, columns])
    touched = {
        (int(frame) // 5 * 5, row // 6 * 6, column // 10 * 10)
        for frame in np.arange(23)[order]
        for row in range(rows.start, rows.stop)
        for column in range(columns.start, columns.stop)
    }
    assert decoded == dict.fromkeys(touched, 1)


@pytest.mark.parametrize("part", [None, (3, 21)])
@pytest.mark.parametrize("threads", [1, 2])
def test_each_chunk_is_decoded_once_when_a_stack_is_computed_in_blocks(tmp_path, decoded, part, threads):
    write(tmp_path / "data.h5", STACK, (5, 6, 10), compression="gzip")
    frames = Frames(Hdf5Source(str(tmp_path / "data.h5"), "/data", part)).crop((2, 3), (11, 22))
    reads = []
    read = Hdf5Source.read
    with pytest.MonkeyPatch.context() as patch, execution(threads=threads, memory=1000):
        patch.setattr(Hdf5Source, "read", lambda source, region: reads.append(region) or read(source, region))
        result = compute_frames(frames)
    np.testing.assert_array_equal(result, STACK[slice(*(part or (0, 23))), 2:13, 3:25])
    assert len(reads) >= 4
    assert set(decoded.values()) == {1}


def test_only_chunks_of_the_region_are_touched(tmp_path):
    source = write(tmp_path / "data.h5", STACK, (4, 6, 10), **hdf5plugin.Bitshuffle())
    with h5py.File(tmp_path / "data.h5") as file:
        chunks = [file["data"].id.get_chunk_info(number) for number in range(file["data"].id.get_num_chunks())]
    with open(tmp_path / "data.h5", "r+b") as stream:
        for chunk in chunks:
            if chunk.chunk_offset != (8, 6, 10):
                stream.seek(chunk.byte_offset)
                stream.write(b"\xff" * chunk.size)
    part = np.s_[8:12, 6:12, 10:20]
    np.testing.assert_array_equal(Frames(source).read(*part), STACK[part])


def test_rows_of_bitshuffled_frames_need_only_their_blocks(tmp_path):
    stack = np.random.default_rng(1).poisson(50, (1, 64, 256)).astype("u2")
    source = write(tmp_path / "data.h5", stack, (1, 64, 256), **hdf5plugin.Bitshuffle(nelems=1024))
    with h5py.File(tmp_path / "data.h5") as file:
        chunk = file["data"].id.get_chunk_info(0)
        raw = bytearray(file["data"].id.read_direct_chunk((0, 0, 0))[1])
    # The compressed data of the first block, which holds four rows, are overwritten.
    size = int.from_bytes(raw[12:16], "big")
    raw[16 : 16 + size] = b"\xff" * size
    with open(tmp_path / "data.h5", "r+b") as stream:
        stream.seek(chunk.byte_offset)
        stream.write(raw)
    np.testing.assert_array_equal(Frames(source).read(None, slice(4, 64)), stack[:, 4:])
    with pytest.raises(DataFileError, match="frame 0, rows 0 to 63, columns 0 to 255: the chunk is damaged"):
        source.read(Region(slice(0, 1), slice(0, 64), slice(0, 256)))


@pytest.mark.parametrize("compression", ["gzip, shuffled", "bitshuffle/lz4", "none"])
def test_chunks_that_were_never_written_hold_the_fill_value(tmp_path, compression):
    storage = COMPRESSIONS[compression][0]
    with h5py.File(tmp_path / "data.h5", "w") as file:
        data = file.create_dataset("data", SHAPE, "u2", chunks=(2, 17, 29), fillvalue=7, **storage)
        data[4:6] = STACK[4:6]
    expected = np.full(SHAPE, 7, np.uint16)
    expected[4:6] = STACK[4:6]
    frames = Frames(Hdf5Source(str(tmp_path / "data.h5"), "/data"))
    np.testing.assert_array_equal(frames[:], expected)
    np.testing.assert_array_equal(frames[[9, 4, 0], 3:5, 2:9], expected[[9, 4, 0], 3:5, 2:9])


@pytest.mark.parametrize("compression", ["gzip", "blosc", "none"])
def test_dataset_that_nothing_was_written_to_holds_the_fill_value(tmp_path, compression):
    with h5py.File(tmp_path / "data.h5", "w") as file:
        file.create_dataset(
            "data",
            SHAPE,
            "u2",
            chunks=(1, 17, 29),
            maxshape=(None, 17, 29),
            fillvalue=7,
            **COMPRESSIONS[compression][0],
        )
    frames = Frames(Hdf5Source(str(tmp_path / "data.h5"), "/data"))
    np.testing.assert_array_equal(frames[:], np.full(SHAPE, 7, np.uint16))


@pytest.mark.parametrize("mask", [0b01, 0b10, 0b11])
def test_chunks_that_skip_filters_are_read(tmp_path, mask):
    source = write(tmp_path / "data.h5", STACK, (1, 17, 29), compression="gzip", shuffle=True)
    raw = STACK[3].tobytes()
    if not mask & 1:
        raw = np.frombuffer(raw, np.uint8).reshape(-1, 2).T.tobytes()
    if not mask & 2:
        raw = zlib.compress(raw)
    with h5py.File(tmp_path / "data.h5", "a") as file:
        file["data"].id.write_direct_chunk((3, 0, 0), raw, mask)
        np.testing.assert_array_equal(file["data"][3], STACK[3])
    np.testing.assert_array_equal(Frames(source)[2:5], STACK[2:5])


def test_chunks_on_the_edge_that_are_not_compressed_are_read(tmp_path):
    library = ctypes.CDLL(h5py.h5z.__file__)
    creation = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    creation.set_chunk((4, 17, 20))
    creation.set_deflate(4)
    # H5D_CHUNK_DONT_FILTER_PARTIAL_CHUNKS, which h5py does not know of.
    library.H5Pset_chunk_opts.argtypes = [ctypes.c_int64, ctypes.c_uint]
    assert library.H5Pset_chunk_opts(creation.id, 2) >= 0
    with h5py.File(tmp_path / "data.h5", "w", libver="latest") as file:
        space = h5py.h5s.create_simple(SHAPE)
        kind = h5py.h5t.py_create(STACK.dtype)
        h5py.Dataset(h5py.h5d.create(file.id, b"data", kind, space, creation))[:] = STACK
        raw = file["data"].id.read_direct_chunk((0, 0, 20))
        assert raw == (0, raw[1])
        assert len(raw[1]) == 4 * 17 * 20 * 2
    source = Hdf5Source(str(tmp_path / "data.h5"), "/data")
    assert source.reader == "gzip"
    np.testing.assert_array_equal(Frames(source)[:], STACK)


def test_file_with_a_user_block_is_read(tmp_path):
    with h5py.File(tmp_path / "data.h5", "w", userblock_size=512) as file:
        file.create_dataset("data", data=STACK, chunks=(1, 17, 29), **hdf5plugin.Bitshuffle())
    np.testing.assert_array_equal(Frames(Hdf5Source(str(tmp_path / "data.h5"), "/data"))[:], STACK)


def test_what_another_handle_of_this_process_has_not_flushed_is_read(tmp_path):
    source = write(tmp_path / "data.h5", STACK, (4, 17, 29), compression="gzip")
    with h5py.File(tmp_path / "data.h5", "a") as file:
        file["data"][5] = 9
        expected = file["data"][:]
        np.testing.assert_array_equal(Frames(source)[:], expected)


@pytest.mark.parametrize("compression", [name for name, (_, reader) in COMPRESSIONS.items() if reader != "HDF5"])
def test_damaged_chunks_are_an_error_that_names_the_frame_and_never_a_crash(tmp_path, rng, compression):
    stack = rng.poisson(50, (3, 17, 29)).astype("u2")
    source = write(tmp_path / "data.h5", stack, (1, 17, 29), **COMPRESSIONS[compression][0])
    with h5py.File(tmp_path / "data.h5") as file:
        chunk = file["data"].id.get_chunk_info(1)
        raw = np.frombuffer(file["data"].id.read_direct_chunk((1, 0, 0))[1], np.uint8)
    frames, failures = Frames(source), []
    for _ in range(60):
        changed = raw.copy()
        changed[rng.integers(0, raw.size, 3)] = rng.integers(0, 256, 3)
        with open(tmp_path / "data.h5", "r+b") as stream:
            stream.seek(chunk.byte_offset)
            stream.write(changed.tobytes())
        np.testing.assert_array_equal(frames[[0, 2]], stack[[0, 2]])
        try:
            frames[1]
        except DataFileError as error:
            failures.append(error)
    # A literal that has changed is no damage that a code without a checksum can see.
    assert len(failures) > 10
    where = f"{tmp_path / 'data.h5'}::/data: frames cannot be read: frame 1, rows 0 to 16, columns 0 to 28: "
    assert all(str(failure).startswith(f"{where}the chunk is damaged: ") for failure in failures)


def test_chunk_behind_the_end_of_a_cut_file_is_an_error(tmp_path):
    source = write(tmp_path / "data.h5", STACK, (1, 17, 29), **hdf5plugin.Bitshuffle())
    with open(tmp_path / "data.h5", "r+b") as stream:
        stream.truncate(os.path.getsize(tmp_path / "data.h5") * 2 // 3)
    with pytest.raises(DataFileError) as caught:
        Frames(source)[:]
    assert caught.value.file == str(tmp_path / "data.h5")


def test_file_that_was_replaced_by_another_stack_is_an_error(tmp_path):
    source = write(tmp_path / "data.h5", STACK, (1, 17, 29), compression="gzip")
    write(tmp_path / "other.h5", STACK[:, :9], (1, 9, 29), compression="gzip")
    (tmp_path / "other.h5").replace(tmp_path / "data.h5")
    with pytest.raises(DataFileError, match=r"data\.h5::/data: the dataset has changed .* now \(23, 9, 29\) uint16"):
        Frames(source)[0]


def test_without_the_library_of_a_filter_hdf5_reads(tmp_path, monkeypatch):
    monkeypatch.setattr("darfix_core.io.hdf5_codecs._function", lambda *names: None)
    source = write(tmp_path / "data.h5", STACK, (4, 6, 10), **hdf5plugin.Bitshuffle())
    assert source.reader == "HDF5"
    np.testing.assert_array_equal(Frames(source)[:], STACK)
    assert (source.storage.frames, source.storage.rows) == (4, 6)


def test_cancelling_stops_between_chunks(tmp_path, monkeypatch):
    source = write(tmp_path / "data.h5", STACK, (1, 17, 29), compression="gzip")
    monkeypatch.setattr("darfix_core.io.hdf5_chunks._TASK_BYTES", 1)
    count, cancelled, decode = Counter(), threading.Event(), Pipeline.decode

    def counted(*arguments) -> None:
        count["decoded"] += 1
        cancelled.set()
        decode(*arguments)

    monkeypatch.setattr(Pipeline, "decode", counted)
    with execution(threads=2, cancelled=cancelled), pytest.raises(Cancelled):
        Frames(source)[:]
    assert count["decoded"] < 10


def test_number_of_threads_that_is_none_is_not_taken_for_damage(tmp_path, monkeypatch):
    source = write(tmp_path / "data.h5", STACK, (1, 17, 29), compression="gzip")
    monkeypatch.setenv("DARFIX_THREADS", "many")
    with pytest.raises(ValueError, match="DARFIX_THREADS must be a positive integer"):
        Frames(source)[:]


def test_source_reads_in_a_thread_of_the_pool(tmp_path):
    """Without waiting for other threads of the pool, all of which may do the same."""
    source = write(tmp_path / "data.h5", STACK, (1, 17, 29), compression="gzip")
    with execution(threads=2) as run:
        blocks = list(run_in_order(lambda number: Frames(source)[number : number + 5], range(18), run))
    for number, block in enumerate(blocks):
        np.testing.assert_array_equal(block, STACK[number : number + 5])


@pytest.mark.parametrize(
    ("storage", "small", "large"),
    [({"compression": "gzip"}, "gzip", "gzip"), (hdf5plugin.Bitshuffle(), "HDF5", "bitshuffle/lz4")],
)
def test_small_chunks_are_left_to_hdf5(tmp_path, monkeypatch, storage, small, large):
    monkeypatch.undo()
    stack = np.zeros((2, 256, 256), np.uint16)
    assert write(tmp_path / "small.h5", stack, (1, 16, 256), **storage).reader == small
    assert write(tmp_path / "large.h5", stack, (1, 256, 256), **storage).reader == large
