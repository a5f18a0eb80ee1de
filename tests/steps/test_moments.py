"""Moments against analytic curves and plain numpy."""

from __future__ import annotations

import numpy as np
import pytest

import darfix_core as dc
from darfix_core import Dataset, Dimension
from darfix_core.engine.cutting import BlockSizes
from darfix_core.engine.execution import execution
from darfix_core.steps.moments import compute_moments


def with_grid(dataset, **values):
    dimensions = tuple(Dimension(name, positions, "deg") for name, positions in values.items())
    return dataset.replace(dimensions=dimensions, grid_index=np.arange(dataset.n_frames))


def numpy_moments(stack, x):
    """The slow and obvious way, in float64."""
    counts = stack.astype(float)
    total = counts.sum(axis=0)
    mean = np.einsum("k,kyx->yx", x, counts) / total
    central = [np.einsum("kyx,kyx->yx", (x[:, None, None] - mean) ** n, counts) / total for n in (2, 3, 4)]
    return (
        mean,
        np.sqrt(central[0]) * np.sqrt(8 * np.log(2)),
        central[1] / central[0] ** 1.5,
        central[2] / central[0] ** 2 - 3,
    )


def test_gaussian_curves_give_their_centre_and_width():
    mu = np.linspace(-1, 1, 81)
    centre, sigma = np.linspace(-0.3, 0.3, 50).reshape(5, 10), 0.1
    stack = 1e4 * np.exp(-((mu[:, None, None] - centre) ** 2) / (2 * sigma**2))
    maps = dc.moments(with_grid(Dataset.from_array(stack, {"mu": mu}), mu=mu))
    np.testing.assert_allclose(maps["mu/center_of_mass"], centre, atol=1e-7)
    np.testing.assert_allclose(maps["mu/fwhm"], 2.3548 * sigma, rtol=1e-4)
    np.testing.assert_allclose(maps["mu/skewness"], 0, atol=1e-4)
    np.testing.assert_allclose(maps["mu/kurtosis"], 0, atol=1e-3)
    assert maps.unit("mu/center_of_mass") == maps.unit("mu/fwhm") == "deg"


def test_narrow_curves_far_from_the_middle_keep_their_shape():
    # A peak a hundredth of the scan wide at its end is where float32 sums lose the fourth moment.
    mu = np.linspace(0, 1, 1001)
    stack = (1e4 * np.exp(-((mu - 0.93) ** 2) / (2 * 0.005**2)))[:, None, None] * np.ones((1, 2, 3))
    maps = dc.moments(with_grid(Dataset.from_array(stack, {"mu": mu}), mu=mu))
    np.testing.assert_allclose(maps["mu/fwhm"], 2.354820045 * 0.005, rtol=1e-7)
    np.testing.assert_allclose(maps["mu/kurtosis"], 0, atol=1e-5)


def test_skewed_curves_equal_numpy_on_jittered_read_backs(rng):
    mu = np.linspace(5, 6, 40) + rng.uniform(-0.3, 0.3, 40) / 39
    stack = rng.poisson(200 * np.exp(-np.abs(mu - 5.4) * np.where(mu > 5.4, 4, 12)), (6, 7, 40)).transpose(2, 0, 1)
    maps = dc.moments(with_grid(Dataset.from_array(stack.astype(np.uint16), {"mu": mu}), mu=np.linspace(5, 6, 40)))
    names = ("center_of_mass", "fwhm", "skewness", "kurtosis")
    for name, expected in zip(names, numpy_moments(stack, mu), strict=True):
        np.testing.assert_allclose(maps[f"mu/{name}"], expected, rtol=1e-9, err_msg=name)
    np.testing.assert_array_equal(maps["intensity"], stack.sum(axis=0))


@pytest.mark.parametrize("n_motors", [2, 3, 4])
def test_covariances_of_meshes_equal_numpy(rng, n_motors):
    names = ["obpitch", "chi", "mu", "phi"][:n_motors]
    values = {name: np.linspace(i, i + 1, 3 + i) for i, name in enumerate(names)}
    grids = np.meshgrid(*values.values(), indexing="ij")
    stack = rng.integers(0, 100, (grids[0].size, 3, 4)).astype(np.uint16)
    stack[0] = 0
    maps = dc.moments(with_grid(Dataset.from_array(stack, dict(zip(names, grids, strict=True))), **values))
    counts = stack.astype(float)
    total = counts.sum(axis=0)
    for i, first in enumerate(names):
        a = grids[i].ravel()
        mean = np.einsum("k,kyx->yx", a, counts) / total
        np.testing.assert_allclose(maps[f"{first}/center_of_mass"], mean)
        for second in names[i + 1 :]:
            b = grids[names.index(second)].ravel()
            product = np.einsum("k,kyx->yx", a * b, counts) / total
            other = np.einsum("k,kyx->yx", b, counts) / total
            expected = product - mean * other
            np.testing.assert_allclose(maps[f"{first},{second}/covariance"], expected, atol=1e-12)
    assert len(maps) == 1 + 4 * n_motors + n_motors * (n_motors - 1) // 2


