import gzip
import os
import pickle
import warnings

import numpy as np
import pytest

from darfix_core import execution
from darfix_core.errors import Cancelled, DarfixWarning, DataFileError
from darfix_core.io.edf import inspect_edf, open_edf
from darfix_core.io.load import files_of
from tests.edf_files import edf_frame, edf_series, mesh_entries

_COUNTS = np.arange(54, dtype="<u2").reshape(6, 9)


def _write(path, *parts):
    path.write_bytes(b"".join(parts))
    return str(path)


def _files(path):
    """Files of a folder or a pattern."""
    return files_of(str(path))[1]


def test_series_opens_in_natural_order(tmp_path):
    stack = edf_series(tmp_path)
    dataset = open_edf(_files(tmp_path))
    np.testing.assert_array_equal(dataset.frames[:], stack)
    np.testing.assert_allclose(dataset.positions["mu"], np.arange(11) / 10)


def test_motors_that_moved_are_positions_and_the_others_facts(tmp_path):
    edf_series(tmp_path)
    dataset = open_edf(_files(tmp_path))
    assert list(dataset.positions) == ["mu"]
    assert dataset.unit("mu") == "deg"
    assert dataset.metadata["motors"] == {"chi": 1.5, "obx": -3.0}


def test_facts_come_from_the_header(tmp_path):
    edf_series(tmp_path)
    dataset = open_edf(_files(tmp_path))
    assert dataset.title == "ascan mu 0 1 10 0.5"
    assert dataset.metadata["start_time"] == "Thu Jul 06 03:41:29 2017"
    assert dataset.metadata["exposure_time"] == 0.5
    assert dataset.metadata["scan"] == "86"
    np.testing.assert_array_equal(dataset.counters["srcur"], 167 + np.arange(11))
    assert "foc1" not in dataset.counters


def test_place_on_the_detector_and_pixel_size_come_from_the_header(tmp_path):
    entries = {"row_beg": 10, "row_end": 15, "col_beg": 20, "col_end": 28, "PSize_1": 6.5e-7, "PSize_2": 7e-7}
    dataset = open_edf([_write(tmp_path / "a.edf", edf_frame(_COUNTS, **entries))])
    assert dataset.origin == (10, 20)
    np.testing.assert_allclose(dataset.metadata["detector_pixel_size"], (0.7, 0.65))
    entries["row_end"] = 2047
    assert open_edf([_write(tmp_path / "b.edf", edf_frame(_COUNTS, **entries))]).origin == (0, 0)


def test_keys_of_their_own_are_motors_where_the_name_is_known(tmp_path):
    parts = [
        edf_frame(_COUNTS, scan="ascan special 0 1 1 1", mu=number, special=2 * number, current=3 + number, note="text")
        for number in range(2)
    ]
    dataset = open_edf([_write(tmp_path / "a.edf", *parts)])
    assert {name: list(values) for name, values in dataset.positions.items()} == {"mu": [0, 1], "special": [0, 2]}
    assert list(dataset.counters["current"]) == [3, 4]


def test_motor_that_some_frames_lack_is_left_out_with_a_warning(tmp_path):
    first, second = mesh_entries(0, mu=0.0, chi=1.0), mesh_entries(1, mu=0.1)
    path = _write(tmp_path / "a.edf", edf_frame(_COUNTS, **first), edf_frame(_COUNTS, **second))
    with pytest.warns(DarfixWarning, match="left out, as some frames lack them: chi"):
        dataset = open_edf([path])
    assert list(dataset.positions) == ["mu"]
    assert "chi" not in dataset.metadata["motors"]


@pytest.mark.parametrize("dtype", ["<u1", "<u2", ">u2", "<i4", ">u4", "<f4", ">f4"])
def test_every_type_and_byte_order_reads_as_written(tmp_path, dtype):
    counts = (np.arange(54).reshape(6, 9) % 200).astype(dtype)
    frames = open_edf([_write(tmp_path / "a.edf", edf_frame(counts))]).frames
    assert frames.dtype == np.dtype(dtype).newbyteorder("=")
    np.testing.assert_array_equal(frames[0], counts)
    np.testing.assert_array_equal(frames[0, 2:5, 3:7], counts[2:5, 3:7])


def test_parts_read_equal_parts_of_the_stack(tmp_path):
    stack = edf_series(tmp_path)
    frames = open_edf(_files(tmp_path)).frames
    np.testing.assert_array_equal(frames.crop((1, 2), (3, 4))[:], stack[:, 1:4, 2:6])
    np.testing.assert_array_equal(frames[[9, 0, 9, 3]], stack[[9, 0, 9, 3]])
    np.testing.assert_array_equal(frames[2:5, 4], stack[2:5, 4])


