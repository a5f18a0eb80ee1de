"""Stacks of TIFF files: every layout reads as written, and what is no stack is named."""

from __future__ import annotations

import logging
import os
import pickle
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import tifffile

from darfix_core import execution
from darfix_core.errors import Cancelled, DataFileError
from darfix_core.io.tiff import inspect_tiff, open_tiff

STACK = np.random.default_rng(1).integers(0, 60_000, (7, 43, 50)).astype(np.uint16)
GREY = {"photometric": "minisblack"}


def _write(path: Path, stack: np.ndarray = STACK, **options: object) -> str:
    tifffile.imwrite(path, stack, **(options if options.get("imagej") else GREY | options))
    return str(path)


def _series(folder: Path, **options: object) -> list[str]:
    return [_write(folder / f"frame_{number}.tif", frame, **options) for number, frame in enumerate(STACK)]


LAYOUTS = {
    "plain": {},
    "in strips": {"rowsperstrip": 8},
    "one description": {"truncate": True},
    "big": {"bigtiff": True},
    "big-endian": {"byteorder": ">"},
    "ImageJ": {"imagej": True},
    "ImageJ beyond 4 GB": {"imagej": True, "truncate": True},
    "tiled": {"tile": (16, 32)},
    "deflate": {"compression": "zlib", "rowsperstrip": 8},
    "deflated tiles": {"compression": "zlib", "tile": (16, 32)},
    "packbits": {"compression": "packbits"},
    "big-endian, deflate with predictor": {"compression": "zlib", "predictor": True, "byteorder": ">"},
}


@pytest.mark.parametrize("options", LAYOUTS.values(), ids=LAYOUTS.keys())
def test_every_layout_reads_as_written(tmp_path, options):
    frames = open_tiff([_write(tmp_path / "stack.tif", **options)]).frames
    assert frames.dtype == np.uint16
    assert frames.dtype.isnative
    np.testing.assert_array_equal(frames[:], STACK)
    np.testing.assert_array_equal(frames[[5, 1, 5], 9:30, 13:45], STACK[[5, 1, 5], 9:30, 13:45])
    np.testing.assert_array_equal(frames[:, 42:, 49:], STACK[:, 42:, 49:])
    np.testing.assert_array_equal(frames[2:4, 15:16], STACK[2:4, 15:16])


@pytest.mark.parametrize("compression", ["lzw", "zstd"])
def test_compression_of_another_package_reads_as_written(tmp_path, compression):
    pytest.importorskip("imagecodecs")
    path = _write(tmp_path / "stack.tif", compression=compression)
    np.testing.assert_array_equal(open_tiff([path]).frames[:], STACK)


@pytest.mark.parametrize("dtype", ["u1", "i2", "u4", "i4", "f4", "f8"])
def test_every_type_of_counts_reads_as_written(tmp_path, dtype):
    counts = (STACK % 100).astype(dtype)
    frames = open_tiff([_write(tmp_path / "stack.tif", counts, byteorder=">")]).frames
    assert frames.dtype == dtype
    np.testing.assert_array_equal(frames[:], counts)


def test_files_with_one_and_several_pages_are_counted_through(tmp_path):
    paths = [
        _write(tmp_path / "a.tif", STACK[:3]),
        _write(tmp_path / "b.tif", STACK[3], compression="zlib"),
        _write(tmp_path / "c.tif", STACK[4:], byteorder=">"),
    ]
    np.testing.assert_array_equal(open_tiff(paths).frames[:], STACK)
    chosen = open_tiff(paths, frames=(2, 4))
    np.testing.assert_array_equal(chosen.frames[:], STACK[2:4])
    assert [file.url for file in chosen.frames.source.files] == paths[:2]
    with pytest.raises(ValueError, match=r"0 <= first < stop <= 7, got \(2, 9\)"):
        open_tiff(paths, frames=(2, 9))


def test_strips_are_stored_together(tmp_path):
    assert open_tiff([_write(tmp_path / "a.tif", compression="zlib", rowsperstrip=8)]).frames.source.storage.rows == 8
    assert open_tiff([_write(tmp_path / "b.tif", rowsperstrip=8)]).frames.source.storage.rows == 1


def test_rows_of_a_plain_page_are_read_alone(tmp_path):
    """A page of 4 GiB in a sparse file: reading it whole would not go unnoticed."""
    path = tmp_path / "large.tif"
    tifffile.imwrite(path, shape=(2**16, 2**15), dtype=np.uint16, bigtiff=True, **GREY)
    frames = open_tiff([str(path)]).frames
    assert frames.shape == (1, 2**16, 2**15)
    assert not frames[0, 60_000:60_002, 5:9].any()


def test_half_precision_is_widened(tmp_path):
    counts = np.linspace(0, 1, 12, dtype=np.float16).reshape(3, 4)
    frames = open_tiff([_write(tmp_path / "half.tif", counts)]).frames
    assert frames.dtype == np.float32
    np.testing.assert_array_equal(frames[0], counts)


