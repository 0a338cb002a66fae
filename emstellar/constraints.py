"""What a parameter may be: one small declarative table per estimator.

scikit-learn's own table is private, so the few rules that segmenters need are written here.
A constraint answers two questions: does the value satisfy it, and how is it said in words.
"""

import difflib
from numbers import Integral, Real

import numpy as np


class InvalidParameterError(ValueError, TypeError):
    """A parameter of an estimator has a value or a type that it cannot have.

    It is both a `ValueError` and a `TypeError`, as scikit-learn's error of that name is.
    """


class Interval:
    """A number of a type within closed or open bounds.

    Parameters
    ----------
    kind : {int, float}
        What the value must be; `float` admits integers too. Booleans are never numbers here.
    low, high : float or None
        The bounds; None means unbounded.
    closed : {"left", "right", "both", "neither"}, default="left"
        Which of the bounds belong to the interval.
    """

    def __init__(self, kind, low, high, closed="left"):
        self.kind = kind
        self.low = -np.inf if low is None else low
        self.high = np.inf if high is None else high
        self.closed = closed

    def __repr__(self):
        return f"Interval({self.kind.__name__}, {self.low}, {self.high}, {self.closed!r})"

    def accepts(self, value):
        """Tell whether `value` is a number of the kind inside the bounds."""
        number = Integral if self.kind is int else Real
        if not isinstance(value, number) or isinstance(value, (bool, np.bool_)):
            return False
        above = value >= self.low if self.closed in ("left", "both") else value > self.low
        below = value <= self.high if self.closed in ("right", "both") else value < self.high
        return bool(above and below)

    def __str__(self):
        left = "[" if self.closed in ("left", "both") and np.isfinite(self.low) else "("
        right = "]" if self.closed in ("right", "both") and np.isfinite(self.high) else ")"
        name = "an int" if self.kind is int else "a float"
        return f"{name} in the range {left}{self.low}, {self.high}{right}"


class OneOf:
    """One of a few given values, mostly strings."""

    def __init__(self, *options):
        self.options = options

    def __repr__(self):
        return f"OneOf({', '.join(map(repr, self.options))})"

    def accepts(self, value):
        """Tell whether `value` equals an option and is of its type."""
        return any(type(value) is type(option) and value == option for option in self.options)

    def __str__(self):
        return "one of {" + ", ".join(repr(option) for option in self.options) + "}"


class InstanceOf:
    """An instance of a type."""

    def __init__(self, kind, words=None):
        self.kind = kind
        self.words = words or f"an instance of {kind.__name__!r}"

    def __repr__(self):
        return f"InstanceOf({self.words!r})"

    def accepts(self, value):
        """Tell whether `value` is an instance."""
        return isinstance(value, self.kind)

    def __str__(self):
        return self.words


class Satisfies:
    """Whatever a function accepts."""

    def __init__(self, accepts, words):
        self.accepts = accepts
        self.words = words

    def __str__(self):
        return self.words


def pair_of(constraint):
    """Return the constraint: two values, each of which satisfies `constraint`."""

    def accepts(value):
        return (
            isinstance(value, (tuple, list))
            and len(value) == 2
            and all(constraint.accepts(item) for item in value)
        )

    return Satisfies(accepts, f"a pair (height, width), each {constraint}")


NONE = Satisfies(lambda value: value is None, "None")
BOOLEAN = InstanceOf((bool, np.bool_), "a bool")
CALLABLE = Satisfies(callable, "a callable")
RANDOM_STATE = Satisfies(
    lambda value: (
        isinstance(value, np.random.RandomState) or Interval(int, 0, 2**32).accepts(value)
    ),
    "an int in the range [0, 4294967296), a numpy.random.RandomState instance",
)


