"""EfficientNet as a segmenter."""

from typing import ClassVar

from emstellar import constraints as c
from emstellar.networks import build_efficientnet
from emstellar.segmenters.base_keras_segmenter import BaseKerasSegmenter


class EfficientNetSegmenter(BaseKerasSegmenter):
    """Segment images with a U-net whose encoder is an EfficientNet.

    Parameters
    ----------
    {network_parameters}
    weights : str, optional
        What the encoder starts from: new weights (None), those trained on ImageNet, which Keras
        downloads ("imagenet"), or the path of a file of them. Pretrained weights need
        ``width=1`` and images of one or three channels.
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

    builder: ClassVar = staticmethod(build_efficientnet)
    parameter_constraints: ClassVar[dict] = {"weights": [c.InstanceOf(str), c.NONE]}

    def _count_fewest_variables(self):
        from emstellar.networks.efficientnet import count_encoder_variables

        return count_encoder_variables(self.variant)

    def set_initial_weights(self, model):
        """Give the encoder its pretrained weights, if it has any."""
        from emstellar.networks import load_efficientnet_encoder

        if self.weights is not None:
            load_efficientnet_encoder(model, self.variant, self.weights)
