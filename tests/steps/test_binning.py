"""Binning, against numpy."""

from __future__ import annotations

import numpy as np
import pytest

import darfix_core as dc
from darfix_core.engine.cutting import block_frames
from tests.model.test_frames import CountingSource


def binned(images, factor, function=np.sum):
    """The obvious way: bins as axes of their own."""
    (y, x), (*first, ny, nx) = factor, images.shape
    rows, columns = ny // y, nx // x
    parts = images[..., : rows * y, : columns * x].astype(np.float64).reshape(*first, rows, y, columns, x)
    return function(parts, axis=(-3, -1))


@pytest.mark.parametrize("factor", [(2, 2), (1, 3), (5, 1), (12, 16)])
@pytest.mark.parametrize("method", ["sum", "mean"])
def test_bins_are_those_of_numpy(rocking_dataset, factor, method):
    result = dc.binning(rocking_dataset, factor=factor, method=method).frames[:]
    expected = binned(rocking_dataset.frames[:], factor, getattr(np, method))
    assert result.dtype == {"sum": np.uint32, "mean": np.float32}[method]
    # Sums of integers are exact; means are rounded to the seven digits of float32.
    np.testing.assert_allclose(result, expected, rtol=0 if method == "sum" else 1e-6)


@pytest.mark.parametrize("dtype", ["u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8"])
def test_no_sum_wraps(dtype):
    limits = np.iinfo(dtype)
    stack = np.full((1, 4, 8), limits.max, dtype)
    stack[:, :, 4:] = limits.min
    result = dc.binning(dc.Dataset.from_array(stack), factor=(2, 4)).frames[0]
    np.testing.assert_allclose(result, np.array([[8.0 * limits.max, 8.0 * limits.min]] * 2), rtol=1e-15)


def test_rows_and_columns_that_fill_no_bin_are_left_out(rocking_dataset):
    result = dc.binning(rocking_dataset, factor=(5, 3))
    assert result.frame_shape == (2, 5)
    np.testing.assert_array_equal(result.frames[:], binned(rocking_dataset.frames[:], (5, 3)))


def test_dark_frames_mask_and_place_follow(rocking_dataset, rng):
    mask = np.zeros((12, 16), dtype=bool)
    mask[3, 5] = mask[11, 15] = True
    dark = rng.integers(90, 110, (3, 12, 16)).astype(np.uint16)
    given = rocking_dataset.replace(mask=mask, dark=dc.Frames.from_array(dark), pixel_size=(0.1, 0.2), origin=(8, 12))
    result = dc.binning(given, factor=(4, 3))
    assert np.argwhere(result.mask).tolist() == [[0, 1]]  # the other one lies in a column that is left out
    np.testing.assert_array_equal(result.dark[:], binned(dark, (4, 3)))
    assert result.pixel_size == pytest.approx((0.4, 0.6))
    assert result.origin == (2, 4)
    assert result.dimensions == given.dimensions


def test_frames_that_do_not_begin_with_a_bin_of_the_detector_are_told_of(rocking_dataset):
    with pytest.warns(dc.DarfixWarning, match=r"\(3, 4\).*no multiple of factor=\(2, 2\)"):
        assert dc.binning(rocking_dataset.replace(origin=(3, 4))).origin == (1, 2)


@pytest.mark.parametrize("method", ["sum", "mean"])
def test_noise_is_that_of_the_binned_counts(method, rng):
    offset = rng.uniform(90, 110, (4, 6))
    noise = dc.NoiseModel(gain=2.0, offset=offset, read_noise=3.0)
    quanta, read = rng.poisson(50.0, (20_000, 4, 6)), rng.normal(0, 3.0, (20_000, 4, 6))
    counts = (2.0 * quanta + offset + read).astype(np.float32)
    result = dc.binning(dc.Dataset.from_array(counts).replace(noise=noise), factor=(2, 3), method=method)
    frames = result.frames[:]
    # 20 000 frames tell a variance to 1 %; 5 standard deviations are allowed for.
    np.testing.assert_allclose(result.noise.variance(frames.mean(axis=0)), frames.var(axis=0), rtol=0.05)
    np.testing.assert_allclose(result.noise.offset, binned(offset, (2, 3), getattr(np, method)))


def test_a_count_that_is_no_number_spoils_its_bin_alone(rocking_dataset):
    stack = rocking_dataset.frames[:].astype(np.float32)
    stack[4, 5, 6] = np.nan
    result = dc.binning(rocking_dataset.replace(frames=dc.Frames.from_array(stack))).frames[:]
    assert np.argwhere(~np.isfinite(result)).tolist() == [[4, 2, 3]]


def test_a_region_reads_the_pixels_of_its_bins(rocking_dataset):
    source = CountingSource(np.array(rocking_dataset.frames[:]))
    result = dc.binning(rocking_dataset.replace(frames=dc.Frames(source)), factor=(2, 4))
    assert source.read_pixels == 0
    np.testing.assert_array_equal(
        result.frames[2:4, 1:3, 2:3], binned(rocking_dataset.frames[2:4], (2, 4))[:, 1:3, 2:3]
    )
    assert source.read_pixels == 2 * (2 * 2) * (1 * 4)


def test_blocks_are_sized_by_what_is_read():
    frames = dc.Frames(CountingSource(np.zeros((64, 64, 64), np.uint16)))
    result = dc.binning(dc.Dataset(frames), factor=(8, 8)).frames
    assert result.read_per_count == 64
    assert block_frames(result, 12 * 64 * 64 * 2) == 12


@pytest.mark.parametrize("factor", [(13, 1), (1, 17)])
def test_bins_larger_than_the_frame_are_refused(rocking_dataset, factor):
    with pytest.raises(ValueError, match=r"factor must be two numbers from 1 to the size of the frame, \(12, 16\)"):
        dc.binning(rocking_dataset, factor=factor)


def test_factor_is_at_least_one(rocking_dataset):
    with pytest.raises(ValueError, match="factor must be"):
        dc.binning(rocking_dataset, factor=(0, 2))
