"""The moments kernels against plain numpy."""

from __future__ import annotations

import numpy as np
import pytest

from darfix_core.kernels.layout import row_major_view
from darfix_core.kernels.moments import add_weighted_sums, sweep_weights


def weighted_sums(block, weights):
    packed = sweep_weights(weights)
    sums = np.zeros((block.shape[1], packed.shape[1], 5, block.shape[2]))
    add_weighted_sums(row_major_view(block), packed, sums)
    return sums.reshape(block.shape[1], -1, block.shape[2])[:, : len(weights)].transpose(1, 0, 2)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int32, np.float32, np.float64])
@pytest.mark.parametrize("n_frames", [1, 7, 8, 9, 23])
@pytest.mark.parametrize("n_sums", [1, 5, 7])
def test_sums_equal_those_of_numpy(rng, dtype, n_frames, n_sums):
    block = rng.integers(0, 200, (n_frames, 3, 37)).astype(dtype)
    weights = rng.normal(size=(n_sums, n_frames))
    expected = np.einsum("qk,kyx->qyx", weights, block.astype(float))
    np.testing.assert_allclose(weighted_sums(block, weights), expected, rtol=1e-12, atol=1e-9)


def test_sums_of_counts_are_exact(rng):
    block = rng.integers(0, 65536, (300, 2, 50)).astype(np.uint16)
    np.testing.assert_array_equal(weighted_sums(block, np.ones((1, 300)))[0], block.sum(axis=0))


@pytest.mark.parametrize(
    "part",
    [
        np.s_[:, 2:5],
        np.s_[:, :, 3:9],
        np.s_[2:7, 1:4, 5:6],
        np.s_[::-1, 2:5],
        np.s_[:, :, ::2],
        np.s_[:, ::2],
        np.s_[::3, 1:2, 1:2],
    ],
)
def test_cut_outs_of_a_stack_are_read_where_they_lie(rng, part):
    block = rng.integers(0, 200, (11, 6, 16)).astype(np.uint16)[part]
    view = row_major_view(block)
    assert view.flags.c_contiguous
    assert not view.flags.writeable
    np.testing.assert_array_equal(view[:, : block.shape[1], : block.shape[2]], block)
