"""Weak beam: counts above some standard deviations of their curve become zero."""

from __future__ import annotations

import numpy as np
import pytest

import darfix_core as dc
from darfix_core.engine.execution import execution
from darfix_core.steps.weak_beam import deviation_of_curves
from tests.contracts.cases import as_from_file


@pytest.mark.parametrize("dtype", ["u1", "u2", "i4", "f4", "f8"])
@pytest.mark.parametrize("n_sigma", [0.5, 1.0, 3.0])
def test_limit_is_that_of_numpy(rng, dtype, n_sigma):
    counts = rng.gamma(1.0, 40.0, (31, 12, 17)).clip(0, 255).astype(dtype)
    result = dc.weak_beam(dc.Dataset.from_array(counts), n_sigma=n_sigma)
    limit = n_sigma * counts.std(axis=0, dtype=np.float64)
    np.testing.assert_array_equal(result.frames[:], np.where(counts > limit, 0, counts).astype(dtype), strict=True)


def test_flanks_of_the_curves_are_left(rocking_dataset):
    result, counts = dc.weak_beam(rocking_dataset).frames[:], rocking_dataset.frames[:]
    lit = counts.max(axis=0) > 100
    assert (result.max(axis=0) < counts.max(axis=0))[lit].all()
    assert ((result == counts) | (result == 0)).all()
    assert (result > 0).any()


def test_standard_deviation_is_exact_on_a_large_pedestal(rng):
    counts = rng.normal(1e7, 1.0, (40, 8, 9))
    np.testing.assert_allclose(deviation_of_curves(dc.Frames.from_array(counts)), counts.std(axis=0), rtol=1e-8)


def test_stacks_from_files_have_the_same_deviation(rng):
    scan = dc.Dataset.from_array(rng.integers(0, 60_000, (50, 20, 30)).astype(np.uint16))
    with execution(threads=2, memory=20_000):
        found = deviation_of_curves(as_from_file(scan).frames)
    np.testing.assert_allclose(found, scan.frames[:].std(axis=0, dtype=np.float64), rtol=1e-12)


def test_counts_that_are_no_numbers_are_left_out(rng):
    counts = rng.normal(10, 2, (12, 3, 4))
    counts[2, 0, 0], counts[3, 0, 0], counts[:, 2, 2] = np.nan, np.inf, np.nan
    result = dc.weak_beam(dc.Dataset.from_array(counts), n_sigma=3.0).frames[:]
    limit = 3 * np.delete(counts[:, 0, 0], [2, 3]).std()
    np.testing.assert_array_equal(result[4:, 0, 0], np.where(counts[4:, 0, 0] > limit, 0, counts[4:, 0, 0]))
    assert np.isnan(result[2, 0, 0])
    assert result[3, 0, 0] == 0
    assert np.isnan(result[:, 2, 2]).all()


def test_constant_curves_become_zero():
    counts = np.full((5, 2, 3), 7, dtype=np.uint16)
    assert not dc.weak_beam(dc.Dataset.from_array(counts)).frames[:].any()


def test_deviations_must_be_positive():
    with pytest.raises(ValueError, match="n_sigma must be a number greater than 0, got 0"):
        dc.weak_beam(dc.Dataset.from_array(np.zeros((1, 2, 2))), n_sigma=0.0)
