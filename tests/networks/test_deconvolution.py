import keras
import numpy as np
import pytest

from emstellar.networks import DilatedConv2DTranspose
from emstellar.networks.deconvolution import BilinearKernel

RNG = np.random.default_rng(0)


def deconvolve_by_definition(x, kernel, stride, dilation):
    """Let every input pixel add its weighted kernel to the output."""
    n, height, width, _ = x.shape
    size = kernel.shape[0]
    margin = (dilation * (size - 1) + 1 - stride) // 2
    reach = dilation * (size - 1) + 1
    output = np.zeros((n, stride * height + reach, stride * width + reach, kernel.shape[2]))
    for i in range(height):
        for j in range(width):
            rows = slice(stride * i, stride * i + reach, dilation)
            columns = slice(stride * j, stride * j + reach, dilation)
            output[:, rows, columns] += np.einsum("nc,uvfc->nuvf", x[:, i, j], kernel)
    return output[:, margin:, margin:][:, : stride * height, : stride * width]


@pytest.mark.backend
@pytest.mark.parametrize(
    ("stride", "dilation"),
    [(2, 1), (2, 5), (2, 23), (4, 1), (4, 11), (4, 17), (8, 1), (8, 5), (8, 23), (16, 1), (16, 3)],
)
def test_equal_to_the_definition(stride, dilation):
    x = RNG.normal(size=(2, 5, 7, 3)).astype("float32")
    layer = DilatedConv2DTranspose(2, stride, dilation, kernel_initializer="normal")
    layer.build(x.shape)
    bias = RNG.normal(size=2)
    layer.bias.assign(bias)
    expected = deconvolve_by_definition(x, np.asarray(layer.kernel), stride, dilation) + bias
    np.testing.assert_allclose(np.asarray(layer(x)), expected, atol=1e-5)


@pytest.mark.backend
@pytest.mark.parametrize("stride", [2, 4])
def test_without_dilation_equal_to_keras(stride):
    x = RNG.normal(size=(1, 4, 6, 3)).astype("float32")
    ours = DilatedConv2DTranspose(2, stride, kernel_initializer="normal")
    keras_layer = keras.layers.Conv2DTranspose(2, 2 * stride, stride, padding="same")
    ours.build(x.shape)
    keras_layer.build(x.shape)
    keras_layer.set_weights(ours.get_weights())
    np.testing.assert_allclose(np.asarray(ours(x)), np.asarray(keras_layer(x)), atol=1e-5)


@pytest.mark.backend
def test_bilinear_kernel_enlarges_a_ramp_to_a_ramp():
    ramp = np.broadcast_to(np.arange(8.0)[:, None], (1, 8, 8))[..., None]
    layer = DilatedConv2DTranspose(1, 4, kernel_initializer=BilinearKernel())
    enlarged = np.asarray(layer(ramp))[0, :, :, 0]
    np.testing.assert_allclose(np.diff(enlarged[4:-4, 16]), 0.25, rtol=1e-5)
    np.testing.assert_allclose(enlarged[16, 4:-4], enlarged[16, 16], rtol=1e-5)


@pytest.mark.backend
def test_works_for_images_of_unknown_size():
    inputs = keras.Input((None, None, 2))
    model = keras.Model(inputs, DilatedConv2DTranspose(3, 4, 5)(inputs))
    assert model.output_shape == (None, None, None, 3)
    for shape in [(1, 3, 5, 2), (2, 6, 4, 2)]:
        output = model(np.ones(shape, "float32"))
        assert output.shape == (shape[0], 4 * shape[1], 4 * shape[2], 3)


def test_survives_serialisation():
    layer = DilatedConv2DTranspose(
        2, 4, 5, kernel_initializer=BilinearKernel(), use_bias=False, name="score"
    )
    config = keras.layers.serialize(layer)
    assert keras.layers.serialize(keras.layers.deserialize(config)) == config


@pytest.mark.parametrize(("stride", "dilation"), [(3, 1), (4, 2), (6, 3)])
def test_strides_and_dilations_that_do_not_go_together(stride, dilation):
    with pytest.raises(ValueError, match=f"got strides={stride}, dilation_rate={dilation}"):
        DilatedConv2DTranspose(1, stride, dilation)
