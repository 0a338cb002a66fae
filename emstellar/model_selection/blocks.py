"""Contiguous blocks of serial sections: `BlockKFold`."""

from numbers import Integral

import numpy as np
from sklearn.model_selection import BaseCrossValidator
from sklearn.utils import indexable


class BlockKFold(BaseCrossValidator):
    """K-fold cross-validator for stacks of serial sections.

    Each stack is cut into `n_splits` blocks of neighbouring sections, and each block is the test
    set once. Neighbouring sections look alike, so a section next to the test block tells what is
    in it: up to `purge` sections on either side of the block are left out of training.

    Parameters
    ----------
    n_splits : int, default=5
        Number of folds. Must be at least 2.
    purge : int, default=0
        Number of sections between the test block and the nearest training section of its stack.

    See Also
    --------
    sklearn.model_selection.LeaveOneGroupOut : Leaves out one whole stack or field at a time.
    leakage_report : Tells which folds have neighbours on both sides.

    Notes
    -----
    With ``groups=None`` the images are one stack, in the order of its sections. Otherwise images
    of one group are a stack, each in the order in which its sections occur, and every fold
    tests one block of each stack.

    Examples
    --------
    >>> import numpy as np
    >>> from emstellar.model_selection import BlockKFold
    >>> X = np.zeros((6, 32, 32))
    >>> for train, test in BlockKFold(n_splits=3, purge=1).split(X):
    ...     print(train, test)
    [3 4 5] [0 1]
    [0 5] [2 3]
    [0 1 2] [4 5]
    """

    # Groups are stacks here, so they are used wherever metadata routing knows of them.
    __metadata_request__split = {"groups": True}  # noqa: RUF012

    def __init__(self, n_splits=5, *, purge=0):
        _check_integer("n_splits", n_splits, 2)
        _check_integer("purge", purge, 0)
        self.n_splits = n_splits
        self.purge = purge

    def get_n_splits(self, X=None, y=None, groups=None):
        """Return the number of folds.

        Parameters
        ----------
        X, y, groups : object
            Ignored, present for API consistency.

        Returns
        -------
        int
        """
        return self.n_splits

    def split(self, X, y=None, groups=None):
        """Yield the indices of training and test images.

        Parameters
        ----------
        X : array-like or sequence of n_images images
            Only the number of images is used.
        y : object
            Ignored, present for API consistency.
        groups : array-like of shape (n_images,), default=None
            The stack of each image; None means that all are one.

        Yields
        ------
        train : ndarray of int
            Indices of the training images.
        test : ndarray of int
            Indices of the test images.

        Raises
        ------
        ValueError
            If a stack has fewer sections than there are folds, or no section is left to train on.
        """
        X, groups = indexable(X, groups)
        stacks = stacks_of(len(X), groups)
        self._check_stacks(stacks)
        for fold in range(self.n_splits):
            parts = [self._split_stack(stack, fold) for _, stack in stacks]
            train = np.sort(np.concatenate([train for train, _ in parts]))
            test = np.sort(np.concatenate([test for _, test in parts]))
            if not train.size:
                raise ValueError(
                    f"Fold {fold} has no training sections: purge={self.purge} leaves none of "
                    f"{len(X)}. Use a smaller purge or more splits."
                )
            yield train, test

    def _check_stacks(self, stacks):
        for group, stack in stacks:
            if len(stack) < self.n_splits:
                where = "" if group is None else f" in group {group}"
                raise ValueError(
                    f"Cannot have number of splits n_splits={self.n_splits} greater than the "
                    f"number of sections{where}: {len(stack)}."
                )

    def _split_stack(self, stack, fold):
        """Return the training and test indices of one stack."""
        first, last = (k * len(stack) // self.n_splits for k in (fold, fold + 1))
        before, after = stack[: max(first - self.purge, 0)], stack[last + self.purge :]
        return np.concatenate([before, after]), stack[first:last]


def stacks_of(n_images, groups):
    """Return (group, indices of its images in order) for each stack; one (None, ...) without."""
    if groups is None:
        return [(None, np.arange(n_images))]
    groups = np.asarray(groups)
    return [(group, np.flatnonzero(groups == group)) for group in np.unique(groups).tolist()]


def _check_integer(name, value, low):
    if not isinstance(value, Integral) or isinstance(value, bool) or value < low:
        raise ValueError(f"{name} must be an integer of at least {low}, got {name}={value!r}.")
