"""What a splitter lets the training set know of the test set: `leakage_report`."""

import warnings

import numpy as np
import pandas as pd
from sklearn.model_selection import check_cv
from sklearn.utils import indexable

from .blocks import stacks_of


def leakage_report(cv, X, y=None, groups=None):
    """Tell which folds have neighbouring sections or images of one group on both sides.

    Neighbouring sections, and tiles of one field, look alike. Where they stand on both sides of
    a split, the score says how well a method remembers, not how well it generalises.

    Parameters
    ----------
    cv : int, cross-validation generator or iterable
        The splitter, as in `sklearn.model_selection.cross_validate`.
    X : array-like or sequence of n_images images
        Only the number of images is used by most splitters.
    y : array-like or sequence of n_images masks, default=None
        Passed to the splitter.
    groups : array-like of shape (n_images,), default=None
        The stack or field of each image; images of one group are taken to be in the order of
        their sections. None means one stack.

    Returns
    -------
    pandas.DataFrame
        One row for each fold, with the columns

        n_train, n_test : int
            The number of images on either side.
        shared_groups : list
            Groups with images on both sides.
        n_neighbours : int
            Test images which stand next to a training image of their group.
        distance : float
            The smallest distance, in sections, between a training and a test image of one group;
            1 is next to each other, infinite if no group has both.

    Notes
    -----
    If groups are fields, whose images all look alike, `shared_groups` should be empty. If they
    are stacks, `n_neighbours` should be 0, and the larger `distance`, the better.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.model_selection import KFold
    >>> from emstellar.model_selection import BlockKFold, leakage_report
    >>> X = np.zeros((12, 32, 32))
    >>> leakage_report(KFold(3, shuffle=True, random_state=0), X)["n_neighbours"].tolist()
    [3, 4, 4]
    >>> leakage_report(BlockKFold(3, purge=1), X)["n_neighbours"].tolist()
    [0, 0, 0]
    """
    X, y, groups = indexable(X, y, groups)
    stacks = stacks_of(len(X), groups)
    rows = []
    for train, test in _folds(cv, X, y, groups):
        train, test = np.asarray(train), np.asarray(test)
        distances = [_distances(stack, train, test) for _, stack in stacks]
        found = np.concatenate(distances)
        shared = [
            group for (group, _), d in zip(stacks, distances, strict=True) if np.isfinite(d).any()
        ]
        rows.append(
            {
                "n_train": len(train),
                "n_test": len(test),
                "shared_groups": [] if groups is None else shared,
                "n_neighbours": int(np.sum(found <= 1)),
                "distance": float(found.min(initial=np.inf)),
            }
        )
    return pd.DataFrame(rows).rename_axis("fold")


def _folds(cv, X, y, groups):
    with warnings.catch_warnings():
        # That a splitter ignores the groups is what the report is asked about.
        warnings.filterwarnings("ignore", "The groups parameter is ignored", UserWarning)
        return list(check_cv(cv).split(X, y, groups))


def _distances(stack, train, test):
    """Return the distance of each test section of a stack to its nearest training section."""
    trained = np.flatnonzero(np.isin(stack, train))
    tested = np.flatnonzero(np.isin(stack, test))
    if not trained.size:
        return np.full(tested.size, np.inf)
    return np.abs(tested[:, np.newaxis] - trained).min(axis=1).astype(float)
