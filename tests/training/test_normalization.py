import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.preprocessing import StandardScaler

from emstellar.training.normalization import Normalization


@pytest.fixture
def images():
    rng = np.random.default_rng(0)
    return [rng.integers(0, 256, shape, dtype="uint8") for shape in [(7, 9, 2), (5, 4, 2)]]


def test_training_statistics_are_those_of_scikit_learn(images):
    pixels = np.concatenate([image.reshape(-1, 2) for image in images])
    scaler = StandardScaler().fit(pixels)
    normalization = Normalization.fit("train", images)
    assert_allclose(normalization.mean, scaler.mean_)
    assert_allclose(normalization.std, scaler.scale_)
    expected = scaler.transform(images[1].reshape(-1, 2)).reshape(images[1].shape)
    assert_allclose(normalization(images[1]), expected, atol=1e-6)


def test_image_statistics_ignore_other_images(images):
    normalization = Normalization.fit("image", images)
    result = normalization(images[0])
    assert_allclose(result.mean(axis=(0, 1)), 0, atol=1e-6)
    assert_allclose(result.std(axis=(0, 1)), 1, atol=1e-6)


def test_patch_takes_the_statistics_of_its_whole_image(images):
    normalization = Normalization.fit("image", images)
    image = images[0]
    patch = normalization(image[2:5, 1:4], normalization.statistics(image))
    assert_allclose(patch, normalization(image)[2:5, 1:4])


def test_no_normalization_keeps_values(images):
    result = Normalization.fit(None, images)(images[0])
    assert result.dtype == "float32"
    assert_allclose(result, images[0])


@pytest.mark.parametrize("kind", ["train", "image"])
def test_constant_images_become_zero(kind):
    image = np.full((4, 4, 1), 7, dtype="uint16")
    assert_allclose(Normalization.fit(kind, [image])(image), 0)
