"""Reading BLISS and NeXus trees: scans, detectors, positions, counters, metadata."""

from __future__ import annotations

import os

import h5py
import numpy as np
import pytest

from darfix_core.errors import DarfixWarning, DataFileError
from darfix_core.io.bliss import open_bliss
from tests.bliss_files import mesh, small_stack, write_minimal_scan, write_scan

CHI, MU = mesh(np.linspace(0.0, 0.2, 3), np.linspace(1.0, 1.6, 4))
STACK = small_stack()


@pytest.fixture
def path(tmp_path):
    return tmp_path / "scan.h5"


def message(path, **choice) -> str:
    with pytest.raises(DataFileError) as caught:
        open_bliss(str(path), **choice)
    return str(caught.value)


def test_full_tree_gives_frames_positions_counters_and_metadata(path):
    write_scan(
        path,
        STACK,
        {"chi": CHI, "mu": MU},
        constants={"obpitch": 18.0, "ffpitch": "ERR"},
        counters={"monitor": np.arange(12), "fast_timer": np.arange(25)},
        scan_parameters={"fast_motor": "mu", "npoints": 12},
    )
    dataset = open_bliss(str(path))
    np.testing.assert_array_equal(dataset.frames, STACK)
    np.testing.assert_array_equal(dataset.positions["chi"], CHI)
    np.testing.assert_array_equal(dataset.positions["mu"], MU)
    assert dict(dataset.units) == {"chi": "deg", "mu": "deg"}
    assert list(dataset.counters) == ["monitor"]
    assert dataset.metadata == {
        "title": "amesh chi 0 0.2 2 mu 1 1.6 3 0.5",
        "start_time": "2025-02-03T03:50:08.270686+01:00",
        "end_reason": "SUCCESS",
        "sample": "al_foil",
        "instrument": "ESRF-ID03",
        "detector": "pco_ff",
        "detector_pixel_size": (6.5, 6.5),
        "exposure_time": 0.5,
        "motors": {"obpitch": 18.0},
        "scan_parameters": {"fast_motor": "mu", "npoints": 12},
        "scan": "1.1",
        "file": str(path),
    }


def test_minimal_tree_finds_the_motors_by_their_names(path):
    write_minimal_scan(path, STACK, ("chi", CHI), ("diffry", MU))
    with h5py.File(path, "a") as file:
        del file["1.1/title"]
    dataset = open_bliss(str(path))
    np.testing.assert_array_equal(dataset.positions["chi"], CHI)
    np.testing.assert_array_equal(dataset.positions["diffry"], MU)
    assert dataset.metadata["detector"] == "pco_ff"


def test_minimal_tree_finds_unknown_motors_in_the_title(path):
    write_minimal_scan(path, STACK, ("strange", CHI), ("mu", MU))
    dataset = open_bliss(str(path))
    assert dict(dataset.units) == {"strange": "", "mu": "deg"}


def test_tree_without_scan_groups_is_one_scan(path):
    with h5py.File(path, "w") as file:
        file["measurement/det"] = STACK
        file["measurement/mu"] = MU
    dataset = open_bliss(str(path))
    assert dataset.metadata["scan"] == "/"
    assert list(dataset.positions) == ["mu"]


def test_lima_file_and_stack_in_an_unusual_place_open(path):
    with h5py.File(path, "w") as file:
        file["entry_0000/results/deep/images"] = STACK
    dataset = open_bliss(str(path))
    assert (dataset.metadata["scan"], dataset.metadata["detector"]) == ("entry_0000", "images")


@pytest.mark.parametrize("copies", ["soft", "hard", "data", "none"])
@pytest.mark.parametrize("classes", [True, False])
def test_stack_under_several_names_is_one(path, copies, classes):
    write_scan(path, STACK, {"chi": CHI, "mu": MU}, copies=copies, classes=classes)
    dataset = open_bliss(str(path))
    assert dataset.metadata["detector"] == "pco_ff"
    assert dataset.frames.source.files[0].url == f"{path}::/1.1/instrument/pco_ff/data"


