"""VGG-16 as a segmenter."""

from typing import ClassVar

from emstellar.networks import build_vgg16
from emstellar.segmenters.base_keras_segmenter import BaseKerasSegmenter


class VGG16Segmenter(BaseKerasSegmenter):
    """Segment images with the study's VGG: the encoder of VGG-16, the decoder of a U-net.

    Parameters
    ----------
    {network_parameters}
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

    builder: ClassVar = staticmethod(build_vgg16)
