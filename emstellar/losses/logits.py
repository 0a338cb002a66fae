"""What the last activation of a network was given, where a loss finds it.

A probability in float32 is 1 from a logit of 17 on, and the slope of the sigmoid is 0 there: a loss
of the probability cannot correct such a pixel, a loss of the logit can. Networks end in
probabilities, which is what everybody wants of them but the loss; while they are trained, the
logits are therefore kept aside, by the very tensor that was made of them.
"""

import threading
from contextlib import contextmanager

from emstellar._keras import keras

_kept = threading.local()


class KeepingLogits:
    """An activation that keeps what it was given last, for `logits_of`.

    Parameters
    ----------
    activation : callable
        `keras.activations.sigmoid` or `keras.activations.softmax`.

    Examples
    --------
    >>> import keras
    >>> from emstellar.losses.logits import KeepingLogits, logits_of
    >>> logits = keras.ops.convert_to_tensor([[20.0]])
    >>> probabilities = KeepingLogits(keras.activations.sigmoid)(logits)
    >>> logits_of(probabilities) is logits, logits_of(logits) is None
    (True, True)
    """

    def __init__(self, activation):
        self.activation = activation

    def __call__(self, logits):
        """Return the probabilities."""
        probabilities = self.activation(logits)
        one = self.activation is keras.activations.sigmoid
        # The sigmoids of several channels are no probabilities of exclusive classes.
        _kept.pair = (probabilities, logits) if one == (logits.shape[-1] == 1) else (None, None)
        return probabilities


def logits_of(probabilities):
    """Return the logits that a tensor of probabilities was made of, or None if nobody knows."""
    kept, logits = getattr(_kept, "pair", (None, None))
    return logits if kept is probabilities else None


@contextmanager
def logits_kept(model):
    """Let losses know the logits of a model within a ``with`` statement.

    Where the last layer does not have the activation `keras.activations.sigmoid` (one channel) or
    `keras.activations.softmax` (several), losses are computed from probabilities as ever.

    Parameters
    ----------
    model : keras.Model
        The network. Afterwards its last layer is as before.

    Examples
    --------
    >>> import keras
    >>> from emstellar.losses.logits import logits_kept
    >>> layer = keras.layers.Conv2D(1, 1, activation="sigmoid")
    >>> model = keras.Sequential([keras.Input((8, 8, 1)), layer])
    >>> with logits_kept(model):
    ...     type(layer.activation).__name__
    'KeepingLogits'
    >>> layer.activation is keras.activations.sigmoid
    True
    """
    layer = _last_layer(model)
    if layer is None:
        yield
        return
    activation = layer.activation
    layer.activation = KeepingLogits(activation)
    try:
        yield
    finally:
        layer.activation = activation
        # Tensors of a traced step would keep its whole graph.
        _kept.pair = None, None


def _last_layer(model):
    """Return the layer that should make the probabilities, or None.

    Should another one make them, `logits_of` will not know the tensor.
    """
    while layers := getattr(model, "layers", None):
        model = layers[-1]
    activation = getattr(model, "activation", None)
    known = (keras.activations.sigmoid, keras.activations.softmax)
    return model if any(activation is function for function in known) else None
