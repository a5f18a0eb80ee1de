"""Shifts of simulated scans: found within the stated errors, and trusted only where they are real."""

from __future__ import annotations

import os
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import scipy.ndimage

import darfix_core as dc
from darfix_core.errors import DarfixWarning, DimensionError
from darfix_core.steps.shift_verdict import Evidence, judge

from .shift_scenes import Scene, linear_trajectory, random_walk

FAST, SLOW = (-0.2, 0.12), (-0.05, -0.02)
# Half the frames of a large scan, at the same width: the tests stay fast.
SCENE = Scene(n_frames=25)
BENT = replace(SCENE, bend=(0.1, 0.05))


@cache
def drifting(velocity: tuple[float, float], scene: Scene = SCENE, seed: int = 0) -> dc.Dataset:
    return scene.drifting(velocity, seed)


def quiet(dataset: dc.Dataset, **parameters: object) -> dc.Shift:
    """Shift that may not be trusted."""
    with dc.execution(on_warning=lambda message: None):
        return dc.find_shift(dataset, **parameters)


def velocity_uncertainty(shift: dc.Shift) -> np.ndarray:
    """Uncertainty of the drift, px/frame."""
    return shift.uncertainty[-1] / (shift.n_frames - 1) * 2


@pytest.mark.parametrize("velocity", [FAST, SLOW])
def test_steady_drift_is_found_within_a_hundredth_of_a_pixel_a_frame(velocity):
    shift = dc.find_shift(drifting(velocity))
    assert shift.trusted.all()
    assert shift.velocity == pytest.approx(velocity, abs=0.01)
    np.testing.assert_allclose(shift.values, linear_trajectory(velocity, SCENE.n_frames), atol=0.01 * 12)


def test_drift_is_in_pixels_for_a_unit_of_the_motor():
    dataset = drifting(FAST)
    shift = dc.find_shift(dataset, motor="mu")
    assert shift.motor == "mu"
    # 0.1 deg a frame.
    assert shift.velocity == pytest.approx((-2.0, 1.2), abs=0.1)
    np.testing.assert_allclose(shift.values, dc.find_shift(dataset).values, atol=1e-6)


def test_descending_motor_has_the_opposite_drift_and_the_same_shift():
    dataset = drifting(FAST)
    down = dataset.replace(positions={"mu": -dataset.positions["mu"]})
    found, expected = dc.find_shift(down, motor="mu"), dc.find_shift(dataset, motor="mu")
    np.testing.assert_allclose(found.velocity, np.negative(expected.velocity), atol=1e-6)
    np.testing.assert_allclose(found.values, expected.values, atol=1e-6)


def test_stated_errors_are_those_that_are_made():
    # The texture of a large field, in a small and fast one.
    scene = replace(SCENE, shape=(128, 128), texture=1.0, mosaic_texture=3.0)
    pulls = []
    for seed in range(30):
        shift = quiet(drifting(FAST, scene, 100 + seed))
        pulls.append(np.subtract(shift.velocity, FAST) / velocity_uncertainty(shift))
    # 60 pulls: their spread is known to a tenth, and the scatter of 16 tiles to a fifth.
    assert 0.7 < np.std(pulls) < 1.3


@pytest.mark.parametrize(("seed", "pedestal"), [(0, 0.0), (1, 0.0), (2, 1000.0)])
def test_bent_crystal_that_stands_still_is_not_taken_for_a_drift(seed, pedestal):
    shift = quiet(replace(BENT, pedestal=pedestal).drifting((0.0, 0.0), seed))
    assert not shift.is_trusted or np.hypot(*shift.velocity) < 0.05


def test_drift_of_a_bent_crystal_is_found_within_its_uncertainty():
    shift = quiet(BENT.drifting(FAST, 1))
    assert (np.abs(np.subtract(shift.velocity, FAST)) < 3 * velocity_uncertainty(shift)).all()


