"""Positions of a table beside the frames: which row belongs to which frame, and what they replace."""

from __future__ import annotations

import numpy as np
import pytest
import tifffile

import darfix_core as dc
from darfix_core.errors import DarfixWarning, DataFileError, DimensionError
from tests.bliss_files import mesh, small_stack, write_scan
from tests.edf_files import edf_series

STACK = small_stack()
CHI, MU = mesh(np.linspace(0.0, 0.2, 3), np.linspace(1.0, 1.6, 4))


@pytest.fixture
def series(tmp_path):
    """Twelve files, frame_0.tif to frame_11.tif."""
    for number, frame in enumerate(STACK):
        tifffile.imwrite(tmp_path / f"frame_{number}.tif", frame)
    return str(tmp_path / "frame_*.tif")


def write_table(path, rows, header="mu (deg),chi (deg)") -> str:
    path.write_text("\n".join([header, *(",".join(map(str, row)) for row in rows)]))
    return str(path)


@pytest.fixture
def table(tmp_path):
    return write_table(tmp_path / "motors.csv", zip(MU, CHI, strict=True))


def test_rows_belong_to_the_frames_in_their_order(series, table):
    dataset = dc.load(series, positions=table)
    np.testing.assert_array_equal(dataset.positions["mu"], MU)
    np.testing.assert_array_equal(dataset.frames, STACK)
    assert dataset.units == {"mu": "deg", "chi": "deg"}
    found = dc.define_dimensions(dataset)
    assert [(dimension.name, dimension.size) for dimension in found.dimensions] == [("chi", 3), ("mu", 4)]


def test_range_of_frames_takes_its_rows(series, table):
    np.testing.assert_array_equal(dc.load(series, positions=table, frames=(3, 9)).positions["mu"], MU[3:9])


def test_motor_that_stands_still_is_a_constant_one(series, tmp_path):
    table = write_table(tmp_path / "m.csv", [(value, 4.5) for value in MU], "mu,samz")
    dataset = dc.load(series, positions=table)
    assert list(dataset.positions) == ["mu"]
    assert dataset.metadata["motors"] == {"samz": 4.5}


@pytest.mark.parametrize("name", ["frame_{}.tif", "frame_{}", "raw/frame_{}.tif", "D:\\data\\frame_{}.tif"])
def test_rows_are_found_by_the_name_of_the_file(series, tmp_path, name):
    order = np.random.default_rng(0).permutation(12)
    rows = [(name.format(number), MU[number], CHI[number]) for number in order]
    dataset = dc.load(series, positions=write_table(tmp_path / "m.csv", rows, "file,mu,chi"))
    np.testing.assert_array_equal(dataset.positions["mu"], MU)
    np.testing.assert_array_equal(dataset.positions["chi"], CHI)


def test_rows_are_found_by_the_number_of_the_frame(tmp_path):
    np.save(tmp_path / "stack.npy", STACK)
    order = np.random.default_rng(0).permutation(12)
    table = write_table(tmp_path / "m.csv", [(number, MU[number]) for number in order], "frame,mu")
    dataset = dc.load(tmp_path / "stack.npy", positions=table, frames=(2, 10))
    np.testing.assert_array_equal(dataset.positions["mu"], MU[2:10])


