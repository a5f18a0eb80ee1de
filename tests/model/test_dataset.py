"""The scan as the steps pass it on."""

from __future__ import annotations

import copy
import dataclasses
import pickle

import numpy as np
import pytest

from darfix_core import Dataset, Dimension, Frames
from darfix_core.model.frame_sources import ArraySource, SourceFile


@pytest.fixture
def array(rng):
    return rng.integers(0, 1000, (6, 4, 5)).astype(np.uint16)


def test_from_array_keeps_the_array_and_its_units(array):
    dataset = Dataset.from_array(array, {"mu": np.arange(6), "samz": np.zeros(6)}, unit={"mu": "deg", "samz": "mm"})
    assert np.shares_memory(dataset.frames[:], array)
    assert (dataset.unit("mu"), dataset.unit("samz"), dataset.unit("chi")) == ("deg", "mm", "")
    assert dataset.shape == (6, 4, 5)


def test_from_array_flattens_scan_axes(array):
    chi, mu = np.meshgrid([1, 2], [5, 6, 7], indexing="ij")
    dataset = Dataset.from_array(array.reshape(2, 3, 4, 5), {"chi": chi, "mu": mu})
    np.testing.assert_array_equal(dataset.positions["mu"], [5, 6, 7, 5, 6, 7])
    assert dataset.n_frames == 6


def test_nothing_can_be_changed(array):
    dataset = Dataset.from_array(array, {"mu": np.arange(6)})
    with pytest.raises(dataclasses.FrozenInstanceError):
        dataset.origin = (1, 1)
    with pytest.raises(TypeError):
        dataset.positions["mu"] = np.zeros(6)
    with pytest.raises(ValueError, match="read-only"):
        dataset.positions["mu"][0] = 3


def test_positions_are_copied_from_the_caller(array):
    mu = np.arange(6.0)
    dataset = Dataset.from_array(array, {"mu": mu})
    mu[0] = 99
    assert dataset.positions["mu"][0] == 0


@pytest.mark.parametrize(
    ("part", "message"),
    [
        ({"positions": {"mu": np.zeros(5)}}, r"positions\['mu'\] must hold one value for each of the 6 frames"),
        ({"counters": {"monitor": np.zeros(7)}}, r"counters\['monitor'\]"),
        ({"mask": np.zeros((5, 4), bool)}, r"mask must have the shape of a frame, \(4, 5\)"),
        ({"dark": Frames.from_array(np.zeros((1, 2, 2)))}, "dark frames must have the shape"),
        ({"grid_index": np.arange(6)}, "dimensions are not"),
        ({"dimensions": (Dimension("mu", np.arange(6)),)}, "grid_index is not"),
        ({"dimensions": (Dimension("mu", np.arange(5)),), "grid_index": np.arange(6)}, "a number in 0 to 4"),
    ],
)
def test_parts_that_do_not_fit_are_named(array, part, message):
    with pytest.raises(ValueError, match=message):
        Dataset(Frames.from_array(array), **part)


def test_grid_tells_missing_and_repeated_points(array):
    dimensions = (Dimension("chi", [0.0, 1.0]), Dimension("mu", [0.0, 1.0, 2.0]))
    dataset = Dataset(Frames.from_array(array), dimensions=dimensions, grid_index=[0, 1, 1, 3, 4, 4])
    assert dataset.scan_shape == (2, 3)
    np.testing.assert_array_equal(dataset.missing, [2, 5])
    np.testing.assert_array_equal(dataset.multiplicity, [1, 2, 2, 1, 2, 2])
    np.testing.assert_array_equal(dataset.on_grid([0, 1, 3, 5, 6, 8]), [[0, 2, np.nan], [5, 7, np.nan]])


def test_crop_takes_mask_and_dark_along(array):
    mask = np.zeros((4, 5), bool)
    mask[2, 3] = True
    dataset = Dataset(Frames.from_array(array), mask=mask, dark=Frames.from_array(array[:1]), origin=(10, 20))
    cropped = dataset.crop((1, 2), (3, 2))
    assert cropped.origin == (11, 22)
    np.testing.assert_array_equal(cropped.mask, mask[1:4, 2:4])
    np.testing.assert_array_equal(cropped.dark[0], array[0, 1:4, 2:4])
    assert dataset.origin == (10, 20)


def test_selected_frames_keep_their_labels(array):
    dimensions = (Dimension("mu", np.arange(6)),)
    dataset = Dataset(
        Frames.from_array(array), positions={"mu": np.arange(6)}, dimensions=dimensions, grid_index=np.arange(6)
    )
    chosen = dataset.select_frames(np.array([True, False, True, False, False, True]))
    np.testing.assert_array_equal(chosen.positions["mu"], [0, 2, 5])
    np.testing.assert_array_equal(chosen.grid_index, [0, 2, 5])
    np.testing.assert_array_equal(chosen.missing, [1, 3, 4])
    np.testing.assert_array_equal(chosen.frames[1], array[2])


def test_dimension_keeps_a_descending_motor():
    dimension = Dimension("mu", [3, 2, 1], "deg")
    assert dimension.step == -1
    assert repr(dimension) == "Dimension(mu: 3 positions, 3 to 1 deg)"


@pytest.mark.parametrize("values", [[], [[1, 2]], [1, np.nan]])
def test_dimension_refuses_values_that_are_no_positions(values):
    with pytest.raises(ValueError, match="values of dimension 'mu' must be one-dimensional, finite and not empty"):
        Dimension("mu", values)


def test_dataset_can_be_copied_and_sent_to_another_process(array):
    dimensions = (Dimension("mu", np.arange(6)),)
    metadata = {"title": "ascan", "motors": {"samz": 1.5}}
    dataset = Dataset(
        Frames.from_array(array),
        positions={"mu": np.arange(6)},
        dimensions=dimensions,
        grid_index=np.arange(6),
        metadata=metadata,
    )
    for copied in (pickle.loads(pickle.dumps(dataset)), copy.deepcopy(dataset)):
        np.testing.assert_array_equal(copied.frames[:], array)
        np.testing.assert_array_equal(copied.positions["mu"], np.arange(6))
        assert copied.metadata == metadata
        assert copied.history.head == dataset.history.head


def test_metadata_cannot_be_changed_at_any_depth(array):
    metadata = {"motors": {"samz": 1.5}}
    dataset = Dataset(Frames.from_array(array), metadata=metadata)
    metadata["motors"]["samz"] = 3
    assert dataset.metadata["motors"]["samz"] == 1.5
    with pytest.raises(TypeError, match="cannot be changed"):
        dataset.metadata["motors"]["samz"] = 3
    assert dict(dataset.metadata) | {"a": 1} == {"motors": {"samz": 1.5}, "a": 1}


def test_files_are_those_of_frames_and_dark_frames(rocking_dataset):
    scan, dark = (SourceFile(f"/data/{name}.h5::/stack", 10, 1.0) for name in ("scan", "dark"))
    stacks = [Frames(ArraySource(rocking_dataset.frames[:], (scan, other))) for other in (scan, dark)]
    assert rocking_dataset.files == ()
    assert rocking_dataset.replace(frames=stacks[0]).files == (scan,)
    assert rocking_dataset.replace(frames=stacks[0], dark=stacks[1]).files == (scan, dark)
    assert scan.path == "/data/scan.h5"
