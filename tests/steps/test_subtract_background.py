"""Background subtraction."""

from __future__ import annotations

import numpy as np
import pytest

import darfix_core as dc
from darfix_core import Dataset, Frames, NoiseModel


@pytest.fixture
def stack(rng):
    return rng.integers(0, 65536, (11, 9, 13)).astype(np.uint16)


@pytest.mark.parametrize("method", ["median", "mean"])
@pytest.mark.parametrize("every", [1, 2, 3])
def test_every_kth_frame_gives_the_background(stack, method, every):
    result = dc.subtract_background(Dataset.from_array(stack), method=method, every=every)
    background = getattr(np, method)(stack[::every], axis=0)
    np.testing.assert_allclose(result.frames[:], stack - background, rtol=1e-6, atol=1e-2)


def test_low_percentile_gives_the_background_of_pixels_that_are_always_lit(stack):
    result = dc.subtract_background(Dataset.from_array(stack), method="percentile", percentile=20)
    background = np.percentile(stack, 20, axis=0)
    np.testing.assert_allclose(result.frames[:], stack - background, rtol=1e-6, atol=1e-2)
    with pytest.raises(ValueError, match="percentile must be a number of at least 0 and of at most 100, got 101"):
        dc.subtract_background(Dataset.from_array(stack), percentile=101)


@pytest.mark.parametrize(
    ("dtype", "wide"),
    [
        (np.uint8, np.float32),
        (np.uint16, np.float32),
        (np.int16, np.float32),
        (np.uint32, np.float64),
        (np.float32, np.float32),
    ],
)
def test_result_is_signed_and_exact(stack, dtype, wide):
    counts = (stack % 200).astype(dtype)
    result = dc.subtract_background(Dataset.from_array(counts))
    assert result.frames.dtype == wide
    np.testing.assert_array_equal(result.frames[:], counts.astype(np.float64) - np.median(counts, axis=0))
    assert result.frames[:].min() < 0


def test_dark_frames_give_the_background(stack):
    dataset = Dataset(Frames.from_array(stack), dark=Frames.from_array(stack[:3]))
    result = dc.subtract_background(dataset, source="dark")
    np.testing.assert_array_equal(result.frames[4], stack[4] - np.median(stack[:3], axis=0))


def test_second_dataset_gives_the_background(stack):
    other = Dataset.from_array(stack[:5])
    result = dc.subtract_background(Dataset.from_array(stack), other, source="dataset", method="mean")
    np.testing.assert_allclose(result.frames[4], stack[4] - stack[:5].mean(axis=0), atol=1e-2)
    steps = [node.step for _, node in result.history.in_order()]
    assert sorted(steps) == ["array", "array", "subtract_background"]


def test_frames_that_do_not_exist_are_told(stack):
    dataset = Dataset.from_array(stack)
    with pytest.raises(ValueError, match="needs dark frames"):
        dc.subtract_background(dataset, source="dark")
    with pytest.raises(ValueError, match="needs a background dataset"):
        dc.subtract_background(dataset, source="dataset")
    with pytest.raises(ValueError, match=r"shape \(9, 13\) of the data, got \(3, 3\)"):
        dc.subtract_background(dataset, Dataset.from_array(stack[:, :3, :3]), source="dataset")
    corner = [dc.roi(dataset, origin=(i, i), shape=(3, 3)) for i in (0, 2)]
    with pytest.raises(ValueError, match=r"at the same pixel of the detector, \(0, 0\) of the data, got \(2, 2\)"):
        dc.subtract_background(*corner, source="dataset")
    with pytest.raises(ValueError, match="source must be 'dataset' when"):
        dc.subtract_background(dataset, dataset)


def test_preview_of_one_frame_is_the_real_result(stack):
    result = dc.roi(dc.subtract_background(Dataset.from_array(stack)), origin=(2, 3), shape=(4, 5))
    np.testing.assert_array_equal(result.frames[7], (stack - np.median(stack, axis=0))[7, 2:6, 3:8])


