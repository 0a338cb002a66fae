"""Repeatable networks without touching the caller's random state."""

import contextlib
import random
import threading

import numpy as np

# Keras draws the default seeds of layers from the standard library's one global generator,
# so two threads that build networks at the same time would take each other's numbers.
_LOCK = threading.RLock()


@contextlib.contextmanager
def seeded_construction(seed):
    """Within the block, networks built get weights that depend on `seed` only.

    Parameters
    ----------
    seed : int
        Seeds the standard library's generator, from which Keras draws; its state is put back.

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
        state = random.getstate()
        random.seed(seed)
        try:
            yield
        finally:
            random.setstate(state)


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
