"""What every result is and keeps: a new object, complete, with units, NaN where nothing is known."""

from __future__ import annotations

import numpy as np
import pytest

import darfix_core as dc
from darfix_core.engine.registry import get_step
from darfix_core.errors import DimensionError

from .cases import (
    GIVE_DATASETS,
    GIVE_MAPS,
    OTHER_FRAMES,
    OTHER_PIXELS,
    PURE,
    arrays_of,
    assert_same,
    cases,
    inputs_of,
    required_of,
    scan,
    selected,
)

#: Step -> parts of a dataset that it is there to change.
CHANGES = {
    "define_dimensions": {"dimensions", "grid_index"},
    "subtract_background": {"noise", "dark"},
    "subtract_dark": {"noise", "dark"},
    "divide_flat": {"noise", "dark"},
    "noise_removal": {"noise", "dark"},
    "select_frames": {"dimensions", "grid_index"},
    "partition": {"dimensions", "grid_index"},
    "binning": {"noise", "dark", "mask", "pixel_size"},
    "apply_mask": {"mask"},
    "concatenate": {"positions", "counters", "metadata", "dimensions", "grid_index"},
    "projection": {"dimensions", "grid_index", "units", "noise", "dark"},
    "normalise": {"metadata", "noise", "dark"},
    "correct_shift": {"noise", "mask", "dark"},
    "shift_correction": {"noise", "mask", "dark"},
}
#: Map, by the last part of its name, that has no unit -> why it needs none.
PURE_NUMBERS = {
    "skewness": "a ratio of moments",
    "kurtosis": "a ratio of moments",
    "mosaicity": "colours",
}
#: Step, or parameter of it, whose result depends on the order of the frames -> why it may.
BY_ORDER = {
    "define_dimensions": "which motor runs slowly, and which way, is read from the order",
    "subtract_background.every": "every k-th frame is taken as they come",
    "scan_quality": "the order of the frames is one of its checks, and drift goes on from frame to frame",
    "correct_shift": "a frame that is not trusted gets the shift between those before and behind it",
    "shift_correction": "a frame that is not trusted gets the shift between those before and behind it",
}


@pytest.mark.parametrize("name", PURE)
def test_inputs_stay_as_they_were(name):
    for case in cases(name):
        before = {key: {part: v.copy() for part, v in arrays_of(value).items()} for key, value in case.inputs.items()}
        histories = {key: value.history.head for key, value in case.inputs.items()}
        result = case.step(**case.inputs, **case.parameters)
        arrays_of(result)
        for key, value in case.inputs.items():
            assert result is not value, case
            assert value.history.head == histories[key], case
            for part, array in arrays_of(value).items():
                np.testing.assert_array_equal(array, before[key][part], err_msg=f"{case}: {key}: {part}")


@pytest.mark.parametrize("name", PURE)
def test_result_is_of_the_kind_that_the_step_states(name):
    for case in cases(name):
        kinds = {name: type(value) for name, value in case.step.results(case.result).items()}
        # A further output may stay empty, as where no frame is left for it.
        empty = {name for name, kind in kinds.items() if kind is type(None) and name != next(iter(kinds))}
        expected = {name: kind for name, kind in case.step.outputs.items() if name not in empty}
        assert {name: kind for name, kind in kinds.items() if name not in empty} == expected, case


@pytest.mark.parametrize("name", PURE)
def test_results_cannot_be_written_to(name):
    for case in cases(name):
        for part, array in arrays_of(case.result).items():
            shared = [before for value in case.inputs.values() for before in arrays_of(value).values()]
            if any(np.shares_memory(array, before) for before in shared):
                assert not array.flags.writeable, f"{case}: {part} is memory of an input, and can be changed"


