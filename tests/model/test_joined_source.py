"""Several sources as one, against plain numpy."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from darfix_core.model.frame_sources import ArraySource, Region, SourceFile, Storage
from darfix_core.model.frames import Frames
from darfix_core.model.joined_source import JoinedSource


class FileLike:
    """An array that stands for a file, and counts what is read of it."""

    in_memory = False

    def __init__(self, array, storage=None, name="a"):
        self.array, self.shape, self.dtype = array, array.shape, array.dtype
        self.storage = storage or Storage()
        self.files = (SourceFile(name, 1, 0.0),)
        self.regions = []

    def read(self, region):
        self.regions.append(region)
        return self.array[region.frames, region.rows, region.columns]


@pytest.fixture
def arrays(rng):
    return [rng.integers(0, 1000, (n, 5, 6)).astype(np.uint16) for n in (4, 1, 7)]


@pytest.fixture
def joined(arrays):
    return Frames(JoinedSource(tuple(map(FileLike, arrays))))


@pytest.mark.parametrize(
    "key",
    [
        np.s_[:],
        np.s_[2:9],
        np.s_[3:5, 1:4, 2:],
        np.s_[4],
        np.s_[-1, 2],
        np.s_[[11, 0, 4, 4, 3], 1:3],
        np.s_[::-1],
        np.s_[:, 2, 3],
    ],
)
def test_reads_as_the_concatenated_array(arrays, joined, key):
    np.testing.assert_array_equal(joined[key], np.concatenate(arrays)[key])


def test_only_the_parts_that_hold_the_frames_are_read(arrays):
    parts = [FileLike(array) for array in arrays]
    Frames(JoinedSource(tuple(parts)))[5:9, 1:3]
    assert [len(part.regions) for part in parts] == [0, 0, 1]
    assert parts[2].regions[0] == Region(slice(0, 4), slice(1, 3), slice(0, 6))


def test_frames_of_one_part_are_not_copied(arrays):
    source = JoinedSource(tuple(map(ArraySource, arrays)))
    assert source.in_memory
    assert np.shares_memory(Frames(source)[5:9], arrays[2])


def test_a_part_on_disk_is_not_in_memory(arrays):
    assert not JoinedSource((ArraySource(arrays[0]), FileLike(arrays[1]))).in_memory


def test_storage_and_files_are_those_of_the_parts(arrays):
    storages = (Storage(2, 5, 1), Storage(4, 1), Storage(2, 5))
    parts = [FileLike(*entry) for entry in zip(arrays, storages, "aba", strict=True)]
    source = JoinedSource(tuple(parts))
    assert source.storage == Storage(4, 5, 1)
    assert [file.url for file in source.files] == ["a", "b"]


def test_can_be_pickled(arrays):
    source = pickle.loads(pickle.dumps(JoinedSource(tuple(map(ArraySource, arrays)))))
    np.testing.assert_array_equal(Frames(source), np.concatenate(arrays))


def test_parts_must_be_alike(arrays):
    with pytest.raises(ValueError, match="at least one source"):
        JoinedSource(())
    with pytest.raises(ValueError, match="one shape and type, got 5 x 6 float32, 5 x 6 uint16"):
        JoinedSource((ArraySource(arrays[0]), ArraySource(arrays[1].astype(np.float32))))
