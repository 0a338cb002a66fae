"""Judge the options of metrics: what cannot be meant is refused, not scored."""

import warnings
from numbers import Integral, Real

import numpy as np
from sklearn.exceptions import UndefinedMetricWarning

from emstellar.constraints import check_option

ZERO_DIVISIONS = ("warn", 0, 1, np.nan)


def check_number(name, value, low=0.0, high=np.inf, *, kind=Real, above=False):
    """Return a finite number within bounds.

    Parameters
    ----------
    name : str
        What it is, for the message.
    value : object
        What was given.
    low, high : float
        The bounds, which are allowed.
    kind : type, default=numbers.Real
        `numbers.Integral` for whole numbers.
    above : bool, default=False
        Whether `low` itself is not allowed.

    Raises
    ------
    ValueError
        If it is no number, NaN, infinite or out of bounds.

    Examples
    --------
    >>> from emstellar.metrics.options import check_number
    >>> check_number("tolerance", -1)
    Traceback (most recent call last):
        ...
    ValueError: tolerance must be a number of at least 0. Got -1 instead.
    """
    known = isinstance(value, kind) and not isinstance(value, (bool, np.bool_))
    if known and np.isfinite(value) and low <= value <= high and not (above and value == low):
        return value
    what = "an integer" if kind is Integral else "a number"
    bounds = f"greater than {low:g}" if above else f"of at least {low:g}"
    bounds = bounds if np.isinf(high) else f"in {'(' if above else '['}{low:g}, {high:g}]"
    raise ValueError(f"{name} must be {what} {bounds}. Got {value!r} instead.")


def check_threshold(threshold):
    """Return a threshold of probabilities.

    Raises
    ------
    ValueError
        If it is not a number in [0, 1].

    Examples
    --------
    >>> from emstellar.metrics.options import check_threshold
    >>> check_threshold(2)
    Traceback (most recent call last):
        ...
    ValueError: threshold must be a number in [0, 1]. Got 2 instead.
    """
    return check_number("threshold", threshold, 0.0, 1.0)


def check_pixel_size(pixel_size):
    """Return height and width of a pixel as an array.

    Raises
    ------
    ValueError
        If they are not one or two positive numbers.
    """
    sizes = np.asarray(pixel_size, dtype=object).ravel()
    if len(sizes) not in (1, 2):
        raise ValueError(f"pixel_size must be one or two numbers. Got {pixel_size!r} instead.")
    for size in sizes:
        check_number("pixel_size", size, above=True)
    return np.broadcast_to(sizes.astype(float), 2)


def undefined(zero_division, metric, reason):
    """Return the value of a score that is 0 / 0: NaN and a warning, or as told.

    Raises
    ------
    ValueError
        If `zero_division` is not "warn", 0, 1 or NaN.
    """
    if isinstance(zero_division, str) or zero_division not in (0, 1):
        if zero_division == "warn":
            warn_of_undefined(metric, reason, stacklevel=5)
        elif not (isinstance(zero_division, Real) and np.isnan(zero_division)):
            check_option("zero_division", zero_division, ZERO_DIVISIONS)
        return np.nan
    return float(zero_division)


def warn_of_undefined(metric, reason, stacklevel=4):
    """Warn that a score is NaN, and why."""
    warnings.warn(
        f"{metric} is undefined: {reason}.", UndefinedMetricWarning, stacklevel=stacklevel
    )