def test_descending_motor_keeps_labels_with_frames():
    mu = np.array([3.0, 2.0, 1.0])
    stack = np.zeros((3, 1, 2), np.uint16)
    stack[0, 0, 0] = stack[2, 0, 1] = 10
    maps = dc.moments(with_grid(Dataset.from_array(stack, {"mu": mu}), mu=mu))
    np.testing.assert_array_equal(maps["mu/center_of_mass"], [[3, 1]])
    np.testing.assert_array_equal(maps["mu/fwhm"], [[0, 0]])


def test_point_taken_twice_counts_once():
    mu, stack = np.array([0.0, 1.0, 1.0]), np.array([4.0, 2.0, 6.0]).reshape(3, 1, 1)
    dataset = Dataset.from_array(stack, {"mu": mu})
    dataset = dataset.replace(dimensions=(Dimension("mu", [0.0, 1.0]),), grid_index=[0, 1, 1])
    maps = dc.moments(dataset)
    assert maps["intensity"][0, 0] == 8
    assert maps["mu/center_of_mass"][0, 0] == 0.5


def test_dark_and_masked_pixels_are_nan():
    mu, stack = np.arange(9.0), np.ones((9, 2, 3), np.uint16)
    stack[:, 0, 0] = 0
    mask = np.zeros((2, 3), bool)
    mask[1, 2] = True
    with pytest.warns(dc.DarfixWarning, match="pedestal"):
        maps = dc.moments(with_grid(Dataset.from_array(stack, {"mu": mu}), mu=mu).replace(mask=mask))
    assert maps["intensity"][0, 0] == 0
    assert np.isnan(maps["intensity"][1, 2])
    np.testing.assert_array_equal(np.isnan(maps["mu/center_of_mass"]), [[True, False, False], [False, False, True]])


def test_signed_counts_that_balance_outside_the_scan_are_nan():
    mu = np.arange(3.0)
    stack = np.array([[-5.0, 1.0], [1.0, 3.0], [6.0, -1.0]]).reshape(3, 1, 2)
    with pytest.warns(dc.DarfixWarning, match="no centre of mass within the scan"):
        maps = dc.moments(with_grid(Dataset.from_array(stack, {"mu": mu}), mu=mu))
    assert np.isnan(maps["mu/center_of_mass"][0, 0])
    assert maps["mu/center_of_mass"][0, 1] == pytest.approx(1 / 3)


def test_pixels_under_the_lowest_intensity_are_nan(rocking_dataset):
    middle = float(np.median(dc.moments(rocking_dataset)["intensity"]))
    maps = dc.moments(rocking_dataset, min_intensity=middle)
    np.testing.assert_array_equal(np.isnan(maps["mu/center_of_mass"]), maps["intensity"] < middle)


def test_pedestal_is_told_with_its_effect():
    # PHYSICS: peak 2000 over 100 on an 11 x 11 mesh.
    axis = np.linspace(-5, 5, 11)
    chi, mu = np.meshgrid(axis, axis, indexing="ij")
    peak = 2000 * np.exp(-((mu - 2) ** 2 + chi**2) / 2) + 100
    stack = np.repeat(peak.reshape(121, 1, 1), 20, axis=2)
    dataset = with_grid(Dataset.from_array(stack, {"chi": chi, "mu": mu}), chi=axis, mu=axis)
    with pytest.warns(dc.DarfixWarning, match=r"pedestal makes up 49% .* 1\.96 times too small"):
        maps = dc.moments(dataset)
    np.testing.assert_allclose(maps["mu/center_of_mass"], 1.02, atol=0.005)
    cleaned = dc.moments(dc.subtract_background(dataset))
    np.testing.assert_allclose(cleaned["mu/center_of_mass"], 2, atol=0.02)


