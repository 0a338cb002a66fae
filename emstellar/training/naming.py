"""Names of layers that do not depend on how many were made before."""

import re
from collections import Counter


def number_layers(model):
    """Give the layers that Keras named by itself the same names in every model like this one.

    Keras numbers the layers of a process: "conv2d_7" of one model is "conv2d_12" of the next.
    TensorFlow sums three or more terms in the order of their names, in which 10 comes before 9, so
    that equal models could differ in the last bit, and after some training in much more.

    Parameters
    ----------
    model : keras.Model
        Changed in place: the names alone. Names given by hand stay, unless they look like those
        of Keras: the class, perhaps with a number.

    Examples
    --------
    >>> import keras
    >>> from emstellar.training.naming import number_layers
    >>> inputs = keras.Input((8, 8, 1), name="image")
    >>> x = keras.layers.Conv2D(2, 3, name="conv2d_10")(inputs)
    >>> model = keras.Model(inputs, keras.layers.Conv2D(1, 1, name="conv2d_11")(x), name="net")
    >>> number_layers(model)
    >>> [layer.name for layer in model.layers]
    ['image', 'conv2d', 'conv2d_1']
    """
    parts = list(_walk(model))
    given = {part.name for part in parts if _own_prefix(part) is None}
    counts = Counter()
    for part in parts:
        prefix = _own_prefix(part)
        if prefix is None:
            continue
        while (name := f"{prefix}_{counts[prefix]}" if counts[prefix] else prefix) in given:
            counts[prefix] += 1
        part.name = name
        counts[prefix] += 1


def _walk(layer):
    yield layer
    for part in getattr(layer, "layers", ()):
        yield from _walk(part)


def _own_prefix(layer):
    """Return what Keras would put before the number, or None for another name."""
    prefix = re.sub(r"_\d+$", "", layer.name)
    return prefix if prefix.replace("_", "") == type(layer).__name__.lower() else None
