"""Fourier interpolation against that of SciPy on a frame with its mirror images."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from darfix_core.kernels.cosine_series import cosine_weights, move_frame


@pytest.mark.parametrize("shift", [(0.3, -1.4), (0.0, 0.5), (-2.5, 0.0), (3.0, 2.0), (0.0, 0.0)], ids=str)
@pytest.mark.parametrize("shape", [(12, 15), (1, 8), (9, 1), (2, 2)], ids=str)
def test_values_are_those_of_the_spectrum_of_frame_and_mirror_images(rng, shift, shape):
    frame = rng.normal(size=shape)
    ny, nx = shape
    periodic = np.pad(frame, ((0, ny), (0, nx)), mode="symmetric")
    expected = np.fft.ifft2(ndimage.fourier_shift(np.fft.fft2(periodic), np.negative(shift))).real[:ny, :nx]
    np.testing.assert_allclose(move_frame(frame, shift, slice(0, ny)), expected, atol=1e-12)


def test_some_rows_are_those_of_the_whole(rng):
    frame = rng.normal(size=(20, 11))
    whole = move_frame(frame, (0.4, 2.2), slice(0, 20))
    for rows in (slice(7, 12), slice(3, 20), slice(19, 20)):
        np.testing.assert_allclose(move_frame(frame, (0.4, 2.2), rows), whole[rows], atol=1e-13)


def test_weights_add_up_to_one():
    np.testing.assert_allclose(cosine_weights(9, 0.37, slice(2, 9)).sum(axis=1), 1, rtol=1e-13)
