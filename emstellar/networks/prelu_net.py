"""Our reading of the paper's PReLU-net."""

from .construction import network
from .parameters import Dropout, Head, Width
from .unet import build_unet


@network(
    size_multiple=16,
    methods={"prelu-net": ("PReLU-net", {})},
    published=[({}, 31_052_235, 13_700)],
)
def build_prelu_net(
    input_shape, n_outputs, *, width: Width = 1.0, dropout: Dropout = 0.5, head: Head = "paper"
):
    """Build our interpretation of the paper's PReLU-net: the U-net with PReLU for ReLU.

    Parameters
    ----------
    input_shape : tuple of (int or None, int or None, int)
        Height, width and number of channels of the images; height and width multiples of 16.
    n_outputs : int
        1 gives the probability of the foreground, more give those of as many classes.
    width : float, default=1.0
        Factor of all numbers of filters; 1 gives 31 million parameters.
    dropout : float, default=0.5
        Share of the elements dropped, in training, at the two deepest levels. In [0, 1).
    head : {"paper", "direct"}, default="paper"
        "paper" squeezes the last features into two channels with an activation, which can be dead
        from the start and take many steps to become confident; "direct" leaves these two out, and
        learns faster.

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
