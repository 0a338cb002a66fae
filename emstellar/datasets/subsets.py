"""The question that every fetcher asks about its `subset`."""

from ..constraints import InvalidParameterError, OneOf


def check_subset(subset, options, name):
    """Return `subset` if it is one of `options`, else raise in the name of the fetcher `name`."""
    constraint = OneOf(*options)
    if not constraint.accepts(subset):
        raise InvalidParameterError(
            f"The 'subset' parameter of {name} must be {constraint}. Got {subset!r} instead."
        )
    return subset