def test_counts_are_cut_off_at_zero_only_when_that_is_asked_for(stack):
    dataset = Dataset.from_array(stack)
    signed, clipped = dc.subtract_background(dataset), dc.subtract_background(dataset, clip=True)
    assert signed.frames[:].min() < 0
    np.testing.assert_array_equal(clipped.frames[:], np.maximum(signed.frames[:], 0))


def test_clipping_widens_weak_curves(rng):
    # The reason why it is not done: half of the noise stays, and weighs most far from the peak.
    position = np.arange(40.0)
    counts = rng.poisson(100 + 50 * np.exp(-((position - 15) ** 2) / 32)[:, None, None], (40, 30, 30))
    dataset, level = Dataset.from_array(counts), Dataset.from_array(np.full((1, 30, 30), 100))
    widths, centres = {}, {}
    for clip in (False, True):
        frames = dc.subtract_background(dataset, level, source="dataset", clip=clip).frames
        curve = frames[:].mean(axis=(1, 2))
        centres[clip] = (curve * position).sum() / curve.sum()
        widths[clip] = np.sqrt((curve * (position - centres[clip]) ** 2).sum() / curve.sum())
    # 900 curves of 500 counts over noise of 10 counts a point give the centre to 0.06 and the width to 0.2.
    np.testing.assert_allclose([centres[False], widths[False]], [15, 4], atol=0.5)
    assert widths[True] > 6
    assert centres[True] > 15.7


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("method", ["median", "mean", "percentile"])
def test_values_that_are_no_numbers_are_left_out_of_the_background(stack, method, value):
    spoilt = stack.astype(np.float32)
    spoilt[[2, 7], 3, 4] = value
    spoilt[:, 5, 6] = value
    result = dc.subtract_background(Dataset.from_array(spoilt), method=method).frames[:]
    left = np.delete(stack[:, 3, 4].astype(np.float64), [2, 7])
    background = {"median": np.median, "mean": np.mean, "percentile": lambda v: np.percentile(v, 10)}[method](left)
    np.testing.assert_allclose(np.delete(result[:, 3, 4], [2, 7]), left - background, atol=1e-2)  # float32
    assert not np.isfinite(result[[2, 7], 3, 4]).any()
    assert np.isnan(result[:, 5, 6]).all()
    assert np.isfinite(result).sum() == result.size - 2 - len(stack)


def test_one_frame_and_constant_frames_leave_nothing(stack):
    for method in ("median", "mean", "percentile"):
        for frames in (stack[:1], np.full_like(stack, 65535)):
            assert not dc.subtract_background(Dataset.from_array(frames), method=method).frames[:].any()


def test_every_kth_frame_of_a_mesh_gives_the_background(mosaicity_dataset):
    result = dc.subtract_background(mosaicity_dataset, every=3)
    frames = np.asarray(mosaicity_dataset.frames)
    np.testing.assert_array_equal(result.frames[:], frames - np.median(frames[::3], axis=0))
    assert result.shape == mosaicity_dataset.shape


def test_offset_of_the_noise_is_that_above_the_background(stack):
    dataset = Dataset.from_array(stack).replace(noise=NoiseModel(gain=2.0, offset=100.0, read_noise=1.5))
    result = dc.subtract_background(dataset)
    np.testing.assert_array_equal(result.noise.offset, 100.0 - np.median(stack, axis=0))
    assert (result.noise.gain, result.noise.read_noise) == (2.0, 1.5)


def test_dark_frames_stay_those_of_the_data(stack):
    dataset = Dataset(Frames.from_array(stack), dark=Frames.from_array(stack[:3]))
    result = dc.subtract_background(dataset)
    np.testing.assert_array_equal(result.dark[:], stack[:3] - np.median(stack, axis=0))
    # Whether a background was subtracted before makes no difference to what is above the dark level.
    expected = dc.subtract_dark(dataset).frames[:]
    np.testing.assert_allclose(dc.subtract_dark(result).frames[:], expected, atol=0.02)  # float32
    assert dc.subtract_background(dataset, source="dark").dark is None
