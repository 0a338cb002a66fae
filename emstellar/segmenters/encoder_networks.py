"""VGG-16, ResNet, SegNet and EfficientNet, made for classification, as segmenters."""

from dataclasses import dataclass
from typing import ClassVar

from emstellar import constraints as c
from emstellar.segmenters.base_keras_segmenter import BaseKerasSegmenter
from emstellar.segmenters.docstrings import with_training_parameters
from emstellar.segmenters.network_parameters import ACTIVATION, HEAD, WIDTH


@with_training_parameters
@dataclass(kw_only=True, eq=False, repr=False)
class VGG16Segmenter(BaseKerasSegmenter):
    """Segment images with the study's VGG: the encoder of VGG-16, the decoder of a U-net.

    Parameters
    ----------
    width : float, default=1.0
        Factor of all numbers of filters; 1 is the paper's network, with 26 million parameters.
    activation : {"relu", "prelu", "tlu"}, default="relu"
        After every convolution but the last.
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
    The paper names VGG-16, a network for classification, and does not say how it segments. In
    the authors' code its thirteen convolutions, with new weights, are the encoder of a U-net
    whose skips are taken after pooling (all but the first) and whose decoder alone has batch
    normalisation. This class is the network of the code: its counts are equal.

    References
    ----------
    .. [1] Simonyan, Zisserman (2015), Very deep convolutional networks for large-scale image
       recognition, ICLR.
    .. [2] Khadangi, Boudier, Rajagopal (2021), EM-stellar, Bioinformatics 37(1), 97-106.

    Examples
    --------
    >>> from emstellar.segmenters import VGG16Segmenter
    >>> from emstellar.inspection import complexity
    >>> complexity(VGG16Segmenter(), (512, 512, 1)).trainable_parameters
    25987913
    """

    width: float = 1.0
    activation: str = "relu"
    head: str = "paper"

    _size_multiple: ClassVar[int] = 32
    _parameter_constraints: ClassVar[dict] = {
        **BaseKerasSegmenter._parameter_constraints,
        "width": WIDTH,
        "activation": ACTIVATION,
        "head": HEAD,
    }

    def build_network(self, input_shape, n_outputs):
        """Return a new network, see `emstellar.networks.build_vgg16`."""
        from emstellar.networks import build_vgg16

        return build_vgg16(
            input_shape,
            n_outputs,
            width=self.width,
            activation=self.activation,
            head=self.head,
        )


@with_training_parameters
@dataclass(kw_only=True, eq=False, repr=False)
class ResNetSegmenter(BaseKerasSegmenter):
    """Segment images with the study's small residual network, or with a ResNet-50 U-net.

    Parameters
    ----------
    variant : {"paper", "resnet50"}, default="paper"
        "paper" is the network that was measured, with 2.7 million parameters; "resnet50" what
        the text describes: the encoder of ResNet-50 and the decoder of a U-net, with 30 million.
    width : float, default=1.0
        Factor of all numbers of filters.
    activation : {"relu", "prelu", "tlu"}, default="relu"
        After every convolution but the last.
    {training_parameters}

    Attributes
    ----------
    {attributes}

    Notes
    -----
    The paper says ResNet-50. The network of the authors' code, which the paper's figures of
    computing cost fit, is another: a quarter as wide, three blocks in every stage (ResNet-50: 3,
    4, 6, 3), twofold instead of fourfold expansion, residual blocks in the decoder and no skip
    at the two finest resolutions. The default is the network of the code: its counts are equal.
    In "resnet50" the encoder is that of He et al., the decoder our choice.

    References
    ----------
    .. [1] He, Zhang, Ren, Sun (2016), Deep residual learning for image recognition, CVPR,
       770-778.
    .. [2] Khadangi, Boudier, Rajagopal (2021), EM-stellar, Bioinformatics 37(1), 97-106.

    Examples
    --------
    >>> from emstellar.segmenters import ResNetSegmenter
    >>> from emstellar.inspection import complexity
    >>> complexity(ResNetSegmenter(), (512, 512, 1)).trainable_parameters
    2737825
    """

    variant: str = "paper"
    width: float = 1.0
    activation: str = "relu"

    _size_multiple: ClassVar[int] = 32
    _parameter_constraints: ClassVar[dict] = {
        **BaseKerasSegmenter._parameter_constraints,
        "variant": [c.OneOf("paper", "resnet50")],
        "width": WIDTH,
        "activation": ACTIVATION,
    }

    def build_network(self, input_shape, n_outputs):
        """Return a new network, see `emstellar.networks.build_resnet`."""
        from emstellar.networks import build_resnet

        return build_resnet(
            input_shape,
            n_outputs,
            width=self.width,
            variant=self.variant,
            activation=self.activation,
        )


