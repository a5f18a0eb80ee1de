"""Grain plot."""

from __future__ import annotations

import numpy as np
import pytest

import darfix_core as dc


def test_mosaicity_shows_the_two_centres_of_mass(mosaicity_dataset):
    maps = dc.grain_plot(mosaicity_dataset)
    assert next(iter(maps)) == "mosaicity"
    colors = maps["mosaicity"]
    assert colors.shape == (12, 16, 3)
    assert 0 <= colors.min() < colors.max() <= 1
    key = maps.metadata["mosaicity"]
    assert key["motors"] == ("chi", "mu")
    assert key["units"] == ("deg", "deg")
    low, high = np.percentile(maps["mu/center_of_mass"], (1, 99))
    assert key["ranges"][1] == pytest.approx((low, high))


def test_equal_orientations_have_equal_colours_and_others_not(mosaicity_dataset):
    colors = dc.grain_plot(mosaicity_dataset)["mosaicity"]
    assert np.abs(colors[0, 0] - colors[0, -1]).max() > 0.1
    assert np.abs(colors[0, 0] - colors[-1, 0]).max() > 0.1


def test_motors_and_range_of_the_key_can_be_chosen(mosaicity_dataset):
    maps = dc.grain_plot(mosaicity_dataset, x_motor="chi", color_range="scan")
    key = maps.metadata["mosaicity"]
    assert key["motors"] == ("mu", "chi")
    assert key["ranges"] == (pytest.approx((-0.3, 0.3)), pytest.approx((-0.2, 0.2)))


@pytest.mark.parametrize(("motor", "unit"), [("samz", "mm"), ("scan", "")])
def test_heights_and_numbers_of_scans_are_no_orientation_unless_chosen(mosaicity_dataset, motor, unit):
    def renamed(mapping):
        return {motor if key == "chi" else key: value for key, value in mapping.items()}

    array, positions = mosaicity_dataset.frames[:], renamed(mosaicity_dataset.positions)
    layers = dc.Dataset.from_array(array, positions, unit={motor: unit, "mu": "deg"})
    layers = dc.define_dimensions(layers)
    assert len(layers.dimensions) == 2
    assert "mosaicity" not in dc.grain_plot(layers)
    assert dc.grain_plot(layers, y_motor=motor).metadata["mosaicity"]["motors"] == (motor, "mu")


def test_one_motor_gives_moments_without_mosaicity(rocking_dataset):
    maps = dc.grain_plot(rocking_dataset)
    assert "mosaicity" not in maps
    assert "mu/center_of_mass" in maps


def test_empty_pixels_have_no_colour(mosaicity_dataset):
    with pytest.warns(dc.DarfixWarning, match="no pixel reaches min_intensity"):
        maps = dc.grain_plot(mosaicity_dataset, min_intensity=1e12)
    assert np.isnan(maps["mosaicity"]).all()


@pytest.mark.parametrize(
    ("chosen", "message"),
    [
        ({"x_motor": "cih"}, "x_motor must be a dimension of the scan, got 'cih'; did you mean 'chi'"),
        ({"x_motor": "mu", "y_motor": "mu"}, "must differ"),
    ],
)
def test_motors_that_do_not_fit_are_told(mosaicity_dataset, chosen, message):
    with pytest.raises(ValueError, match=message):
        dc.grain_plot(mosaicity_dataset, **chosen)