@pytest.mark.parametrize("ending", [".edf", ".edf.gz"])
def test_multi_frame_files_of_fabio_read_as_fabio_reads_them(tmp_path, ending):
    fabio = pytest.importorskip("fabio")
    stack = np.random.default_rng(0).integers(0, 4000, (5, 6, 9), dtype=np.int32)
    image = fabio.edfimage.EdfImage(data=stack[0], header={"mu": "0.0", "scan": "ascan mu 0 4 4 1"})
    for number in range(1, 5):
        image.append_frame(data=stack[number], header={"mu": f"{number}.0", "scan": "ascan mu 0 4 4 1"})
    path = str(tmp_path / f"many{ending}")
    image.write(path)
    dataset = open_edf([path])
    np.testing.assert_array_equal(dataset.frames[:], stack)
    np.testing.assert_array_equal(dataset.frames[3:, 2:4, 1:5], stack[3:, 2:4, 1:5])
    np.testing.assert_array_equal(dataset.positions["mu"], range(5))


def test_frames_of_files_with_several_frames_are_counted_through(tmp_path):
    stack = np.arange(7 * 54, dtype="<u2").reshape(7, 6, 9)
    parts = [edf_frame(counts, **mesh_entries(number, mu=float(number))) for number, counts in enumerate(stack)]
    paths = [_write(tmp_path / "a.edf", *parts[:3]), _write(tmp_path / "b.edf", *parts[3:])]
    np.testing.assert_array_equal(open_edf(paths).frames[:], stack)
    chosen = open_edf(paths, frames=(2, 5))
    np.testing.assert_array_equal(chosen.frames[:], stack[2:5])
    np.testing.assert_array_equal(chosen.positions["mu"], [2, 3, 4])
    only = open_edf(paths, frames=(0, 2))
    assert [file.url for file in only.frames.source.files] == [paths[0]]


@pytest.mark.parametrize("frames", [(0, 12), (11, 12), (3, 3), (-1, 2), (40, 50)])
def test_range_that_does_not_fit_is_refused(tmp_path, frames):
    edf_series(tmp_path)
    with pytest.raises(ValueError, match=r"frames must be \(first, stop\) with 0 <= first < stop"):
        open_edf(_files(tmp_path), frames=frames)


def test_frame_of_another_shape_is_named(tmp_path):
    path = _write(tmp_path / "a.edf", edf_frame(_COUNTS), edf_frame(_COUNTS[:, :5].copy()))
    with pytest.raises(DataFileError, match=r"a\.edf::frame 1: the frame has 6 x 5 pixels, the first one .* has 6 x 9"):
        open_edf([path])


def test_frame_of_another_type_is_named(tmp_path):
    paths = [
        _write(tmp_path / "a.edf", edf_frame(_COUNTS)),
        _write(tmp_path / "b.edf", edf_frame(_COUNTS.astype("<f4"))),
    ]
    with pytest.raises(DataFileError, match=r"b\.edf::frame 0: the frame holds float32, the first one .* uint16"):
        open_edf(paths)


@pytest.mark.parametrize(
    ("entries", "why"),
    [
        ({"Dim_2": "six"}, "Dim_2 must be an integer, it is 'six'"),
        ({"Dim_1": 0}, "it asks for 0 x 6 x 1 pixels"),
        ({"DataType": "Complex"}, "DataType is 'Complex'"),
        ({"ByteOrder": "Sideways"}, "ByteOrder must be LowByteFirst or HighByteFirst, it is 'Sideways'"),
        ({"Size": 10}, "6 x 9 pixels take 108 bytes, its Size is 10"),
        ({"motor_mne": "mu chi", "motor_pos": "1"}, "motor_mne holds 2 names, motor_pos 1 values"),
        ({"motor_mne": "mu", "motor_pos": "one"}, "motor_pos must hold numbers"),
    ],
)
def test_broken_header_is_named(tmp_path, entries, why):
    path = _write(tmp_path / "a.edf", edf_frame(_COUNTS), edf_frame(_COUNTS, **entries))
    with pytest.raises(DataFileError, match=r"a\.edf::frame 1: the header is broken") as caught:
        open_edf([path])
    assert why in str(caught.value)