def test_declared_detector_goes_before_other_stacks(path):
    write_scan(path, STACK, {"chi": CHI, "mu": MU})
    with h5py.File(path, "a") as file:
        file["1.1/measurement/processed"] = STACK[:, :2]
        file["1.1/instrument/reconstruction/data"] = STACK[:3]
    assert open_bliss(str(path)).metadata["detector"] == "pco_ff"
    assert open_bliss(str(path), detector="processed").frame_shape == (2, 7)


def test_several_detectors_are_listed_with_their_shapes(path):
    write_scan(path, STACK, {"chi": CHI, "mu": MU})
    with h5py.File(path, "a") as file:
        group = file.create_group("1.1/instrument/basler")
        group.attrs["NX_class"] = "NXdetector"
        group["data"] = STACK[:, :2]
    assert "basler (12, 2, 7), pco_ff (12, 5, 7)" in message(path)
    for name in ("basler", "instrument/basler", "instrument/basler/data", "/1.1/instrument/basler/data"):
        assert open_bliss(str(path), detector=name).frame_shape == (2, 7)
    assert "did you mean 'basler'?" in message(path, detector="balser")
    assert "three axes" in message(path, detector="measurement/mu")


def test_several_scans_are_listed_with_title_and_frames(path):
    write_scan(path, STACK, {"chi": CHI, "mu": MU}, scan="2.1")
    write_scan(path, STACK[:4], {"mu": MU[:4]}, scan="10.1")
    write_scan(path, None, {"mu": MU}, scan="1.1")
    text = message(path)
    assert "2.1 (amesh chi 0 0.2 2 mu 1 1.6 3 0.5, 12 frames); 10.1 (ascan mu 1 1.6 3 0.5, 4 frames)" in text
    assert "1.1 (ascan mu 1 1.6 11" not in text
    assert open_bliss(str(path), scan="10").metadata["scan"] == "10.1"
    assert "there is no scan '3.1'; there are 3: 1.1, 2.1, 10.1" in message(path, scan="3.1")


def test_only_scan_with_frames_is_chosen(path):
    write_scan(path, None, {"mu": MU})
    write_scan(path, STACK, {"chi": CHI, "mu": MU}, scan="2.1")
    assert open_bliss(str(path)).metadata["scan"] == "2.1"


def test_file_without_frames_says_what_there_is_instead(path):
    write_scan(path, None, {"mu": MU})
    with h5py.File(path, "a") as file:
        file["1.1/measurement/spectra"] = np.zeros((12, 8))
    assert "no frames" in message(path)
    assert "spectra (12, 8) float64" in message(path)
    assert "::/1.1: the scan holds no frames" in message(path, scan="1.1")


def test_exposure_centre_is_preferred_and_derived_values_are_no_positions(path):
    write_scan(
        path,
        STACK,
        {"mu": MU},
        counters={"mu_center": MU + 0.1, "mu_trig": MU - 0.1, "mu_delta": MU * 0, "mu_raw": np.arange(25)},
    )
    dataset = open_bliss(str(path))
    np.testing.assert_array_equal(dataset.positions["mu"], MU + 0.1)
    assert list(dataset.positions) == ["mu"]
    assert sorted(dataset.counters) == ["mu_delta", "mu_trig"]


def test_positions_at_the_trigger_alone_are_used_with_a_warning(path):
    write_scan(path, STACK, {}, title="fscan mu 1 0.1 12 0.5", constants={"mu": 1.0}, counters={"mu_trig": MU})
    with pytest.warns(DarfixWarning, match="at the start of each exposure only"):
        dataset = open_bliss(str(path))
    np.testing.assert_array_equal(dataset.positions["mu"], MU)
    assert dataset.metadata["motors"] == {}


