"""CDeep3M as a segmenter."""

from typing import ClassVar

from emstellar.networks import build_cdeep3m
from emstellar.segmenters.base_keras_segmenter import BaseKerasSegmenter


class CDeep3MSegmenter(BaseKerasSegmenter):
    """Segment sections with one of the three networks of CDeep3M.

    Parameters
    ----------
    {network_parameters}
    {training_parameters}

    Attributes
    ----------
    {attributes}

    See Also
    --------
    VotingSegmenter : Averages the three networks, as CDeep3M does.

    Notes
    -----
    The paper compares CDeep3M, by its authors' own program: three networks for one, three and
    five sections (DeepEM3D-Net), each applied to several turned and mirrored copies, averaged.
    The authors of the study published no code for it. This class is one network, layer by layer
    from the published files of the Caffe program; the training is ours, on normalised images.
    CDeep3M's own way is stochastic gradient descent with momentum 0.9, a learning rate that falls
    polynomially from 0.01, and classes balanced in the loss; all can be given as parameters, and
    ``test_time_augmentation=True`` averages the copies. The decay of the running averages is
    Keras' (Caffe's is slower, but corrected for its start).

    References
    ----------
    .. [1] Zeng, Wu, Ji (2017), DeepEM3D: approaching human-level performance on 3D anisotropic
       EM image segmentation, Bioinformatics 33(16), 2555-2562.
    .. [2] Haberl et al. (2018), CDeep3M: plug-and-play cloud-based deep learning for image
       segmentation, Nature Methods 15, 677-680.
    .. [3] Khadangi, Boudier, Rajagopal (2021), EM-stellar, Bioinformatics 37(1), 97-106.

    Examples
    --------
    >>> from emstellar.segmenters import CDeep3MSegmenter
    >>> from emstellar.inspection import complexity
    >>> complexity(CDeep3MSegmenter(n_frames=3), (512, 512, 3)).trainable_parameters
    24021812
    """

    n_frames: int = 1
    width: float = 1.0
    activation: str = "relu"

    builder: ClassVar = staticmethod(build_cdeep3m)
