"""`KerasSegmenter`: a user's own Keras network as a segmenter."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import ClassVar

from emstellar import constraints as c
from emstellar.segmenters.base_keras_segmenter import BaseKerasSegmenter
from emstellar.segmenters.docstrings import with_training_parameters


@with_training_parameters
@dataclass(eq=False, repr=False)
class KerasSegmenter(BaseKerasSegmenter):
    """Segment images with a network of your own.

    Parameters
    ----------
    network : callable
        ``network(input_shape, n_outputs) -> keras.Model``: builds a new network for images of
        shape ``input_shape = (None, None, n_channels)``. With two classes `n_outputs` is 1 and
        the network ends in a sigmoid; else in a softmax over `n_outputs`. The output is as large
        as the input. Define it in a module: a lambda cannot be pickled.
    size_multiple : int, default=None
        The network gets images whose sides are multiples of this (padded by reflection and
        cropped back): 2 to the power of the number of times it halves them. None takes
        ``network.size_multiple``, which the functions of `emstellar.networks` have, else 32.
    {training_parameters}

    Attributes
    ----------
    {attributes}

    See Also
    --------
    UNetSegmenter : The U-net, ready made.

    Examples
    --------
    >>> import keras
    >>> from emstellar import KerasSegmenter
    >>> from emstellar.datasets import make_em_images
    >>> def two_convolutions(input_shape, n_outputs):
    ...     inputs = keras.Input(input_shape)
    ...     x = keras.layers.Conv2D(4, 3, padding="same", activation="relu")(inputs)
    ...     outputs = keras.layers.Conv2D(n_outputs, 3, padding="same", activation="sigmoid")(x)
    ...     return keras.Model(inputs, outputs)
    >>> X, y = make_em_images(2, (32, 32), random_state=0)
    >>> segmenter = KerasSegmenter(two_convolutions, size_multiple=1, epochs=1, random_state=0)
    >>> segmenter.fit(X, y).predict_proba(X).shape
    (2, 32, 32, 2)
    """

    network: Callable
    size_multiple: int | None = field(default=None, kw_only=True)

    _parameter_constraints: ClassVar[dict] = {
        **BaseKerasSegmenter._parameter_constraints,
        "network": [c.CALLABLE],
        "size_multiple": [c.Interval(int, 1, None), c.NONE],
    }

    @property
    def _size_multiple(self):
        return self.size_multiple or getattr(self.network, "size_multiple", 32)

    def build_network(self, input_shape, n_outputs):
        """Return a new network, built by `network`."""
        return self.network(input_shape, n_outputs)
