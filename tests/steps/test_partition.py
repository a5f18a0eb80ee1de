"""Frames with little intensity apart from the others."""

from __future__ import annotations

import numpy as np
import pytest

import darfix_core as dc
from darfix_core.engine.execution import execution
from darfix_core.steps.partition import frame_intensity, intensity_limit
from tests.model.test_frames import CountingSource

LEVELS = np.array([10, 10, 40, 80, 110, 90, 60, 20, 10], dtype=np.uint16)


@pytest.fixture
def levels(rocking_dataset):
    """Frames of one value each, between 10 and 110."""
    return rocking_dataset.replace(frames=dc.Frames.from_array(np.broadcast_to(LEVELS[:, None, None], (9, 12, 16))))


def test_intensity_is_the_mean_of_the_pixels_in_use(rng):
    stack = rng.uniform(0, 100, (9, 12, 16)).astype(np.float32)
    stack[3, 4, 5], stack[5] = np.nan, np.inf
    mask = rng.random((12, 16)) < 0.2
    with np.errstate(invalid="ignore"):
        used = np.where(np.isfinite(stack) & ~mask, stack.astype(np.float64), np.nan)
    expected = [np.nan if np.isnan(frame).all() else np.nanmean(frame) for frame in used]
    dataset = dc.Dataset.from_array(stack).replace(mask=mask)
    np.testing.assert_allclose(frame_intensity(dataset), expected, rtol=1e-12)


@pytest.mark.parametrize(
    ("parameters", "kept"),
    [
        ({}, [2, 3, 4, 5, 6]),  # above 20: the limit itself belongs to what is kept
        ({"share": 9.0}, [2, 3, 4, 5, 6, 7]),
        ({"share": 100.0}, [4]),
        ({"min_intensity": 60.0}, [3, 4, 5, 6]),
        ({"min_intensity": 60.0, "share": 0.0}, [3, 4, 5, 6]),
    ],
)
def test_frames_are_parted_at_the_limit(levels, parameters, kept):
    if not parameters:
        kept = [*kept, 7]
    result, below = dc.partition(levels, **parameters)
    assert result.frames[:, 0, 0].tolist() == LEVELS[kept].tolist()
    assert below.frames[:, 0, 0].tolist() == np.delete(LEVELS, kept).tolist()
    np.testing.assert_allclose(result.positions["mu"], levels.positions["mu"][kept])


def test_nothing_lies_below_the_darkest_frame(levels):
    result, below = dc.partition(levels, min_intensity=10.0)
    assert below is None
    assert result.n_frames == 9


def test_frames_all_alike_stay_together(levels):
    alike = levels.replace(frames=dc.Frames.from_array(np.full((9, 12, 16), 5, np.uint16)))
    assert dc.partition(alike)[1] is None


def test_limit_above_all_frames_tells_the_brightest(levels):
    with pytest.raises(ValueError, match="min_intensity must be at most .* 110 counts, got 111"):
        dc.partition(levels, min_intensity=111.0)


def test_frames_without_a_number_are_refused(levels):
    empty = levels.replace(frames=dc.Frames.from_array(np.full((9, 12, 16), np.nan, np.float32)))
    with pytest.raises(ValueError, match="partition needs a pixel"):
        dc.partition(empty)


def test_grid_shrinks_where_its_ends_are_dark(levels):
    result, below = dc.partition(levels, min_intensity=40.0)
    assert result.scan_shape == (5,)
    assert result.missing.size == 0
    assert below.scan_shape == (4,)


def test_frames_are_read_once_however_often_the_limit_is_moved(levels):
    source = CountingSource(np.array(levels.frames[:]))
    dataset = levels.replace(frames=dc.Frames(source))
    for share in (10.0, 20.0, 30.0):
        dc.partition(dataset, share=share)
    assert source.read_pixels == source.array.size


@pytest.mark.parametrize("threads", [1, 3])
def test_intensity_does_not_depend_on_the_threads(rng, threads):
    stack = rng.integers(0, 4000, (9, 130, 16)).astype(np.uint16)
    with execution(threads=threads):
        np.testing.assert_array_equal(
            frame_intensity(dc.Dataset.from_array(stack)), stack.mean(axis=(1, 2), dtype=np.float64)
        )


def test_share_is_the_way_from_the_darkest_to_the_brightest():
    assert intensity_limit(np.array([20.0, np.nan, 120.0]), None, 25.0) == 45.0