def test_thumbnails_are_no_frames(tmp_path):
    with tifffile.TiffWriter(tmp_path / "stack.tif") as file:
        file.write(STACK[0], **GREY)
        file.write(STACK[0, ::2, ::2].copy(), subfiletype=1, **GREY)
        file.write(STACK[1], **GREY)
    np.testing.assert_array_equal(open_tiff([str(tmp_path / "stack.tif")]).frames[:], STACK[:2])


def test_frame_of_another_shape_or_type_is_named(tmp_path):
    first = _write(tmp_path / "a.tif", STACK[0])
    with pytest.raises(DataFileError, match=r"b\.tif::frame 0: the frame has 43 x 40 pixels, the first .* 43 x 50"):
        open_tiff([first, _write(tmp_path / "b.tif", STACK[0, :, :40].copy())])
    with pytest.raises(DataFileError, match=r"c\.tif::frame 0: the frame holds uint8, the first one .* uint16"):
        open_tiff([first, _write(tmp_path / "c.tif", STACK[0].astype(np.uint8))])


@pytest.mark.parametrize("shape", [(43, 50, 3), (43, 50, 4)])
def test_colour_image_is_refused(tmp_path, shape):
    tifffile.imwrite(tmp_path / "rgb.tif", np.zeros(shape, np.uint8), photometric="rgb")
    with pytest.raises(DataFileError, match=rf"rgb\.tif::frame 0: the image has {shape[2]} values a pixel"):
        open_tiff([str(tmp_path / "rgb.tif")])


def test_palette_and_complex_images_are_refused(tmp_path):
    colours = np.zeros((3, 256), np.uint16)
    tifffile.imwrite(tmp_path / "palette.tif", STACK[0].astype(np.uint8), photometric="palette", colormap=colours)
    with pytest.raises(DataFileError, match="a palette of colours"):
        open_tiff([str(tmp_path / "palette.tif")])
    with pytest.raises(DataFileError, match="the frame holds complex64; counts must be integers or floats"):
        open_tiff([_write(tmp_path / "complex.tif", STACK[0].astype(np.complex64))])


@pytest.mark.parametrize("compression", [None, "zlib"])
def test_half_written_last_file_is_named(tmp_path, compression):
    paths = _series(tmp_path, compression=compression)
    size = os.path.getsize(paths[-1])
    os.truncate(paths[-1], size - 20)
    with pytest.raises(DataFileError, match=r"frame_6\.tif::frame 0: the file is cut short: 20 bytes of this frame"):
        open_tiff(paths)
    np.testing.assert_array_equal(open_tiff(paths, frames=(0, 6)).frames[:], STACK[:6])


@pytest.mark.parametrize("kept", [3, 6, 100])
def test_file_of_which_only_the_beginning_is_there_is_named(tmp_path, kept, caplog):
    paths = _series(tmp_path)
    os.truncate(paths[-1], kept)
    with caplog.at_level(logging.CRITICAL, "tifffile"), pytest.raises(DataFileError, match=r"frame_6\.tif"):
        open_tiff(paths)


def test_empty_file_is_named(tmp_path):
    (tmp_path / "frame.tif").write_bytes(b"")
    with pytest.raises(DataFileError, match=r"frame\.tif: not a TIFF file, but an empty file"):
        open_tiff([str(tmp_path / "frame.tif")])


@pytest.mark.parametrize("options", [{"metadata": None}, {"imagej": True}])
def test_missing_pages_are_told(tmp_path, options, caplog):
    path = tmp_path / "stack.tif"
    if options.get("imagej"):
        _write(path, imagej=True)
    else:
        with tifffile.TiffWriter(path) as file:
            for frame in STACK:
                file.write(frame, metadata=None, **GREY)
    with tifffile.TiffFile(path) as file:
        cut = file.pages[4].offset
    os.truncate(path, cut)
    with (
        caplog.at_level(logging.CRITICAL, "tifffile"),
        pytest.raises(DataFileError, match=r"stack\.tif.*the file is cut short"),
    ):
        open_tiff([str(path)])


def test_pages_that_imagej_announces_and_that_are_not_there_are_told(tmp_path):
    path = tmp_path / "stack.tif"
    with tifffile.TiffWriter(path) as file:
        for number in range(3):
            text = "ImageJ=1.53t\nimages=7\nslices=7\n" if number == 0 else None
            file.write(STACK[number], metadata=None, description=text, **GREY)
    with pytest.raises(DataFileError, match="the file is not whole: it announces 7 pages and holds 3"):
        open_tiff([str(path)])


def test_frames_behind_one_description_are_checked(tmp_path):
    path = _write(tmp_path / "stack.tif", imagej=True, truncate=True)
    os.truncate(path, os.path.getsize(path) - 10_000)
    with pytest.raises(DataFileError, match=r"stack\.tif::frame 4: the file is cut short"):
        open_tiff([path])


