"""Named images."""

from __future__ import annotations

import numpy as np
import pytest

from darfix_core import Map, Maps


@pytest.fixture
def maps():
    entries = {"intensity": Map(np.ones((3, 4)), "counts", "sum"), "mosaicity": Map(np.zeros((3, 4, 3)))}
    return Maps(entries, pixel_size=(0.5, 2.0))


def test_name_gives_the_array_and_knows_its_unit(maps):
    assert maps["intensity"].shape == maps.shape == (3, 4)
    assert (maps.unit("intensity"), maps.description("intensity")) == ("counts", "sum")
    assert list(maps) == ["intensity", "mosaicity"]


def test_unknown_name_gives_the_nearest(maps):
    with pytest.raises(KeyError, match="did you mean 'intensity'"):
        maps["intensty"]


def test_axes_are_in_micrometres_when_the_pixel_is_known(maps):
    rows, columns = maps.axes_um
    assert (rows[-1], columns[-1]) == (1.0, 6.0)
    assert Maps(maps.entries).axes_um is None


def test_maps_of_different_shapes_raise(maps):
    with pytest.raises(ValueError, match="share one shape"):
        Maps({"a": Map(np.zeros((2, 2))), "b": Map(np.zeros((3, 2)))})
    with pytest.raises(ValueError, match="no map"):
        Maps({})
    with pytest.raises(ValueError, match=r"shape \(ny, nx\)"):
        Map(np.zeros((2, 2, 4)))


def test_values_cannot_be_changed(maps):
    with pytest.raises(ValueError, match="read-only"):
        maps["intensity"][0, 0] = 5
