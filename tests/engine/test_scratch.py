"""Scratch files in pixel order."""

from __future__ import annotations

import errno
import gc
import os
import pickle
import socket
import subprocess
import sys

import numpy as np
import pytest

import darfix_core as dc
from darfix_core.engine import scratch
from darfix_core.engine.execution import execution
from darfix_core.engine.folding import fold_frames
from darfix_core.engine.pixel_maps import map_pixels
from darfix_core.engine.scratch import remove_stale, scratch_folder, to_scratch
from darfix_core.errors import DataFileError
from darfix_core.model.frame_sources import Storage
from darfix_core.model.frames import Frames
from tests.engine.test_execution import Sum
from tests.model.test_frames import CountingSource


@pytest.fixture
def array(rng):
    return rng.integers(0, 1000, (23, 17, 11)).astype(np.uint16)


def silent(fraction):
    """Take the progress and say nothing."""


def median(block, rows):
    return {"median": np.median(block, axis=0), "first row": np.full(block.shape[1:], rows.start)}


def compressed(array):
    """Frames of a file in which every frame is one compressed block."""
    source = CountingSource(array)
    source.storage = Storage(frames=1, rows=array.shape[1])
    return Frames(source)


@pytest.mark.parametrize("band_bytes", [1, 23 * 11 * 2 * 3, 2**20])
@pytest.mark.parametrize("threads", [1, 3])
def test_scratch_file_gives_every_region_of_the_stack(array, tmp_path, monkeypatch, rng, band_bytes, threads):
    monkeypatch.setattr(scratch, "_BAND_BYTES", band_bytes)
    told = []
    with execution(threads=threads, memory=5000):
        frames = to_scratch(Frames(CountingSource(array)), tmp_path, told.append)
    assert (frames.shape, frames.dtype) == (array.shape, array.dtype)
    np.testing.assert_array_equal(frames[:], array)
    for _ in range(50):
        f, y, x = (slice(*np.sort(rng.choice(size + 1, 2, replace=False)).tolist()) for size in array.shape)
        np.testing.assert_array_equal(frames.read(f, y, x), array[f, y, x])
        numbers = rng.integers(0, len(array), 6)
        np.testing.assert_array_equal(frames.read(numbers, y, x), array[numbers][:, y, x])
    assert told[-1] == 1


@pytest.mark.parametrize("height", [2, 3])
def test_block_as_high_as_a_band_is_not_taken_for_one(array, tmp_path, monkeypatch, height):
    monkeypatch.setattr(scratch, "_BAND_BYTES", 23 * 11 * 2 * 3)
    frames = to_scratch(Frames.from_array(array), tmp_path, silent)
    assert frames.storage.rows == 3
    for top in range(17 - height + 1):
        np.testing.assert_array_equal(frames.read(None, slice(top, top + height)), array[:, top : top + height])
        np.testing.assert_array_equal(frames.crop((top, 0), (height, 11))[:], array[:, top : top + height])


def test_scratch_file_is_read_in_other_processes_and_removed_with_its_last_user(array, tmp_path):
    frames = to_scratch(Frames.from_array(array), tmp_path, silent)
    (path,) = tmp_path.iterdir()
    copy = pickle.loads(pickle.dumps(frames))
    np.testing.assert_array_equal(copy[:], array)
    del copy
    gc.collect()
    assert path.exists()
    cropped = frames.crop((1, 1), (3, 3))
    del frames
    gc.collect()
    np.testing.assert_array_equal(cropped[:], array[:, 1:4, 1:4])
    del cropped
    gc.collect()
    assert list(tmp_path.iterdir()) == []


def test_scratch_file_is_removed_when_the_process_ends(tmp_path):
    program = (
        "import sys, numpy as np; from pathlib import Path\n"
        "from darfix_core.engine.scratch import to_scratch; from darfix_core.model.frames import Frames\n"
        "kept = to_scratch(Frames.from_array(np.ones((3, 4, 5))), Path(sys.argv[1]), print)\n"
        "print(len(list(Path(sys.argv[1]).iterdir())))"
    )
    done = subprocess.run([sys.executable, "-c", program, str(tmp_path)], capture_output=True, text=True, check=True)
    assert done.stdout.split()[-1] == "1"
    assert list(tmp_path.iterdir()) == []


def test_scratch_files_of_dead_processes_are_removed(tmp_path):
    child = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, text=True)
    dead, alive, elsewhere, named_alike = (
        tmp_path / f"darfix-scratch-{host}-{process}-x.raw"
        for host, process in (
            (socket.gethostname(), child.stdout.strip()),
            (socket.gethostname(), os.getpid()),
            ("another-machine", child.stdout.strip()),
            (f"{socket.gethostname()}-{child.stdout.strip()}", os.getpid()),
        )
    )
    for path in (dead, alive, elsewhere, named_alike):
        path.touch()
    remove_stale(tmp_path)
    assert [path.exists() for path in (dead, alive, elsewhere, named_alike)] == [False, True, True, True]


