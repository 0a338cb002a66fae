"""The small residual network that the paper calls ResNet-50, and a true ResNet-50 U-net."""

from typing import Annotated

from emstellar.constraints import OneOf, check_option

from .bricks import (
    activate,
    ascend,
    convolve,
    enlarge,
    finish,
    pool,
    project,
    subsample,
    surround,
)
from .construction import network, scale_filters
from .later import keras, layers
from .parameters import Activation, Width

VARIANTS = ("paper", "resnet50")
RESNET50_BLOCKS = (3, 4, 6, 3)
RESNET50_DECODER = (256, 128, 64, 32, 16)


@network(
    size_multiple=32,
    methods={"resnet": ("ResNet", {})},
    published=[({}, 2_737_825, 14_336)],
)
def build_resnet(
    input_shape,
    n_outputs,
    *,
    variant: Annotated[str, OneOf(*VARIANTS)] = "paper",
    width: Width = 1.0,
    activation: Activation = "relu",
):
    """Build the paper's residual network, or what its text describes.

    Parameters
    ----------
    input_shape : tuple of (int or None, int or None, int)
        Height, width and number of channels of the images; height and width multiples of 32.
    n_outputs : int
        1 gives the probability of the foreground, more give those of as many classes.
    variant : {"paper", "resnet50"}, default="paper"
        "paper" is the network that was measured, with 2.7 million parameters; "resnet50" what
        the text describes: the encoder of ResNet-50 and the decoder of a U-net, with 30 million.
    width : float, default=1.0
        Factor of all numbers of filters.
    activation : {"relu", "prelu", "tlu", "linear"}, default="relu"
        After every convolution but the last.

    Returns
    -------
    keras.Model
        From images (n, height, width, n_channels) to probabilities (n, height, width, n_outputs).

    Notes
    -----
    "paper" has a quarter of ResNet-50's width, three blocks in each stage and residual blocks in
    the decoder.

    References
    ----------
    He, Zhang, Ren, Sun (2016), Deep residual learning for image recognition, CVPR, 770-778.

    Examples
    --------
    >>> from emstellar.networks import build_resnet
    >>> build_resnet((32, 64, 1), 1, width=1 / 8).output_shape
    (None, 32, 64, 1)
    """
    check_option("variant", variant, VARIANTS)
    build = _build_small if variant == "paper" else _build_resnet50
    inputs = keras.Input(input_shape)
    outputs = build(inputs, n_outputs, _ResidualStages(width, activation))
    return keras.Model(inputs, outputs, name=f"resnet_{variant}")


def _build_small(x, n_outputs, stages):
    options = {"initializer": "glorot_uniform"}
    x = stages.begin(x, 16, margin=4, **options)
    x = pool(x, 3, strides=2)
    skips = [None]
    for i, n in enumerate((16, 32, 64, 128)):
        x = stages.apply(x, (n, n, 2 * n), strides=1 if i == 0 else 2, **options)
        skips.append(x)
    for filters, skip in zip(
        ((256, 128, 128), (256, 64, 64), (128, 32, 32), (64, 16, 16)), skips[-2::-1], strict=True
    ):
        x = stages.apply(x, filters, enlarging=True, **options)
        if skip is not None:
            x = layers.Concatenate()([x, skip])
    return project(enlarge(x), n_outputs, 3)


def _build_resnet50(x, n_outputs, stages):
    x = stages.begin(x, 64, margin=3)
    skips = [x]
    x = pool(surround(x, 1), 3, strides=2)
    for i, n_blocks in enumerate(RESNET50_BLOCKS):
        n = 64 * 2**i
        x = stages.apply(x, (n, n, 4 * n), strides=1 if i == 0 else 2, n_blocks=n_blocks)
        skips.append(x)
    decoder = [scale_filters(n, stages.width) for n in RESNET50_DECODER]
    x = ascend(x, [*skips[-2::-1], None], decoder, activation=stages.activation)
    return finish(x, n_outputs, activation=stages.activation)


class _ResidualStages:
    """Builds stages of residual blocks with the width and activation of one network."""

    def __init__(self, width, activation):
        self.width = width
        self.activation = activation

    def begin(self, x, filters, *, margin, **options):
        """Apply the 7x7 convolution of stride 2 that halves the image."""
        return self._convolve(
            surround(x, margin), filters, 7, strides=2, padding="valid", **options
        )

    def apply(self, x, filters, *, strides=1, enlarging=False, n_blocks=3, **options):
        """Apply blocks, of which the first changes resolution and has a projected shortcut."""
        # A 1x1 convolution of stride 2 sees every second pixel. Taking these first is the same
        # function, and spares the gradient of that convolution, which ends the process on
        # AVX-512 processors (TensorFlow 2.21 with oneDNN, few channels).
        x = enlarge(x) if enlarging else subsample(x, strides)
        for i in range(n_blocks):
            shortcut = x
            if i == 0:
                shortcut = self._convolve(x, filters[-1], 1, activation="linear", **options)
            x = self._convolve(x, filters[0], 1, **options)
            x = self._convolve(x, filters[1], 3, **options)
            x = self._convolve(x, filters[2], 1, activation="linear", **options)
            x = activate(layers.Add()([x, shortcut]), self.activation)
        return x

    def _convolve(self, x, filters, kernel_size, **options):
        options = {"activation": self.activation} | options
        return convolve(x, scale_filters(filters, self.width), kernel_size, **options)
