"""The parameters that all Keras segmenters share are described once, in their base class."""

import inspect


def with_training_parameters(cls):
    """Fill ``{training_parameters}`` and ``{attributes}`` in the docstring of `cls`.

    The text is taken from the sections of its base class, so that each class documents all of
    its parameters, as scikit-learn's users expect, and none is described twice in the sources.
    """
    base = inspect.cleandoc(cls.__mro__[1].__doc__)
    text = inspect.cleandoc(cls.__doc__)
    text = text.replace("{training_parameters}", _section(base, "Parameters"))
    cls.__doc__ = text.replace("{attributes}", _section(base, "Attributes"))
    return cls


def _section(docstring, title):
    """Return the body of a numpydoc section."""
    lines = docstring.splitlines()
    start = lines.index(title) + 2
    end = next(
        (i - 1 for i in range(start, len(lines)) if lines[i] and set(lines[i]) == {"-"}),
        len(lines),
    )
    return "\n".join(lines[start:end]).strip()
