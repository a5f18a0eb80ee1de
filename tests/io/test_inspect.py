"""Reports of what files hold."""

from __future__ import annotations

import json
import os

import h5py
import numpy as np
import pytest

from darfix_core.errors import DataFileError
from darfix_core.io.inspect import inspect_file
from darfix_core.io.report import motor_report
from tests.bliss_files import mesh, small_stack, write_scan

STACK = small_stack()
CHI, MU = mesh(np.linspace(0.0, 0.2, 3), np.linspace(1.0, 1.6, 4))


@pytest.fixture
def path(tmp_path):
    return tmp_path / "scan.h5"


def test_report_holds_scans_detectors_and_motors(path):
    write_scan(
        path,
        STACK,
        {"chi": CHI, "mu": MU, "phi": np.full(12, 3.0)},
        storage={"chunks": (4, 5, 7), "compression": "gzip", "shuffle": True},
    )
    write_scan(path, None, {"mu": MU}, scan="2.1")
    report = inspect_file(str(path))
    assert (report.files, report.kind, report.size) == ((str(path),), "BLISS/NeXus HDF5", os.path.getsize(path))
    first, second = report.scans
    assert (first.name, first.n_frames, first.problems) == ("1.1", 12, ())
    (detector,) = first.detectors
    assert (detector.name, detector.path) == ("pco_ff", "/1.1/instrument/pco_ff/data")
    assert (detector.shape, detector.dtype) == ((12, 5, 7), "uint16")
    assert (detector.compression, detector.chunks) == ("gzip", (4, 5, 7))
    assert [motor.name for motor in first.motors] == ["chi", "mu", "phi"]
    chi, mu, phi = first.motors
    assert (chi.step, chi.n_positions, chi.unit) == (pytest.approx(0.1), 3, "deg")
    assert (mu.low, mu.high, mu.n_positions) == (1.0, pytest.approx(1.6), 4)
    assert (phi.step, phi.jitter, phi.n_positions) == (0.0, 0.0, 1)
    assert (second.name, second.n_frames, second.detectors) == ("2.1", 0, ())


def test_report_is_fit_for_json(path):
    write_scan(path, STACK, {"mu": MU})
    plain = inspect_file(str(path)).to_dict()
    assert json.loads(json.dumps(plain)) == plain
    assert plain["scans"][0]["detectors"][0]["shape"] == [12, 5, 7]


@pytest.mark.parametrize("virtual", [False, True])
def test_storage_is_that_of_the_external_file(path, virtual):
    hdf5plugin = pytest.importorskip("hdf5plugin")
    storage = {"chunks": (1, 5, 7), **hdf5plugin.Bitshuffle()}
    write_scan(path, STACK, {"mu": MU}, source="lima/pco_0.h5", virtual=virtual, storage=storage)
    (detector,) = inspect_file(str(path)).scans[0].detectors
    assert detector.files == (str(path.parent / "lima" / "pco_0.h5"),)
    assert detector.chunks == (1, 5, 7)
    assert detector.compression == "bitshuffle/lz4"


def test_scans_that_cannot_be_read_are_in_the_report_with_the_reason(path):
    write_scan(path, STACK, {"mu": MU}, source="lima/pco_0.h5")
    write_scan(path, STACK[:7], {"mu": MU}, scan="2.1")
    write_scan(path, STACK[:7], {"mu": MU}, scan="3.1", end_reason="USER_ABORT")
    (path.parent / "lima" / "pco_0.h5").unlink()
    with h5py.File(path, "a") as file:
        file["4.1"] = h5py.ExternalLink("gone.h5", "/1.1")
        file["notes/text"] = "not a scan"
    reports = {report.name: report for report in inspect_file(str(path)).scans}
    assert list(reports) == ["1.1", "2.1", "3.1", "/4.1"]
    assert "lima/pco_0.h5 is missing" in reports["1.1"].problems[0]
    assert "7 frames, but there are 12 positions of mu" in reports["2.1"].problems[0]
    assert "the first 7 are used" in reports["3.1"].problems[0]
    assert "gone.h5 is missing" in reports["/4.1"].problems[0]


def test_one_scan_can_be_asked_for(path):
    for name in ("1.1", "2.1"):
        write_scan(path, STACK, {"mu": MU}, scan=name)
    assert [report.name for report in inspect_file(str(path), scan="2").scans] == ["2.1"]
    with pytest.raises(DataFileError, match="no scan '5'"):
        inspect_file(str(path), scan="5")
    with pytest.raises(DataFileError, match="no such file"):
        inspect_file(str(path.parent / "other.h5"))


def jittered(values, amount: float, seed: int):
    return values + np.random.default_rng(seed).uniform(-amount, amount, len(values))


@pytest.mark.parametrize("seed", range(3))
def test_motor_report_tells_step_from_jitter(seed):
    for values, size in (
        (np.repeat(np.arange(11), 11), 11),
        (np.tile(np.arange(31)[::-1], 20), 31),
        (np.repeat(np.arange(11), 11)[:77], 7),
        (np.delete(np.repeat(np.arange(9), 9), slice(27, 36)), 8),
    ):
        report = motor_report("mu", 0.1 * jittered(values, 0.2, seed), "deg")
        assert report.n_positions == size
        assert report.step == pytest.approx(0.1, rel=0.03)  # 0.2 step of jitter, averaged over the scan
        assert report.jitter == pytest.approx(0.02 / np.sqrt(3), rel=0.3)  # uniform distribution


def test_motor_report_of_one_position_a_frame():
    report = motor_report("mu", jittered(np.arange(150.0), 0.01, 0))
    assert report.n_positions == 150
    assert report.step == pytest.approx(1.0, rel=1e-3)


def test_motor_that_stands_still_has_one_position():
    wobble = 3 + 1e-6 * np.random.default_rng(0).standard_normal(200)
    for values in (np.full(5, 2.5), wobble, [1.0]):
        report = motor_report("phi", values)
        assert (report.n_positions, report.step) == (1, 0.0)
    assert motor_report("phi", wobble).jitter == pytest.approx(1e-6, rel=0.2)
    assert motor_report("phi", [np.nan]).n_positions == 0


def test_uneven_steps_are_counted():
    report = motor_report("mu", np.geomspace(1, 100, 20))
    assert report.n_positions == 20
    assert report.step == pytest.approx(99 / 19)


@pytest.mark.skipif("DARFIX_SAMPLE_DATA" not in os.environ, reason="DARFIX_SAMPLE_DATA is not set")
def test_real_rocking_scan_is_reported():
    (scan,) = inspect_file(os.path.join(os.environ["DARFIX_SAMPLE_DATA"], "rocking.h5")).scans
    (motor,) = scan.motors
    assert (scan.name, scan.n_frames, motor.name, motor.n_positions) == ("1.1", 150, "mu", 150)
    assert motor.step == pytest.approx(0.001, rel=2e-3)
    assert 1e-6 < motor.jitter < 1e-5
    assert [detector.name for detector in scan.detectors] == ["pco_ff"]


@pytest.mark.skipif("DARFIX_SAMPLE_DATA" not in os.environ, reason="DARFIX_SAMPLE_DATA is not set")
def test_real_mesh_positions_are_told_apart():
    with h5py.File(os.path.join(os.environ["DARFIX_SAMPLE_DATA"], "silicon_111_reflection.h5"), "r") as file:
        reports = [motor_report(name, file["positioners"][name][()], "deg") for name in ("chi", "mu")]
    assert [report.n_positions for report in reports] == [31, 61]
