import keras
import numpy as np
import pytest

from emstellar.networks import build_efficientnet


def test_encoder_is_that_of_keras(without_weights):
    original = keras.applications.EfficientNetB0(
        include_top=False, weights=None, input_shape=(64, 64, 1)
    )
    names = {layer.name: layer for layer in build_efficientnet((64, 64, 1), 1).layers}
    for layer in original.layers:
        if isinstance(layer, (keras.layers.Conv2D, keras.layers.DepthwiseConv2D)):
            assert [w.shape for w in names[layer.name].weights] == [w.shape for w in layer.weights]
            assert names[layer.name].output.shape == layer.output.shape


def test_no_rescaling_of_8_bit_images():
    kinds = {type(layer).__name__ for layer in build_efficientnet((32, 32, 1), 1, width=0.1).layers}
    assert not kinds & {"Rescaling", "Normalization"}


def test_every_filter_count_is_scaled():
    model = build_efficientnet((None, None, 1), 1, width=0.1, variant="b1")
    assert max(np.max(w.shape) for w in model.weights) == 192 == 6 * 320 // 10
    assert model(np.ones((1, 32, 64, 1))).shape == (1, 32, 64, 1)


def test_unknown_variant():
    with pytest.raises(ValueError, match=r"variant must be one of .*'b7'.*got 'b8'"):
        build_efficientnet((32, 32, 1), 1, variant="b8")