def test_pages_in_a_ring_are_no_endless_loop(tmp_path):
    path = Path(_write(tmp_path / "ring.tif", STACK[0], metadata=None))
    with tifffile.TiffFile(path) as file:
        offset = file.pages[0].offset
        n_tags = len(file.pages[0].tags)
    content = bytearray(path.read_bytes())
    content[offset + 2 + 12 * n_tags : offset + 6 + 12 * n_tags] = offset.to_bytes(4, "little")
    path.write_bytes(content)
    with pytest.raises(DataFileError, match="cut short or damaged"):
        open_tiff([str(path)])


def test_damaged_strip_is_named(tmp_path):
    path = Path(_write(tmp_path / "stack.tif", compression="zlib", rowsperstrip=8))
    frames = open_tiff([str(path)]).frames
    with tifffile.TiffFile(path) as file:
        offset = file.pages[0].dataoffsets[-1]
    content = bytearray(path.read_bytes())
    content[offset : offset + 40] = bytes(40)
    path.write_bytes(content)
    np.testing.assert_array_equal(frames[0, :40], STACK[0, :40])
    with pytest.raises(DataFileError, match=r"stack\.tif::frame 0: cannot be decoded"):
        frames[:]


@pytest.mark.parametrize("compression", [None, "zlib"])
def test_file_that_shrinks_or_vanishes_after_opening_is_named(tmp_path, compression):
    paths = _series(tmp_path, compression=compression)
    frames = open_tiff(paths).frames
    os.truncate(paths[3], os.path.getsize(paths[3]) - 20)
    with pytest.raises(DataFileError, match=r"frame_3\.tif::frame 0: the file has become shorter"):
        frames[:]
    os.remove(paths[2])
    with pytest.raises(DataFileError, match=r"frame_2\.tif"):
        frames[:]


@pytest.mark.parametrize("options", [{}, {"compression": "zlib"}])
def test_source_travels_between_processes(tmp_path, options):
    frames = open_tiff([_write(tmp_path / "stack.tif", **options)]).frames
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(frames))[:], STACK)


def test_threads_read_at_the_same_time(tmp_path):
    frames = open_tiff([_write(tmp_path / "stack.tif", compression="zlib", rowsperstrip=8)]).frames
    with ThreadPoolExecutor(7) as pool:
        for number, frame in zip([*range(7)] * 5, pool.map(frames.__getitem__, [*range(7)] * 5), strict=True):
            np.testing.assert_array_equal(frame, STACK[number])


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="open files are listed under /proc")
def test_no_file_stays_open(tmp_path):
    before = set(os.listdir("/proc/self/fd"))
    frames = open_tiff([_write(tmp_path / "stack.tif", compression="zlib")]).frames
    frames[:]
    open_files = {os.path.realpath(f"/proc/self/fd/{entry}") for entry in set(os.listdir("/proc/self/fd")) - before}
    assert str(tmp_path / "stack.tif") not in open_files


def test_cancelled_while_opening(tmp_path):
    with execution(cancelled=lambda: True), pytest.raises(Cancelled):
        open_tiff(_series(tmp_path))


def test_report_tells_what_can_and_what_cannot_be_read(tmp_path):
    paths = _series(tmp_path, compression="zlib", rowsperstrip=8)
    _write(tmp_path / "frame_5.tif", STACK[5].astype(np.uint8))
    report = inspect_tiff(paths)
    (scan,) = report.scans
    (detector,) = scan.detectors
    assert (report.kind, len(report.files), scan.n_frames) == ("TIFF", 7, 6)
    assert (detector.shape, detector.dtype) == ((6, 43, 50), "uint16")
    assert (detector.compression, detector.chunks) == ("adobe deflate", (1, 8, 50))
    assert "frame_5.tif::frame 0: the frame holds uint8" in scan.problems[0]


@pytest.mark.parametrize(
    ("compression", "change"),
    [
        (None, {"description": "a description of another length"}),
        (None, {"dtype": np.float32}),
        (None, {"shape": (6, 4)}),
        ("zlib", {"dtype": np.float32}),
        ("zlib", {"shape": (6, 4)}),
    ],
)
def test_file_that_was_replaced_by_another_image_is_not_read(tmp_path, compression, change):
    image, paths = np.arange(24, dtype=np.uint16).reshape(4, 6), []
    for number in range(3):
        paths.append(str(tmp_path / f"frame_{number}.tif"))
        tifffile.imwrite(paths[-1], image, compression=compression)
    dataset = open_tiff(paths)
    other = image.astype(change.get("dtype", np.uint16)).reshape(change.get("shape", (4, 6)))
    tifffile.imwrite(paths[1], other, compression=compression, description=change.get("description", ""))
    np.testing.assert_array_equal(dataset.frames[[0, 2]], [image, image])
    with pytest.raises(DataFileError, match=r"frame_1\.tif::frame 0: the file has changed since it was opened"):
        dataset.frames[:]
