"""Data copies: the same scan from a file in frame or pixel order, with the history that it had."""

from __future__ import annotations

import h5py
import numpy as np
import pytest

import darfix_core as dc
from darfix_core.engine.execution import execution
from darfix_core.errors import Cancelled, DataFileError, OutputExistsError
from darfix_core.workflow.replay import replay
from tests.bliss_files import small_stack, write_scan


@pytest.fixture
def scan(tmp_path):
    path = write_scan(tmp_path / "scan.h5", small_stack(12), {"mu": np.linspace(0.0, 1.1, 12)})
    return dc.roi(dc.load(str(path)), origin=(1, 2)).map_frames(np.sqrt, dtype=np.float64)


def chunks_of(path):
    with h5py.File(path) as file:
        return file["1.1/instrument/pco_ff/data"].chunks


@pytest.mark.parametrize(("order", "chunks"), [("frame", (1, 4, 5)), ("pixel", (12, 1, 5))])
@pytest.mark.parametrize("threads", [1, 3])
def test_copy_is_the_same_scan_in_the_order_that_is_asked_for(scan, tmp_path, order, chunks, threads):
    expected = scan.frames[:]
    path = str(tmp_path / "new" / "copy.h5")
    with execution(threads=threads, memory=2000):
        copy = dc.data_copy(scan, path=path, order=order)
    assert chunks_of(path) == chunks
    assert copy.frames.operations == ()
    assert [file.path for file in copy.files] == [path]
    np.testing.assert_array_equal(copy.frames[:], expected)
    np.testing.assert_array_equal(copy.curve(2, 3), expected[:, 2, 3])
    assert (copy.origin, copy.positions.keys()) == (scan.origin, scan.positions.keys())
    np.testing.assert_array_equal(dc.load_dataset(path).frames[:], expected)


def test_curves_of_a_copy_in_pixel_order_are_read_alone(tmp_path):
    stack = np.random.default_rng(1).integers(0, 2**16, (300, 40, 50), dtype=np.uint16)
    copy = dc.data_copy(dc.Dataset.from_array(stack), path=str(tmp_path / "copy.h5"), order="pixel")
    assert (copy.frames.storage.frames, copy.frames.storage.rows) == (300, 1)
    np.testing.assert_array_equal(copy.frames.read(None, slice(7, 9)), stack[:, 7:9])


def test_dark_frames_are_copied_too(scan, tmp_path):
    dark = dc.Frames.from_array(np.arange(40, dtype=np.uint16).reshape(2, 4, 5))
    copy = dc.data_copy(scan.replace(dark=dark), path=str(tmp_path / "copy.h5"), order="pixel")
    np.testing.assert_array_equal(copy.dark[:], dark[:])
    assert not copy.dark.source.in_memory


def test_history_is_that_of_the_dataset_so_that_replaying_copies_nothing(tmp_path):
    path = write_scan(tmp_path / "scan.h5", small_stack(12), {"mu": np.linspace(0.0, 1.1, 12)})
    cropped = dc.roi(dc.load(str(path)), origin=(1, 2))
    copy = dc.data_copy(cropped, path=str(tmp_path / "copy.h5"))
    assert copy.history.head == cropped.history.head
    assert [file.path for file in copy.history.nodes[copy.history.head].stored] == [str(tmp_path / "copy.h5")]
    after = dc.define_dimensions(copy)
    assert [node.step for _, node in after.history.in_order()] == ["load", "roi", "define_dimensions"]
    (tmp_path / "copy.h5").unlink()
    np.testing.assert_array_equal(replay(after.history).frames[:], cropped.frames[:])


def test_files_that_are_there_stay(scan, tmp_path):
    (tmp_path / "copy.h5").write_bytes(b"precious")
    with pytest.raises(OutputExistsError, match=r"copy\.h5"):
        dc.data_copy(scan, path=str(tmp_path / "copy.h5"))
    with pytest.raises(DataFileError, match="the dataset was made from this file"):
        dc.data_copy(scan, path=str(tmp_path / "scan.h5"), overwrite=True)
    copy = dc.data_copy(scan, path=str(tmp_path / "copy.h5"), overwrite=True)
    with pytest.raises(DataFileError, match="the dataset was made from this file"):
        dc.data_copy(copy, path=str(tmp_path / "copy.h5"), overwrite=True)


@pytest.mark.parametrize("order", ["frame", "pixel"])
def test_progress_is_told_and_a_cancelled_copy_is_not_there(tmp_path, order):
    scan = dc.Dataset.from_array(np.zeros((40, 64, 30), np.uint16))
    scan = scan.replace(dark=dc.Frames.from_array(np.zeros((2, 64, 30), np.uint16)))
    told = []
    with execution(threads=2, memory=40_000, progress=lambda fraction, what: told.append((fraction, what))):
        dc.data_copy(scan, path=str(tmp_path / "copy.h5"), order=order)
    fractions = [fraction for fraction, _ in told]
    assert fractions == sorted(fractions)
    assert len(fractions) > 5
    assert fractions[-1] == 1
    assert {"writing frames", "writing curves" if order == "pixel" else "writing frames"} <= {what for _, what in told}
    asked = []
    with (
        execution(threads=2, memory=40_000, cancelled=lambda: len(asked) > 3, progress=lambda *_: asked.append(1)),
        pytest.raises(Cancelled),
    ):
        dc.data_copy(scan, path=str(tmp_path / "cancelled.h5"), order=order)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["copy.h5"]


def test_copy_is_written_here_where_a_cluster_computes(scan, tmp_path):
    pytest.importorskip("distributed", reason="needs the extra distributed")
    expected = scan.frames[:]
    with execution(scheduler="local:2"):
        copy = dc.data_copy(scan, path=str(tmp_path / "copy.h5"), order="pixel")
    np.testing.assert_array_equal(copy.frames[:], expected)