def test_pixels_without_a_width_are_told():
    # Here the median takes so much that the centres survive, and come out too far from the middle.
    mu = np.linspace(-1, 1, 21)
    centre = np.linspace(-0.3, 0.3, 20).reshape(4, 5)
    stack = 100 + 1000 * np.exp(-((mu[:, None, None] - centre) ** 2) / (2 * 0.3**2))
    dataset = with_grid(Dataset.from_array(stack, {"mu": mu}), mu=mu)
    with pytest.warns(dc.DarfixWarning, match="no centre of mass within the scan, or no width"):
        dc.moments(dc.subtract_background(dataset))


def test_threshold_that_no_pixel_reaches_is_told(rocking_dataset):
    with pytest.warns(dc.DarfixWarning, match=r"no pixel reaches min_intensity=1e\+09 counts: the brightest"):
        maps = dc.moments(rocking_dataset, min_intensity=1e9)
    assert np.isnan(maps["mu/center_of_mass"]).all()
    assert np.isfinite(maps["intensity"]).all()


def test_scan_of_two_frames_has_nothing_above_its_median():
    mu = np.array([0.0, 1.0])
    dataset = with_grid(Dataset.from_array(np.arange(12).reshape(2, 2, 3), {"mu": mu}), mu=mu)
    with pytest.warns(dc.DarfixWarning, match="no pixel has counts above the background"):
        maps = dc.moments(dc.subtract_background(dataset))
    assert np.isnan(maps["mu/center_of_mass"]).all()


def test_background_taken_from_the_signal_is_told():
    mu = np.linspace(-1, 1, 21)
    sigma = np.where(np.arange(5) < 4, 0.6, 0.1) * np.ones((4, 1))
    stack = 100 + 1000 * np.exp(-(mu[:, None, None] ** 2) / (2 * sigma**2))
    dataset = with_grid(Dataset.from_array(stack, {"mu": mu}), mu=mu)
    with pytest.warns(dc.DarfixWarning, match="of the counts lie in pixels that have no centre"):
        dc.moments(dc.subtract_background(dataset))
    maps = dc.moments(dc.subtract_background(dataset, method="percentile", percentile=0))
    np.testing.assert_allclose(maps["mu/center_of_mass"], 0, atol=1e-9)


def test_dataset_without_dimensions_raises(rocking_dataset):
    with pytest.raises(dc.DarfixError, match="use define_dimensions"):
        dc.moments(rocking_dataset.replace(dimensions=(), grid_index=None))


def test_blocks_of_any_size_give_the_same(mosaicity_dataset):
    whole = compute_moments(mosaicity_dataset)
    for sizes in (BlockSizes(rows=1, frames=1), BlockSizes(rows=5, frames=7), BlockSizes(rows=100, frames=3)):
        with execution(threads=3):
            parts = compute_moments(mosaicity_dataset, sizes=sizes)
        for name in whole:
            np.testing.assert_allclose(parts[name], whole[name], rtol=1e-9, atol=1e-12, err_msg=name)


def test_scan_that_cuts_its_curves_is_told():
    x = np.linspace(-1, 1, 41)
    pixels = np.random.default_rng(3).uniform(-0.3, 0.3, (20, 30))
    for width, warns in ((0.2, False), (0.9, True)):
        stack = 1000 * np.exp(-0.5 * ((x[:, None, None] - pixels) / width) ** 2)
        dataset = dc.define_dimensions(dc.Dataset.from_array(np.round(stack).astype(np.uint16), {"mu": x}))
        dataset = dc.subtract_background(dataset, method="percentile", percentile=0.0)
        if not warns:
            dc.moments(dataset)
            continue
        with pytest.warns(
            dc.DarfixWarning, match="the scan in mu is narrower than the curves: in half of the brighter"
        ):
            maps = dc.moments(dataset)
        assert np.nanstd(maps["mu/center_of_mass"]) < 0.8 * pixels.std()  # what the warning is about


def test_two_frames_are_too_few_for_a_background():
    x = np.array([0.0, 1.0])
    stack = np.random.default_rng(3).poisson(100, (2, 20, 30)).astype(np.uint16)
    dataset = dc.define_dimensions(dc.Dataset.from_array(stack, {"mu": x}))
    with pytest.warns(dc.DarfixWarning, match="2 frames are too few to tell the background from the signal"):
        dc.moments(dc.subtract_background(dataset, method="percentile", percentile=30.0))
