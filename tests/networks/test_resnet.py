import math

import keras
import numpy as np
import pytest

from emstellar.inspection import complexity
from emstellar.networks import build_resnet, resnet
from emstellar.networks.bricks import activate, convolve, enlarge, subsample
from emstellar.training.naming import number_layers


def strided_apply(self, x, filters, *, strides=1, enlarging=False, n_blocks=3, **options):
    """The stage as ResNet has it: two 1x1 convolutions of stride 2 halve the image."""
    for i in range(n_blocks):
        shortcut = x
        if i == 0:
            x = enlarge(x) if enlarging else x
            shortcut = self._convolve(
                x, filters[-1], 1, strides=strides, activation="linear", **options
            )
        x = self._convolve(x, filters[0], 1, strides=strides if i == 0 else 1, **options)
        x = self._convolve(x, filters[1], 3, **options)
        x = self._convolve(x, filters[2], 1, activation="linear", **options)
        x = activate(keras.layers.Add()([x, shortcut]), self.activation)
    return x


@pytest.fixture(params=resnet.VARIANTS)
def both(request, monkeypatch):
    """The network, and the one with strided 1x1 convolutions."""
    options = {"width": 1 / 16, "variant": request.param}
    model = build_resnet((None, None, 1), 1, **options)
    with monkeypatch.context() as patch:
        patch.setattr(resnet._ResidualStages, "apply", strided_apply)
        strided = build_resnet((None, None, 1), 1, **options)
    for network in (model, strided):
        number_layers(network)
    return model, strided


@pytest.mark.backend
@pytest.mark.parametrize("size", [(8, 8), (7, 9)])
def test_a_strided_1x1_convolution_is_one_of_every_second_pixel(size):
    x = np.random.default_rng(0).normal(size=(2, *size, 3)).astype("float32")
    inputs = keras.Input((None, None, 3))
    strided = keras.Model(inputs, convolve(inputs, 5, 1, strides=2, batch_norm=False))
    sliced = keras.Model(inputs, convolve(subsample(inputs), 5, 1, batch_norm=False))
    sliced.set_weights(strided.get_weights())
    expected, found = (np.asarray(network(x)) for network in (strided, sliced))
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-6)


@pytest.mark.backend
def test_the_network_is_that_of_strided_convolutions(both):
    model, strided = both
    assert names_and_shapes(model) == names_and_shapes(strided)
    # Batch normalisation by random statistics, so that no feature is all zero.
    rng = np.random.default_rng(0)
    weights = [np.abs(rng.normal(0.3, 0.3, w.shape)).astype("float32") for w in model.weights]
    x = rng.normal(size=(1, 64, 32, 1)).astype("float32")
    for network in both:
        network.set_weights(weights)
    features = [
        keras.Model(network.inputs, [layer.output for layer in additions(network)])(x)
        for network in both
    ]
    for found, expected in zip(*features, strict=True):
        np.testing.assert_allclose(np.asarray(found), np.asarray(expected), rtol=1e-4)


def names_and_shapes(network):
    return [
        (layer.name, weight.name, weight.shape)
        for layer in network.layers
        for weight in layer.weights
    ]


def additions(network):
    return [layer for layer in network.layers if isinstance(layer, keras.layers.Add)]


@pytest.mark.slow
def test_it_costs_what_strided_convolutions_cost(both):
    costs = [complexity(network, (64, 64, 1)) for network in both]
    for name in ("trainable_parameters", "non_trainable_parameters", "macs", "flops"):
        assert getattr(costs[0], name) == getattr(costs[1], name)


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
