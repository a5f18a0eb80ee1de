"""Frames moved back: where they lie, what is left of their counts, and what is known about them."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

import darfix_core as dc
from darfix_core.engine import scratch
from darfix_core.engine.execution import execution
from darfix_core.engine.pixel_maps import map_pixels
from darfix_core.engine.scratch import ScratchSource
from darfix_core.errors import Cancelled, DarfixWarning
from tests.contracts.cases import SlowSource

from .shift_scenes import Scene, linear_trajectory

INTERPOLATIONS = ["linear", "cubic", "fourier"]


def highest_counts(block, rows):
    """Highest count of every curve; NaN where one is NaN."""
    return {"image": block.max(axis=0)}


def moved(stack, shifts, **parameters):
    """Frames of a corrected stack."""
    return dc.correct_shift(dc.Dataset.from_array(np.asarray(stack)), dc.Shift(shifts), **parameters).frames[:]


@pytest.mark.parametrize("interpolation", INTERPOLATIONS)
def test_spot_comes_back_to_where_it_was(interpolation):
    y, x = np.indices((40, 50))
    shifts = np.array([(0.0, 0.0), (3.0, -4.0), (-0.3, 2.6), (5.5, 0.5)])
    spots = [1000 * np.exp(-((y - 18 - dy) ** 2 + (x - 24 - dx) ** 2) / (2 * 3.0**2)) for dy, dx in shifts]
    for frame in moved(spots, shifts, interpolation=interpolation):
        # Linear interpolation widens the spot, but does not move it.
        assert ndimage.center_of_mass(np.nan_to_num(frame)) == pytest.approx((18, 24), abs=0.01)


@pytest.mark.parametrize("interpolation", INTERPOLATIONS)
@pytest.mark.parametrize("dtype", [np.uint16, np.int32, np.float32, np.float64])
def test_intensity_is_conserved_away_from_the_borders(interpolation, dtype):
    y, x = np.indices((40, 50))
    spot = (5000 * np.exp(-((y - 20) ** 2 + (x - 25) ** 2) / (2 * 2.5**2))).astype(dtype)
    shifts = np.array([(0.5, 0.5), (3.2, -4.9), (-2.0, 1.0), (0.0, 0.25)])
    frames = moved([spot] * 4, shifts, interpolation=interpolation)
    np.testing.assert_allclose(np.nansum(frames, axis=(1, 2)), spot.sum(dtype=float), rtol=1e-3)


@pytest.mark.parametrize("interpolation", INTERPOLATIONS)
@pytest.mark.parametrize(
    ("dtype", "value", "expected"),
    [
        (np.uint8, 255, np.float32),
        (np.uint16, 40000, np.float32),
        (np.int16, -30000, np.float32),
        (np.int32, 2**31 - 1, np.float64),
        (np.float32, 0.7, np.float32),
        (np.float64, 0.7, np.float64),
    ],
)
def test_no_type_of_counts_is_cut_off(dtype, value, expected, interpolation):
    frames = moved(np.full((3, 12, 14), value, dtype), [(0, 0), (0.3, -0.6), (2, 1.5)], interpolation=interpolation)
    assert frames.dtype == expected
    inside = frames[np.isfinite(frames)]
    assert inside.size > 300
    if interpolation == "fourier":
        # Sums of many terms are rounded in their last digits.
        np.testing.assert_allclose(inside, dtype(value), rtol=1e-6)
    else:
        assert set(inside) == {expected(dtype(value))}


@pytest.mark.parametrize("interpolation", INTERPOLATIONS)
def test_whole_pixels_are_not_interpolated(rng, interpolation):
    stack = rng.integers(0, 65535, (3, 12, 14)).astype(np.uint16)
    frames = moved(stack, [(0, 0), (2, -3), (-1, 5)], interpolation=interpolation)
    for frame, result, (dy, dx) in zip(stack, frames, [(0, 0), (2, -3), (-1, 5)], strict=True):
        expected = ndimage.shift(frame.astype(float), (-dy, -dx), order=0, cval=np.nan)
        np.testing.assert_array_equal(result, expected)


@pytest.mark.parametrize("interpolation", INTERPOLATIONS)
def test_any_part_is_that_of_the_whole(rng, interpolation):
    dataset = dc.Dataset.from_array(rng.integers(0, 1000, (6, 40, 30)).astype(np.uint16))
    shift = dc.Shift(np.linspace((-12.3, 4.1), (14.7, -3.0), 6))
    frames = dc.correct_shift(dataset, shift, interpolation=interpolation).frames
    whole = frames[:]
    for part in (
        np.s_[2:2],
        np.s_[2:5, 7:9, 3:29],
        np.s_[[5, 0], 39:40, :],
        np.s_[3:4, 0:1, 0:1],
        np.s_[::2, 20:33, 29:30],
    ):
        # A product with fewer rows adds up in another order.
        np.testing.assert_allclose(frames[part], whole[part], rtol=1e-6 if interpolation == "fourier" else 0)


@pytest.mark.parametrize("interpolation", INTERPOLATIONS)
def test_moments_of_moved_frames_do_not_depend_on_blocks(mosaicity_dataset, interpolation):
    walk = dc.Shift(np.random.default_rng(4).uniform(-2, 2, (mosaicity_dataset.n_frames, 2)))
    in_memory = dc.correct_shift(mosaicity_dataset, walk, interpolation=interpolation)
    expected = dc.moments(in_memory.replace(frames=dc.Frames.from_array(in_memory.frames[:])))
    with execution(threads=2, memory=20_000):
        found = dc.moments(in_memory)
    for name in expected:
        np.testing.assert_allclose(found[name], expected[name], rtol=1e-4, atol=1e-6, err_msg=name)


def test_only_what_is_needed_of_a_frame_is_read(monkeypatch):
    dataset = dc.Dataset.from_array(np.zeros((4, 100, 60), np.uint16))
    frames = dc.correct_shift(dataset, dc.Shift([(20.5, 1)] * 4)).frames
    read, regions = frames.source.read, []
    monkeypatch.setattr(type(frames.source), "read", lambda self, region: regions.append(region) or read(region))
    frames.read(slice(1, 2), slice(30, 40))
    (region,) = regions
    assert (region.frames, region.rows) == (slice(1, 2), slice(50, 61))


@pytest.mark.parametrize("interpolation", INTERPOLATIONS)
def test_curves_of_moved_frames_are_computed_in_bounded_memory(rng, interpolation, monkeypatch):
    stack = rng.integers(0, 1000, (20, 60, 32)).astype(np.uint16)
    dataset = dc.Dataset.from_array(stack)
    from_file = dataset.replace(frames=dc.Frames(SlowSource(stack)))
    shift = dc.Shift(np.linspace((-14, 3), (15, -2), 20))
    expected, frames = (dc.correct_shift(d, shift, interpolation=interpolation).frames for d in (dataset, from_file))
    monkeypatch.setattr(scratch, "_BAND_BYTES", 2**13)
    read, heights = ScratchSource.read, []
    monkeypatch.setattr(
        ScratchSource,
        "read",
        lambda self, region: heights.append(np.ptp([region.rows.start, region.rows.stop])) or read(self, region),
    )
    with execution(threads=2, memory=2**16):
        highest = map_pixels(frames, highest_counts)["image"]
    # No more rows of all frames than fit into the memory, where moving them takes 30 and more.
    assert heights
    assert max(heights) * 20 * 32 * 4 <= 2**16
    np.testing.assert_allclose(highest, expected[:].max(axis=0), rtol=1e-5)
    assert from_file.frames.source.read_pixels <= stack.size


@pytest.mark.parametrize("interpolation", INTERPOLATIONS)
def test_crop_leaves_what_all_frames_have(interpolation):
    dataset = dc.Dataset.from_array(np.ones((3, 30, 40), np.uint16)).replace(origin=(100, 200))
    shift = dc.Shift([(0, 0), (2.5, -1), (-0.2, -3)])
    result = dc.correct_shift(dataset, shift, borders="crop", interpolation=interpolation)
    assert (result.origin, result.frame_shape) == ((101, 203), (26, 37))
    assert np.isfinite(result.frames[:]).all()
    whole = dc.correct_shift(dataset, shift, interpolation=interpolation)
    # One row or column more would hold a border.
    assert np.isnan(whole.frames[:][:, 0]).any()
    assert np.isnan(whole.frames[:][:, 27]).any()
    assert np.isnan(whole.frames[:][..., 2]).any()


@pytest.mark.parametrize("interpolation", INTERPOLATIONS)
def test_masked_pixels_have_no_say(interpolation):
    stack = np.full((2, 12, 14), 100, np.uint16)
    stack[:, 5, 6] = 60000
    mask = stack[0] > 1000
    dataset = dc.Dataset.from_array(stack).replace(mask=mask)
    result = dc.correct_shift(dataset, dc.Shift([(0, 0), (1.5, 0)]), interpolation=interpolation)
    assert np.argwhere(result.mask).tolist() == [[3, 6], [4, 6], [5, 6]]
    np.testing.assert_allclose(result.frames[:][:, ~result.mask][:, :100], 100, rtol=1e-6)
    np.testing.assert_array_equal(dataset.mask, mask)


def test_masked_pixels_are_nan_in_later_maps(mosaicity_dataset):
    mask = np.zeros(mosaicity_dataset.frame_shape, dtype=bool)
    mask[4, 4] = True
    shift = dc.Shift(np.linspace((0, 0), (0, 2), mosaicity_dataset.n_frames))
    maps = dc.moments(dc.correct_shift(mosaicity_dataset.replace(mask=mask), shift))
    assert np.isnan(maps["mu/center_of_mass"][4, 2:5]).all()
    assert np.isfinite(maps["mu/center_of_mass"][4, 5])


def test_drifting_crystal_gives_the_maps_of_one_that_does_not():
    scene = Scene(shape=(64, 64), n_frames=21, texture=4.0, signal_to_noise=1e6)
    trajectory = linear_trajectory((0.3, -0.2), scene.n_frames)
    still, drifting = (scene.dataset(path, 5) for path in (0 * trajectory, trajectory))
    frames = dc.correct_shift(drifting, dc.Shift(trajectory), interpolation="cubic").frames[:]
    inside = np.isfinite(frames).all(axis=0)
    assert inside.mean() > 0.8
    difference = (frames - still.frames[:])[:, inside]
    uncorrected = (drifting.frames[:] - still.frames[:])[:, inside]
    # Cubic interpolation of detail of 4 px leaves a percent; the drift itself changes counts by a third.
    assert difference.std() < 0.02 * uncorrected.std()


def test_untrusted_shift_is_not_applied_but_told(mosaicity_dataset):
    n_frames = mosaicity_dataset.n_frames
    shift = dc.Shift(np.ones((n_frames, 2)), trusted=np.zeros(n_frames), reason="The halves disagree.")
    with pytest.warns(DarfixWarning, match="not moved, since the shift is not trusted: The halves disagree"):
        result = dc.correct_shift(mosaicity_dataset, shift)
    np.testing.assert_array_equal(result.frames[:], mosaicity_dataset.frames[:])
    assert result.frames.dtype == mosaicity_dataset.frames.dtype
    assert result.history.nodes[result.history.head].step == "correct_shift"


def test_untrusted_shift_is_applied_when_asked_for(mosaicity_dataset):
    n_frames = mosaicity_dataset.n_frames
    shift = dc.Shift(np.ones((n_frames, 2)), trusted=np.zeros(n_frames))
    result = dc.correct_shift(mosaicity_dataset, shift, apply_untrusted=True)
    np.testing.assert_array_equal(result.frames[:][:, :-1, :-1], mosaicity_dataset.frames[:][:, 1:, 1:])


def test_dark_frames_are_left_out(mosaicity_dataset):
    dark = dc.Frames.from_array(np.ones((2, *mosaicity_dataset.frame_shape), np.uint16))
    shift = dc.Shift(np.ones((mosaicity_dataset.n_frames, 2)))
    result = dc.correct_shift(mosaicity_dataset.replace(dark=dark), shift)
    assert result.dark is None


def test_shift_as_large_as_the_image_is_refused():
    with pytest.raises(ValueError, match=r"smaller than the frames of 5 x 6 px, got \(0, 6\) px for frame 1"):
        moved(np.zeros((2, 5, 6)), [(0, 0), (0, 6)])


def test_shift_of_another_scan_is_refused():
    with pytest.raises(ValueError, match="each of the 2 frames, got 3"):
        moved(np.zeros((2, 5, 6)), np.zeros((3, 2)))


def test_fourier_interpolation_stops_between_frames_when_cancelled():
    asked = iter([False, False])
    with execution(cancelled=lambda: next(asked, True)), pytest.raises(Cancelled):
        moved(np.ones((6, 16, 16)), np.full((6, 2), 0.3), interpolation="fourier")
    assert next(asked, None) is None
