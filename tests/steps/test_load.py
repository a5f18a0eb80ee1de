"""The step that opens scans; what it opens is tested with the readers, in tests/io."""

from __future__ import annotations

import numpy as np
import pytest

import darfix_core as dc
from darfix_core.errors import DataFileError
from tests.bliss_files import small_stack, write_scan

MU = np.linspace(0.0, 1.1, 12)


@pytest.fixture
def path(tmp_path):
    return write_scan(tmp_path / "scan.h5", small_stack(), {"mu": MU}, units={"mu": "deg"})


def test_scan_comes_with_its_positions_and_without_dimensions(path):
    dataset = dc.load(path)
    np.testing.assert_array_equal(dataset.frames[:], small_stack())
    np.testing.assert_array_equal(dataset.positions["mu"], MU)
    assert dataset.unit("mu") == "deg"
    assert dataset.dimensions == ()


def test_frames_are_counted_from_nought_and_the_last_is_behind_the_range(path):
    dataset = dc.load(path, frames=(2, 9))
    np.testing.assert_array_equal(dataset.frames[:], small_stack()[2:9])
    np.testing.assert_array_equal(dataset.positions["mu"], MU[2:9])


@pytest.mark.parametrize("frames", [(0, 13), (5, 5), (-1, 3), (7, 2)])
def test_range_that_does_not_lie_in_the_scan_is_refused(path, frames):
    with pytest.raises(ValueError, match="frames must"):
        dc.load(path, frames=frames)


def test_missing_file_and_missing_scan_are_named(path):
    with pytest.raises(DataFileError, match="missing.h5"):
        dc.load(path.parent / "missing.h5")
    with pytest.raises(DataFileError, match="'3.1'"):
        dc.load(path, scan="3.1")


def test_path_is_given_with_or_without_its_name(path):
    assert dc.load(path).history.head == dc.load(path=str(path)).history.head
    with pytest.raises(TypeError, match="load takes 1 positional argument"):
        dc.load(path, "1.1")
