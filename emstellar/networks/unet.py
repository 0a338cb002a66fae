"""The U-net of the paper, with and without batch normalisation."""

from .bricks import ascend, convolve_all, drop, finish, pool
from .construction import network, scale_filters
from .later import keras
from .parameters import Activation, Dropout, Flag, Head, Width

LEVELS = (64, 128, 256, 512)
BOTTOM = 1024


@network(
    size_multiple=16,
    methods={
        "unet": ("U-Net", {"batch_norm": False}),
        "unet-bn": ("U-Net BN", {"batch_norm": True}),
    },
    published=[
        ({"batch_norm": False}, 31_031_685, 0),
        ({"batch_norm": True}, 31_045_385, 13_700),
    ],
)
def build_unet(
    input_shape,
    n_outputs,
    *,
    width: Width = 1.0,
    batch_norm: Flag = True,
    activation: Activation = "relu",
    dropout: Dropout = 0.5,
    head: Head = "paper",
):
    """Build the U-net of the paper.

    Parameters
    ----------
    input_shape : tuple of (int or None, int or None, int)
        Height, width and number of channels of the images; height and width multiples of 16.
    n_outputs : int
        1 gives the probability of the foreground, more give those of as many classes.
    width : float, default=1.0
        Factor of all numbers of filters; 1 is the paper's network, with 31 million parameters.
    batch_norm : bool, default=True
        Whether every convolution but the last is followed by batch normalisation: the study's
        "U-net BN" against its "U-net".
    activation : {"relu", "prelu", "tlu", "linear"}, default="relu"
        After every convolution but the last.
    dropout : float, default=0.5
        Share of the elements dropped, in training, at the two deepest levels. In [0, 1).
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
    It differs from the U-net of Ronneberger et al. in padded convolutions, enlargement by
    repetition and a 2x2 convolution instead of a transposed convolution, and one sigmoid output.

    References
    ----------
    Ronneberger, Fischer, Brox (2015), U-Net: convolutional networks for biomedical image
    segmentation, MICCAI, 234-241.
    Khadangi, Boudier, Rajagopal (2021), Bioinformatics 37(1), 97-106.

    Examples
    --------
    >>> from emstellar.networks import build_unet
    >>> model = build_unet((None, None, 1), 1, width=1 / 16)
    >>> model.output_shape
    (None, None, None, 1)
    """
    options = {"batch_norm": batch_norm, "activation": activation}
    levels = [scale_filters(n, width) for n in LEVELS]
    inputs = x = keras.Input(input_shape)
    skips = []
    for n, rate in zip(levels, (0, 0, 0, dropout), strict=True):
        skips.append(drop(convolve_all(x, [n, n], **options), rate))
        x = pool(skips[-1])
    x = drop(convolve_all(x, [scale_filters(BOTTOM, width)] * 2, **options), dropout)
    x = ascend(x, skips[::-1], levels[::-1], skip_first=True, **options)
    outputs = finish(x, n_outputs, head, **options)
    return keras.Model(inputs, outputs, name="unet")
