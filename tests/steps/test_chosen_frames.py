"""What is left of the scan grid when frames are chosen."""

from __future__ import annotations

import numpy as np

from darfix_core.steps.chosen_frames import choose_frames


def grid(dataset):
    """Name of each dimension with its positions, to six digits."""
    return {dimension.name: np.round(dimension.values, 6).tolist() for dimension in dataset.dimensions}


def test_lines_without_frames_are_taken_out(mosaicity_dataset):
    frames = np.arange(35).reshape(5, 7)
    result = choose_frames(mosaicity_dataset, frames[[0, 2, 3]][:, 2:6].ravel())
    assert grid(result) == {"chi": [-0.2, 0.0, 0.1], "mu": [-0.1, 0.0, 0.1, 0.2]}
    assert result.missing.size == 0
    np.testing.assert_array_equal(result.grid_index, np.arange(12))


def test_points_between_frames_are_missing_points(mosaicity_dataset):
    result = choose_frames(mosaicity_dataset, np.delete(np.arange(35), [9, 16]))
    assert grid(result) == grid(mosaicity_dataset)
    assert result.missing.tolist() == [9, 16]


def test_dimension_with_one_position_left_is_dropped(mosaicity_dataset):
    result = choose_frames(mosaicity_dataset, np.arange(7, 14))
    assert list(grid(result)) == ["mu"]
    np.testing.assert_allclose(result.positions["chi"], -0.1)


def test_a_single_frame_has_no_dimensions(mosaicity_dataset):
    assert choose_frames(mosaicity_dataset, np.array([17])).dimensions == ()


def test_each_frame_keeps_its_place(mosaicity_dataset, rng):
    chosen = rng.permutation(35)[:20]
    result = choose_frames(mosaicity_dataset, chosen)
    for dimension, index in zip(result.dimensions, result.scan_index, strict=True):
        np.testing.assert_allclose(dimension.values[index], mosaicity_dataset.positions[dimension.name][chosen])
    np.testing.assert_array_equal(result.frames[:], mosaicity_dataset.frames[:][chosen])
