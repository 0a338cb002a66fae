"""What weights a network will have, told before any of them takes memory."""

from concurrent.futures import ThreadPoolExecutor

from emstellar.training.fitting import build_model


def declared_variables(segmenter):
    """Return shape and type of every variable of a segmenter's network, without making any.

    The network is built where Keras may not give variables a value, and in a thread of its own:
    what Keras remembers of variables without value, and of names it has given, ends with it.

    Parameters
    ----------
    segmenter : BaseKerasSegmenter
        With the attributes that a network is built by: `classes_`, `n_channels_in_`, `seed_`.

    Returns
    -------
    list of (tuple of int, str)
        In the order of ``model.variables``.

    Examples
    --------
    >>> import numpy as np
    >>> from emstellar import UNetSegmenter
    >>> from emstellar.training.declared_shapes import declared_variables
    >>> segmenter = UNetSegmenter(width=1000.0)
    >>> segmenter.classes_, segmenter.n_channels_in_, segmenter.seed_ = np.arange(2), 1, 0
    >>> declared_variables(segmenter)[0]
    ((3, 3, 1, 64000), 'float32')
    """
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(_declare, segmenter).result()


def _declare(segmenter):
    from emstellar._keras import keras

    with keras.StatelessScope(initialize_variables=False):
        model = build_model(segmenter)
        return [(tuple(v.shape), str(v.dtype)) for v in model.variables]