@with_training_parameters
@dataclass(kw_only=True, eq=False, repr=False)
class SegNetSegmenter(BaseKerasSegmenter):
    """Segment images with the study's SegNet, or with one that has pooling indices.

    Parameters
    ----------
    unpooling : {"nearest", "indices"}, default="nearest"
        How the decoder enlarges: by repeating pixels, as the authors' code does, or by putting
        each value where its maximum was found, as SegNet does.
    width : float, default=1.0
        Factor of all numbers of filters; 1 is the paper's network, with 7.8 million parameters.
    activation : {"relu", "prelu", "tlu"}, default="relu"
        After every convolution but the last.
    head : {"paper", "direct"}, default="paper"
        "paper" normalises (batch normalisation) what the sigmoid gets, and so takes many steps to
        become confident; "direct" does not.
    {training_parameters}

    Attributes
    ----------
    {attributes}

    Notes
    -----
    The paper says SegNet, whose mark is that the decoder unpools by the encoder's indices. The
    authors' code has no indices: its decoder repeats pixels; it is half as wide as the original.
    The default is the network of the code: its counts are equal. With "indices" it is SegNet
    at that width.

    References
    ----------
    .. [1] Badrinarayanan, Kendall, Cipolla (2017), SegNet: a deep convolutional encoder-decoder
       architecture for image segmentation, IEEE TPAMI 39(12), 2481-2495.
    .. [2] Khadangi, Boudier, Rajagopal (2021), EM-stellar, Bioinformatics 37(1), 97-106.

    Examples
    --------
    >>> from emstellar.segmenters import SegNetSegmenter
    >>> from emstellar.inspection import complexity
    >>> complexity(SegNetSegmenter(), (512, 512, 1)).trainable_parameters
    7809347
    """

    unpooling: str = "nearest"
    width: float = 1.0
    activation: str = "relu"
    head: str = "paper"

    _size_multiple: ClassVar[int] = 32
    _parameter_constraints: ClassVar[dict] = {
        **BaseKerasSegmenter._parameter_constraints,
        "unpooling": [c.OneOf("nearest", "indices")],
        "width": WIDTH,
        "activation": ACTIVATION,
        "head": HEAD,
    }

    def build_network(self, input_shape, n_outputs):
        """Return a new network, see `emstellar.networks.build_segnet`."""
        from emstellar.networks import build_segnet

        return build_segnet(
            input_shape,
            n_outputs,
            width=self.width,
            unpooling=self.unpooling,
            activation=self.activation,
            head=self.head,
        )


@with_training_parameters
@dataclass(kw_only=True, eq=False, repr=False)
class EfficientNetSegmenter(BaseKerasSegmenter):
    """Segment images with a U-net whose encoder is an EfficientNet.

    Parameters
    ----------
    variant : {"b0", "b1", "b2", "b3", "b4", "b5", "b6", "b7"}, default="b0"
        Which EfficientNet of `keras.applications`.
    weights : str, optional
        What the encoder starts from: new weights (None), those trained on ImageNet, which Keras
        downloads ("imagenet"), or the path of a file of them. Pretrained weights need
        ``width=1`` and images of one or three channels.
    width : float, default=1.0
        Factor of all numbers of filters, in encoder and decoder.
    activation : {"relu", "prelu", "tlu"}, default="relu"
        In the decoder; the encoder has its own.
    {training_parameters}

    Attributes
    ----------
    {attributes}

    Notes
    -----
    Neither paper nor code have this network: the paper's authors planned to add EfficientNet.
    The encoder is that of Tan and Le, the decoder our choice.

    References
    ----------
    .. [1] Tan, Le (2019), EfficientNet: rethinking model scaling for convolutional neural
       networks, ICML, 6105-6114.

    Examples
    --------
    >>> from emstellar.segmenters import EfficientNetSegmenter
    >>> from emstellar.inspection import complexity
    >>> complexity(EfficientNetSegmenter(), (512, 512, 1)).trainable_parameters
    9003221
    """

    variant: str = "b0"
    weights: str | None = None
    width: float = 1.0
    activation: str = "relu"

    _size_multiple: ClassVar[int] = 32
    _parameter_constraints: ClassVar[dict] = {
        **BaseKerasSegmenter._parameter_constraints,
        "variant": [c.OneOf("b0", "b1", "b2", "b3", "b4", "b5", "b6", "b7")],
        "weights": [c.InstanceOf(str), c.NONE],
        "width": WIDTH,
        "activation": ACTIVATION,
    }

    def build_network(self, input_shape, n_outputs):
        """Return a new network, see `emstellar.networks.build_efficientnet`."""
        from emstellar.networks import build_efficientnet

        return build_efficientnet(
            input_shape,
            n_outputs,
            width=self.width,
            variant=self.variant,
            activation=self.activation,
        )

    def _count_fewest_variables(self):
        from emstellar.networks.efficientnet import count_encoder_variables

        return count_encoder_variables(self.variant)

    def _set_initial_weights(self, model):
        from emstellar.networks import load_efficientnet_encoder

        if self.weights is not None:
            load_efficientnet_encoder(model, self.variant, self.weights)
