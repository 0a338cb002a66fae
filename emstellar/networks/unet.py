"""The U-net of the paper, with and without batch normalisation, and its PReLU form."""

from emstellar._keras import keras

from .bricks import ascend, convolve_all, drop, finish, pool
from .construction import network, scale_filters

LEVELS = (64, 128, 256, 512)
BOTTOM = 1024


@network(size_multiple=16)
def build_unet(
    input_shape,
    n_outputs,
    *,
    width=1.0,
    batch_norm=True,
    activation="relu",
    dropout=0.5,
    head="paper",
):
    """Build the U-net of the paper.

    Parameters
    ----------
    input_shape : tuple of (int or None, int or None, int)
        Height, width and number of channels of the images; height and width multiples of 16.
    n_outputs : int
        1 gives the probability of the foreground, more give those of as many classes.
    width : float, default=1.0
        Factor of all numbers of filters; 1 is the paper's network.
    batch_norm : bool, default=True
        Whether every convolution but the last is followed by batch normalisation.
    activation : {"relu", "prelu", "tlu", "linear"}, default="relu"
        After every convolution but the last.
    dropout : float, default=0.5
        Share of the elements dropped after the fourth level and after the bottom.
    head : {"paper", "direct"}, default="paper"
        "paper" squeezes the last features into two channels with an activation, which can be dead
        from the start and are slow to become confident; "direct" leaves these two out.

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


@network(size_multiple=16)
def build_prelu_net(input_shape, n_outputs, *, width=1.0, dropout=0.5, head="paper"):
    """Build our interpretation of the paper's PReLU-net: the U-net with PReLU for ReLU.

    Parameters
    ----------
    input_shape : tuple of (int or None, int or None, int)
        Height, width and number of channels of the images; height and width multiples of 16.
    n_outputs : int
        1 gives the probability of the foreground, more give those of as many classes.
    width : float, default=1.0
        Factor of all numbers of filters.
    dropout : float, default=0.5
        As in `build_unet`.
    head : {"paper", "direct"}, default="paper"
        As in `build_unet`.

    Returns
    -------
    keras.Model

    Notes
    -----
    The authors published no definition; the paper says that the network is adapted from He et
    al. and has batch normalisation. One slope per channel, 0.25 to begin with.

    References
    ----------
    He, Zhang, Ren, Sun (2015), Delving deep into rectifiers, ICCV, 1026-1034.

    Examples
    --------
    >>> from emstellar.networks import build_prelu_net
    >>> build_prelu_net((32, 32, 1), 1, width=1 / 16).output_shape
    (None, 32, 32, 1)
    """
    return build_unet(
        input_shape, n_outputs, width=width, activation="prelu", dropout=dropout, head=head
    )
