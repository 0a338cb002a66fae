"""What classes of segmenters have in common is described once, in the base class and the builders.

A docstring says where it goes: ``{network_parameters}`` stands for the parameters of the class's
`builder`, ``{training_parameters}`` and ``{attributes}`` for the sections of the base class.
"""

import inspect
import re

from emstellar.constraints import OneOf
from emstellar.segmenters.builders import keyword_parameters


def fill_docstring(cls, base):
    """Fill the gaps in the docstring of `cls`.

    So each class documents all of its parameters, as scikit-learn's users expect, and none is
    described twice in the sources.
    """
    if not cls.__doc__ or not base.__doc__:
        return
    text, of_base = inspect.cleandoc(cls.__doc__), inspect.cleandoc(base.__doc__)
    parts = {
        "training_parameters": lambda: section(of_base, "Parameters"),
        "attributes": lambda: section(of_base, "Attributes"),
        "network_parameters": lambda: _network_parameters(cls.builder),
    }
    for name, part in parts.items():
        gap = f"{{{name}}}"
        if gap in text:
            text = text.replace(gap, part())
    cls.__doc__ = text


def section(docstring, title):
    """Return the body of a numpydoc section."""
    lines = docstring.splitlines()
    start = lines.index(title) + 2
    end = next(
        (i - 1 for i in range(start, len(lines)) if lines[i] and set(lines[i]) == {"-"}),
        len(lines),
    )
    return "\n".join(lines[start:end]).strip()


def _network_parameters(builder):
    """Return the descriptions of the keyword parameters of a builder, one after the other."""
    entries = re.split(r"\n(?=\w)", section(inspect.cleandoc(builder.__doc__), "Parameters"))
    texts = {entry.partition(" : ")[0]: entry.partition("\n")[2] for entry in entries}
    return "\n".join(
        f"{name} : {_type_in_words(parameter)}, default={_quoted(parameter.default)}\n{texts[name]}"
        for name, parameter in keyword_parameters(builder).items()
    )


def _type_in_words(parameter):
    """Return the type of a parameter as numpydoc writes it: the options, or the name."""
    for constraint in parameter.constraints:
        if isinstance(constraint, OneOf):
            return "{" + ", ".join(map(_quoted, constraint.options)) + "}"
    return parameter.kind.__name__


def _quoted(value):
    return f'"{value}"' if isinstance(value, str) else repr(value)