@pytest.mark.parametrize("name", PURE)
def test_steps_tell_truly_whether_they_need_dimensions(name):
    step = get_step(name)
    given = {
        key: value.replace(dimensions=(), grid_index=None) if isinstance(value, dc.Dataset) else value
        for key, value in inputs_of(step).items()
    }
    if step.needs_dimensions:
        with pytest.raises(DimensionError, match="define_dimensions"):
            step(**given, **cases(name)[0].parameters)
    else:
        step(**given, **cases(name)[0].parameters)


@pytest.mark.parametrize("name", GIVE_DATASETS)
def test_dataset_keeps_what_the_step_is_not_there_to_change(name):
    changed = CHANGES.get(name, set())
    for case, given, result in _given_and_made(name):
        for part in {"noise", "metadata", "pixel_size", "orientation", "units", "dimensions"} - changed:
            assert getattr(result, part) == getattr(given, part), f"{case}: {part}"
        if name in OTHER_FRAMES:
            continue
        for part in ("positions", "counters"):
            found, expected = getattr(result, part), getattr(given, part)
            assert list(found) == list(expected), f"{case}: {part}"
            for key in expected:
                np.testing.assert_array_equal(found[key], expected[key], err_msg=f"{case}: {part} of {key}")
        if "grid_index" not in changed:
            np.testing.assert_array_equal(result.grid_index, given.grid_index, err_msg=str(case))


@pytest.mark.parametrize("name", GIVE_DATASETS)
def test_mask_and_dark_frames_stay_on_their_pixels(name):
    changed = CHANGES.get(name, set())
    for case, given, result in _given_and_made(name):
        if name in OTHER_PIXELS:
            continue
        y, x = np.subtract(result.origin, given.origin)
        ny, nx = result.frame_shape
        if "mask" not in changed:
            np.testing.assert_array_equal(result.mask, given.mask[y : y + ny, x : x + nx], err_msg=str(case))
        if "dark" not in changed:
            dark = given.dark[:][:, y : y + ny, x : x + nx]
            np.testing.assert_array_equal(result.dark[:], dark, err_msg=str(case))


def _given_and_made(name):
    """Each case of a step from datasets to datasets, its main input, and each of the datasets that it gives."""
    for case in cases(name):
        given = next(iter(case.inputs.values()))
        if isinstance(given, dc.Dataset):
            yield from ((case, given, result) for result in case.datasets)


@pytest.mark.parametrize("name", sorted(CHANGES))
def test_changes_that_are_allowed_for_are_made(name):
    step = get_step(name)
    given = scan().replace(dimensions=(), grid_index=None) if name == "define_dimensions" else scan()
    inputs = {key: given if value is scan() else value for key, value in inputs_of(step).items()}
    with dc.execution(on_warning=lambda message: None):
        result = next(iter(step.results(step(**inputs, **required_of(step))).values()))
    for part in CHANGES[name]:
        assert repr(getattr(result, part)) != repr(getattr(given, part)), f"{name} does not change {part}"


@pytest.mark.parametrize("name", GIVE_MAPS)
def test_maps_have_descriptions_and_units_and_know_their_place(name):
    for case in cases(name):
        given, result = next(iter(case.inputs.values())), case.result
        assert result.shape == (given.frame_shape if isinstance(given, dc.Dataset) else given.shape), case
        assert result.pixel_size == given.pixel_size, case
        assert result.origin == given.origin, case
        assert result.dimensions == given.dimensions, case
        assert dict(given.metadata).items() <= dict(result.metadata).items(), case
        for key in result:
            assert result.description(key), f"{case}: {key} has no description"
            motor, _, quantity = key.rpartition("/")
            assert bool(result.unit(key)) != (quantity in PURE_NUMBERS), f"{case}: {key}: unit {result.unit(key)!r}"
            if quantity in ("center_of_mass", "center", "fwhm"):
                assert result.unit(key) == given.unit(motor), f"{case}: {key}"


def test_maps_that_may_have_no_unit_exist():
    found = {key.rpartition("/")[2] for name in GIVE_MAPS for case in cases(name) for key in case.result}
    assert set(PURE_NUMBERS) <= found


