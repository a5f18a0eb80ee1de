"""Flat-field correction."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

import darfix_core as dc
from darfix_core import DarfixWarning, Dataset, Frames, NoiseModel

SHAPE = (24, 30)
Y, X = np.mgrid[: SHAPE[0], : SHAPE[1]]
RESPONSE = 1 - ((Y - 12) ** 2 + (X - 15) ** 2) / 1500
RESPONSE /= RESPONSE.mean()
PEDESTAL = 100.0 + X % 4


def exact(level, response=RESPONSE, n_frames=5):
    """Frames without noise of even light on a pedestal, as float64."""
    return np.repeat((PEDESTAL + level * response)[None], n_frames, axis=0)


def with_dark(stack):
    return Dataset(Frames.from_array(stack), dark=Frames.from_array(exact(0)))


def test_even_light_gives_equal_counts():
    result = dc.divide_flat(with_dark(exact(300.0)), with_dark(exact(5000.0)))
    np.testing.assert_allclose(result.frames[:], 300.0, rtol=1e-12)
    assert result.mask is None
    assert result.dark is None


def test_dark_frames_are_subtracted_once_wherever_that_is_done():
    data, flat = with_dark(exact(300.0)), with_dark(exact(5000.0))
    expected = dc.divide_flat(data, flat).frames[:]
    for first, second in ((True, True), (True, False), (False, True)):
        a, b = (dc.subtract_dark(one) if before else one for before, one in ((first, data), (second, flat)))
        with warnings.catch_warnings():
            # Of a flat field without dark frames nobody knows whether they have been subtracted.
            warnings.simplefilter("ignore" if second and not first else "error", DarfixWarning)
            np.testing.assert_allclose(dc.divide_flat(a, b).frames[:], expected, rtol=1e-12)


def test_a_flat_field_without_dark_frames_is_doubted_where_the_data_have_some():
    with pytest.warns(DarfixWarning, match="the flat field has none"):
        dc.divide_flat(with_dark(exact(300.0)), Dataset.from_array(exact(5000.0)))


def test_counts_of_poisson_noise_are_those_of_the_formula(rng):
    data, flat = (rng.poisson(exact(level)).astype(np.uint16) for level in (300, 5000))
    dark, flat_dark = rng.poisson(exact(0), (2, *exact(0).shape)).astype(np.uint16)
    result = dc.divide_flat(
        Dataset(Frames.from_array(data), dark=Frames.from_array(dark)),
        Dataset(Frames.from_array(flat), dark=Frames.from_array(flat_dark)),
    )
    response = flat.mean(axis=0) - flat_dark.mean(axis=0)
    expected = (data - dark.mean(axis=0)) / (response / response.mean())
    assert result.frames.dtype == np.float32
    np.testing.assert_allclose(result.frames[:], expected, rtol=1e-5, atol=1e-4)  # float32


def test_pixels_without_response_are_masked_and_hold_no_numbers():
    dead = RESPONSE.copy()
    dead[3, 4], dead[5, 6], dead[7, 8], dead[9, 10] = 0.0, -0.1, 0.05, np.nan
    flat = with_dark(exact(5000.0, dead))
    data = with_dark(exact(300.0)).replace(mask=(Y == 20) & (X == 20))
    data = data.replace(dark=Frames.from_array(exact(0)))
    result = dc.divide_flat(data, flat)
    lost = np.zeros(SHAPE, dtype=bool)
    lost[[3, 5, 7, 9], [4, 6, 8, 10]] = True
    np.testing.assert_array_equal(np.isnan(result.frames[2]), lost)
    np.testing.assert_array_equal(result.mask, lost | data.mask)
    kept = dc.divide_flat(data, flat, min_response=1.0)
    assert not kept.mask[7, 8]
    # The response has the mean 1 over the pixels that are used: not the dead ones, and not the masked one.
    used = ~result.mask
    response = exact(5000.0, dead)[0][used] - PEDESTAL[used]
    expected = 300.0 * RESPONSE[used] / (response / response.mean())
    np.testing.assert_allclose(result.frames[2][used], expected, rtol=1e-12)


def test_masked_pixels_of_the_flat_field_are_masked():
    mask = (Y == 2) & (X < 3)
    flat = with_dark(exact(5000.0)).replace(mask=mask)
    result = dc.divide_flat(with_dark(exact(300.0)), flat)
    np.testing.assert_array_equal(result.mask, mask)
    assert np.isnan(result.frames[0][mask]).all()


def test_many_pixels_without_response_are_told():
    shadow = np.where(X < 5, 0.0, RESPONSE)
    with pytest.warns(DarfixWarning, match=r"16.7% of the pixels respond with less than 10 % of the mean"):
        dc.divide_flat(with_dark(exact(300.0)), with_dark(exact(5000.0, shadow)))


def test_noise_follows_the_counts(rng):
    # Variance of simulated counts behind the correction against the model: 4000 frames give it to 3 % of a pixel.
    gain, read_noise, n_frames = 2.0, 3.0, 4000
    light = rng.poisson(300 * RESPONSE[:6, :6] / gain, (n_frames, 6, 6)) * gain
    stack = PEDESTAL[:6, :6] + light + rng.normal(0, read_noise, light.shape)
    noise = NoiseModel(gain=gain, offset=PEDESTAL[:6, :6], read_noise=read_noise)
    dark, flat = exact(0)[:, :6, :6], exact(5000.0)[:, :6, :6]
    data = Dataset(Frames.from_array(stack), dark=Frames.from_array(dark), noise=noise)
    result = dc.divide_flat(data, Dataset(Frames.from_array(flat), dark=Frames.from_array(dark)))
    counts = result.frames[:]
    np.testing.assert_allclose(counts.var(axis=0), result.noise.variance(counts.mean(axis=0)), rtol=0.1)


def test_flat_fields_that_cannot_be_divided_by_are_refused():
    data = Dataset.from_array(exact(300.0))
    with pytest.raises(ValueError, match="flat must have counts above its dark level .* got a mean of 0"):
        dc.divide_flat(data, with_dark(exact(0)))
    with pytest.raises(ValueError, match="flat must have counts above its dark level .* got a mean of 0"):
        dc.divide_flat(data.replace(mask=np.ones(SHAPE, dtype=bool)), Dataset.from_array(exact(300.0)))
    with pytest.raises(ValueError, match=r"flat frames must have the shape \(24, 30\) of the data, got \(3, 3\)"):
        dc.divide_flat(data, Dataset.from_array(exact(300.0)[:, :3, :3]))
    corners = [dc.roi(data, origin=(i, i), shape=(3, 3)) for i in (0, 2)]
    with pytest.raises(ValueError, match="flat frames must begin at the same pixel of the detector"):
        dc.divide_flat(*corners)
    with pytest.raises(ValueError, match="min_response must be a number of at least 0 and .* got 100"):
        dc.divide_flat(data, data, min_response=100.0)


def test_division_is_lazy_and_a_preview_is_the_real_result():
    result = dc.divide_flat(with_dark(exact(300.0)), with_dark(exact(5000.0)))
    cropped = dc.roi(result, origin=(2, 3), shape=(4, 5))
    np.testing.assert_array_equal(cropped.frames[1], result.frames[:][1, 2:6, 3:8])
