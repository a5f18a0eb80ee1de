"""Scans that another process records while they are read."""

from __future__ import annotations

import os
import shutil
import warnings

import h5py
import numpy as np
import pytest

import darfix_core as dc
from darfix_core.cli import main
from darfix_core.errors import DarfixWarning, DataFileError
from darfix_core.io.inspect import inspect_file
from tests.bliss_files import small_stack, write_scan
from tests.growing_scan import frame, position, recorder


@pytest.fixture
def path(tmp_path):
    return tmp_path / "scan.h5"


def check(dataset, n_frames: int) -> None:
    """Frames and positions are those of the first frames, and nothing else."""
    assert dataset.n_frames == n_frames
    np.testing.assert_array_equal(dataset.frames, [frame(number) for number in range(n_frames)])
    np.testing.assert_array_equal(dataset.positions["mu"], [position(number) for number in range(n_frames)])


def loaded(path, words: str):
    with pytest.warns(DarfixWarning, match=words):
        return dc.load(path)


def test_scan_gives_more_frames_each_time_it_is_loaded(path):
    with recorder(path, "npoints") as record:
        with pytest.raises(DataFileError, match="the file holds no frames"):
            dc.load(path)
        for what in ("frames 12", "mu 12", "monitor 12"):
            record(what)
        early = loaded(path, "the scan is still being written: 12 of 101 frames are complete")
        check(early, 12)
        np.testing.assert_array_equal(early.counters["monitor"], range(12))
        for what in ("frames 45", "mu 45", "monitor 45"):
            record(what)
        check(loaded(path, "57 of 101 frames are complete"), 57)
        check(early, 12)
        for what in ("frames 44", "mu 44", "monitor 44", "end"):
            record(what)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check(dc.load(path), 101)
    check(early, 12)


@pytest.mark.parametrize(
    "options", [(), ("preallocated",), ("nan",), ("lima",), ("virtual",), ("lima", "nan")], ids=str
)
def test_frames_are_those_that_frames_motors_and_counters_have(path, options):
    with recorder(path, *options) as record:
        for orders, n_frames in (
            ("frames 20|mu 17|monitor 20", 17),
            ("mu 8", 20),
            ("frames 6|monitor 1", 21),
            ("monitor 10", 25),
        ):
            for order in orders.split("|"):
                record(order)
            check(loaded(path, "the scan is still being written"), n_frames)


def test_scan_that_is_recorded_without_swmr_is_read_as_far_as_it_was_flushed(path):
    with recorder(path, "plain", "preallocated") as record:
        for order in ("frames 20", "mu 17", "monitor 20"):
            record(order)
        check(loaded(path, "no end is recorded: .*20 frames and 17 positions of mu: the first 17 are used"), 17)


def test_report_tells_complete_frames_of_those_announced(path, capsys):
    with recorder(path, "npoints") as record:
        for order in ("frames 20", "mu 17", "monitor 20"):
            record(order)
        (scan,) = inspect_file(str(path)).scans
        assert (scan.n_frames, scan.n_complete) == (101, 17)
        assert scan.problems == ("the scan is still being written: 17 of 101 frames are complete",)
        assert main(["info", str(path)]) == 0
    assert "17 complete of 101 frames" in capsys.readouterr().out


def test_position_at_zero_is_no_gap(path):
    """A motor that stands at 0 while the other one moves has been there."""
    values = np.linspace(-0.2, 0.0, 12)
    write_scan(path, small_stack(), {"chi": np.repeat([-0.1, 0.0], 6), "mu": values}, end_reason=None)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert dc.load(path).n_frames == 12
    with h5py.File(path, "a") as file:
        file["1.1/instrument/mu/value"][9:] = 0.0
    with pytest.warns(DarfixWarning, match="9 of 12 frames"):
        np.testing.assert_array_equal(dc.load(path).positions["mu"], values[:9])


def test_files_of_frames_that_are_not_there_yet_end_a_scan_that_runs(path):
    layout = h5py.VirtualLayout((12, 5, 7), "u2")
    for number in range(3):
        part = slice(4 * number, 4 * number + 4)
        with h5py.File(path.parent / f"part{number}.h5", "w") as file:
            file["data"] = small_stack()[part]
        layout[part] = h5py.VirtualSource(f"part{number}.h5", "data", (4, 5, 7))
    write_scan(path, None, {"mu": np.arange(1.0, 13.0)}, end_reason=None)
    with h5py.File(path, "a") as file:
        file["1.1"].create_virtual_dataset("instrument/pco_ff/data", layout)
    (path.parent / "part2.h5").unlink()
    with pytest.warns(DarfixWarning, match="with 8 frames and 12 positions of mu: the first 8 are used"):
        dataset = dc.load(path)
    np.testing.assert_array_equal(dataset.frames, small_stack()[:8])
    np.testing.assert_array_equal(dataset.positions["mu"], np.arange(1.0, 9.0))


def test_copy_of_a_file_that_is_being_written_gives_its_complete_frames(path):
    copy = path.parent / "copy.h5"
    with recorder(path) as record:
        for order in ("mu 60", "monitor 60", "frames 60"):
            record(order)
        shutil.copy(path, copy)
    found = []
    for size in np.linspace(1, copy.stat().st_size - 1, 60, dtype=int)[::-1]:
        os.truncate(copy, size)
        dataset, told = None, []
        try:
            with warnings.catch_warnings(record=True) as told:
                warnings.simplefilter("always")
                dataset = dc.load(copy)
        except DataFileError as error:
            told = [error]
        assert told
        if dataset is not None:
            check(dataset, dataset.n_frames)
        found.append(0 if dataset is None else dataset.n_frames)
    assert len(set(found)) > 4
    assert found == sorted(found, reverse=True)
