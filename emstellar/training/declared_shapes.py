"""What weights a network will have, told before any of them takes memory."""

from concurrent.futures import ThreadPoolExecutor


def declared_variables(make_model):
    """Return shape and type of every variable of a network, without making any.

    The network is built where Keras may not give variables a value, and in a thread of its own:
    what Keras remembers of variables without value, and of names it has given, ends with it.

    Parameters
    ----------
    make_model : callable
        Returns the network.

    Returns
    -------
    list of (tuple of int, str)
        In the order of ``model.variables``.

    Examples
    --------
    >>> from emstellar.networks import build_unet
    >>> from emstellar.training.declared_shapes import declared_variables
    >>> declared_variables(lambda: build_unet((None, None, 1), 1, width=1000.0))[0]
    ((3, 3, 1, 64000), 'float32')
    """
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(_declare, make_model).result()


def _declare(make_model):
    from emstellar._keras import keras

    with keras.StatelessScope(initialize_variables=False):
        return [(tuple(v.shape), str(v.dtype)) for v in make_model().variables]
