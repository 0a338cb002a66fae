"""Groups of images, found in the names of their files."""

import re

import numpy as np


def find_groups(pattern, names):
    """Return the group of each file, found in its name.

    Parameters
    ----------
    pattern : str or None
        A regular expression; what it, or its first bracket, finds is the group.
    names : list of str

    Returns
    -------
    ndarray of str or None

    Raises
    ------
    ValueError
        If it is no regular expression, or finds nothing in a name.

    Examples
    --------
    >>> from emstellar.io import find_groups
    >>> find_groups("field.", ["field1_a.png", "field1_b.png", "field2_a.png"])
    array(['field1', 'field1', 'field2'], dtype='<U6')
    """
    return None if pattern is None else np.array([_group(pattern, name) for name in names])


def _group(pattern, name):
    try:
        found = re.search(pattern, name)
    except re.error as error:
        raise ValueError(
            f"The pattern {pattern!r} of the groups is no regular expression: {error}."
        ) from error
    if found is None:
        raise ValueError(f"The pattern {pattern!r} of the groups finds nothing in {name!r}.")
    return found[found.re.groups and 1]