def check_parameters(estimator, constraints):
    """Raise if a parameter of `estimator` satisfies none of its constraints.

    Parameters
    ----------
    estimator : BaseEstimator
        Its ``get_params(deep=False)`` are checked.
    constraints : dict of str to list
        For each parameter's name the constraints of which one must hold. A parameter
        without an entry is not checked.

    Raises
    ------
    InvalidParameterError
        Naming the parameter, what it may be and what it is; for a misspelt name of an option,
        the nearest valid ones too.

    Examples
    --------
    >>> from emstellar.constraints import Interval, check_parameters
    >>> from emstellar import RandomForestSegmenter
    >>> check_parameters(RandomForestSegmenter(n_estimators=0),
    ...                  {"n_estimators": [Interval(int, 1, None)]})
    Traceback (most recent call last):
        ...
    emstellar.constraints.InvalidParameterError: The 'n_estimators' parameter of \
RandomForestSegmenter must be an int in the range [1, inf). Got 0 instead.
    """
    parameters = estimator.get_params(deep=False)
    check_arguments(type(estimator).__name__, parameters, constraints)


def check_arguments(owner, arguments, constraints):
    """Raise if an argument of a function satisfies none of its constraints.

    Parameters
    ----------
    owner : str
        The name of the function, for the message.
    arguments : dict of str to object
        The arguments by name.
    constraints : dict of str to list
        As for `check_parameters`.

    Raises
    ------
    InvalidParameterError
        As by `check_parameters`.

    Examples
    --------
    >>> from emstellar.constraints import OneOf, check_arguments
    >>> check_arguments("make_em_images", {"kind": "membrane"}, {"kind": [OneOf("membranes")]})
    Traceback (most recent call last):
        ...
    emstellar.constraints.InvalidParameterError: The 'kind' parameter of make_em_images must be \
one of {'membranes'}. Got 'membrane' instead. Did you mean 'membranes'?
    """
    for name, value in arguments.items():
        allowed = constraints.get(name)
        if allowed is None or any(constraint.accepts(value) for constraint in allowed):
            continue
        words = [str(constraint) for constraint in allowed]
        said = words[0] if len(words) == 1 else ", ".join(words[:-1]) + " or " + words[-1]
        raise InvalidParameterError(
            f"The {name!r} parameter of {owner} must be {said}. "
            f"Got {value!r} instead.{_nearest(value, allowed)}"
        )


def check_option(name, value, options):
    """Raise if an argument is none of its options.

    Parameters
    ----------
    name : str
        What it is, for the message.
    value : object
    options : sequence

    Raises
    ------
    InvalidParameterError

    Examples
    --------
    >>> from emstellar.constraints import check_option
    >>> check_option("head", "papre", ["paper", "direct"])
    Traceback (most recent call last):
        ...
    emstellar.constraints.InvalidParameterError: head must be one of ['paper', 'direct']. Got \
'papre' instead. Did you mean 'paper'?
    """
    if value not in options:
        options = list(options)
        hint = did_you_mean(value, [item for item in options if isinstance(item, str)])
        raise InvalidParameterError(
            f"{name} must be one of {options}. Got {value!r} instead.{hint}"
        )


def _nearest(value, allowed):
    """Return the options that look like a misspelt `value`, as a sentence."""
    if not isinstance(value, str):
        return ""
    options = [
        option
        for constraint in allowed
        if isinstance(constraint, OneOf)
        for option in constraint.options
        if isinstance(option, str)
    ]
    return did_you_mean(value, options)


def did_you_mean(word, known):
    """Return the names nearest to a misspelt one as a sentence, or nothing.

    Parameters
    ----------
    word : str
    known : iterable of str

    Returns
    -------
    str
        Begins with a space, to follow another sentence.

    Examples
    --------
    >>> from emstellar.constraints import did_you_mean
    >>> did_you_mean("epoch", ["epochs", "width"])
    " Did you mean 'epochs'?"
    """
    near = difflib.get_close_matches(str(word), known)
    return f" Did you mean {' or '.join(map(repr, near))}?" if near else ""
