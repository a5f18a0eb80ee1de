from __future__ import annotations

import numpy as np
import pytest

import darfix_core as dc
from darfix_core.engine.execution import execution
from darfix_core.workflow.comparison import compare


def maps(**values):
    return dc.Maps({name: dc.Map(np.asarray(array, dtype=float)) for name, array in values.items()})


def test_equal_maps_are_identical_with_their_undefined_pixels():
    stored = maps(a=[[1.0, np.nan]], b=[[0.0, 0.0]])
    assert all(entry.identical for entry in compare(stored, maps(a=[[1.0, np.nan]], b=[[0.0, 0.0]])))


def test_largest_difference_is_told_against_the_largest_value():
    [entry] = compare(maps(a=[[1.0, -10.0, 3.0]]), maps(a=[[1.0, -9.5, 3.1]]))
    assert not entry.identical
    assert (entry.largest, entry.relative) == pytest.approx((0.5, 0.05))


def test_pixels_that_are_undefined_in_one_only_count():
    [entry] = compare(maps(a=[[1.0, np.nan, 2.0]]), maps(a=[[np.nan, np.nan, 2.0]]))
    assert (entry.identical, entry.largest, entry.n_undefined) == (False, 0.0, 1)


def test_maps_that_one_of_the_two_lacks_are_named():
    lacking, new = compare(maps(a=[[1.0]], b=[[1.0]]), maps(a=[[1.0]], c=[[1.0]]))[1:]
    assert (lacking.name, lacking.problem) == ("b", "is not among what is new")
    assert (new.name, new.problem) == ("c", "is not among what is stored")


def test_other_shape_is_told():
    [entry] = compare(maps(a=[[1.0]]), maps(a=[[1.0, 2.0]]))
    assert entry.problem == "has the shape (1, 2), stored is (1, 1)"


@pytest.mark.parametrize("threads", [1, 3])
def test_frames_are_compared_block_by_block(threads):
    stack = np.arange(7 * 4 * 5, dtype=np.uint16).reshape(7, 4, 5)
    other = stack.copy()
    other[5, 2, 3] -= 14
    with execution(threads=threads, memory=3000):
        [same] = compare(dc.Dataset.from_array(stack), dc.Dataset.from_array(stack.copy()))
        [entry] = compare(dc.Dataset.from_array(stack), dc.Dataset.from_array(other))
    assert same.identical
    assert (entry.largest, entry.relative) == (14.0, pytest.approx(14 / 139))
    [entry] = compare(dc.Dataset.from_array(stack), dc.Dataset.from_array(stack[1:]))
    assert entry.problem == "has the shape (6, 4, 5), stored is (7, 4, 5)"


def test_positions_and_dimensions_are_compared_too(rocking_dataset):
    shifted = rocking_dataset.replace(positions={"mu": rocking_dataset.positions["mu"] + 0.004})
    differences = {entry.name: entry for entry in compare(rocking_dataset, shifted)}
    assert [name for name, entry in differences.items() if not entry.identical] == ["positions of mu"]
    assert differences["positions of mu"].relative == pytest.approx(0.01)
    bare = rocking_dataset.replace(dimensions=(), grid_index=None)
    assert {entry.name for entry in compare(rocking_dataset, bare) if entry.problem} == {
        "dimension mu",
        "place in the scan grid",
    }
