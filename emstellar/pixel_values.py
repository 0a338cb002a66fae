"""What the values of label images tell: `count_values`, `measure_flatness`, `list_values`."""

from typing import NamedTuple

import numpy as np


class Flatness(NamedTuple):
    """How pixels of some values lie beside each other.

    Attributes
    ----------
    equal : float
        Share of the pairs of horizontal neighbours, of which one at least has such a value, that
        are equal: near 1 for regions of one label, near 0 for grey values.
    jump : float
        Median difference of the other pairs: large between labels, small on a ramp of grey.
    """

    equal: float
    jump: float


def count_values(images):
    """Return the values that occur in several images, sorted, and how often.

    Parameters
    ----------
    images : sequence of ndarray of shape (height, width)
        Of any real dtype.

    Returns
    -------
    values, counts : ndarray of shape (n_values,)

    Examples
    --------
    >>> import numpy as np
    >>> from emstellar.pixel_values import count_values
    >>> count_values([np.array([[0, 255]]), np.array([[0, 128]])])
    (array([  0, 128, 255]), array([2, 1, 1]))
    """
    parts = [np.unique(image, return_counts=True) for image in images]
    values, places = np.unique(np.concatenate([v for v, _ in parts]), return_inverse=True)
    counts = np.bincount(places, weights=np.concatenate([c for _, c in parts]))
    return values, counts.astype("int64")


def measure_flatness(images, values):
    """Return how the pixels of some values lie beside each other.

    Parameters
    ----------
    images : sequence of ndarray of shape (height, width)
    values : array-like
        The values asked about.

    Returns
    -------
    Flatness
        NaN where no pixel has such a value.

    Examples
    --------
    >>> import numpy as np
    >>> from emstellar.pixel_values import measure_flatness
    >>> objects = np.repeat([[0, 7, 0, 9]], 8, axis=1)
    >>> measure_flatness([objects], [7, 9])
    Flatness(equal=0.8235..., jump=7.0)
    """
    n_pairs, n_equal, jumps = 0, 0, []
    for image in images:
        left, right = image[:, :-1], image[:, 1:]
        chosen = np.isin(image, values)
        touched = chosen[:, :-1] | chosen[:, 1:]
        a, b = left[touched].astype("float64"), right[touched].astype("float64")
        n_pairs += len(a)
        n_equal += np.count_nonzero(a == b)
        jumps.append(np.abs(a - b)[a != b])
    jumps = np.concatenate(jumps)
    return Flatness(
        float(n_equal / n_pairs) if n_pairs else np.nan,
        float(np.median(jumps)) if len(jumps) else np.nan,
    )


def list_values(values, most=8):
    """Return values as text, with the middle left out where there are many.

    Examples
    --------
    >>> from emstellar.pixel_values import list_values
    >>> list_values(range(256))
    '0, 1, 2, 3, 4, ..., 253, 254, 255'
    """
    texts = [f"{value:g}" if isinstance(value, float) else str(value) for value in _plain(values)]
    if len(texts) > most + 1:
        texts = [*texts[: most - 3], "...", *texts[-3:]]
    return ", ".join(texts)


def _plain(values):
    return values.tolist() if isinstance(values, np.ndarray) else list(values)


def find_mixed_codings(images, names):
    """Return an image of each coding, where masks of two values differ in what is foreground.

    Parameters
    ----------
    images : sequence of ndarray of shape (height, width)
        ``-1`` is left out.
    names : sequence of str

    Returns
    -------
    dict of int to str
        The value of the foreground (1, or the largest of an unsigned type) and the first image in
        which it is one; empty where all images agree or one holds other values too.

    Examples
    --------
    >>> import numpy as np
    >>> from emstellar.pixel_values import find_mixed_codings
    >>> find_mixed_codings([np.array([[0, 1]]), np.array([[0, 255]])], ["a", "b"])
    {1: 'a', 255: 'b'}
    """
    found = {}
    for image, name in zip(images, names, strict=True):
        values = [int(value) for value in np.unique(image) if value not in (0, -1)]
        if len(values) > 1 or (values and values[0] not in (1, 255, 65535)):
            return {}
        if values:
            found.setdefault(values[0], name)
    return found if len(found) > 1 else {}
