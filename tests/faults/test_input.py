"""Inputs that vanish or are cut off while they are read: an error that names the file, never invented counts."""

from __future__ import annotations

import os

import h5py
import hdf5plugin
import numpy as np
import pytest

import darfix_core as dc
from darfix_core.cli import main
from darfix_core.engine.execution import execution
from darfix_core.errors import DataFileError
from darfix_core.workflow.demo import tutorial_file
from darfix_core.workflow.ows import write_changed
from tests.bliss_files import write_scan

STORAGES = {
    "contiguous": {},
    "chunks": {"chunks": (1, 128, 128)},
    "bitshuffle": {"chunks": (1, 128, 128), **hdf5plugin.Bitshuffle()},
    "gzip": {"chunks": (1, 128, 128), "compression": "gzip", "compression_opts": 1},
    "chunks across frames": {"chunks": (3, 50, 50), **hdf5plugin.Bitshuffle()},
}
N_FRAMES = 40


@pytest.fixture(params=STORAGES)
def scan(request, tmp_path):
    rng = np.random.default_rng(1)
    stack = rng.integers(1, 1000, (N_FRAMES, 128, 128)).astype(np.uint16)
    return write_scan(
        tmp_path / "scan.h5", stack, {"mu": np.linspace(-1, 1, N_FRAMES)}, storage=STORAGES[request.param]
    )


def in_blocks_of_one_frame(dataset):
    """Read a dataset as a step does that cannot hold it."""
    return [dataset.frames[number] for number in range(dataset.n_frames)]


def test_file_that_is_cut_off_before_it_is_read(scan):
    dataset = dc.load(scan)
    os.truncate(scan, scan.stat().st_size // 2)
    with pytest.raises(DataFileError, match=r"scan\.h5.*(cut off|shorter)"):
        dataset.frames[:]
    with pytest.raises(DataFileError, match=r"scan\.h5"):
        in_blocks_of_one_frame(dataset)


def test_file_that_is_cut_off_between_two_blocks(scan):
    dataset = dc.define_dimensions(dc.load(scan))
    size = scan.stat().st_size

    def cut_off(fraction, what):
        if fraction > 0.2:
            os.truncate(scan, size // 2)

    # A block holds a few frames.
    with execution(threads=2, memory=2**20, progress=cut_off), pytest.raises(DataFileError, match=r"scan\.h5"):
        dc.moments(dataset)


def test_file_that_is_cut_off_while_hdf5_reads_a_block(tmp_path, monkeypatch):
    """HDF5 gives zeros for what lies behind the end of a file that was longer when it was opened."""
    stack = np.full((N_FRAMES, 64, 64), 7, dtype=np.uint16)
    scan = write_scan(tmp_path / "scan.h5", stack, {"mu": np.linspace(-1, 1, N_FRAMES)})
    dataset, read, size = dc.load(scan), h5py.Dataset.read_direct, scan.stat().st_size

    def cut_off_and_read(self, *arguments, **options):
        os.truncate(scan, size // 2)
        read(self, *arguments, **options)

    monkeypatch.setattr(h5py.Dataset, "read_direct", cut_off_and_read)
    with pytest.raises(DataFileError, match=r"scan\.h5"):
        dataset.frames[:]


def test_deleted_input(scan):
    dataset = dc.load(scan)
    scan.unlink()
    with pytest.raises(DataFileError, match=r"scan\.h5: there is no such file"):
        dataset.frames[:]


@pytest.mark.parametrize("keep", [0.0, 0.005])
def test_run_on_a_file_of_which_hardly_anything_is_there_ends_with_one_line(tmp_path, capsys, keep):
    stack = np.random.default_rng(1).integers(1, 1000, (N_FRAMES, 64, 64)).astype(np.uint16)
    scan = write_scan(tmp_path / "scan.h5", stack, {"mu": np.linspace(-1, 1, N_FRAMES)})
    os.truncate(scan, int(keep * scan.stat().st_size))
    flow = tmp_path / "flow.ows"
    write_changed(
        tutorial_file("mosaicity.ows"),
        flow,
        {"Data Selection": {"path": "scan.h5"}, "ROI Selection": {"origin": (0, 0), "shape": None}},
    )
    assert main(["run", str(flow), "--output", str(tmp_path / "out")]) == 2
    lines = [line for line in capsys.readouterr().err.splitlines() if not line.startswith("[")]
    assert len(lines) == 1
    assert lines[0].startswith("darfix-core: error: ")
    assert str(scan) in lines[0]
    assert not (tmp_path / "out").exists()
