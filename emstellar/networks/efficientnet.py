"""An EfficientNet encoder with a U-net decoder, which the paper's authors planned."""

import math
from typing import Annotated

from emstellar.constraints import OneOf, check_option

from .bricks import ascend, finish
from .construction import draw_seed, network, scale_filters
from .later import keras, layers
from .parameters import Activation, Width

VARIANTS = tuple(f"b{i}" for i in range(8))
# Repetitions of the blocks of each stage in b0, and by how much each variant is deeper: tables 1 of
# Tan and Le (2019) and of their code.
REPEATS = (1, 2, 2, 3, 3, 4, 1)
DEPTHS = dict(zip(VARIANTS, (1.0, 1.1, 1.2, 1.4, 1.8, 2.2, 2.6, 3.1), strict=True))
SKIPS = tuple(f"block{i}a_expand_activation" for i in (2, 3, 4, 6))
DECODER = (256, 128, 64, 32, 16)


@network(size_multiple=32, methods={"efficientnet": ("EfficientNet", {})})
def build_efficientnet(
    input_shape,
    n_outputs,
    *,
    variant: Annotated[str, OneOf(*VARIANTS)] = "b0",
    width: Width = 1.0,
    activation: Activation = "relu",
):
    """Build a U-net whose encoder is an EfficientNet.

    Parameters
    ----------
    input_shape : tuple of (int or None, int or None, int)
        Height, width and number of channels of the images; height and width multiples of 32.
    n_outputs : int
        1 gives the probability of the foreground, more give those of as many classes.
    variant : {"b0", "b1", "b2", "b3", "b4", "b5", "b6", "b7"}, default="b0"
        Which EfficientNet of `keras.applications`.
    width : float, default=1.0
        Factor of all numbers of filters, in encoder and decoder.
    activation : {"relu", "prelu", "tlu", "linear"}, default="relu"
        In the decoder; the encoder has its own.

    Returns
    -------
    keras.Model
        From images (n, height, width, n_channels) to probabilities (n, height, width, n_outputs).

    Notes
    -----
    The weights are new. The rescaling of 8-bit images at the start of the Keras model is left
    out: a segmenter normalises images itself.

    References
    ----------
    Tan, Le (2019), EfficientNet: rethinking model scaling for convolutional neural networks,
    ICML, 6105-6114.

    Examples
    --------
    >>> from emstellar.networks import build_efficientnet
    >>> build_efficientnet((32, 64, 1), 1, width=1 / 8).output_shape
    (None, 32, 64, 1)
    """
    check_option("variant", variant, VARIANTS)
    inputs = keras.Input(input_shape)
    *skips, x = _encode(inputs, variant, width)
    decoder = [scale_filters(n, width) for n in DECODER]
    x = ascend(x, [*skips[::-1], None], decoder, activation=activation)
    outputs = finish(x, n_outputs, activation=activation)
    return keras.Model(inputs, outputs, name=f"efficientnet_{variant}")


def count_encoder_variables(variant):
    """Return how many arrays the encoder of a variant has, without building it.

    A convolution is one array, or two where it has a bias; a normalisation is four, the seed of a
    dropout one.

    Examples
    --------
    >>> from emstellar.networks.efficientnet import count_encoder_variables
    >>> [count_encoder_variables(variant) for variant in ("b0", "b7")]
    [318, 1083]
    """
    blocks = [math.ceil(DEPTHS[variant] * repeats) for repeats in REPEATS]
    normalised = 5
    # Depthwise convolution, squeeze and excitation, projection.
    block = normalised + 2 + 2 + normalised
    # The blocks of the first stage do not expand; the first block of each stage has no shortcut,
    # and so no dropout.
    expansions = normalised * (sum(blocks) - blocks[0])
    dropouts = sum(blocks) - len(blocks)
    stem = top = normalised
    return stem + block * sum(blocks) + expansions + dropouts + top


def load_efficientnet_encoder(model, variant, weights):
    """Give the encoder of a network the weights of an EfficientNet of Keras.

    Those were trained on colour images: for images of one channel the first layer's kernels are
    summed over colours, so that a grey image answers as its three equal colours would.

    Parameters
    ----------
    model : keras.Model
        From `build_efficientnet`, with ``width=1`` and images of one or three channels. Its
        encoder is changed in place.
    variant : {"b0", "b1", ..., "b7"}
        That of `model`.
    weights : str or path-like
        "imagenet", which Keras downloads, or a file of weights as `keras.applications` takes it.

    Raises
    ------
    ValueError
        If the network has other weights than the EfficientNet.

    Examples
    --------
    >>> from emstellar.networks import build_efficientnet, load_efficientnet_encoder
    >>> model = build_efficientnet((None, None, 1), 1)
    >>> load_efficientnet_encoder(model, "b0", "imagenet")  # doctest: +SKIP
    """
    n_channels = model.input_shape[-1]
    if n_channels not in (1, 3):
        raise ValueError(
            "Pretrained weights are for images of one channel or of three, got "
            f"{n_channels}; use weights=None."
        )
    trained = {layer.name: layer for layer in _original(variant, weights, (32, 32, 3)).layers}
    stem = trained["stem_conv"]
    for layer in model.layers:
        if not layer.weights or layer.name not in trained:
            continue
        arrays = trained[layer.name].get_weights()
        if layer.name == stem.name and n_channels == 1:
            arrays = [arrays[0].sum(axis=2, keepdims=True), *arrays[1:]]
        shapes = [a.shape for a in arrays]
        if shapes != [tuple(w.shape) for w in layer.weights]:
            raise ValueError(
                f"The layer {layer.name!r} has weights of other shapes than the pretrained "
                f"EfficientNet-{variant.upper()}, {shapes}: pretrained weights need width=1."
            )
        layer.set_weights(arrays)


def _original(variant, weights, input_shape):
    build = getattr(keras.applications, f"EfficientNet{variant.upper()}")
    return build(include_top=False, weights=weights, input_shape=input_shape)


def _encode(inputs, variant, width):
    """Return the features at 1/2, 1/4, 1/8, 1/16 and 1/32 of the resolution."""
    original = _original(variant, None, (*inputs.shape[1:3], 1))
    features = [original.get_layer(name).output for name in (*SKIPS, "top_activation")]
    encoder = keras.models.clone_model(
        keras.Model(original.get_layer("stem_conv_pad").input, features),
        input_tensors=inputs,
        clone_function=lambda layer: _scaled_clone(layer, width),
    )
    return encoder.outputs


def _scaled_clone(layer, width):
    """Return a new layer of other width; dropout gets a seed of its own."""
    config = layer.get_config()
    if type(layer) is layers.Conv2D:
        config["filters"] = scale_filters(config["filters"], width)
    elif type(layer) is layers.Reshape:
        config["target_shape"] = (1, 1, scale_filters(config["target_shape"][-1], width))
    elif type(layer) is layers.Dropout:
        config["seed"] = draw_seed()
    return type(layer).from_config(config)
