"""Background subtraction."""

from __future__ import annotations

import numpy as np
import pytest

import darfix_core as dc
from darfix_core import Dataset, Frames


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