def test_header_without_an_end_is_named(tmp_path):
    whole = edf_frame(_COUNTS, **mesh_entries(0, mu=0.0))
    paths = [_write(tmp_path / "a.edf", whole, whole[:300]), _write(tmp_path / "b.edf", whole)]
    with pytest.raises(DataFileError, match=r"a\.edf::frame 1: the header is broken: it has no end"):
        open_edf(paths)
    with pytest.raises(DataFileError, match=r"c\.edf::frame 0: the header is broken: it has no end"):
        open_edf([_write(tmp_path / "c.edf", whole[:300])])


def test_truncated_file_is_named_and_can_be_left_out(tmp_path):
    whole = edf_frame(_COUNTS)
    path = _write(tmp_path / "a.edf", whole, whole[:-20])
    last = _write(tmp_path / "b.edf", whole)
    with pytest.raises(DataFileError, match=r"a\.edf::frame 1: the file is cut short: 20 bytes of this frame"):
        open_edf([path, last])
    with pytest.raises(DataFileError, match=r"a\.edf::frame 1: the file is cut short: 20 bytes of this frame"):
        open_edf([path], frames=(0, 2))
    np.testing.assert_array_equal(open_edf([path], frames=(0, 1)).frames[0], _COUNTS)
    with pytest.raises(DataFileError, match=r"c\.edf::frame 0: the file is cut short"):
        open_edf([_write(tmp_path / "c.edf", whole[:-20])])


@pytest.mark.parametrize("n_files", [1, 2])
def test_every_cut_of_the_last_file_leaves_its_complete_frames(tmp_path, n_files):
    stack = np.arange(6 * 54, dtype="<u2").reshape(6, 6, 9)
    parts = [edf_frame(counts, **mesh_entries(number, mu=number / 10)) for number, counts in enumerate(stack)]
    first, rest = (parts[:2], parts[2:]) if n_files == 2 else ([], parts)
    paths = [_write(tmp_path / "a.edf", *first)] * bool(first) + [_write(tmp_path / "b.edf", *rest)]
    header = len(parts[0]) - stack[0].nbytes
    for end in range(len(parts[0]), sum(map(len, rest)), 97):
        _write(tmp_path / "b.edf", b"".join(rest)[:end])
        n_frames, over = len(first) + end // len(parts[0]), end % len(parts[0])
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            dataset = open_edf(paths)
        np.testing.assert_array_equal(dataset.frames[:], stack[:n_frames])
        if n_frames > 1:
            np.testing.assert_array_equal(dataset.positions["mu"], np.arange(n_frames) / 10)
        texts = [str(warning.message) for warning in told]
        why = "its header has no end" if over < header else f"{len(parts[0]) - over} bytes of it are missing"
        count = "1 frame is" if n_frames == 1 else f"{n_frames} frames are"
        words = f"b.edf: the file is incomplete: frame {n_frames - len(first)} is cut off, {why}; {count} complete"
        assert texts == ([words] if over else [])


def test_report_tells_complete_frames_of_those_that_were_begun(tmp_path):
    whole = edf_frame(_COUNTS)
    (scan,) = inspect_edf([_write(tmp_path / "a.edf", whole, whole, whole[:-20])]).scans
    assert (scan.n_frames, scan.n_complete) == (3, 2)
    assert scan.problems == (
        "a.edf: the file is incomplete: frame 2 is cut off, 20 bytes of it are missing; 2 frames are complete",
    )


def test_surplus_bytes_are_told(tmp_path):
    paths = [_write(tmp_path / f"{name}.edf", edf_frame(_COUNTS), b"x" * 70) for name in "ab"]
    with pytest.warns(DarfixWarning, match=r"a\.edf is 70 bytes longer .* 2 files are too long\."):
        dataset = open_edf(paths)
    np.testing.assert_array_equal(dataset.frames[1], _COUNTS)


def test_filled_up_blocks_are_no_surplus(tmp_path):
    frame = edf_frame(_COUNTS)
    path = _write(tmp_path / "a.edf", frame, b"\0" * (-len(frame) % 512), frame, b"\n" * 40)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert open_edf([path]).n_frames == 2


@pytest.mark.parametrize(("content", "words"), [(b"", "an empty file"), (b"\x89HDF\r\n\x1a\n" + bytes(99), "HDF5")])
def test_other_kinds_of_files_are_told(tmp_path, content, words):
    with pytest.raises(DataFileError, match=f"not an EDF file, but .*{words}"):
        open_edf([_write(tmp_path / "a.edf", content)])


