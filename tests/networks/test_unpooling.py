import keras
import numpy as np
import pytest

from emstellar.networks import PoolingWithIndices, Unpooling

X = np.random.default_rng(0).normal(size=(2, 4, 6, 3)).astype("float32")


@pytest.mark.backend
def test_maxima_are_those_of_keras():
    maxima, _ = PoolingWithIndices()(X)
    np.testing.assert_array_equal(np.asarray(maxima), np.asarray(keras.layers.MaxPool2D()(X)))


@pytest.mark.backend
def test_unpooling_keeps_each_maximum_in_its_place():
    maxima, indices = PoolingWithIndices()(X)
    back = np.asarray(Unpooling()([maxima, indices]))
    is_maximum = np.asarray(keras.layers.UpSampling2D()(maxima)) == X
    np.testing.assert_array_equal(back, np.where(is_maximum, X, 0))


@pytest.mark.backend
def test_equal_values_are_put_in_one_place_only():
    maxima, indices = PoolingWithIndices()(np.zeros((1, 2, 2, 1)))
    assert int(indices[0, 0, 0, 0]) == 0
    back = np.asarray(Unpooling()([maxima + 1, indices]))
    assert back[0, :, :, 0].tolist() == [[1, 0], [0, 0]]


@pytest.mark.backend
def test_works_for_images_of_unknown_size():
    inputs = keras.Input((None, None, 3))
    model = keras.Model(inputs, Unpooling()(PoolingWithIndices()(inputs)))
    assert model.output_shape == (None, None, None, 3)
    assert model(X).shape == X.shape
