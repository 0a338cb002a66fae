"""Repeatable networks without touching the caller's random state."""

import contextlib
import random
import threading

import numpy as np

# Keras draws the default seeds of layers from the standard library's one global generator. Other
# threads draw from it too, the event loop of a Dask worker for one, so to seed it is not enough:
# the thread that builds a network is given a generator of its own.
_FUNCTIONS = [name for name in random.__all__ if hasattr(random.Random, name)]
_LOCK = threading.RLock()


@contextlib.contextmanager
def seeded_construction(seed):
    """Within the block, networks built get weights that depend on `seed` only.

    Parameters
    ----------
    seed : int
        What this thread draws within the block from the standard library's generator, as Keras
        does, comes from a generator with this seed. Other threads, and the state of the global
        generator, notice nothing.

    Examples
    --------
    >>> import random
    >>> from emstellar.randomness import seeded_construction
    >>> with seeded_construction(0):
    ...     first = random.random()
    >>> with seeded_construction(0):
    ...     second = random.random()
    >>> first == second
    True
    """
    with _LOCK:
        own = random.Random(seed)
        shared = {name: getattr(random, name) for name in _FUNCTIONS}
        for name, function in shared.items():
            setattr(random, name, _by_thread(getattr(own, name), function))
        try:
            yield
        finally:
            for name, function in shared.items():
                setattr(random, name, function)


def _by_thread(own, shared):
    """Return a function that is `own` in this thread, and `shared` in all others."""
    thread = threading.get_ident()

    def call(*args, **kwargs):
        return (own if threading.get_ident() == thread else shared)(*args, **kwargs)

    return call


@contextlib.contextmanager
def same_random_states():
    """Put the global random states of numpy and Python back after the block.

    It stands around the import of Keras, which draws numbers: what a caller draws must not depend
    on which function of this package is the first to need it.

    Examples
    --------
    >>> import random
    >>> from emstellar.randomness import same_random_states
    >>> before = random.getstate()
    >>> with same_random_states():
    ...     number = random.random()
    >>> random.getstate() == before
    True
    """
    of_numpy, of_python = np.random.get_state(), random.getstate()  # noqa: NPY002
    try:
        yield
    finally:
        np.random.set_state(of_numpy)  # noqa: NPY002
        random.setstate(of_python)


def seed_from(random_state):
    """Return an int seed for one fit.

    Parameters
    ----------
    random_state : int, numpy.random.RandomState or None
        An int gives the same seed each time, a generator its next number, and None a new seed
        from the operating system: unlike in scikit-learn, numpy's global state stays as it is.

    Returns
    -------
    int
        In [0, 2**31).
    """
    if random_state is None:
        return int(np.random.SeedSequence().generate_state(1)[0] >> 1)
    if isinstance(random_state, np.random.RandomState):
        return int(random_state.randint(2**31))
    return int(random_state) % 2**31
