"""CDeep3M as a segmenter."""

from dataclasses import dataclass
from typing import ClassVar

from emstellar import constraints as c
from emstellar.segmenters.base_keras_segmenter import BaseKerasSegmenter
from emstellar.segmenters.docstrings import with_training_parameters
from emstellar.segmenters.network_parameters import ACTIVATION, WIDTH


@with_training_parameters
@dataclass(kw_only=True, eq=False, repr=False)
class CDeep3MSegmenter(BaseKerasSegmenter):
    """Segment sections with one of the three networks of CDeep3M.

    Parameters
    ----------
    n_frames : {1, 3, 5}, default=1
        How many sections the network sees to segment the central one. They are the central
        channels of each image, as `emstellar.volume.z_context` makes them; further channels are
        not seen, so that all three networks can be fitted to, and vote on, images of five.
    width : float, default=1.0
        Factor of all numbers of filters; 1 is the published network, with 24 million parameters.
    activation : {"relu", "prelu", "tlu"}, default="relu"
        After every convolution that has one.
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

    _size_multiple: ClassVar[int] = 16
    _parameter_constraints: ClassVar[dict] = {
        **BaseKerasSegmenter._parameter_constraints,
        "n_frames": [c.OneOf(1, 3, 5)],
        "width": WIDTH,
        "activation": ACTIVATION,
    }

    def build_network(self, input_shape, n_outputs):
        """Return a new network, see `emstellar.networks.build_cdeep3m`."""
        from emstellar.networks import build_cdeep3m

        return build_cdeep3m(
            input_shape,
            n_outputs,
            width=self.width,
            n_frames=self.n_frames,
            activation=self.activation,
        )