def test_sub_scan_gives_the_motors_and_counters_of_the_other_chain(path):
    write_scan(path, STACK, {}, title="fscan mu 1 0.1 12 0.5", constants={"mu": 1.0})
    write_scan(path, None, {"mu": MU}, scan="1.2", counters={"current": np.arange(12), "slow": np.arange(3)})
    write_scan(path, None, {"chi": CHI}, scan="11.2")
    dataset = open_bliss(str(path))
    assert list(dataset.positions) == ["mu"]
    assert list(dataset.counters) == ["current"]


def test_counters_are_told_from_motors(path):
    write_scan(path, STACK, {"mu": MU}, counters={"theta": np.arange(12)})
    dataset = open_bliss(str(path))
    # The tree lists its positioners, and a counter may bear any name.
    assert list(dataset.positions) == ["mu"]
    assert list(dataset.counters) == ["theta"]


def test_units_of_the_file_go_before_the_known_ones(path):
    write_scan(path, STACK, {"chi": CHI, "mu": MU}, units={"chi": "mrad", "mu": "degrees"})
    assert dict(open_bliss(str(path)).units) == {"chi": "mrad", "mu": "deg"}


@pytest.mark.parametrize(("size", "unit"), [(6.5e-6, "m"), (6.5e-6, None), (6.5, "um"), (0.0065, "mm")])
def test_pixel_size_is_given_in_micrometres(path, size, unit):
    write_scan(path, STACK, {"mu": MU}, pixel_size=size)
    if unit:
        with h5py.File(path, "a") as file:
            for name in ("x_pixel_size", "y_pixel_size"):
                file[f"1.1/instrument/pco_ff/{name}"].attrs["units"] = unit
    assert open_bliss(str(path)).metadata["detector_pixel_size"] == pytest.approx((6.5, 6.5))


@pytest.mark.parametrize(("n_frames", "n_positions"), [(10, 12), (12, 10)])
def test_positions_of_another_length_are_an_error_with_both_numbers(path, n_frames, n_positions):
    write_scan(path, STACK[:n_frames], {"chi": CHI[:n_positions], "mu": MU[:n_positions]})
    assert f"{n_frames} frames, but there are {n_positions} positions of chi" in message(path)


def test_positions_of_another_length_are_an_error_without_a_title(path):
    write_minimal_scan(path, STACK[:10], ("chi", CHI), ("mu", MU))
    with h5py.File(path, "a") as file:
        del file["1.1/title"]
    assert "10 frames, but there are 12 positions of chi, 12 positions of mu" in message(path)


@pytest.mark.parametrize(("n_frames", "n_positions"), [(10, 12), (12, 10)])
def test_interrupted_scan_keeps_what_it_has_in_common(path, n_frames, n_positions):
    write_scan(
        path,
        STACK[:n_frames],
        {"chi": CHI[:n_positions], "mu": MU[:n_positions]},
        end_reason="USER_ABORT",
        counters={"monitor": np.arange(n_positions)},
    )
    with pytest.warns(DarfixWarning, match=rf"USER_ABORT.*{n_frames} frames and {n_positions} positions.*first 10"):
        dataset = open_bliss(str(path))
    np.testing.assert_array_equal(dataset.frames, STACK[:10])
    np.testing.assert_array_equal(dataset.positions["mu"], MU[:10])
    assert dataset.counters["monitor"].size == 10


@pytest.mark.parametrize(("n_frames", "n_positions"), [(10, 12), (12, 10)])
def test_scan_without_an_end_keeps_what_it_has_in_common(path, n_frames, n_positions):
    write_scan(path, STACK[:n_frames], {"mu": MU[:n_positions]}, end_reason=None)
    with pytest.warns(DarfixWarning, match=rf"no end is recorded.*{n_frames} frames and {n_positions} pos.*first 10"):
        dataset = open_bliss(str(path))
    np.testing.assert_array_equal(dataset.frames, STACK[:10])
    np.testing.assert_array_equal(dataset.positions["mu"], MU[:10])


