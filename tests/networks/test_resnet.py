import math

import keras
import pytest

from emstellar.networks import build_resnet


def test_resnet50_has_the_encoder_of_keras(without_weights):
    original = keras.applications.ResNet50(include_top=False, weights=None, input_shape=(64, 64, 1))
    model = build_resnet((64, 64, 1), 1, variant="resnet50")
    first_of_decoder = [layer.__class__.__name__ for layer in model.layers].index("UpSampling2D")
    encoder = keras.Model(model.inputs, model.layers[first_of_decoder].input)

    def shapes(network):
        return sorted(tuple(w.shape) for w in network.weights)

    assert shapes(encoder) == shapes(original)
    assert sum(math.prod(shape) for shape in shapes(encoder)) == 23_587_712 - 7 * 7 * 2 * 64


def test_resolutions_of_the_small_network(without_weights):
    model = build_resnet((512, 512, 1), 1)
    joins = [layer for layer in model.layers if isinstance(layer, keras.layers.Concatenate)]
    assert [join.output.shape[1:] for join in joins] == [
        (32, 32, 128 + 128),
        (64, 64, 64 + 64),
        (128, 128, 32 + 32),
    ]


def test_unknown_variant():
    with pytest.raises(ValueError, match=r"variant must be one of \['paper', 'resnet50'\]"):
        build_resnet((32, 32, 1), 1, variant="resnet101")
