"""Normalisation by a counter."""

from __future__ import annotations

import numpy as np
import pytest

import darfix_core as dc


@pytest.fixture
def fading(rocking_dataset):
    """A scan of which every frame is true, but for the beam that fades to half."""
    current = np.linspace(200.0, 100.0, 9)
    faded = rocking_dataset.frames[:] * (current / 150.0)[:, None, None]
    counters = {"monitor": np.arange(1.0, 10.0), "srcurrent": current}
    return rocking_dataset.replace(frames=dc.Frames.from_array(faded), counters=counters)


@pytest.mark.parametrize("counter", ["srcurrent", None])
def test_true_counts_are_recovered(fading, rocking_dataset, counter):
    result = dc.normalise(fading, counter=counter)
    np.testing.assert_allclose(result.frames[:], rocking_dataset.frames[:], rtol=1e-12)
    assert result.metadata["normalised_by"] == "srcurrent"


def test_centre_of_mass_no_longer_follows_the_beam(fading, rocking_dataset):
    truth = dc.moments(rocking_dataset)["mu/center_of_mass"]
    assert np.nanmax(np.abs(dc.moments(fading)["mu/center_of_mass"] - truth)) > 0.005
    np.testing.assert_allclose(dc.moments(dc.normalise(fading))["mu/center_of_mass"], truth, atol=1e-9)


def test_noise_is_that_of_the_frames_on_average_and_dark_frames_are_dropped(fading):
    noise = dc.NoiseModel(gain=2.0, offset=0.0, read_noise=3.0)
    dark = dc.Frames.from_array(np.zeros((2, 12, 16)))
    result = dc.normalise(fading.replace(noise=noise, dark=dark))
    current = fading.counters["srcurrent"]
    factors = current.mean() / current
    variances = [noise.scaled(factor).variance(500.0) for factor in factors]
    assert result.noise.variance(500.0) == pytest.approx(np.mean(variances))
    assert result.dark is None


@pytest.mark.parametrize(
    ("names", "taken"), [(("current", "SRCUR"), "SRCUR"), (("Current",), "Current"), (("p3", "machine_current"), None)]
)
def test_machine_current_is_known_by_its_usual_names(rocking_dataset, names, taken):
    given = rocking_dataset.replace(counters=dict.fromkeys(names, np.ones(9)))
    assert dc.normalise(given).metadata["normalised_by"] == (taken or "machine_current")


@pytest.mark.parametrize(
    ("counters", "words"), [((), "it has no counters"), (("p3", "p4"), "its counters are: p3, p4")]
)
def test_scan_without_machine_current_needs_a_counter(rocking_dataset, counters, words):
    with pytest.raises(ValueError, match=f"counter must be given.*{words}"):
        dc.normalise(rocking_dataset.replace(counters=dict.fromkeys(counters, np.ones(9))))


def test_unknown_counter_is_named(fading):
    with pytest.raises(ValueError, match="counter must be one of the scan, got 'monitor2'; did you mean 'monitor'"):
        dc.normalise(fading, counter="monitor2")


@pytest.mark.parametrize("value", [0.0, -3.0, np.nan, np.inf])
def test_frame_without_beam_is_named(fading, value):
    current = np.array(fading.counters["srcurrent"])
    current[[4, 7]] = value
    with pytest.raises(ValueError, match=f"got {value:g} in 'srcurrent' at frame 4, and 1 frames more"):
        dc.normalise(fading.replace(counters={"srcurrent": current}))


@pytest.mark.parametrize(("dtype", "expected"), [("u2", "f4"), ("f4", "f4"), ("u4", "f8"), ("f8", "f8")])
def test_type_is_wide_enough_for_the_counts(rocking_dataset, dtype, expected):
    stack = rocking_dataset.frames[:].astype(dtype)
    given = rocking_dataset.replace(frames=dc.Frames.from_array(stack), counters={"current": np.full(9, 7.0)})
    result = dc.normalise(given)
    assert result.frames.dtype == result.frames[:].dtype == expected
    np.testing.assert_array_equal(result.frames[:], stack)
