"""Projection along motors, against numpy."""

from __future__ import annotations

import numpy as np
import pytest

import darfix_core as dc
from tests.model.test_frames import CountingSource

NUMPY = {"sum": np.sum, "mean": np.mean, "max": np.max}


def on_grid(dataset):
    """Counts as an array (chi, mu, y, x)."""
    return dataset.frames[:].reshape(5, 7, 12, 16)


@pytest.mark.parametrize("method", ["sum", "mean", "max"])
@pytest.mark.parametrize(("motors", "axes", "left"), [(("chi",), 0, ["mu"]), (("mu",), 1, ["chi"])])
def test_frames_are_those_of_numpy(mosaicity_dataset, motors, axes, left, method):
    result = dc.projection(mosaicity_dataset, motors=motors, method=method)
    expected = NUMPY[method](on_grid(mosaicity_dataset).astype(np.float64), axis=axes)
    assert result.frames.dtype == {"sum": np.uint32, "mean": np.float32, "max": np.uint16}[method]
    np.testing.assert_allclose(result.frames[:], expected, rtol=1e-6 if method == "mean" else 0)
    assert [dimension.name for dimension in result.dimensions] == left
    assert list(result.positions) == left
    np.testing.assert_allclose(result.positions[left[0]], result.dimensions[0].values, atol=1e-12)


def test_the_slowest_motor_is_projected_by_default(mosaicity_dataset):
    assert [dimension.name for dimension in dc.projection(mosaicity_dataset).dimensions] == ["mu"]


def test_all_motors_leave_one_frame(mosaicity_dataset):
    result = dc.projection(mosaicity_dataset, motors=("mu", "chi"))
    assert result.n_frames == 1
    assert result.dimensions == ()
    np.testing.assert_array_equal(result.frames[0], mosaicity_dataset.frames[:].sum(axis=0))


def test_order_of_the_frames_does_not_matter(mosaicity_dataset, rng):
    shuffled = mosaicity_dataset.select_frames(rng.permutation(35))
    for motors in (("chi",), ("mu",)):
        result, expected = (dc.projection(one, motors=motors) for one in (shuffled, mosaicity_dataset))
        np.testing.assert_array_equal(result.frames[:], expected.frames[:])
        np.testing.assert_array_equal(result.grid_index, expected.grid_index)


def test_frames_at_one_point_share_its_weight(mosaicity_dataset):
    doubled = mosaicity_dataset.select_frames([*range(35), 17, 17])
    for method in NUMPY:
        result, expected = (dc.projection(one, method=method) for one in (doubled, mosaicity_dataset))
        # A third of a count, three times, is rounded to the digits of float32.
        np.testing.assert_allclose(result.frames[:], expected.frames[:], rtol=1e-6)


def test_sums_over_fewer_points_are_told_of_and_means_are_not_lower(mosaicity_dataset):
    alike = mosaicity_dataset.replace(
        frames=dc.Frames.from_array(np.full((35, 4, 4), 7, np.uint16)),
        dark=dc.Frames.from_array(np.ones((2, 4, 4), np.uint16)),
        noise=dc.NoiseModel(1.0, 2.0, 3.0),
    )
    left = alike.select_frames([*range(9), *range(10, 35)])
    with pytest.warns(dc.DarfixWarning, match="1 of 7 frames are sums over fewer than 5 points"):
        result = dc.projection(left)
    assert result.frames[:, 0, 0].tolist() == [35, 35, 28, 35, 35, 35, 35]
    assert result.dark is None
    assert result.noise is None
    assert (dc.projection(left, method="mean").frames[:] == 7).all()


def test_point_of_which_all_frames_are_missing_is_missing(mosaicity_dataset):
    left = mosaicity_dataset.select_frames(np.flatnonzero(np.arange(35) % 7 != 3))
    result = dc.projection(left)
    assert result.n_frames == 6
    assert result.missing.tolist() == [3]


def test_dark_frames_and_noise_follow(mosaicity_dataset):
    dark = np.full((2, 12, 16), 60_000, np.uint16)
    given = mosaicity_dataset.replace(dark=dc.Frames.from_array(dark), noise=dc.NoiseModel(2.0, 100.0, 3.0))
    sums, means = (dc.projection(given, method=method) for method in ("sum", "mean"))
    assert (sums.dark[:] == 300_000).all()
    assert sums.noise == dc.NoiseModel(2.0, 500.0, 3.0 * np.sqrt(5))
    assert (means.dark[:] == 60_000).all()
    assert means.noise.variance(600.0) == pytest.approx(given.noise.variance(600.0) / 5)
    assert dc.projection(given, method="max").noise is None


def test_counters_and_other_motors_are_averaged(mosaicity_dataset):
    current = {"current": np.arange(35.0)}
    positions = {**mosaicity_dataset.positions, "samz": 2 * np.arange(35.0)}
    result = dc.projection(mosaicity_dataset.replace(counters=current, positions=positions), motors=("mu",))
    np.testing.assert_allclose(result.counters["current"], 3 + 7 * np.arange(5))
    np.testing.assert_allclose(result.positions["samz"], 6 + 14 * np.arange(5))


def test_motor_that_moves_along_goes_with_its_dimension(mosaicity_dataset):
    chi, mu = mosaicity_dataset.dimensions
    both = dc.Dimension("chi", chi.values, "deg", along=("phi",))
    positions = {**mosaicity_dataset.positions, "phi": mosaicity_dataset.positions["chi"]}
    result = dc.projection(mosaicity_dataset.replace(dimensions=(both, mu), positions=positions))
    assert list(result.positions) == ["mu"]


def test_moments_of_the_sum_are_those_of_all_frames(mosaicity_dataset):
    truth = dc.moments(mosaicity_dataset)
    found = dc.moments(dc.projection(mosaicity_dataset, motors=("chi",)))
    np.testing.assert_allclose(found["mu/center_of_mass"], truth["mu/center_of_mass"], atol=1e-12)


def test_nothing_is_read_before_it_is_needed_and_a_region_reads_its_own(mosaicity_dataset):
    source = CountingSource(np.array(mosaicity_dataset.frames[:]))
    result = dc.projection(mosaicity_dataset.replace(frames=dc.Frames(source)))
    assert source.read_pixels == 0
    assert result.frames[2, 3:6, 4:8].shape == (3, 4)
    assert source.read_pixels == 5 * 3 * 4


@pytest.mark.parametrize(
    ("motors", "words"), [(("mo",), "did you mean 'mu'"), ((), "one or several"), (("mu", "mu"), "each once")]
)
def test_wrong_motors_are_named(mosaicity_dataset, motors, words):
    with pytest.raises(ValueError, match=f"motors must .*{words}"):
        dc.projection(mosaicity_dataset, motors=motors)