def test_rows_of_one_file_belong_to_its_frames_in_their_order(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", STACK[:5], photometric="minisblack")
    tifffile.imwrite(tmp_path / "b.tif", STACK[5:], photometric="minisblack")
    rows = [*(("b.tif", value) for value in MU[5:]), *(("a.tif", value) for value in MU[:5])]
    table = write_table(tmp_path / "m.csv", rows, "file,mu")
    np.testing.assert_array_equal(dc.load(tmp_path, positions=table).positions["mu"], MU)
    np.testing.assert_array_equal(dc.load(tmp_path, positions=table, frames=(3, 7)).positions["mu"], MU[3:7])


def test_files_of_one_name_are_told_apart_by_their_folder(tmp_path):
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        tifffile.imwrite(tmp_path / folder / "frame.tif", STACK[0])
    paths = [str(tmp_path / folder / "frame.tif") for folder in ("one", "two")]
    table = write_table(tmp_path / "m.csv", [("two/frame.tif", 2), ("one/frame.tif", 1)], "file,mu")
    np.testing.assert_array_equal(dc.load(paths, positions=table).positions["mu"], [1, 2])
    table = write_table(tmp_path / "m.csv", [("frame.tif", 2), ("frame.tif", 1)], "file,mu")
    with pytest.raises(DataFileError, match=r"line 2: 'frame.tif' names several files of the scan"):
        dc.load(paths, positions=table)


def test_rows_of_other_files_are_left_out_with_a_warning(series, tmp_path):
    rows = [(f"frame_{number}.tif", number) for number in range(14)]
    table = write_table(tmp_path / "m.csv", rows, "file,mu")
    with pytest.warns(DarfixWarning, match=r"no frame of the scan are left out: frame_12\.tif, frame_13\.tif"):
        dataset = dc.load(series, positions=table)
    np.testing.assert_array_equal(dataset.positions["mu"], np.arange(12))


@pytest.mark.parametrize(
    ("header", "rows", "words"),
    [
        ("mu", [(1,)] * 11, r"m\.csv: the table has 11 rows of positions, the scan has 12 frames"),
        ("mu", [(1,)] * 13, r"m\.csv: the table has 13 rows of positions, the scan has 12 frames"),
        ("frame,mu", [(n, 1) for n in range(11)], r"m\.csv: these frames have no row: 11"),
        (
            "frame,mu",
            [(n + 1, 1) for n in range(12)],
            r"line 13: there is no frame 12; the scan has 12 frames, counted",
        ),
        ("frame,mu", [(0, 1), (0, 2)], r"line 3: frame 0 has a row already, in line 2"),
        ("file,mu", [(f"frame_{n}.tif", 1) for n in range(11)], r"m\.csv: frame_11\.tif has no row$"),
        ("file,mu", [("other.tif", 1)] * 12, r"frame_0\.tif has no row; rows name other\.tif"),
        (
            "file,mu",
            [(f"frame_{n}.tif", 1) for n in (0, *range(12))],
            r"frame_0\.tif has 2 rows, it holds 1 frames",
        ),
    ],
)
def test_rows_that_do_not_fit_the_frames_are_told(series, tmp_path, header, rows, words):
    table = write_table(tmp_path / "m.csv", rows, header)
    with pytest.raises(DataFileError, match=words):
        dc.load(series, positions=table)


def test_too_few_rows_for_a_range_of_frames(series, tmp_path):
    table = write_table(tmp_path / "m.csv", [(1,)] * 5, "mu")
    with pytest.raises(DataFileError, match=r"has 5 rows of positions, frames=\(2, 9\) needs at least 9"):
        dc.load(series, positions=table, frames=(2, 9))


def test_motors_of_an_hdf5_scan_are_replaced_with_a_warning(tmp_path, table):
    path = write_scan(tmp_path / "scan.h5", STACK, {"mu": MU + 1}, constants={"chi": 7.0, "phi": 3.0})
    with pytest.warns(DarfixWarning, match=r"the positions of mu, chi are those of motors\.csv, not of the scan"):
        dataset = dc.load(path, positions=table)
    np.testing.assert_array_equal(dataset.positions["mu"], MU)
    np.testing.assert_array_equal(dataset.positions["chi"], CHI)
    assert dataset.metadata["motors"] == {"phi": 3.0}


def test_motors_are_added_to_an_edf_scan(tmp_path):
    edf_series(tmp_path)
    table = write_table(tmp_path / "m.csv", [(number / 7,) for number in range(11)], "ccmth (deg)")
    dataset = dc.load(tmp_path, positions=table)
    assert list(dataset.positions) == ["mu", "ccmth"]


def test_names_of_files_mean_nothing_in_an_hdf5_scan(tmp_path):
    path = write_scan(tmp_path / "scan.h5", STACK, {"mu": MU})
    table = write_table(tmp_path / "m.csv", [("a.tif", 1)] * 12, "file,mu")
    with pytest.raises(
        DataFileError, match=r"line 2: 'a\.tif' names a file, but the frames of this scan do not lie in"
    ):
        dc.load(path, positions=table)


def test_history_names_the_table_and_its_state(series, table, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    first = dc.load(series, positions="motors.csv")
    (node,) = first.history.nodes.values()
    assert node.parameters["positions"] == table
    assert [source.url for source in node.sources][-1] == table
    with open(table, "a") as stream:
        stream.write("\n# a comment\n")
    assert dc.load(series, positions="motors.csv").history.head != first.history.head


def test_maps_of_a_stack_do_not_depend_on_its_files(tmp_path, series, table):
    hdf5 = write_scan(tmp_path / "scan.h5", STACK, {"chi": CHI, "mu": MU}, title="unknown")
    np.save(tmp_path / "stack.npy", STACK)
    tifffile.imwrite(tmp_path / "stack.tif", STACK, imagej=True)
    truth = dc.moments(dc.define_dimensions(dc.load(hdf5)))
    for path in (series, tmp_path / "stack.npy", tmp_path / "stack.tif"):
        maps = dc.moments(dc.define_dimensions(dc.load(path, positions=table)))
        assert list(maps) == list(truth)
        for name in truth:
            np.testing.assert_array_equal(maps[name], truth[name])


def test_stack_without_positions_says_what_to_do(series):
    dataset = dc.load(series)
    assert dataset.positions == {}
    with pytest.raises(DimensionError, match=r'no motor positions .*positions="motors\.csv".*assign="order"'):
        dc.define_dimensions(dataset)
    by_order = dc.define_dimensions(
        dataset,
        dimensions=(
            {"name": "chi", "size": 3, "start": 0.0, "stop": 0.2},
            {"name": "mu", "size": 4, "start": 1.0, "stop": 1.6},
        ),
        assign="order",
    )
    assert by_order.shape == (3, 4, 5, 7)


def test_dark_frames_of_an_image(series, tmp_path):
    tifffile.imwrite(tmp_path / "dark.tiff", STACK[0])
    np.testing.assert_array_equal(dc.load(series, dark=str(tmp_path / "dark.tiff")).dark, STACK[:1])
