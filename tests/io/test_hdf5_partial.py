"""HDF5 files whose copy is in progress."""

from __future__ import annotations

import gc
import os
import pickle
import re
import shutil
import subprocess
import sys
import warnings

import h5py
import numpy as np
import pytest

import darfix_core as dc
from darfix_core.cli import main
from darfix_core.errors import DarfixWarning, DataFileError
from darfix_core.io.hdf5_file import open_hdf5
from darfix_core.io.hdf5_partial import announced_size, is_partial, open_partial
from darfix_core.io.hdf5_source import Hdf5Source
from darfix_core.io.inspect import inspect_file
from darfix_core.model.frames import Frames
from tests.bliss_files import write_scan

N_FRAMES = 40
STACK = np.random.default_rng(7).integers(1, 4000, (N_FRAMES, 16, 24)).astype(np.uint16)
MU = np.linspace(0.3, 1.3, N_FRAMES)
FACTS = {"counters": {"monitor": np.arange(1.0, N_FRAMES + 1)}, "constants": {"chi": 1.5}}
STORAGE = {
    "contiguous": {},
    "frame by frame": {"chunks": (1, 16, 24), "compression": "gzip"},
    "across frames": {"chunks": (7, 9, 11), "compression": "gzip"},
    "not compressed": {"chunks": (3, 16, 24)},
}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "scan.h5"


def cuts(file, number: int) -> list[int]:
    """Lengths of an incomplete copy, the longest first: evenly, and near the end."""
    size = os.path.getsize(file)
    return sorted({*np.linspace(1, size - 1, number, dtype=int).tolist(), size - 7, size - 600, 33, 9}, reverse=True)


def opened(path, **choice):
    """What can be opened of a copy, and what was told; None where it is an error that says so."""
    failure, dataset = None, None
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        try:
            dataset = dc.load(path, **choice)
        except DataFileError as error:
            failure = str(error)
    if failure is not None:
        assert any(words in failure for words in ("cut off", "is incomplete", "not an HDF5 file, but")), failure
        assert str(path.parent) in failure
    return dataset, [str(warning.message) for warning in told]


def complete(path, stack=STACK, mu=MU) -> int:
    """Frames of a copy; 0 where it cannot be opened. What is there must be right."""
    dataset, told = opened(path)
    if dataset is None:
        return 0
    n_frames = dataset.n_frames
    np.testing.assert_array_equal(dataset.frames, stack[:n_frames])
    np.testing.assert_array_equal(dataset.positions["mu"], mu[:n_frames])
    for name, values in dataset.counters.items():
        np.testing.assert_array_equal(values, FACTS["counters"][name][:n_frames])
    of = f"{n_frames} of {len(stack)}" if n_frames < len(stack) else f"all {n_frames}"
    assert any(f"{of} frames are complete" in text for text in told)
    return n_frames


@pytest.mark.parametrize("storage", STORAGE.values(), ids=STORAGE.keys())
def test_every_cut_gives_complete_frames_or_a_clear_error(path, storage):
    write_scan(path, STACK, {"mu": MU}, storage=storage, **FACTS)
    found = []
    for size in cuts(path, 40):
        os.truncate(path, size)
        found.append(complete(path))
    assert found[0] == N_FRAMES
    assert len(set(found)) > 4
    assert found == sorted(found, reverse=True)


def test_frames_are_counted_to_the_byte(path):
    write_scan(path, STACK, {"mu": MU})
    with h5py.File(path) as file:
        begin = file["1.1/instrument/pco_ff/data"].id.get_offset()
    for n_frames, rest in ((30, 0), (29, STACK[0].nbytes - 1), (29, 0), (1, 1)):
        os.truncate(path, begin + n_frames * STACK[0].nbytes + rest)
        assert complete(path) == n_frames


def test_file_that_is_open_elsewhere_when_it_is_cut_off_gives_no_zeros(path):
    write_scan(path, STACK, {"mu": MU}, source="lima.h5")
    lima = path.parent / "lima.h5"
    # HDF5 does not look again at the length of a file that is open.
    with h5py.File(lima, "r", locking=False):
        frames = dc.load(path).frames
        os.truncate(lima, os.path.getsize(lima) - 3 * STACK[0].nbytes)
        with pytest.warns(DarfixWarning, match="37 of 40 frames are complete"):
            dc.load(path)
        with pytest.raises(DataFileError, match=r"lima\.h5: the file was cut off"):
            frames[N_FRAMES - 1]


