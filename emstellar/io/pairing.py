"""Masks put in the order of their images by name: `pair_by_name`, `match_names`."""

import re
from collections import Counter

from .varying_names import match_varying

KEY = "pass what to match by as `key`"


def pair_by_name(images, masks, *, key=None, sides=("image", "mask"), remedy=KEY):
    r"""Return images with their masks, matched by name and never by position.

    Parameters
    ----------
    images : tuple of (images, names)
        As `read_images` returns it.
    masks : tuple of (masks, names)
        As `read_masks` returns it.
    key : callable or str, default=None
        What to match by: a function of a name, or a regular expression whose groups (or, without
        groups, whole match) count, such as ``r"\d+$"`` for the number at the end. None means
        the name itself or, where no image is called as a mask is, what varies in the names:
        "raw_007" belongs to "labels7".
    sides : tuple of two str, default=("image", "mask")
        What the two are called in messages.
    remedy : str, default="pass what to match by as `key`"
        What messages advise where names do not match.

    Returns
    -------
    images : ndarray or list of ndarray
        As given.
    masks : ndarray or list of ndarray
        In the order of the images.
    names : list of str
        The names of the images.

    Raises
    ------
    ValueError
        If an image has no mask or a mask no image, two have one name, or an image and its mask
        differ in size. The message lists which.

    Examples
    --------
    >>> import numpy as np
    >>> from emstellar.io import pair_by_name
    >>> images = np.zeros((2, 8, 8)), ["a", "b"]
    >>> masks = np.stack([np.ones((8, 8)), np.zeros((8, 8))]), ["b", "a"]
    >>> X, y, names = pair_by_name(images, masks)
    >>> y[:, 0, 0], names
    (array([0., 1.]), ['a', 'b'])
    """
    (X, names), (y, mask_names) = images, masks
    order = match_names(names, mask_names, key=key, sides=sides, remedy=remedy)
    y = [y[i] for i in order] if isinstance(y, list) else y[order]
    different = [
        f"{name} {image.shape[:2]} and {mask_names[i]} {mask.shape[:2]}"
        for name, image, mask, i in zip(names, X, y, order, strict=True)
        if image.shape[:2] != mask.shape[:2]
    ]
    if different:
        first, second = sides
        raise ValueError(
            f"{first.capitalize()}s and {second}s differ in size: {_listing(different)}."
        )
    return X, y, list(names)


def match_names(names, others, *, key=None, sides=("image", "mask"), remedy=KEY):
    r"""Return for each name the position of the other name that belongs to it.

    Parameters
    ----------
    names, others : list of str
        Names of two sides.
    key : callable or str, default=None
        As in `pair_by_name`.
    sides : tuple of two str, default=("image", "mask")
        What one of each side is called.
    remedy : str, default="pass what to match by as `key`"
        What the message advises.

    Returns
    -------
    list of int

    Raises
    ------
    ValueError
        If a name has no partner or two are the same; the message lists which of which side.

    Examples
    --------
    >>> from emstellar.io.pairing import match_names
    >>> match_names(["x_a", "x_b"], ["b", "a"])
    [1, 0]
    >>> match_names(["t1", "t2"], ["run5_2_64", "run5_1_64"], key=r"^t(\d)|_(\d)_")
    [1, 0]
    """
    keys = _keys(names, key, sides[0], remedy)
    other_keys = _keys(others, key, sides[1], remedy)
    if key is None and not set(keys) & set(other_keys):
        order = match_varying(keys, other_keys)
        if order is not None:
            return order
    _check_same(
        [name for name, k in zip(names, keys, strict=True) if k not in set(other_keys)],
        [name for name, k in zip(others, other_keys, strict=True) if k not in set(keys)],
        sides,
        remedy,
    )
    return [other_keys.index(k) for k in keys]


def _keys(names, key, side, remedy):
    if isinstance(key, str):
        keys = [_match(key, name, side) for name in names]
    else:
        keys = list(names) if key is None else [key(name) for name in names]
    repeated = {k for k, count in Counter(keys).items() if count > 1}
    if repeated and key is None:
        raise ValueError(f"Several {side}s are called the same: {_listing(sorted(repeated))}.")
    if repeated:
        same = [name for name, k in zip(names, keys, strict=True) if k in repeated]
        raise ValueError(
            f"Several {side}s agree in what is matched by: {_listing(same)}. Otherwise {remedy}."
        )
    return keys


def _match(pattern, name, side):
    """Return the groups of the pattern in a name, numbers by value."""
    try:
        found = re.search(pattern, name)
    except re.error as error:
        raise ValueError(f"{pattern!r} is no regular expression: {error}.") from error
    if found is None:
        raise ValueError(f"{pattern!r} does not occur in the name of the {side} {name!r}.")
    parts = [part for part in found.groups() if part is not None] or [found[0]]
    return tuple(int(part) if part.isdecimal() else part for part in parts)


def _check_same(without_partner, without_name, sides, remedy):
    problems = []
    first, second = sides
    if without_partner:
        problems.append(f"{first}s without {_a(second)}: {_listing(without_partner)}")
    if without_name:
        problems.append(f"{second}s without {_a(first)}: {_listing(without_name)}")
    if problems:
        raise ValueError(
            f"{first.capitalize()}s and {second}s do not match by name; {'; '.join(problems)}. "
            f"If the names differ by rule, {remedy}."
        )


def _a(noun):
    return f"an {noun}" if noun[0] in "aeiou" else f"a {noun}"


def _listing(items, most=5):
    """Return the first items as text, and how many more there are."""
    more = f" and {len(items) - most} more" if len(items) > most else ""
    return ", ".join(str(item) for item in items[:most]) + more
