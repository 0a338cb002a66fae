"""What a function that builds a network says of its parameters."""

import inspect
from typing import Annotated, Any, NamedTuple, get_args, get_origin, get_type_hints


class BuilderParameter(NamedTuple):
    """A keyword parameter of a builder: its type, what it may be (empty: anything), its default."""

    kind: Any
    constraints: list
    default: Any


def keyword_parameters(builder):
    """Return the keyword-only parameters of a function that builds a network.

    Parameters
    ----------
    builder : callable
        ``builder(input_shape, n_outputs, *, ...)``; what stands after the type in
        ``typing.Annotated`` says what the parameter may be.

    Returns
    -------
    dict of str to BuilderParameter
        In the order of the signature.

    Examples
    --------
    >>> from emstellar.networks import build_prelu_net
    >>> from emstellar.segmenters.builders import keyword_parameters
    >>> {name: p.default for name, p in keyword_parameters(build_prelu_net).items()}
    {'width': 1.0, 'dropout': 0.5, 'head': 'paper'}
    """
    hints = get_type_hints(inspect.unwrap(builder), include_extras=True)
    return {
        name: BuilderParameter(*_type_and_constraints(hints.get(name, object)), parameter.default)
        for name, parameter in inspect.signature(builder).parameters.items()
        if parameter.kind is parameter.KEYWORD_ONLY
    }


def _type_and_constraints(hint):
    if get_origin(hint) is not Annotated:
        return hint, []
    kind, *constraints = get_args(hint)
    return kind, constraints


def check_fields(cls, fields):
    """Raise unless a class has every parameter of its builder as a field of the same default.

    Parameters
    ----------
    cls : type
        With the attribute `builder`.
    fields : sequence of dataclasses.Field

    Raises
    ------
    TypeError
        Naming the first field that is missing or has another default.
    """
    defaults = {field.name: field.default for field in fields}
    for name, parameter in keyword_parameters(cls.builder).items():
        if name not in defaults or defaults[name] != parameter.default:
            raise TypeError(
                f"{cls.__name__} needs the field {name!r} with the default "
                f"{parameter.default!r}, as {cls.builder.__name__} has it."
            )