@pytest.mark.parametrize("name", ["end_time", "end_reason", "start_time"])
def test_scan_with_an_end_or_from_another_program_has_to_fit(path, name):
    write_scan(path, STACK[:10], {"mu": MU}, end_reason=None)
    with h5py.File(path, "a") as file:
        if name == "start_time":
            del file["1.1/start_time"]
        else:
            file[f"1.1/{name}"] = "SUCCESS"
    assert "10 frames, but there are 12 positions of mu" in message(path)


def test_whole_scan_without_an_end_opens_without_a_warning(path):
    write_scan(path, STACK, {"mu": MU}, end_reason=None)
    assert open_bliss(str(path)).n_frames == 12


def test_frame_range_cuts_frames_positions_and_counters(path):
    write_scan(path, STACK, {"mu": MU}, counters={"monitor": np.arange(12)})
    dataset = open_bliss(str(path), frames=(3, 7))
    np.testing.assert_array_equal(dataset.frames, STACK[3:7])
    np.testing.assert_array_equal(dataset.positions["mu"], MU[3:7])
    np.testing.assert_array_equal(dataset.counters["monitor"], [3, 4, 5, 6])
    for wrong in ((3, 13), (5, 5), (-1, 4)):
        with pytest.raises(ValueError, match="0 <= first < stop <= 12"):
            open_bliss(str(path), frames=wrong)


@pytest.mark.parametrize("virtual", [False, True])
def test_frames_in_another_file_are_followed_and_named_in_the_sources(path, virtual):
    write_scan(path, STACK, {"mu": MU}, source="scan0001/pco_ff_0000.h5", virtual=virtual)
    dataset = open_bliss(str(path))
    np.testing.assert_array_equal(dataset.frames, STACK)
    external = path.parent / "scan0001" / "pco_ff_0000.h5"
    assert dataset.frames.source.files[-1].url == f"{external}::/entry_0000/measurement/data"
    assert dataset.frames.source.files[-1].size == os.path.getsize(external)


@pytest.mark.parametrize("virtual", [False, True])
@pytest.mark.parametrize("choice", [{}, {"scan": "1.1"}, {"detector": "pco_ff"}, {"detector": "measurement/pco_ff"}])
def test_missing_external_file_is_named(path, virtual, choice):
    write_scan(path, STACK, {"mu": MU}, source="scan0001/pco_ff_0000.h5", virtual=virtual)
    external = path.parent / "scan0001" / "pco_ff_0000.h5"
    external.unlink()
    text = message(path, **choice)
    assert f"the external file {external} is missing" in text
    assert f"{path}::/1.1/" in text


@pytest.mark.parametrize("virtual", [False, True])
def test_external_file_without_the_dataset_is_named(path, virtual):
    write_scan(path, STACK, {"mu": MU}, source="pco_ff_0000.h5", virtual=virtual)
    external = path.parent / "pco_ff_0000.h5"
    with h5py.File(external, "w") as file:
        file["something/else"] = 1
    text = message(path, scan="1.1")
    assert str(external) in text
    assert "/entry_0000/measurement/data" in text


def test_cut_off_external_file_is_named(path):
    write_scan(path, STACK, {"mu": MU}, source="pco_ff_0000.h5")
    external = path.parent / "pco_ff_0000.h5"
    os.truncate(external, 1500)
    text = message(path, scan="1.1")
    assert str(external) in text
    assert "cut off" in text