def test_drift_of_a_grain_with_dark_around_it_is_found_as_well():
    shift = dc.find_shift(Scene(texture=2.5, mosaicity=0.2, pedestal=100.0, rim=30.0).drifting(SLOW, seed=0))
    assert shift.is_trusted
    # Windows that see the step of the rim make (-0.056, 0.001) of (-0.05, -0.02), and trust it.
    np.testing.assert_allclose(np.polyfit(np.arange(41), shift.values, 1)[0], SLOW, atol=0.005)


def test_no_drift_is_not_trusted_and_says_so():
    with pytest.warns(DarfixWarning, match="not trusted: .* does not differ from none"):
        shift = dc.find_shift(drifting((0.0, 0.0)))
    assert np.hypot(*shift.velocity) < 0.02


def test_two_parts_that_move_apart_are_not_trusted():
    upper, lower = (np.asarray(drifting(velocity).frames) for velocity in (FAST, (0.4, 0.12)))
    halves = np.where(np.arange(256)[:, None] < 128, upper, lower)
    shift = quiet(dc.Dataset.from_array(halves))
    assert not shift.is_trusted
    assert "parts of the field" in shift.reason or "does not differ" in shift.reason


def test_value_of_which_one_component_is_hardly_known_is_not_trusted():
    pull = np.tile([[0.01, 0.5], [-0.01, -0.5]], (4, 1))
    corners = np.argwhere(np.ones((2, 4))) * 64
    evidence = Evidence(np.array([0.5, 1.0]), pull, np.zeros(2), np.zeros(2))
    trusted, reason = judge(evidence, corners, "The drift")
    assert not trusted
    assert "does not differ from none" in reason


@pytest.mark.skipif("DARFIX_SAMPLE_DATA" not in os.environ, reason="DARFIX_SAMPLE_DATA names no folder of samples")
@pytest.mark.parametrize("background", [False, True])
def test_drift_of_a_measured_scan_is_right_within_its_uncertainty(background):
    dataset = dc.define_dimensions(dc.load(Path(os.environ["DARFIX_SAMPLE_DATA"]) / "rocking.h5"))
    if background:
        dataset = dc.subtract_background(dataset, method="percentile", percentile=5.0)
    shift = quiet(dataset)
    stated = shift.uncertainty[0] / np.abs(dataset.positions["mu"][0] - dataset.positions["mu"].mean())
    # Texture divided by its local mean gives (-133, 3) px/deg in frames that are 8 to 40 apart.
    assert (np.abs(np.subtract(shift.velocity, (-133, 3))) < 2.5 * stated).all()
    assert (stated < 40).all()


@pytest.mark.parametrize("reference", ["neighbour", "mean", "frame"])
def test_random_walk_is_found_frame_by_frame(reference):
    scene = Scene(mosaicity=0.2)
    walk = random_walk(scene.n_frames, 0.3, np.random.default_rng(7))
    shift = dc.find_shift(scene.dataset(walk, 7), model="frames", reference=reference)
    good = shift.trusted & (shift.uncertainty < 0.05).all(axis=1)
    # The lit part of the scan: 2.2 widths to each side of its middle.
    assert good.sum() >= 14
    error = (shift.values - walk)[good]
    assert np.sqrt(np.mean((error - error.mean(axis=0)) ** 2)) < 0.05


def test_dim_frame_among_bright_ones_gets_the_shift_between_them():
    walk = linear_trajectory((-0.2, 0.3), SCENE.n_frames)
    frames = np.array(SCENE.dataset(walk, 5).frames)
    frames[12] = np.random.default_rng(0).normal(0, 10, frames.shape[1:])
    shift = dc.find_shift(dc.Dataset.from_array(frames), model="frames")
    assert shift.trusted[12]
    middle = (shift.values[11] + shift.values[13]) / 2
    np.testing.assert_allclose(shift.values[12], middle, atol=0.05)
    assert (shift.uncertainty[12] > shift.uncertainty[[11, 13]]).all()


