"""Steps take what detectors give: counts of any type and byte order, frames of any shape, and frames with holes."""

from __future__ import annotations

import numpy as np
import pytest

import darfix_core as dc
from darfix_core.engine.execution import execution

from .cases import (
    OTHER_PIXELS,
    PURE,
    REFUSALS,
    arrays_of,
    as_from_file,
    assert_same,
    cases,
    counts,
    made_for,
    main,
    maps,
    mesh_of,
    scan,
)

#: The same counts in other types: of the machine and of the other byte order.
TYPES = ["u2", "u4", "u8", "i2", "i4", "i8", "f4", "f8"]
#: Steps whose result in a pixel depends on all pixels, and why.
OF_ALL_PIXELS = {
    "divide_flat": "the response of a pixel is relative to the mean of all",
    "correct_shift": "Fourier interpolation takes all pixels together",
    "shift_correction": "Fourier interpolation takes all pixels together",
    "remove_hot_pixels": "the rule of darfix has a limit that is made from whole frames",
}
#: Steps that refuse data of negative counts in all their inputs, and why.
ABOVE_ZERO = {"divide_flat": "light leaves no counts below the dark level"}
#: Columns that are touched, and those that have to stay as they were.
SPOILT, FAR = slice(0, 2), slice(8, 16)


def ran(case, dataset, *, from_file=False):
    """Result of a case for other data in its inputs; the maps of them where it takes maps."""
    with execution(threads=2, on_warning=lambda message: None):
        given = {key: made_for(case.step.input_of(key).kind, dataset) for key in case.inputs}
        inputs = {key: as_from_file(value) if from_file else value for key, value in given.items()}
        return case.step(**inputs, **case.parameters)


def tried_with(case, dataset, **further):
    """Result of a case for other data, with all its frames computed; and the words in which it is refused."""
    try:
        result = ran(case, dataset, **further)
        arrays_of(result)
    except REFUSALS as error:
        return None, str(error)
    return result, "a result"


def with_frames(stack):
    return scan().replace(frames=dc.Frames.from_array(stack))


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("name", PURE)
def test_type_of_the_counts_does_not_change_the_result(name, dtype):
    for case in cases(name):
        native = ran(case, with_frames(counts().astype(dtype)))
        swapped = ran(case, with_frames(counts().astype(np.dtype(dtype).newbyteorder())))
        assert_same(swapped, native, f"{case}, {dtype} in the other byte order")
        expected = arrays_of(ran(case, with_frames(counts().astype(np.float64))))
        for part, array in arrays_of(native).items():
            np.testing.assert_allclose(array, expected[part], rtol=1e-5, atol=1e-5, err_msg=f"{case}, {dtype}: {part}")


@pytest.mark.parametrize("name", [name for name in PURE if name not in ABOVE_ZERO])
def test_negative_counts_are_counts(name):
    # As after the subtraction of a background.
    signed = counts().astype(np.int64) - 90
    for case in cases(name):
        expected = arrays_of(ran(case, with_frames(signed.astype(np.float64))))
        for dtype in ("i2", ">i4", "f4"):
            for part, array in arrays_of(ran(case, with_frames(signed.astype(dtype)))).items():
                message = f"{case}, {dtype}: {part}"
                np.testing.assert_allclose(array, expected[part], rtol=1e-4, atol=1e-4, err_msg=message)


@pytest.mark.parametrize("layout", ["reversed", "every other", "columns first", "frames last", "read-only"])
@pytest.mark.parametrize("name", PURE)
def test_layout_in_memory_does_not_change_the_result(name, layout):
    stack = counts()
    laid_out = {
        "reversed": lambda: stack[::-1, ::-1, ::-1].copy()[::-1, ::-1, ::-1],
        "every other": lambda: np.repeat(np.repeat(stack, 2, axis=1), 2, axis=2)[:, ::2, ::2],
        "columns first": lambda: np.asfortranarray(stack),
        "frames last": lambda: np.ascontiguousarray(stack.transpose(1, 2, 0)).transpose(2, 0, 1),
        "read-only": lambda: np.frombuffer(stack.tobytes(), stack.dtype).reshape(stack.shape),
    }[layout]()
    for case in cases(name):
        if len(case.inputs) == 1:
            assert_same(ran(case, with_frames(laid_out)), ran(case, with_frames(stack)), case, rtol=1e-12)


@pytest.mark.parametrize("from_file", [False, True])
@pytest.mark.parametrize("shape", [(1, 1), (1, 16), (12, 1), (2, 130), (131, 3)], ids=str)
@pytest.mark.parametrize("name", PURE)
def test_frames_of_any_shape_give_a_result_or_a_clear_error(name, shape, from_file):
    stack = counts(ny=shape[0], nx=shape[1])
    dataset = mesh_of(stack, dark=dc.Frames.from_array(stack[:3] // 100))
    for number, case in enumerate(cases(name)):
        result, words = tried_with(case, dataset, from_file=from_file)
        assert words, case
        # What makes one pixel of several may need several.
        if number == 0 and not (result is None and name in OTHER_PIXELS):
            assert result is not None, f"{name} refuses frames of {shape} with its defaults: {words}"
            made = main(case.step, result)
            if isinstance(made, dc.Dataset | dc.Maps) and name not in OTHER_PIXELS:
                assert (made.shape if isinstance(made, dc.Maps) else made.frame_shape) == shape, case


@pytest.mark.parametrize("name", PURE)
def test_one_frame_gives_a_result_or_a_clear_error(name):
    single = (
        scan()
        .select_frames([17])
        .replace(dimensions=(dc.Dimension("mu", [scan().positions["mu"][17]], "deg"),), grid_index=[0])
    )
    for case in cases(name):
        assert tried_with(case, single)[1], case


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf], ids=str)
@pytest.mark.parametrize("name", PURE)
def test_counts_that_are_no_numbers_spoil_only_their_pixels(name, value):
    stack = counts().astype(np.float32)
    spoilt = stack.copy()
    spoilt[3, :, SPOILT] = value
    for case in cases(name):
        result, words = tried_with(case, with_frames(spoilt))
        assert words, case
        if result is None:
            continue
        expected = arrays_of(ran(case, with_frames(stack)))
        for part, array in arrays_of(result).items():
            # Colours depend on all pixels by the range that they span.
            if array.shape[-2:] == scan().frame_shape and name not in OF_ALL_PIXELS:
                np.testing.assert_allclose(
                    array[..., FAR], expected[part][..., FAR], rtol=1e-6, err_msg=f"{case}: {part}"
                )
            if isinstance(result, dc.Maps) and array.ndim == 2:
                assert not np.isfinite(array[:, SPOILT]).any(), f"{case}: {part} hides what is no number"


@pytest.mark.parametrize("fill", [0, 65535])
@pytest.mark.parametrize("name", PURE)
def test_frames_all_alike_give_a_result_or_a_clear_error(name, fill):
    for case in cases(name):
        assert tried_with(case, with_frames(np.full_like(counts(), fill)))[1], case


def test_maps_of_the_scan_are_those_of_its_moments():
    assert_same(maps(), dc.moments(scan()), "the maps that steps are tried on")
