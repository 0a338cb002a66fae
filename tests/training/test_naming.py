"""Equal models have equal names, whatever was made before."""

import keras
import pytest
from keras import layers
from numpy.testing import assert_array_equal

from emstellar.training.naming import number_layers
from tests.segmenters.small import bright_discs, small_segmenter

X, y = bright_discs()


def sum_of_four(input_shape, n_outputs):
    inputs = keras.Input(input_shape)
    maps = [layers.Conv2D(4, 3, padding="same")(inputs) for _ in range(4)]
    return keras.Model(
        inputs, layers.Conv2D(n_outputs, 1, activation="sigmoid")(layers.Add()(maps))
    )


def make_layers_until_the_next_numbers_gain_a_digit():
    number = ""
    while not number.endswith("7") or set(number[:-1]) - {"9"}:
        number = layers.Conv2D(1, 1).name.rpartition("_")[-1]


@pytest.mark.backend
def test_a_fit_does_not_depend_on_how_many_layers_were_made_before():
    segmenter = small_segmenter(sum_of_four, epochs=1)
    segmenter.fit(X, y)
    first = segmenter.predict_proba(X)
    make_layers_until_the_next_numbers_gain_a_digit()
    assert_array_equal(segmenter.fit(X, y).predict_proba(X), first)


def test_layers_are_numbered_from_zero_through_nested_models():
    inputs = keras.Input((8, 8, 1))
    inner = keras.Sequential([layers.Conv2D(2, 1), layers.Conv2DTranspose(2, 1)])
    model = keras.Model(inputs, layers.Conv2D(1, 1)(inner(inputs)))
    number_layers(model)
    assert model.name == "functional"
    assert [layer.name for layer in model.layers] == ["input_layer", "sequential", "conv2d_1"]
    assert [layer.name for layer in inner.layers] == ["conv2d", "conv2d_transpose"]


def test_names_given_by_hand_stay_and_are_not_given_twice():
    # The first layer of a process would have the name given by hand below, which Keras refuses.
    layers.Conv2D(1, 1)
    inputs = keras.Input((8, 8, 1), name="image")
    x = layers.Activation("relu", name="conv2d")(inputs)
    x = layers.Conv2D(2, 1)(layers.Conv2D(2, 1, name="first")(x))
    model = keras.Model(inputs, layers.Conv2D(1, 1)(x), name="net")
    number_layers(model)
    names = [layer.name for layer in model.layers]
    assert names == ["image", "conv2d", "first", "conv2d_1", "conv2d_2"]
    assert model.name == "net"