def test_frames_beyond_the_lit_ones_keep_the_last_shift_and_are_not_trusted():
    frames = np.array(drifting(FAST).frames)
    frames[21:] = np.random.default_rng(1).normal(0, 10, frames[21:].shape)
    shift = dc.find_shift(dc.Dataset.from_array(frames), model="frames")
    last = np.flatnonzero(shift.trusted)[-1]
    assert last < 21
    assert not shift.trusted[21:].any()
    np.testing.assert_array_equal(shift.values[21:], np.tile(shift.values[last], (4, 1)))
    assert (np.diff(shift.uncertainty[21:], axis=0) > 0).all()


def mesh(seed: int = 3) -> tuple[dc.Dataset, np.ndarray]:
    """Mesh of 4 chi and 21 mu: the crystal moves by (0.5, -0.3) px a step of chi. With the true places."""
    chi, mu = np.meshgrid(np.arange(4.0), 0.1 * np.arange(21), indexing="ij")
    scene = replace(SCENE, n_frames=21)
    places = chi.reshape(-1, 1) * (0.5, -0.3)
    lines = [scene.dataset(places[21 * i : 21 * (i + 1)], seed) for i in range(4)]
    frames = np.concatenate([np.asarray(line.frames) for line in lines])
    # The noise of the lines is that of one seed: it would stand still.
    frames += np.random.default_rng(99).normal(0, 20, frames.shape).astype(np.float32)
    dataset = dc.Dataset.from_array(frames, {"chi": chi, "mu": mu})
    return dc.define_dimensions(dataset), places


def test_mesh_has_a_drift_along_the_motor_that_is_named():
    dataset, places = mesh()
    shift = dc.find_shift(dataset, motor="chi", lags=(1, 2))
    assert shift.velocity == pytest.approx((0.5, -0.3), abs=0.03)
    np.testing.assert_allclose(shift.values, places - places.mean(axis=0), atol=0.06)
    with pytest.raises(ValueError, match="motor must be one of 'chi', 'mu' .* several motors, got None"):
        dc.find_shift(dataset)


def test_every_position_of_a_motor_has_one_shift():
    dataset, places = mesh()
    shift = dc.find_shift(dataset, model="dimension", motor="chi")
    by_line = shift.values.reshape(4, 21, 2)
    np.testing.assert_array_equal(by_line, np.repeat(by_line[:, :1], 21, axis=1))
    np.testing.assert_allclose(by_line[:, 0] - by_line[0, 0], places[::21], atol=0.05)


def test_whole_pixel_shift_agrees_with_scipy():
    image = np.asarray(drifting((0.0, 0.0)).frames[12])
    frames = np.array([scipy.ndimage.shift(image, (3 * k, -2 * k), order=1) for k in range(6)])
    frames += np.random.default_rng(2).normal(0, 20, frames.shape)
    shift = dc.find_shift(dc.Dataset.from_array(frames), model="frames", reference="frame", reference_frame=0)
    # Half a percent, as the content leaves its tiles.
    np.testing.assert_allclose(shift.values, np.outer(np.arange(6), (3, -2)), rtol=0.007, atol=0.03)


def test_published_way_finds_a_drift_roughly_and_never_trusts_it():
    scene = replace(SCENE, mosaicity=0.0, texture=1.0)
    shift = quiet(drifting((-0.6, 0.4), scene), model="published")
    assert shift.velocity == pytest.approx((-0.6, 0.4), abs=0.3)
    assert not shift.is_trusted
    assert "published way" in shift.reason


def test_signed_counts_without_background_give_the_same_drift():
    # A fourth of the frames is lit: the median holds next to nothing of the crystal, which would stand still.
    dataset = drifting(FAST, Scene(pedestal=500.0))
    signed = dc.subtract_background(dataset)
    assert np.asarray(signed.frames).min() < 0
    assert dc.find_shift(signed).velocity == pytest.approx(FAST, abs=0.015)


