from __future__ import annotations

import subprocess
import sys

import h5py
import numpy as np
import pytest

from darfix_core.model.maps import Map, Maps
from darfix_core.workflow import demo


@pytest.fixture(scope="module")
def scan(tmp_path_factory):
    return demo.write_demo_scan(tmp_path_factory.mktemp("demo") / "mosaicity.h5")


def test_scan_has_the_layout_of_bliss(scan):
    with h5py.File(scan) as file:
        entry = file["1.1"]
        data = entry["instrument/pco_ff/data"]
        assert (data.shape, data.dtype, data.chunks) == ((121, 256, 256), np.uint16, (1, 256, 256))
        assert entry["measurement/pco_ff"] == data
        assert entry.attrs["NX_class"] == "NXentry"
        assert entry["instrument/pco_ff"].attrs["NX_class"] == "NXdetector"
        assert entry["title"].asstr()[()] == "fscan2d chi -0.5 0.1 11 mu -0.25 0.05 11 0.1 0.1"
        for motor, step in (("chi", 0.1), ("mu", 0.05)):
            values = entry["instrument/positioners"][motor][()]
            assert np.array_equal(values, entry["measurement"][motor])
            jitter = np.abs(values / step - np.rint(values / step))
            assert 0 < jitter.max() < 0.3
        assert entry["instrument/positioners/obx"][()] == 262.0


def test_scan_is_the_same_each_time(scan, tmp_path):
    again = demo.write_demo_scan(tmp_path / "again.h5")
    with h5py.File(scan) as first, h5py.File(again) as second:
        path = "1.1/instrument/pco_ff/data"
        assert np.array_equal(first[path][:], second[path][:])
        assert np.array_equal(first["1.1/measurement/mu"][:], second["1.1/measurement/mu"][:])


def test_frames_hold_pedestal_noise_and_grains(scan):
    grains = demo.demo_grains()
    with h5py.File(scan) as file:
        frames = file["1.1/instrument/pco_ff/data"][:].astype(float)
    empty = frames[:, grains.number == 0]
    assert empty.mean() == pytest.approx(100, abs=0.05)
    # The read noise of 2 counts, and 1/12 from rounding.
    assert empty.var() == pytest.approx(4 + 1 / 12, rel=0.02)
    assert np.unique(grains.number).tolist() == [0, 1, 2, 3, 4, 5, 6]
    assert frames.max() < 2**16 - 1


def test_whole_curves_lie_in_the_scan():
    grains = demo.demo_grains()
    inside = grains.number > 0
    for motor, nominal in (("chi", np.linspace(-0.5, 0.5, 11)), ("mu", np.linspace(-0.25, 0.25, 11))):
        room = nominal[-1] - np.abs(grains.orientation[motor][inside]).max()
        # 0.85 steps rms: beyond 3 of them 0.1 % of a curve is lost.
        assert room > 3 * 0.85 * (nominal[1] - nominal[0])


def test_truth_compared_with_itself_and_cropped():
    orientation = demo.demo_grains().orientation
    entries = {f"{motor}/center_of_mass": Map(values[10:80, 20:200] + 0.01) for motor, values in orientation.items()}
    rows = demo.compare_with_truth(Maps(entries, origin=(10, 20)))
    assert [row.grain for row in rows] == [1, 2]
    for row in rows:
        for motor in ("chi", "mu"):
            assert row.found[motor] - row.true[motor] == pytest.approx(0.01)


def test_empty_pixels_are_left_out_of_the_comparison():
    orientation = demo.demo_grains().orientation
    values = {motor: image.copy() for motor, image in orientation.items()}
    values["chi"][::2] = np.nan
    rows = demo.compare_with_truth(Maps({f"{motor}/center_of_mass": Map(image) for motor, image in values.items()}))
    core = demo.demo_grains().core.sum()
    assert sum(row.n_pixels for row in rows) == pytest.approx(core / 2, rel=0.02)


def test_only_scans_of_the_demo_are_its_own(scan, tmp_path):
    assert demo.is_demo_scan(scan)
    assert not demo.is_demo_scan(tmp_path / "nothing.h5")
    (tmp_path / "text.h5").write_text("mine")
    assert not demo.is_demo_scan(tmp_path / "text.h5")
    with h5py.File(tmp_path / "mine.h5", "w") as file:
        file.attrs["creator"] = "me"
    assert not demo.is_demo_scan(tmp_path / "mine.h5")


def test_tutorial_is_found_without_qt_and_orange():
    code = """
import sys
from darfix_core.workflow.demo import tutorial_file
assert tutorial_file("mosaicity.ows").is_file()
loaded = [name for name in sys.modules if name.split(".")[0] in ("Orange", "PyQt5", "AnyQt", "orangewidget")]
assert not loaded, loaded
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
