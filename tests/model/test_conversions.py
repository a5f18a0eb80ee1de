"""Datasets and maps for those who work with xarray and dask."""

from __future__ import annotations

import numpy as np
import pytest

import darfix_core as dc

pytest.importorskip("xarray")
pytest.importorskip("dask.array")


def test_frames_become_a_lazy_dask_array(mosaicity_dataset):
    frames = mosaicity_dataset.frames.map(np.negative, dtype=np.float32)
    array = frames.to_dask(frames_per_chunk=8)
    assert array.chunks[0] == (8, 8, 8, 8, 3)
    assert array.dtype == np.float32
    np.testing.assert_array_equal(array[3:20, 2:5].mean(axis=0).compute(), frames[3:20, 2:5].mean(axis=0))


def test_dataset_becomes_an_array_with_its_positions(mosaicity_dataset):
    array = dc.roi(mosaicity_dataset, origin=(2, 3)).to_xarray()
    assert array.dims == ("frame", "y", "x")
    assert array.y[0] == 2
    assert array.x[0] == 3
    assert array.mu.attrs["units"] == "deg"
    np.testing.assert_array_equal(array.values, mosaicity_dataset.frames[:, 2:, 3:])


def test_maps_become_a_dataset_with_units(mosaicity_dataset):
    maps = dc.grain_plot(dc.roi(mosaicity_dataset, origin=(2, 3)))
    converted = maps.to_xarray()
    assert converted["mu/center_of_mass"].attrs["units"] == "deg"
    assert converted["mosaicity"].dims == ("y", "x", "color")
    assert converted.x.attrs["units"] == "px"
    assert converted.x[0] == 3
    np.testing.assert_array_equal(converted["intensity"], maps["intensity"])
