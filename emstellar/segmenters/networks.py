"""U-net, PReLU-net and EM-net as segmenters: one thin class each."""

from dataclasses import dataclass
from typing import ClassVar

from emstellar import constraints as c
from emstellar.segmenters.base_keras_segmenter import BaseKerasSegmenter
from emstellar.segmenters.docstrings import with_training_parameters
from emstellar.segmenters.network_parameters import ACTIVATION, DROPOUT, HEAD, WIDTH


@with_training_parameters
@dataclass(kw_only=True, eq=False, repr=False)
class UNetSegmenter(BaseKerasSegmenter):
    """Segment images with the U-net of the study.

    Parameters
    ----------
    width : float, default=1.0
        Factor of all numbers of filters; 1 is the paper's network, with 31 million parameters.
    batch_norm : bool, default=True
        Whether every convolution but the last is followed by batch normalisation: the study's
        "U-net BN" against its "U-net".
    activation : {"relu", "prelu", "tlu"}, default="relu"
        After every convolution but the last.
    dropout : float, default=0.5
        Share of the elements dropped, in training, at the two deepest levels. In [0, 1).
    head : {"paper", "direct"}, default="paper"
        "paper" squeezes the last features into two channels with an activation, which can be dead
        from the start and take many steps to become confident; "direct" leaves these two out, and
        learns faster.
    {training_parameters}

    Attributes
    ----------
    {attributes}

    See Also
    --------
    EMNetSegmenter : The study's own networks, with trainable linear units.

    Notes
    -----
    The paper cites the U-net of Ronneberger et al.; the authors' code pads its convolutions,
    enlarges by repetition and a 2x2 convolution instead of a transposed one, and ends in two
    channels and one sigmoid. This class is the network of the code, which was measured: its
    counts of parameters and operations are equal.

    References
    ----------
    .. [1] Ronneberger, Fischer, Brox (2015), U-Net: convolutional networks for biomedical image
       segmentation, MICCAI, 234-241.
    .. [2] Khadangi, Boudier, Rajagopal (2021), EM-stellar, Bioinformatics 37(1), 97-106.

    Examples
    --------
    >>> from emstellar import UNetSegmenter
    >>> from emstellar.datasets import make_em_images
    >>> X, y = make_em_images(2, (32, 32), random_state=0)
    >>> segmenter = UNetSegmenter(width=1 / 32, epochs=1, random_state=0).fit(X, y)
    >>> segmenter.predict(X).shape
    (2, 32, 32)
    """

    width: float = 1.0
    batch_norm: bool = True
    activation: str = "relu"
    dropout: float = 0.5
    head: str = "paper"

    _size_multiple: ClassVar[int] = 16
    _parameter_constraints: ClassVar[dict] = {
        **BaseKerasSegmenter._parameter_constraints,
        "width": WIDTH,
        "batch_norm": [c.BOOLEAN],
        "activation": ACTIVATION,
        "dropout": DROPOUT,
        "head": HEAD,
    }

    def build_network(self, input_shape, n_outputs):
        """Return a new U-net, see `emstellar.networks.build_unet`."""
        from emstellar.networks import build_unet

        return build_unet(
            input_shape,
            n_outputs,
            width=self.width,
            batch_norm=self.batch_norm,
            activation=self.activation,
            dropout=self.dropout,
            head=self.head,
        )


