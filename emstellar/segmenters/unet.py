"""The U-net as a segmenter."""

from typing import ClassVar

from emstellar.networks import build_unet
from emstellar.segmenters.base_keras_segmenter import BaseKerasSegmenter


class UNetSegmenter(BaseKerasSegmenter):
    """Segment images with the U-net of the study.

    Parameters
    ----------
    {network_parameters}
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

    builder: ClassVar = staticmethod(build_unet)
