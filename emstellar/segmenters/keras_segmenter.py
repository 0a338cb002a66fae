"""`KerasSegmenter`: a user's own Keras network as a segmenter."""

from collections.abc import Callable
from dataclasses import KW_ONLY
from typing import ClassVar

from emstellar import constraints as c
from emstellar.segmenters.base_keras_segmenter import BaseKerasSegmenter


class KerasSegmenter(BaseKerasSegmenter, kw_only=False):
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
    _: KW_ONLY
    size_multiple: int | None = None

    parameter_constraints: ClassVar[dict] = {
        "network": [c.CALLABLE],
        "size_multiple": [c.Interval(int, 1, None), c.NONE],
    }

    @property
    def builder(self):
        """The function that builds the network: `network`."""
        return self.network

    def build_network(self, input_shape, n_outputs):
        """Return a new network, built by `network`."""
        return self.network(input_shape, n_outputs)
