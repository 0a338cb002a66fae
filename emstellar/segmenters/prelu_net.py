"""PReLU-net as a segmenter."""

from typing import ClassVar

from emstellar.networks import build_prelu_net
from emstellar.segmenters.base_keras_segmenter import BaseKerasSegmenter


class PReLUNetSegmenter(BaseKerasSegmenter):
    """Segment images with our reading of the study's PReLU-net.

    Parameters
    ----------
    {network_parameters}
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

    builder: ClassVar = staticmethod(build_prelu_net)