def test_masked_pixels_and_pixels_that_are_no_numbers_do_no_harm():
    dataset = drifting(FAST)
    frames = np.array(dataset.frames)
    rng = np.random.default_rng(4)
    frames[:, rng.integers(0, 256, 60), rng.integers(0, 256, 60)] = np.nan
    mask = np.zeros((256, 256), bool)
    mask[rng.integers(0, 256, 200), rng.integers(0, 256, 200)] = True
    mask[100:140, 90:150] = True
    frames[:, mask] = 1e6
    shift = dc.find_shift(dc.Dataset.from_array(frames).replace(mask=mask))
    assert shift.velocity == pytest.approx(FAST, abs=0.01)


def test_large_frames_are_binned_and_shifts_stay_in_pixels(monkeypatch):
    monkeypatch.setattr("darfix_core.steps.shift_field._MOST_PIXELS", 128)
    scene = replace(SCENE, texture=3.0, mosaicity=0.2)
    shift = quiet(drifting((-0.4, 0.24), scene))
    np.testing.assert_allclose(shift.velocity, (-0.4, 0.24), atol=0.03)


def test_region_is_the_part_that_is_looked_at():
    frames = np.array(drifting(FAST).frames)
    frames[:, :, 128:] = np.asarray(drifting((0.5, 0.5)).frames)[:, :, 128:]
    shift = dc.find_shift(dc.Dataset.from_array(frames), region=(0, 0, 256, 128))
    assert shift.velocity == pytest.approx(FAST, abs=0.015)
    with pytest.raises(ValueError, match="does not lie in the frame"):
        dc.find_shift(dc.Dataset.from_array(frames), region=(0, 0, 256, 999))


@pytest.mark.parametrize("model", ["linear", "frames", "published"])
@pytest.mark.parametrize("counts", [0, 7, np.nan])
def test_constant_frames_are_not_trusted_rather_than_an_error(model, counts):
    shift = quiet(dc.Dataset.from_array(np.full((6, 64, 64), counts, np.float32)), model=model)
    assert not shift.is_trusted
    assert np.isfinite(shift.values).all()
    assert shift.reason


@pytest.mark.parametrize("model", ["linear", "frames"])
def test_noise_alone_is_not_trusted(model):
    noise = np.random.default_rng(0).normal(100, 10, (20, 128, 128)).astype(np.float32)
    assert not quiet(dc.Dataset.from_array(noise), model=model).is_trusted


@pytest.mark.parametrize("model", ["linear", "frames"])
def test_shift_as_large_as_the_image_is_not_trusted(model):
    rng = np.random.default_rng(0)
    frames = [np.asarray(drifting((0.0, 0.0), seed=seed).frames[12]) for seed in rng.integers(100, 200, 4)]
    assert not quiet(dc.Dataset.from_array(np.array(frames)), model=model).is_trusted


def test_frames_that_are_too_small_are_not_trusted():
    with pytest.warns(DarfixWarning, match="no part of 16 x 16 pixels"):
        shift = dc.find_shift(dc.Dataset.from_array(np.ones((3, 8, 40))))
    assert not shift.is_trusted


def test_what_cannot_be_asked_for_is_refused_in_words():
    dataset = drifting(FAST)
    with pytest.raises(ValueError, match="at least two frames, got 1"):
        dc.find_shift(dataset.select_frames([0]))
    with pytest.raises(ValueError, match="motor must be one of mu, or None, got 'chi'"):
        dc.find_shift(dataset, motor="chi")
    with pytest.raises(ValueError, match="lags must hold at least one"):
        dc.find_shift(dataset, lags=())
    with pytest.raises(ValueError, match="reference_frame must be in 0 to 24, got 25"):
        dc.find_shift(dataset, model="frames", reference="frame", reference_frame=25)
    there_and_back = dataset.replace(positions={"mu": np.abs(np.arange(25.0) - 12)})
    with pytest.raises(DimensionError, match="define_dimensions"):
        dc.find_shift(there_and_back, motor="mu")
