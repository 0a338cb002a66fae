"""Which of the labelled pixels of many images a fit trains on."""

import numpy as np


def count_cells(codes, n_classes):
    """Return how many pixels of each class each image has.

    Parameters
    ----------
    codes : list of int ndarray of shape (height, width)
        Positions of classes; negative where unlabelled.
    n_classes : int
        The number of classes.

    Returns
    -------
    ndarray of shape (n_images, n_classes), int64
    """
    return np.stack([np.bincount(code[code >= 0], minlength=n_classes) for code in codes])


def draw_cells(counts, max_samples, rng):
    """Return how many pixels to draw from each class of each image.

    Parameters
    ----------
    counts : ndarray of shape (n_images, n_classes)
        How many there are, from `count_cells`.
    max_samples : int, float or None
        As in `PixelSegmenter`.
    rng : numpy.random.Generator
        Decides on fractions of pixels.

    Returns
    -------
    ndarray of shape (n_images, n_classes), int64
        Every class present gets its share, rounded down, and at least one pixel; within a
        class, every image gets its share, rounded up or down at random.

    Examples
    --------
    >>> import numpy as np
    >>> from emstellar.segmenters.pixel_sampling import draw_cells
    >>> draw_cells(np.array([[80, 2], [40, 0]]), 0.25, np.random.default_rng(0))
    array([[20,  1],
           [10,  0]])
    """
    total = counts.sum()
    if max_samples is None or total == 0:
        return counts
    share = max_samples / total if isinstance(max_samples, (int, np.integer)) else max_samples
    if share >= 1:
        return counts
    cells = np.zeros_like(counts)
    for k, in_class in enumerate(counts.T):
        n_there = in_class.sum()
        if n_there:
            n_drawn = max(1, int(share * n_there))
            # Systematic sampling: the steps of a ramp that ends at n_drawn, shifted at random.
            ramp = np.concatenate([[0], np.cumsum(in_class)]) * n_drawn / n_there
            steps = np.diff(np.floor(ramp + rng.uniform(0, 0.999))).astype(counts.dtype)
            cells[:, k] = np.minimum(steps, in_class)
    return cells


def draw_pixels(code, n_per_class, rng):
    """Return the flat, sorted positions of randomly drawn pixels of one image.

    Parameters
    ----------
    code : int ndarray of shape (height, width)
        Positions of classes; negative where unlabelled.
    n_per_class : sequence of int
        How many pixels to draw of each class, without replacement.
    rng : numpy.random.Generator
        Draws.

    Returns
    -------
    ndarray of shape (sum of n_per_class,), int64
    """
    drawn = []
    for k, n_drawn in enumerate(n_per_class):
        candidates = np.flatnonzero(code == k)
        if n_drawn < len(candidates):
            candidates = rng.choice(candidates, n_drawn, replace=False, shuffle=False)
        drawn.append(candidates)
    return np.sort(np.concatenate(drawn))
