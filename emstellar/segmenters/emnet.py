"""EM-net as a segmenter."""

from typing import ClassVar

from emstellar.networks import build_em_net
from emstellar.segmenters.base_keras_segmenter import BaseKerasSegmenter


class EMNetSegmenter(BaseKerasSegmenter):
    """Segment images with an EM-net, one of the study's seven base classifiers.

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

    builder: ClassVar = staticmethod(build_em_net)
