"""Stacks in npy files."""

from __future__ import annotations

import os
import pickle

import numpy as np
import pytest

import darfix_core as dc
from darfix_core.errors import DataFileError
from darfix_core.io.inspect import inspect_file
from darfix_core.io.npy import open_npy

STACK = np.random.default_rng(2).integers(0, 60_000, (12, 9, 11)).astype(np.uint16)


def _save(path, array) -> str:
    np.save(path, array)
    return str(path)


@pytest.mark.parametrize("shape", [(12, 9, 11), (3, 4, 9, 11), (1, 12, 1, 9, 11)])
def test_scan_axes_are_flattened(tmp_path, shape):
    frames = open_npy([_save(tmp_path / "stack.npy", STACK.reshape(shape))]).frames
    assert frames.shape == (12, 9, 11)
    np.testing.assert_array_equal(frames[:], STACK)
    np.testing.assert_array_equal(frames[[7, 2], 3:5, 4:], STACK[[7, 2], 3:5, 4:])


def test_files_are_counted_through_in_natural_order(tmp_path):
    for number in range(12):
        _save(tmp_path / f"frame_{number}.npy", STACK[number])
    for given in (tmp_path, tmp_path / "frame_*.npy"):
        np.testing.assert_array_equal(dc.load(given).frames, STACK)
    np.testing.assert_array_equal(dc.load(tmp_path, frames=(9, 11)).frames, STACK[9:11])


@pytest.mark.parametrize("dtype", ["u1", ">u2", "i4", ">i8", "f4", ">f8", "f2"])
def test_every_type_of_counts_reads_as_written(tmp_path, dtype):
    counts = (STACK % 100).astype(dtype)
    frames = open_npy([_save(tmp_path / "stack.npy", counts)]).frames
    assert frames.dtype.isnative
    np.testing.assert_array_equal(frames[:], counts)


def test_only_what_is_asked_for_is_read(tmp_path):
    """An array of 8 GiB in a sparse file: reading it whole would not go unnoticed."""
    path = tmp_path / "large.npy"
    with open(path, "wb") as stream:
        header = {"descr": "<u2", "fortran_order": False, "shape": (1024, 2048, 2048)}
        np.lib.format.write_array_header_1_0(stream, header)
        stream.truncate(stream.tell() + 2**33)
    frames = open_npy([str(path)]).frames
    assert frames.shape == (1024, 2048, 2048)
    assert not frames[1023, 2040:, :7].any()


def test_source_travels_between_processes(tmp_path):
    frames = pickle.loads(pickle.dumps(open_npy([_save(tmp_path / "stack.npy", STACK)]).frames))
    np.testing.assert_array_equal(frames[:], STACK)


@pytest.mark.parametrize(
    ("array", "words"),
    [
        (np.arange(4), r"must have the shape \(n_frames, ny, nx\), \(\*scan, ny, nx\) or \(ny, nx\), got \(4,\)"),
        (np.zeros((2, 0, 3)), r"got \(2, 0, 3\)"),
        (np.zeros((2, 3, 4), complex), "frame 0: the frame holds complex128; counts must be integers or floats"),
        (np.zeros((2, 3, 4), bool), "the frame holds bool"),
        (np.array([None, "text"]), "the array holds object; counts must be integers or floats"),
        (np.zeros((2, 3, 4), order="F"), "Fortran order, in which no frame lies in one piece; save it with numpy.save"),
    ],
)
def test_what_is_no_stack_is_refused(tmp_path, array, words):
    np.save(tmp_path / "stack.npy", array, allow_pickle=True)
    with pytest.raises(DataFileError, match=words):
        open_npy([str(tmp_path / "stack.npy")])


def test_archive_of_arrays_is_refused(tmp_path):
    np.savez(tmp_path / "stack.npz", stack=STACK)
    with pytest.raises(DataFileError, match=r"stack\.npz: an archive of arrays .* save the stack alone"):
        dc.load(tmp_path / "stack.npz")


def test_half_written_file_is_named_and_its_end_can_be_left_out(tmp_path):
    path = _save(tmp_path / "stack.npy", STACK)
    os.truncate(path, os.path.getsize(path) - 250)
    with pytest.raises(DataFileError, match=r"stack\.npy::frame 10: the file is cut short: 52 bytes of this frame"):
        open_npy([path])
    np.testing.assert_array_equal(open_npy([path], frames=(0, 10)).frames[:], STACK[:10])


@pytest.mark.parametrize("kept", [6, 9, 40])
def test_broken_header_is_told(tmp_path, kept):
    path = _save(tmp_path / "stack.npy", STACK)
    os.truncate(path, kept)
    with pytest.raises(DataFileError, match=r"stack\.npy: the header is broken"):
        dc.load(path)


def test_another_kind_of_file_in_the_series_is_named(tmp_path):
    (tmp_path / "frame_1.npy").write_text("no array")
    paths = [_save(tmp_path / "frame_0.npy", STACK[0]), str(tmp_path / "frame_1.npy")]
    with pytest.raises(DataFileError, match=r"frame_1\.npy: not an npy file, but a text file"):
        dc.load(paths)


def test_report_of_a_stack(tmp_path):
    report = inspect_file(_save(tmp_path / "stack.npy", STACK.astype(">u2")))
    (detector,) = report.scans[0].detectors
    assert (report.kind, detector.shape, detector.dtype, detector.compression) == ("npy", (12, 9, 11), "uint16", "")
    assert report.scans[0].motors == ()


@pytest.mark.parametrize("other", [np.zeros((6, 5, 4), np.uint16), np.zeros((6, 4, 5), np.int16)])
def test_file_that_was_replaced_by_another_stack_is_not_read(tmp_path, other):
    path = _save(tmp_path / "stack.npy", np.ones((6, 4, 5), np.uint16))
    dataset = open_npy([path])
    copy = pickle.loads(pickle.dumps(dataset.frames))
    _save(tmp_path / "stack.npy", other)
    os.utime(path, (1, 1))
    for frames in (dataset.frames, copy):
        with pytest.raises(DataFileError, match=r"stack\.npy::frame 0: the file has changed since it was opened"):
            frames[2]


def test_file_that_was_written_again_in_the_same_form_is_read(tmp_path):
    path = _save(tmp_path / "stack.npy", np.ones((6, 4, 5), np.uint16))
    dataset = open_npy([path], frames=(1, 4))
    _save(tmp_path / "stack.npy", np.full((8, 4, 5), 2, np.uint16))
    np.testing.assert_array_equal(dataset.frames, np.full((3, 4, 5), 2))
    _save(tmp_path / "stack.npy", np.full((3, 4, 5), 2, np.uint16))
    with pytest.raises(DataFileError, match="the file has become shorter since it was opened"):
        dataset.frames[:]
