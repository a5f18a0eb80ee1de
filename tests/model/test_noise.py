"""The noise model: numbers or images, and what becomes of it when the counts are changed."""

import numpy as np
import pytest

import darfix_core as dc


@pytest.fixture
def image(rng):
    return rng.uniform(1.0, 2.0, (4, 5))


def test_variance_is_that_of_photon_transfer():
    noise = dc.NoiseModel(gain=2.0, offset=100.0, read_noise=3.0)
    np.testing.assert_array_equal(noise.variance(np.array([90.0, 100.0, 150.0])), [9.0, 9.0, 109.0])


def test_noise_behind_a_subtracted_level_is_that_of_the_counts_before_it(image):
    noise, counts = dc.NoiseModel(2.0, 100.0, 3.0), 120 + 10 * image
    np.testing.assert_allclose(noise.subtracted(30 * image).variance(counts - 30 * image), noise.variance(counts))


def test_noise_of_scaled_counts_is_the_scaled_noise(image):
    noise, counts = dc.NoiseModel(2.0, 100.0, 3.0), 120 + 10 * image
    np.testing.assert_allclose(noise.scaled(image).variance(counts * image), noise.variance(counts) * image**2)


def test_cropping_keeps_numbers_and_cuts_images(image):
    noise = dc.NoiseModel(2.0, image, 3.0).crop((1, 2), (2, 3))
    assert noise == dc.NoiseModel(2.0, image[1:3, 2:5], 3.0)
    assert noise.shape == (2, 3)


def test_models_are_equal_where_all_parts_are(image):
    assert dc.NoiseModel(2.0, image, 3.0) == dc.NoiseModel(2, image.copy(), 3)
    assert dc.NoiseModel(2.0, image, 3.0) != dc.NoiseModel(2.0, image + 1, 3.0)
    assert dc.NoiseModel(2.0, 1.0, 3.0) != (2.0, 1.0, 3.0)


def test_images_cannot_be_changed(image):
    noise = dc.NoiseModel(2.0, image, 3.0)
    with pytest.raises(ValueError, match="read-only"):
        noise.offset[0, 0] = 0
    image[0, 0] = 99
    assert noise.offset[0, 0] != 99


@pytest.mark.parametrize("shape", [(3,), (2, 3, 4)])
def test_what_is_no_image_is_refused(shape):
    with pytest.raises(ValueError, match="offset must be a number or an image"):
        dc.NoiseModel(1.0, np.zeros(shape), 1.0)


def test_images_of_several_shapes_are_refused(image):
    with pytest.raises(ValueError, match="one shape"):
        _ = dc.NoiseModel(1.0, image, np.zeros((2, 2))).shape


def test_noise_of_another_shape_than_the_frames_is_refused(image):
    dataset = dc.Dataset.from_array(np.zeros((3, 6, 7)), {"mu": [0.0, 1.0, 2.0]})
    with pytest.raises(ValueError, match=r"noise must have the shape of a frame, \(6, 7\)"):
        dataset.replace(noise=dc.NoiseModel(1.0, image, 1.0))