def test_damaged_archive_is_one_clear_error(tmp_path):
    with pytest.raises(DataFileError, match=r"a\.edf\.gz: cannot be read"):
        open_edf([_write(tmp_path / "a.edf.gz", b"no archive")])


def test_file_that_shrinks_after_opening_is_named(tmp_path):
    path = _write(tmp_path / "a.edf", edf_frame(_COUNTS))
    frames = open_edf([path]).frames
    os.truncate(path, 600)
    with pytest.raises(DataFileError, match=r"a\.edf::frame 0: the file has become shorter"):
        frames[:]


def test_opening_reads_headers_only(tmp_path):
    path = _write(tmp_path / "a.edf", edf_frame(np.zeros((1, 2), "<u2"), Dim_1=2**15, Dim_2=2**16, Size=2**32))
    os.truncate(path, 2**32 + 512)
    frames = open_edf([path]).frames
    assert frames.shape == (1, 2**16, 2**15)
    assert frames[0, 7, :3].tolist() == [0, 0, 0]


def test_source_travels_between_processes(tmp_path):
    stack = edf_series(tmp_path)
    frames = pickle.loads(pickle.dumps(open_edf(_files(tmp_path)).frames))
    np.testing.assert_array_equal(frames[:], stack)


def test_cancelled_while_opening(tmp_path):
    edf_series(tmp_path)
    with execution(cancelled=lambda: True), pytest.raises(Cancelled):
        open_edf(_files(tmp_path))


def test_report_of_a_series(tmp_path):
    edf_series(tmp_path)
    report = inspect_edf(_files(tmp_path))
    (scan,) = report.scans
    assert (report.kind, len(report.files), report.size) == ("EDF", 11, 11 * (512 + 108))
    assert (scan.title, scan.n_frames, scan.problems) == ("ascan mu 0 1 10 0.5", 11, ())
    assert (scan.detectors[0].shape, scan.detectors[0].dtype) == ((11, 6, 9), "uint16")
    (motor,) = scan.motors
    assert (motor.name, motor.unit, motor.low, motor.high, motor.n_positions) == ("mu", "deg", 0.0, 1.0, 11)


def test_report_tells_what_cannot_be_read(tmp_path):
    edf_series(tmp_path, 3)
    _write(tmp_path / "scan_1.edf", edf_frame(_COUNTS[:, :4].copy()))
    report = inspect_edf(_files(tmp_path))
    assert report.scans[0].n_frames == 2
    assert "scan_1.edf::frame 0: the frame has 6 x 4 pixels" in report.scans[0].problems[0]
    with pytest.raises(DataFileError, match="not an EDF file"):
        inspect_edf([_write(tmp_path / "bad.edf", b"nothing")])


@pytest.fixture
def measured():
    folder = os.environ.get("DARFIX_SAMPLE_DATA")
    if not folder:
        pytest.skip("DARFIX_SAMPLE_DATA is not set")
    return _files(os.path.join(folder, "strain_*.edf"))


def test_measured_frames_open_with_a_warning_of_their_inserted_bytes(measured):
    with pytest.warns(DarfixWarning, match=r"strain_0001\.edf is 11570 bytes longer"):
        dataset = open_edf(measured)
    assert dataset.shape == (2, 2048, 2048)
    np.testing.assert_allclose(dataset.positions["obpitch"], [25.1023, 25.1024])
    assert list(dataset.positions) == ["obpitch"]
    assert dataset.metadata["motors"]["diffry"] == -23.176
    assert dataset.title == "ascan diffry -23.176 -23.146 30 5"
    assert dataset.metadata["exposure_time"] == 5.0


def test_measured_frame_reads_as_fabio_reads_it(measured):
    fabio = pytest.importorskip("fabio")
    frames = open_edf(measured[:1]).frames
    with fabio.open(measured[0]) as image:
        np.testing.assert_array_equal(frames[0, 1000:1010], image.data[1000:1010])


def test_quadruple_precision_is_refused(tmp_path):
    path = tmp_path / "long.edf.gz"
    header = "{ \nDataType = FloatIEEE128 ;\nDim_1 = 3 ;\nDim_2 = 2 ;\nByteOrder = LowByteFirst ;\nSize = 96 ;\n"
    path.write_bytes(gzip.compress(header.ljust(510).encode() + b"}\n" + bytes(96)))
    with pytest.raises(DataFileError, match=r"long\.edf\.gz::frame 0: the frame holds float128"):
        open_edf([str(path)])
