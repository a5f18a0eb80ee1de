import numpy as np
import pytest

from darfix_core.figures.mosaicity_colors import mosaicity_colors, mosaicity_key

_ANGLE = np.linspace(0, 2 * np.pi, 361)


def _oklab(rgb):
    """OKLab of sRGB colours, written out from the published definition: the way back."""
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    r, g, b = np.moveaxis(linear.astype(np.float64), -1, 0)
    cones = np.cbrt(
        [
            0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b,
            0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b,
            0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b,
        ]
    )
    matrix = [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
    return np.moveaxis(np.tensordot(matrix, cones, axes=1), 0, -1)


def test_no_color_is_cut_off():
    radius = np.linspace(0, 1, 51)[:, None]
    colors = mosaicity_colors(radius * np.cos(_ANGLE), radius * np.sin(_ANGLE))
    assert colors.min() > 0
    assert colors.max() < 1


def test_equal_steps_of_direction_are_equal_steps_of_color():
    steps = np.linalg.norm(np.diff(_oklab(mosaicity_colors(np.cos(_ANGLE), np.sin(_ANGLE))), axis=0), axis=1)
    # The tilt of the rim stretches it by 1 % at most; single precision adds about as much to a step of one degree.
    assert steps.max() / steps.min() < 1.05


def test_every_direction_is_as_far_from_the_center():
    rim = _oklab(mosaicity_colors(np.cos(_ANGLE), np.sin(_ANGLE)))
    distance = np.linalg.norm(rim - _oklab(mosaicity_colors(0.0, 0.0)), axis=1)
    assert distance.max() / distance.min() < 1.3


def test_equal_steps_of_distance_are_equal_steps_of_color():
    line = np.linspace(0, 1, 21)
    steps = np.linalg.norm(np.diff(_oklab(mosaicity_colors(line * 0.6, line * 0.8)), axis=0), axis=1)
    np.testing.assert_allclose(steps, steps.mean(), rtol=1e-3)


def test_center_is_a_light_grey():
    center = mosaicity_colors(0.0, 0.0)
    assert center.min() > 0.9
    assert np.ptp(center) < 1e-3


def test_points_outside_get_the_color_of_the_rim():
    np.testing.assert_allclose(mosaicity_colors(3.0, 4.0), mosaicity_colors(0.6, 0.8), atol=1e-6)


def test_empty_points_stay_empty():
    colors = mosaicity_colors(np.array([np.nan, 0.1, np.inf, 0.2]), np.array([0.0, np.nan, 0.0, 0.3]))
    assert np.isnan(colors[:3]).all()
    assert np.isfinite(colors[3]).all()


def test_blocks_do_not_show():
    u, v = np.random.default_rng(0).uniform(-1, 1, (2, 300, 301))
    whole = mosaicity_colors(u, v)
    assert whole.shape == (300, 301, 3)
    assert whole.dtype == np.float32
    np.testing.assert_allclose(whole[250], mosaicity_colors(u[250], v[250]), atol=1e-6)


def test_key_runs_along_u_in_columns_and_v_in_rows():
    key = mosaicity_key(5)
    assert key.shape == (5, 5, 3)
    np.testing.assert_allclose(key[1, 4], mosaicity_colors(1.0, -0.5), atol=1e-6)


def test_key_of_one_pixel_is_refused():
    with pytest.raises(ValueError, match="n must be an integer of at least 2, got 1"):
        mosaicity_key(1)