def test_scratch_files_of_dead_processes_of_other_users_stay(array, tmp_path, monkeypatch):
    child = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, text=True)
    theirs = tmp_path / f"darfix-scratch-{socket.gethostname()}-{child.stdout.strip()}-x.raw"
    theirs.touch()

    def refuse(path, missing_ok=False):
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM), str(path))

    with monkeypatch.context() as patched:
        patched.setattr(scratch.Path, "unlink", refuse)
        frames = to_scratch(Frames.from_array(array), tmp_path, silent)
    np.testing.assert_array_equal(frames[:], array)
    assert theirs.exists()


def test_full_disk_is_told_before_anything_is_written(array, tmp_path, monkeypatch):
    monkeypatch.setattr(scratch.shutil, "disk_usage", lambda folder: type("Usage", (), {"free": 100}))
    with pytest.raises(DataFileError, match=r"does not fit: 1e-07 GB are free; set DARFIX_SCRATCH") as caught:
        to_scratch(Frames.from_array(array), tmp_path, silent)
    assert caught.value.file == str(tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["pwrite", "ftruncate"])
def test_disk_that_fills_up_leaves_no_file(array, tmp_path, monkeypatch, name):
    def full(*args):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(scratch.os, name, full)
    with pytest.raises(DataFileError, match="cannot be written: No space left on device"):
        to_scratch(Frames.from_array(array), tmp_path, silent)
    assert list(tmp_path.iterdir()) == []


def test_cancelled_scratch_file_is_removed(array, tmp_path):
    told = []
    with execution(memory=1000, cancelled=lambda: len(told) > 2), pytest.raises(dc.Cancelled):
        to_scratch(Frames(CountingSource(array)), tmp_path, told.append)
    assert list(tmp_path.iterdir()) == []


def test_folder_for_scratch_files_is_chosen_by_the_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("DARFIX_SCRATCH", str(tmp_path))
    assert scratch_folder() == tmp_path
    assert scratch_folder(str(tmp_path.parent)) == tmp_path.parent
    monkeypatch.setenv("DARFIX_SCRATCH", str(tmp_path / "missing"))
    with pytest.raises(DataFileError, match="there is no such folder for scratch files"):
        scratch_folder()


@pytest.mark.parametrize("threads", [1, 3])
def test_compressed_frames_beyond_two_tiles_are_decoded_once(array, tmp_path, monkeypatch, threads):
    monkeypatch.setenv("DARFIX_SCRATCH", str(tmp_path))
    frames, told = compressed(array), []
    with execution(threads=threads, memory=2500, progress=lambda fraction, what: told.append((fraction, what))):
        images = map_pixels(frames, median)
    np.testing.assert_array_equal(images["median"], np.median(array, axis=0))
    assert frames.source.read_pixels == array.size
    assert [fraction for fraction, _ in told] == sorted(fraction for fraction, _ in told)
    assert told[0][1] == "pixels: scratch file"
    assert told[-1] == (1, "pixels")
    assert list(tmp_path.iterdir()) == []


def test_compressed_frames_of_two_tiles_are_decoded_twice_without_a_scratch_file(array, tmp_path, monkeypatch):
    monkeypatch.setenv("DARFIX_SCRATCH", str(tmp_path / "not needed"))
    frames = compressed(array)
    with execution(threads=1, memory=2 * 9 * 23 * 11 * 2):
        images = map_pixels(frames, median)
    np.testing.assert_array_equal(images["median"], np.median(array, axis=0))
    assert frames.source.read_pixels == array.size  # each tile reads its own rows


@pytest.mark.parametrize("threads", [1, 3])
def test_stack_in_a_scratch_file_is_folded_and_mapped_by_curves(array, tmp_path, monkeypatch, threads):
    monkeypatch.setattr(scratch, "_BAND_BYTES", 23 * 11 * 2 * 2)
    frames = to_scratch(Frames.from_array(array), tmp_path, silent)
    for chain in (frames, frames.crop((3, 2), (9, 8)), frames.map(np.negative, dtype=np.int64)):
        with execution(threads=threads, memory=4000):
            total = fold_frames(chain, Sum())["sum"]
            images = map_pixels(chain, median)
        np.testing.assert_array_equal(total, chain[:].sum(axis=0, dtype=np.int64))
        np.testing.assert_array_equal(images["median"], np.median(chain[:], axis=0))
