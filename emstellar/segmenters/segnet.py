"""SegNet as a segmenter."""

from typing import ClassVar

from emstellar.networks import build_segnet
from emstellar.segmenters.base_keras_segmenter import BaseKerasSegmenter


class SegNetSegmenter(BaseKerasSegmenter):
    """Segment images with the study's SegNet, or with one that has pooling indices.

    Parameters
    ----------
    {network_parameters}
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

    builder: ClassVar = staticmethod(build_segnet)