@pytest.mark.parametrize("libver", ["v110", "latest"])
def test_files_in_newer_formats_are_read_likewise(path, libver):
    with h5py.File(path, "w", libver=libver) as file:
        file["1.1/title"] = "ascan mu 0.3 1.3 39 0.5"
        file["1.1/measurement/mu"] = MU
        file.create_dataset("1.1/measurement/pco", data=STACK, chunks=(1, 16, 24), compression="gzip")
    found = []
    for size in cuts(path, 30):
        os.truncate(path, size)
        found.append(complete(path))
    assert found[0] >= N_FRAMES - 1
    assert len(set(found)) > 4


@pytest.mark.parametrize("virtual", [False, True])
@pytest.mark.parametrize("storage", ["contiguous", "frame by frame"])
def test_cut_file_of_the_detector_gives_its_complete_frames(path, virtual, storage):
    write_scan(path, STACK, {"mu": MU}, source="lima/0.h5", virtual=virtual, storage=STORAGE[storage], **FACTS)
    found = []
    for size in cuts(path.parent / "lima" / "0.h5", 30):
        os.truncate(path.parent / "lima" / "0.h5", size)
        found.append(complete(path))
    assert found[0] >= N_FRAMES - 1
    assert len(set(found)) > 4


@pytest.mark.parametrize("virtual", [False, True])
def test_cut_file_of_the_scan_is_never_taken_for_that_of_the_detector(path, virtual):
    # The file of the detector has the same path inside, which HDF5 would look for in the cut file.
    write_scan(path, STACK, {"mu": MU}, source="lima.h5", virtual=virtual, **FACTS)
    with h5py.File(path, "a") as file:
        file["entry_0000/measurement/data"] = np.zeros_like(STACK)
        file["entry_0000/later"] = np.arange(999.0)
    for size in cuts(path, 30):
        os.truncate(path, size)
        dataset, _ = opened(path, scan="1.1")
        if dataset is not None:
            np.testing.assert_array_equal(dataset.frames, STACK[: dataset.n_frames])


@pytest.mark.parametrize("end_reason", [None, "SUCCESS"])
def test_cut_file_of_raw_data_gives_its_complete_frames(path, end_reason):
    STACK.tofile(path.parent / "frames.raw")
    write_scan(path, None, {"mu": MU}, end_reason=end_reason)
    with h5py.File(path, "a") as file:
        stored = [("frames.raw", 0, STACK.nbytes)]
        file["1.1/instrument"].create_dataset("pco/data", STACK.shape, STACK.dtype, external=stored)
    os.truncate(path.parent / "frames.raw", 5 * STACK[0].nbytes + 11)
    with pytest.warns(DarfixWarning, match="raw data are incomplete: 5 of 40 frames are complete"):
        dataset = dc.load(path)
    np.testing.assert_array_equal(dataset.frames, STACK[:5])


def test_loading_again_gives_more_and_the_whole_file_no_warning(path):
    write_scan(path, STACK, {"mu": MU}, storage=STORAGE["frame by frame"], **FACTS)
    shutil.copy(path, path.parent / "whole.h5")
    os.truncate(path, os.path.getsize(path) - 5000)
    early, told = opened(path)
    assert 0 < early.n_frames < N_FRAMES
    words = rf"the file is incomplete: [\d.]+ of [\d.]+ kB are there; {early.n_frames} of 40 frames are complete"
    assert any(re.fullmatch(words, text) for text in told)
    copy = pickle.loads(pickle.dumps(early.frames))
    shutil.copy(path.parent / "whole.h5", path)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert dc.load(path).n_frames == N_FRAMES
    np.testing.assert_array_equal(early.frames, STACK[: early.n_frames])
    np.testing.assert_array_equal(copy, STACK[: early.n_frames])


def test_frames_that_are_cut_off_after_opening_are_an_error(path):
    write_scan(path, STACK, {"mu": MU})
    dataset = dc.load(path)
    with h5py.File(path) as file:
        begin = file["1.1/instrument/pco_ff/data"].id.get_offset()
    os.truncate(path, begin + 10 * STACK[0].nbytes + 5)
    np.testing.assert_array_equal(dataset.frames[:10], STACK[:10])
    for number in (10, 11, 39):
        with pytest.raises(DataFileError, match=r"scan\.h5: the HDF5 file is cut off"):
            dataset.frames[number]


def test_file_that_is_cut_off_while_it_is_read_gives_no_zeros(path, monkeypatch):
    write_scan(path, STACK, {"mu": MU})
    source = Hdf5Source(str(path), "/1.1/instrument/pco_ff/data")
    read = h5py.Dataset.read_direct

    def cut_and_read(*arguments):
        os.truncate(path, os.path.getsize(path) - STACK[0].nbytes)
        read(*arguments)

    monkeypatch.setattr(h5py.Dataset, "read_direct", cut_and_read)
    with pytest.raises(DataFileError, match=r"scan\.h5: the file was cut off while it was read"):
        Frames(source)[:]


