"""The VGG-16 encoder with a U-net decoder, as in the paper."""

from .bricks import ascend, convolve_all, finish, pool
from .construction import network, scale_filters
from .later import keras
from .parameters import Activation, Head, Width

ENCODER = ((64,) * 2, (128,) * 2, (256,) * 3, (512,) * 3, (512,) * 3)
DECODER = (512, 256, 128, 64, 64)


@network(
    size_multiple=32,
    methods={"vgg16": ("VGG-16", {})},
    published=[({}, 25_987_913, 6_148)],
)
def build_vgg16(
    input_shape,
    n_outputs,
    *,
    width: Width = 1.0,
    activation: Activation = "relu",
    head: Head = "paper",
):
    """Build the paper's "VGG": the convolutions of VGG-16 as the encoder of a U-net.

    Parameters
    ----------
    input_shape : tuple of (int or None, int or None, int)
        Height, width and number of channels of the images; height and width multiples of 32.
    n_outputs : int
        1 gives the probability of the foreground, more give those of as many classes.
    width : float, default=1.0
        Factor of all numbers of filters; 1 is the paper's network, with 26 million parameters.
    activation : {"relu", "prelu", "tlu", "linear"}, default="relu"
        After every convolution but the last.
    head : {"paper", "direct"}, default="paper"
        "paper" squeezes the last features into two channels with an activation, which can be dead
        from the start and take many steps to become confident; "direct" leaves these two out, and
        learns faster.

    Returns
    -------
    keras.Model
        From images (n, height, width, n_channels) to probabilities (n, height, width, n_outputs).

    Notes
    -----
    As in the authors' code, four of the five skips are taken after pooling, not before; nothing
    follows the fifth pooling; the encoder has no batch normalisation, the decoder has.

    References
    ----------
    Simonyan, Zisserman (2015), Very deep convolutional networks for large-scale image
    recognition, ICLR.

    Examples
    --------
    >>> from emstellar.networks import build_vgg16
    >>> build_vgg16((32, 64, 1), 1, width=1 / 16).output_shape
    (None, 32, 64, 1)
    """
    inputs = x = keras.Input(input_shape)
    skips = []
    for i, filters in enumerate(ENCODER):
        filters = [scale_filters(n, width) for n in filters]
        x = convolve_all(x, filters, batch_norm=False, activation=activation)
        if i == 0:
            skips.append(x)
        x = pool(x)
        skips.append(x)
    decoder = [scale_filters(n, width) for n in DECODER]
    x = ascend(x, skips[-2::-1], decoder, activation=activation)
    outputs = finish(x, n_outputs, head, activation=activation)
    return keras.Model(inputs, outputs, name="vgg16")
