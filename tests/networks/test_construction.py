import random

import keras
import numpy as np
import pytest

from emstellar import networks
from emstellar.networks.construction import scale_filters

BUILDERS = sorted(name for name in networks.__all__ if name.startswith("build_"))


def build(name, input_shape=(None, None, 1), n_outputs=1, width=1 / 32, **parameters):
    return getattr(networks, name)(input_shape, n_outputs, width=width, **parameters)


def predict(model, shape):
    images = np.random.default_rng(0).normal(size=shape).astype("float32")
    return np.asarray(model(images, training=False))


# Called layer by layer, jax compiles each operation alone: more than a minute for these.
SLOW_ON_JAX = ("build_cdeep3m", "build_efficientnet")


def marks(name):
    slow = keras.config.backend() == "jax" and name in SLOW_ON_JAX
    return [pytest.mark.slow] if slow else []


@pytest.mark.backend
@pytest.mark.parametrize("name", [pytest.param(name, marks=marks(name)) for name in BUILDERS])
def test_one_output_is_a_probability_as_large_as_the_image(name):
    model = build(name)
    multiple = getattr(networks, name).size_multiple
    output = predict(model, (1, multiple, 2 * multiple, 1))
    assert output.shape[:3] == (1, multiple, 2 * multiple)
    assert 0 <= output.min() <= output.max() <= 1


@pytest.mark.parametrize("name", BUILDERS)
def test_several_outputs_are_a_softmax(name):
    multiple = getattr(networks, name).size_multiple
    output = predict(build(name, (multiple, multiple, 2), 3), (2, multiple, multiple, 2))
    assert output.shape == (2, multiple, multiple, 3)
    np.testing.assert_allclose(output.sum(axis=-1), 1, rtol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("name", BUILDERS)
def test_equal_seeds_give_equal_weights_and_dropout(name):
    def variables(seed):
        random.seed(seed)
        return [np.asarray(v) for v in build(name).variables]

    state = random.getstate()
    first, second, third = variables(1), variables(1), variables(2)
    random.setstate(state)
    assert all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))
    assert not all(np.array_equal(a, b) for a, b in zip(first, third, strict=True))


@pytest.mark.parametrize("name", BUILDERS)
def test_every_dropout_has_its_own_seed(name):
    seeds = [layer.seed for layer in build(name).layers if hasattr(layer, "seed")]
    assert None not in seeds
    assert len(set(seeds)) == len(seeds)


@pytest.mark.parametrize("name", BUILDERS)
def test_the_last_layer_is_float32_in_mixed_precision(name):
    layer = build(name).layers[-1]
    assert layer.name == "probabilities"
    assert layer.compute_dtype == "float32"
    assert layer.dtype_policy.name == "float32"


@pytest.mark.parametrize("name", BUILDERS)
def test_sizes_that_would_not_fit_are_refused(name):
    multiple = getattr(networks, name).size_multiple
    message = f"{name} needs images whose height and width are multiples of {multiple}"
    with pytest.raises(ValueError, match=message):
        build(name, (multiple, multiple + 8, 1))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"input_shape": (32, 32)}, r"needs input_shape=\(height, width, n_channels\)"),
        ({"input_shape": (32, 32, None)}, r"needs input_shape=\(height, width, n_channels\)"),
        ({"n_outputs": 0}, "needs n_outputs >= 1, an int, got 0"),
        ({"n_outputs": 1.5}, "needs n_outputs >= 1, an int, got 1.5"),
        ({"width": 0}, "needs width > 0, a number, got 0"),
        ({"width": "wide"}, "needs width > 0, a number, got 'wide'"),
        ({"activation": "relo"}, "activation must be one of .*'relu'.* Got 'relo'"),
    ],
)
def test_wrong_arguments_are_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        build("build_unet", **arguments)


def test_scaled_filters_round_half_up_and_keep_two():
    assert [scale_filters(n, 0.25) for n in (64, 10, 6, 4, 1)] == [16, 3, 2, 2, 2]
