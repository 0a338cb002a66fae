"""The question that every fetcher asks about its `subset`."""

from ..constraints import OneOf, check_arguments


def check_subset(subset, options, name):
    """Return `subset` if it is one of `options`, else raise in the name of the fetcher `name`."""
    check_arguments(name, {"subset": subset}, {"subset": [OneOf(*options)]})
    return subset
