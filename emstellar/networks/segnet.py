"""SegNet as in the authors' code, and with the pooling indices that define SegNet."""

from typing import Annotated

from emstellar.constraints import OneOf, check_option

from .bricks import convolve_all, enlarge, pool, project
from .construction import network, scale_filters
from .later import keras
from .parameters import HEADS, Activation, Head, Width

ENCODER = ((32,) * 2, (64,) * 2, (128,) * 3, (256,) * 3, (256,) * 3)
DECODERS = {
    "nearest": ((256,) * 3, (256,) * 3, (128, 128, 64), (64, 32), (32,)),
    "indices": ((256,) * 3, (256, 256, 128), (128, 128, 64), (64, 32), (32,)),
}


@network(
    size_multiple=32,
    methods={"segnet": ("SegNet", {})},
    published=[({}, 7_809_347, 8_194)],
)
def build_segnet(
    input_shape,
    n_outputs,
    *,
    unpooling: Annotated[str, OneOf(*DECODERS)] = "nearest",
    width: Width = 1.0,
    activation: Activation = "relu",
    head: Head = "paper",
):
    """Build the paper's SegNet, or one with pooling indices.

    Parameters
    ----------
    input_shape : tuple of (int or None, int or None, int)
        Height, width and number of channels of the images; height and width multiples of 32.
    n_outputs : int
        1 gives the probability of the foreground, more give those of as many classes.
    unpooling : {"nearest", "indices"}, default="nearest"
        How the decoder enlarges. The authors' code repeats pixels. "indices" puts each value
        where its maximum was found, as Badrinarayanan et al. do; the second decoder stage then
        ends in half as many filters, since features are unpooled by indices of as many channels.
    width : float, default=1.0
        Factor of all numbers of filters; 1 is the paper's network, with 7.8 million parameters.
    activation : {"relu", "prelu", "tlu", "linear"}, default="relu"
        After every convolution but the last.
    head : {"paper", "direct"}, default="paper"
        "paper" normalises (batch normalisation) what the sigmoid gets, and so takes many steps to
        become confident; "direct" does not.

    Returns
    -------
    keras.Model
        From images (n, height, width, n_channels) to probabilities (n, height, width, n_outputs).

    Notes
    -----
    Half as wide as the original SegNet; batch normalisation stands directly before the sigmoid.

    References
    ----------
    Badrinarayanan, Kendall, Cipolla (2017), SegNet: a deep convolutional encoder-decoder
    architecture for image segmentation, IEEE TPAMI 39(12), 2481-2495.

    Examples
    --------
    >>> from emstellar.networks import build_segnet
    >>> build_segnet((32, 64, 1), 1, width=1 / 8).output_shape
    (None, 32, 64, 1)
    """
    check_option("unpooling", unpooling, DECODERS)
    check_option("head", head, HEADS)
    from .unpooling import PoolingWithIndices, Unpooling

    options = {"activation": activation, "initializer": "glorot_uniform"}
    inputs = x = keras.Input(input_shape)
    all_indices = []
    for filters in ENCODER:
        x = convolve_all(x, [scale_filters(n, width) for n in filters], **options)
        x, indices = PoolingWithIndices()(x) if unpooling == "indices" else (pool(x), None)
        all_indices.append(indices)
    for filters, indices in zip(DECODERS[unpooling], all_indices[::-1], strict=True):
        x = enlarge(x) if indices is None else Unpooling()([x, indices])
        x = convolve_all(x, [scale_filters(n, width) for n in filters], **options)
    outputs = project(x, n_outputs, batch_norm=head == "paper")
    return keras.Model(inputs, outputs, name=f"segnet_{unpooling}")