@with_training_parameters
@dataclass(kw_only=True, eq=False, repr=False)
class EMNetSegmenter(BaseKerasSegmenter):
    """Segment images with an EM-net, one of the study's seven base classifiers.

    Parameters
    ----------
    variant : str, default="v1-bn"
        One of "v1-bn", "v1-bn-2x", "v1-2x", "v1-4x", "v2", "v2-2x" and "v2-4x". The names are
        the authors'; "2x" and "4x" have no single meaning, see
        `emstellar.networks.EM_NET_VARIANTS`.
    width : float, default=1.0
        Factor of all numbers of filters; 1 is the paper's network.
    activation : {"tlu", "prelu", "relu"}, default="tlu"
        In the units of the encoder; the trainable linear unit is the study's.
    dropout : float, default=0.5
        Share of the channels dropped, in training, where the variant drops any. In [0, 1).
    head : {"paper", "direct"}, default="paper"
        "paper" squeezes the last features into two channels with an activation, which can be dead
        from the start and take many steps to become confident; "direct" leaves these two out, and
        learns faster.
    {training_parameters}

    Attributes
    ----------
    {attributes}

    See Also
    --------
    UNetSegmenter : The U-net of the study.

    Notes
    -----
    The paper says that all variants have trainable linear units; in the authors' code no decoder
    has one, nor the bottom of "v2-4x", and "v2" cannot be selected from their notebook. This
    class is the network of the code: counts of parameters and operations of all seven are equal.

    References
    ----------
    .. [1] Khadangi, Boudier, Rajagopal (2021), EM-net: deep learning for electron microscopy
       image segmentation, ICPR 2020, 31-38.
    .. [2] Khadangi, Boudier, Rajagopal (2021), EM-stellar, Bioinformatics 37(1), 97-106.

    Examples
    --------
    >>> from emstellar import EMNetSegmenter
    >>> from emstellar.inspection import complexity
    >>> complexity(EMNetSegmenter(variant="v2-4x"), (512, 512, 1)).trainable_parameters
    33827209
    """

    variant: str = "v1-bn"
    width: float = 1.0
    activation: str = "tlu"
    dropout: float = 0.5
    head: str = "paper"

    _size_multiple: ClassVar[int] = 16
    _parameter_constraints: ClassVar[dict] = {
        **BaseKerasSegmenter._parameter_constraints,
        "variant": [c.OneOf("v1-bn", "v1-bn-2x", "v1-2x", "v1-4x", "v2", "v2-2x", "v2-4x")],
        "width": WIDTH,
        "activation": ACTIVATION,
        "dropout": DROPOUT,
        "head": HEAD,
    }

    def build_network(self, input_shape, n_outputs):
        """Return a new EM-net, see `emstellar.networks.build_em_net`."""
        from emstellar.networks import build_em_net

        return build_em_net(
            input_shape,
            n_outputs,
            width=self.width,
            variant=self.variant,
            activation=self.activation,
            dropout=self.dropout,
            head=self.head,
        )


@with_training_parameters
@dataclass(kw_only=True, eq=False, repr=False)
class PReLUNetSegmenter(BaseKerasSegmenter):
    """Segment images with our reading of the study's PReLU-net.

    Parameters
    ----------
    width : float, default=1.0
        Factor of all numbers of filters; 1 gives 31 million parameters.
    dropout : float, default=0.5
        Share of the elements dropped, in training, at the two deepest levels. In [0, 1).
    head : {"paper", "direct"}, default="paper"
        "paper" squeezes the last features into two channels with an activation, which can be dead
        from the start and take many steps to become confident; "direct" leaves these two out, and
        learns faster.
    {training_parameters}

    Attributes
    ----------
    {attributes}

    See Also
    --------
    UNetSegmenter : The same network with any activation, by its parameter `activation`.

    Notes
    -----
    The paper says that PReLU-net is adapted from He et al. and has batch normalisation; the
    authors published its predictions but no code. So this class is neither the paper's nor the
    authors' network but an interpretation: the study's U-net with batch normalisation, and
    everywhere PReLU for ReLU, with one slope per channel, 0.25 to begin with.

    References
    ----------
    .. [1] He, Zhang, Ren, Sun (2015), Delving deep into rectifiers, ICCV, 1026-1034.
    .. [2] Khadangi, Boudier, Rajagopal (2021), EM-stellar, Bioinformatics 37(1), 97-106.

    Examples
    --------
    >>> from emstellar.segmenters import PReLUNetSegmenter
    >>> from emstellar.inspection import complexity
    >>> complexity(PReLUNetSegmenter(), (512, 512, 1)).trainable_parameters
    31052235
    """

    width: float = 1.0
    dropout: float = 0.5
    head: str = "paper"

    _size_multiple: ClassVar[int] = 16
    _parameter_constraints: ClassVar[dict] = {
        **BaseKerasSegmenter._parameter_constraints,
        "width": WIDTH,
        "dropout": DROPOUT,
        "head": HEAD,
    }

    def build_network(self, input_shape, n_outputs):
        """Return a new PReLU-net, see `emstellar.networks.build_prelu_net`."""
        from emstellar.networks import build_prelu_net

        return build_prelu_net(
            input_shape, n_outputs, width=self.width, dropout=self.dropout, head=self.head
        )
