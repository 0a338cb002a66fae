"""Whether folds are what they must be: `check_folds`."""

import numpy as np


def check_folds(folds, n_images):
    """Return folds as pairs of arrays of positions, after a look at them.

    Parameters
    ----------
    folds : iterable of (train, test)
        From a splitter, or given by a user.
    n_images : int
        How many images there are.

    Returns
    -------
    list of (ndarray, ndarray) pairs

    Raises
    ------
    ValueError
        For a position that is no image's (-1 would be the last image once more), and for an
        image on both sides.

    Examples
    --------
    >>> from emstellar.model_selection.folds import check_folds
    >>> check_folds([([0, 1], [2])], n_images=3)
    [(array([0, 1]), array([2]))]
    >>> check_folds([([0, 1, 2], [-1])], n_images=3)
    Traceback (most recent call last):
        ...
    ValueError: Fold 0 of cv has positions [-1], but the 3 images stand at 0 to 2.
    """
    return [_check_fold(fold, *sides, n_images) for fold, sides in enumerate(folds)]


def _check_fold(fold, train, test, n_images):
    train, test = _as_positions(train), _as_positions(test)
    joined = np.concatenate([train, test])
    strange = joined[(joined < 0) | (joined >= n_images)]
    if strange.size:
        raise ValueError(
            f"Fold {fold} of cv has positions {np.unique(strange).tolist()}, but the {n_images} "
            f"images stand at 0 to {n_images - 1}."
        )
    both = np.intersect1d(train, test)
    if both.size:
        raise ValueError(
            f"Fold {fold} of cv has images {both.tolist()} on both sides; "
            "training and validation images must be disjoint."
        )
    return train, test


def _as_positions(side):
    """Return positions, of a mask too."""
    side = np.asarray(side)
    return np.flatnonzero(side) if side.dtype == bool else side
