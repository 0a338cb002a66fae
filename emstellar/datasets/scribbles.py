"""Sparse labels, as people draw them, from full masks."""

from numbers import Real

import numpy as np

from emstellar.randomness import seed_from
from emstellar.validation import (
    UNLABELLED,
    check_images,
    check_masks,
    is_sequence_of_arrays,
)

_LENGTH = 60
# The pen is three pixels wide, and turns by about so many radians at each pixel.
_PEN = np.array([(0, 0), (0, 1), (1, 0), (0, -1), (-1, 0), (1, 1), (1, -1), (-1, 1), (-1, -1)])
_TURN = 0.15


def make_scribbles(y, fraction, *, random_state=None):
    """Return masks of which only a few pen strokes are labelled.

    Simulates how ilastik or Trainable Weka Segmentation are trained, to measure what fewer
    labels cost.

    Parameters
    ----------
    y : array-like of shape (n_images, height, width) or sequence of masks
        Full masks, boolean or integer; ``-1`` stays unlabelled.
    fraction : float
        In (0, 1]: the share of each class's pixels to label in each image, rounded up, so that
        every class present gets at least one stroke.
    random_state : int, RandomState instance or None, default=None
        Seeds the strokes. numpy's global state is never used.

    Returns
    -------
    ndarray of shape (n_images, height, width), or list of ndarray of shape (height, width)
        The masks with ``-1`` outside the strokes, in the smallest signed dtype that holds
        those of `y` (booleans become 0 and 1); a list when `y` is a sequence.

    Raises
    ------
    ValueError
        If `fraction` is out of range or `y` holds no masks.

    Notes
    -----
    A stroke is a path of up to 60 steps that starts anywhere in a class, bends at random and
    ends where the class does; the pen is three pixels wide and stays within the class. Each
    image has its own random numbers: its scribbles do not depend on the others.

    Examples
    --------
    >>> import numpy as np
    >>> from emstellar.datasets import make_scribbles
    >>> y = np.zeros((1, 32, 32), dtype="uint8")
    >>> y[:, 8:24, 8:24] = 255
    >>> scribbles = make_scribbles(y, 0.1, random_state=0)
    >>> labels, counts = np.unique(scribbles, return_counts=True)
    >>> {int(label): int(count) for label, count in zip(labels, counts)}
    {-1: 921, 0: 77, 255: 26}
    """
    if not isinstance(fraction, Real) or not 0 < fraction <= 1:
        raise ValueError(f"fraction must be a float in the range (0, 1]. Got {fraction!r} instead.")
    masks = check_masks(y, check_images(y, name="make_scribbles"), name="make_scribbles")
    seed = seed_from(random_state)
    drawn = [
        _scribble(mask, fraction, np.random.default_rng([seed, i])) for i, mask in enumerate(masks)
    ]
    return drawn if is_sequence_of_arrays(y) else np.stack(drawn)


def _scribble(mask, fraction, rng):
    scribbled = np.full(mask.shape, UNLABELLED, dtype=np.promote_types(mask.dtype, "int8"))
    labels = np.unique(mask)
    for label in labels if mask.dtype == bool else labels[labels != UNLABELLED]:
        scribbled[_draw_strokes(mask == label, fraction, rng)] = label
    return scribbled


def _draw_strokes(region, fraction, rng):
    """Return the boolean mask of strokes that cover `fraction` of `region`, rounded up."""
    free = region.copy()
    starts = rng.permutation(np.argwhere(region))
    left = int(np.ceil(fraction * len(starts)))
    for start in starts:
        if left == 0:
            break
        if free[tuple(start)]:
            rows, columns = _draw_stroke(free, start, rng)[:left].T
            free[rows, columns] = False
            left -= len(rows)
    return region & ~free


def _draw_stroke(free, start, rng):
    """Return the pixels of one stroke within `free`, in the order in which they are drawn."""
    heading = rng.uniform(0, 2 * np.pi) + np.cumsum(rng.normal(0, _TURN, _LENGTH))
    steps = np.cumsum(np.stack([np.sin(heading), np.cos(heading)], axis=1), axis=0)
    path = start + np.concatenate([[(0, 0)], np.rint(steps).astype(int)])
    path = path[: np.argmin(np.append(_is_in(free, path), False))]
    pixels = (path[:, np.newaxis] + _PEN).reshape(-1, 2)
    pixels = pixels[_is_in(free, pixels)]
    _, first = np.unique(pixels, axis=0, return_index=True)
    return pixels[np.sort(first)]


def _is_in(region, pixels):
    """Tell which of the (row, column) pairs lie in a boolean region."""
    inside = ((pixels >= 0) & (pixels < region.shape)).all(axis=1)
    rows, columns = np.where(inside[:, np.newaxis], pixels, 0).T
    return inside & region[rows, columns]