def test_scan_that_is_a_link_to_another_file_opens(path):
    inner = path.parent / "sample" / "sample.h5"
    inner.parent.mkdir()
    write_scan(inner, STACK, {"mu": MU}, source="scan0001/pco.h5", virtual=True)
    with h5py.File(path, "w") as file:
        file["sample_1.1"] = h5py.ExternalLink("sample/sample.h5", "/1.1")
        file["gone_1.1"] = h5py.ExternalLink("gone/gone.h5", "/1.1")
    with pytest.warns(DarfixWarning, match=r"gone/gone\.h5 is missing"):
        dataset = open_bliss(str(path))
    np.testing.assert_array_equal(dataset.frames, STACK)
    assert [file.url.split("::")[0] for file in dataset.frames.source.files] == [
        str(path),
        str(inner),
        str(inner.parent / "scan0001" / "pco.h5"),
    ]
    assert "gone/gone.h5 is missing" in message(path, scan="gone_1.1")


def virtual_scan(path, present: list[slice], end_reason: str) -> None:
    """Scan whose virtual stack has a file for some ranges of frames only."""
    layout = h5py.VirtualLayout(STACK.shape, STACK.dtype)
    for number, part in enumerate(present):
        with h5py.File(path.parent / f"part{number}.h5", "w") as file:
            file["data"] = STACK[part]
        layout[part] = h5py.VirtualSource(f"part{number}.h5", "data", STACK[part].shape, STACK.dtype)
    write_scan(path, None, {"mu": MU}, end_reason=end_reason)
    with h5py.File(path, "a") as file:
        file["1.1"].create_virtual_dataset("instrument/pco_ff/data", layout)


def test_virtual_stack_with_a_gap_is_no_zeros(path):
    virtual_scan(path, [slice(0, 4), slice(6, 12)], "SUCCESS")
    assert "no file holds the frames 4 to 5" in message(path)
    np.testing.assert_array_equal(open_bliss(str(path), frames=(6, 12)).frames, STACK[6:])


def test_interrupted_virtual_stack_ends_where_its_files_end(path):
    virtual_scan(path, [slice(0, 4), slice(4, 8)], "FAILURE")
    with pytest.warns(DarfixWarning, match="8 of 12 frames"), pytest.warns(DarfixWarning, match="12 positions"):
        dataset = open_bliss(str(path))
    np.testing.assert_array_equal(dataset.frames, STACK[:8])
    np.testing.assert_array_equal(dataset.positions["mu"], MU[:8])


def test_broken_link_to_the_positions_is_an_error(path):
    write_scan(path, STACK, {"chi": CHI}, title="ascan chi 0 1 11 0.5")
    with h5py.File(path, "a") as file:
        file["1.1/instrument/positioners/mu"] = h5py.ExternalLink("motors.h5", "/mu")
    assert "motors.h5 is missing" in message(path)


def test_endless_links_are_an_error(path):
    with h5py.File(path, "w") as file:
        file["1.1/instrument/det/data"] = h5py.SoftLink("/1.1/instrument/det/image")
        file["1.1/instrument/det/image"] = h5py.SoftLink("/1.1/instrument/det/data")
    assert "links" in message(path, scan="1.1")


@pytest.mark.skipif("DARFIX_SAMPLE_DATA" not in os.environ, reason="DARFIX_SAMPLE_DATA is not set")
def test_real_rocking_scan_opens():
    dataset = open_bliss(os.path.join(os.environ["DARFIX_SAMPLE_DATA"], "rocking.h5"))
    assert dataset.frames.shape == (150, 118, 314)
    assert dataset.frames.dtype == np.uint16
    assert list(dataset.positions) == ["mu"]
    assert dataset.positions["mu"][[0, -1]] == pytest.approx([0.290390, 0.439202], abs=1e-6)
    assert dataset.metadata["title"] == "fscan mu 0.29 0.001 150 0.5 0.580407"
    assert dataset.metadata["scan_parameters"]["npoints"] == 150
    assert dataset.metadata["motors"]["obpitch"] == pytest.approx(18.0036)
    assert "ffpitch" not in dataset.metadata["motors"]
    assert "pco_ff_roi1_avg" in dataset.counters
    assert "mu_raw" not in dataset.counters
    assert 2000 < dataset.frames[0].min() < dataset.frames[0].mean() < 5000  # a pedestal, and some light