@pytest.mark.parametrize("name", GIVE_MAPS)
def test_masked_pixels_are_nan_in_every_map(name):
    for case in cases(name):
        mask = next((value.mask for value in case.inputs.values() if isinstance(value, dc.Dataset)), None)
        for key in case.result:
            values = case.result[key]
            assert values.dtype.kind == "f", f"{case}: {key} of {values.dtype} cannot hold NaN"
            if mask is not None:
                assert np.isnan(values[mask]).all(), f"{case}: {key}"
                assert np.isfinite(values[~mask]).any(), f"{case}: {key} is empty"


@pytest.mark.parametrize("name", GIVE_MAPS)
def test_pixels_without_counts_are_nan_but_in_sums(name):
    # Zero is a value of a map, NaN is none. The sum over nothing is 0.
    for case in cases(name):
        dark = {key: _without_counts(value) for key, value in case.inputs.items()}
        with dc.execution(on_warning=lambda message: None):
            result = case.step(**dark, **case.parameters)
        for key in result:
            if result.unit(key) != "counts":
                assert np.isnan(result[key][6, 7]).all(), f"{case}: {key}"


def _without_counts(value):
    """Dataset in which a pixel is never lit."""
    if not isinstance(value, dc.Dataset):
        return value
    stack = value.frames[:].copy()
    stack[:, 6, 7] = 0
    return value.replace(frames=dc.Frames.from_array(stack))


@pytest.mark.parametrize("name", [name for name in PURE if name not in OTHER_FRAMES])
def test_order_of_the_frames_does_not_matter(name):
    shuffled = np.random.default_rng(7).permutation(scan().n_frames)
    bound = set()
    for case in cases(name):
        inputs = {key: selected(value, shuffled) for key, value in case.inputs.items()}
        results = case.step.results(case.step(**inputs, **case.parameters))
        result = tuple(results.values())
        expected = tuple(selected(value, shuffled) for value in case.step.results(case.result).values())
        reasons = BY_ORDER.keys() & {name, *(f"{name}.{key}" for key in case.parameters)}
        try:
            assert_same(result, expected, case, rtol=1e-5, atol=1e-9)
        except AssertionError:
            assert reasons, f"{case} depends on the order of the frames"
            bound |= reasons
    assert bound == {key for key in BY_ORDER if key.partition(".")[0] == name}, "an entry of BY_ORDER is not needed"


@pytest.mark.parametrize("name", GIVE_MAPS)
def test_frames_at_one_point_of_the_grid_are_averaged(name):
    for case in cases(name):
        doubled = [*range(scan().n_frames), 0, 17, 17]
        result = case.step(**{k: selected(v, doubled) for k, v in case.inputs.items()}, **case.parameters)
        assert_same(result, case.result, case, rtol=1e-5, atol=1e-9)


@pytest.mark.parametrize("name", PURE)
def test_points_without_a_frame_are_missing_and_not_nought(name):
    left = np.delete(np.arange(scan().n_frames), [0, 9, 16, 34])
    for case in cases(name):
        inputs = {key: selected(value, left) for key, value in case.inputs.items()}
        with dc.execution(on_warning=lambda message: None):
            result = case.step(**inputs, **case.parameters)
        made = case.step.results(result).values()
        if any(isinstance(value, dc.Dataset) for value in inputs.values()) and name not in OTHER_FRAMES:
            for dataset in (value for value in made if isinstance(value, dc.Dataset)):
                assert dataset.n_frames == len(left), case
                assert dataset.missing.tolist() == [0, 9, 16, 34], case
        if isinstance(result, dc.Maps):
            assert list(result) == list(case.result), case
            # The peak of this pixel lies at other points: it stays where it was, within what these add.
            for key in result:
                if key.endswith("center_of_mass"):
                    assert abs(result[key][8, 8] - case.result[key][8, 8]) < 0.05, f"{case}: {key}"
