"""ResNet as a segmenter."""

from typing import ClassVar

from emstellar.networks import build_resnet
from emstellar.segmenters.base_keras_segmenter import BaseKerasSegmenter


class ResNetSegmenter(BaseKerasSegmenter):
    """Segment images with the study's small residual network, or with a ResNet-50 U-net.

    Parameters
    ----------
    {network_parameters}
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

    builder: ClassVar = staticmethod(build_resnet)
