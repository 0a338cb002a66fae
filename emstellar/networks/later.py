"""Keras for the modules of the networks, imported when a network is built.

What a module says of its network (parameters, sizes, names) is then read without the seconds and
the memory that Keras and its backend take.
"""


class _Later:
    """A module of Keras that is imported when something of it is first asked for."""

    def __init__(self, name):
        self._name = name

    def __getattr__(self, name):
        from emstellar import _keras

        return getattr(getattr(_keras, self._name), name)


initializers = _Later("initializers")
keras = _Later("keras")
layers = _Later("layers")
ops = _Later("ops")