def test_report_tells_complete_frames_of_those_announced(path, capsys):
    write_scan(path, STACK, {"mu": MU}, storage=STORAGE["frame by frame"])
    os.truncate(path, os.path.getsize(path) - 5000)
    (scan,) = inspect_file(str(path)).scans
    assert scan.n_frames == N_FRAMES
    assert 0 < scan.n_complete < N_FRAMES
    assert main(["info", str(path)]) == 0
    shown = capsys.readouterr().out
    assert f"{scan.n_complete} complete of 40 frames" in shown
    assert "the file is incomplete" in shown


def test_scans_that_are_there_open_while_others_are_not(path):
    write_scan(path, STACK, {"mu": MU})
    size = os.path.getsize(path)
    write_scan(path, STACK, {"mu": MU}, scan="2.1")
    os.truncate(path, size + 3000)
    reports = {scan.name.strip("/"): scan for scan in inspect_file(str(path)).scans}
    assert reports["1.1"].n_complete == N_FRAMES
    with pytest.raises(DataFileError, match="cut off"):
        dc.load(path, scan="2.1")


def test_header_states_the_length_of_the_file(path):
    for options in ({}, {"libver": "latest"}, {"userblock_size": 1024}):
        with h5py.File(path, "w", **options) as file:
            file["a"] = np.arange(100)
        assert announced_size(str(path)) == os.path.getsize(path)
        assert open_partial(str(path)) is None
    path.write_bytes(b"no HDF5")
    assert announced_size(str(path)) is None


def test_user_block_shifts_no_frame(path):
    with h5py.File(path, "w", userblock_size=512) as file:
        file["1.1/measurement/mu"] = MU
        file["1.1/measurement/pco"] = STACK
    os.truncate(path, os.path.getsize(path) - 3 * STACK[0].nbytes)
    assert 30 < complete(path) < N_FRAMES


def test_open_copies_are_closed_with_the_program(path):
    write_scan(path, STACK, {"mu": MU})
    os.truncate(path, os.path.getsize(path) - 5000)
    script = f"from darfix_core.io.hdf5_file import open_hdf5; kept = open_hdf5({str(path)!r})['1.1']; print(kept.name)"
    # HDF5 closes its files after Python is gone, and a stream of ours must not be among them.
    assert subprocess.run([sys.executable, "-c", script], capture_output=True, check=True).stdout == b"/1.1\n"


@pytest.mark.skipif(sys.platform != "linux", reason="counts open files in /proc")
@pytest.mark.usefixtures("swift_collection")
def test_no_file_stays_open(path):
    write_scan(path, STACK, {"mu": MU}, source="lima.h5")
    os.truncate(path.parent / "lima.h5", os.path.getsize(path.parent / "lima.h5") - 3000)
    gc.collect()
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(3):
        complete(path)
    gc.collect()
    assert len(os.listdir("/proc/self/fd")) <= before


def test_partial_files_are_told_from_whole_ones(path):
    write_scan(path, STACK, {"mu": MU})
    with open_hdf5(str(path)) as file:
        assert not is_partial(file)
    os.truncate(path, os.path.getsize(path) - 5000)
    with open_hdf5(str(path)) as file:
        assert is_partial(file["1.1"])


@pytest.mark.skipif("DARFIX_SAMPLE_DATA" not in os.environ, reason="DARFIX_SAMPLE_DATA is not set")
def test_cut_copies_of_a_real_scan(path):
    real = os.path.join(os.environ["DARFIX_SAMPLE_DATA"], "rocking.h5")
    whole = dc.load(real)
    shutil.copy(real, path)
    stack, mu = whole.frames[:], whole.positions["mu"]
    size = os.path.getsize(path)
    found = []
    for cut in (size - 1, size - 400, size // 3 * 2, size // 3, 30_000, 5_000, 60):
        os.truncate(path, cut)
        dataset, _ = opened(path)
        found.append(0 if dataset is None else dataset.n_frames)
        if dataset is not None:
            np.testing.assert_array_equal(dataset.frames, stack[: dataset.n_frames])
            np.testing.assert_array_equal(dataset.positions["mu"], mu[: dataset.n_frames])
            for name, values in dataset.counters.items():
                np.testing.assert_array_equal(values, whole.counters[name][: dataset.n_frames])
    assert found[0] == 150
