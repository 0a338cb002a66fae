"""What a splitter lets the training set know of the test set: `leakage_report`."""

import warnings

import numpy as np
import pandas as pd
from sklearn.model_selection import check_cv

from ..validation import check_groups, check_images, check_masks
from .blocks import stacks_of
from .folds import check_folds
from .similarity import correlate_images, correlate_masks, hash_images

WHO = "leakage_report"


def leakage_report(X, y=None, cv=None, groups=None, *, threshold=0.5):
    """Tell which folds have images on both sides that know of each other.

    Neighbouring sections, and tiles of one field, look alike. Where they stand on both sides of
    a split, the score says how well a method remembers, not how well it generalises. They are
    found by their place, where `groups` say so, and by their content: images that are equal, and
    images or masks that correlate across the split.

    Parameters
    ----------
    X : array-like of shape (n_images, height, width[, channels]) or sequence of images
        The images.
    y : array-like of shape (n_images, height, width) or sequence of masks, default=None
        Their masks.
    cv : int, cross-validation generator or iterable, default=None
        The splitter, as in `sklearn.model_selection.cross_validate`.
    groups : array-like of shape (n_images,), default=None
        The stack or field of each image; images of one group are taken to be in the order of
        their sections. None means one stack.
    threshold : float, default=0.5
        From which correlation on images, or masks, are alike.

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
        n_identical : int
            Test images that are equal to a training image; those of a single value do not count.
        n_alike : int
            Test images that correlate with a training image, or whose mask does with that of a
            training image, by at least `threshold`.
        image_correlation, mask_correlation : float
            The highest correlation between a training and a test image, and between their masks.
            NaN without masks, or where no two have one size.

    Raises
    ------
    ValueError
        For images, masks or groups that do not fit each other.

    Warns
    -----
    UserWarning
        If a fold has test images that are identical or alike to training images or, with
        `groups`, next to one.

    Notes
    -----
    If groups are fields, whose images all look alike, `shared_groups` should be empty. If they
    are stacks, `n_neighbours` should be 0, and the larger `distance`, the better.

    Correlations are computed on images of at most 64 x 64 pixels, the means of blocks. Neighbouring
    sections reach 0.4 (the ISBI 2012 stack, 50 nm apart) to 0.8 (the neuronal data set), different
    fields up to 0.3, and their masks 0.4 by chance where a few large objects fill an image.

    Examples
    --------
    >>> import warnings
    >>> from sklearn.model_selection import KFold
    >>> from emstellar.datasets import make_em_images
    >>> from emstellar.model_selection import BlockKFold, leakage_report
    >>> X, y = make_em_images(12, (64, 64), random_state=0)
    >>> with warnings.catch_warnings(record=True) as caught:
    ...     shuffled = leakage_report(X, y, KFold(3, shuffle=True, random_state=0))
    >>> shuffled["n_neighbours"].tolist()
    [3, 4, 4]
    >>> leakage_report(X, cv=BlockKFold(3, purge=1), threshold=0.9)["n_neighbours"].tolist()
    [0, 0, 0]
    """
    images = check_images(X, name=WHO)
    masks = None if y is None else check_masks(y, images, name=WHO)
    groups = check_groups(groups, images)
    stacks = stacks_of(len(images), groups)
    likeness = [correlate_images(images), None if masks is None else correlate_masks(masks)]
    hashes = hash_images(images)
    rows = [
        {"n_train": len(train), "n_test": len(test)}
        | _place(stacks, train, test, groups)
        | _content(hashes, likeness, train, test, threshold)
        for train, test in _folds(cv, X, y, groups)
    ]
    report = pd.DataFrame(rows).rename_axis("fold")
    _warn(report, threshold, with_places=groups is not None)
    return report


def _folds(cv, X, y, groups):
    with warnings.catch_warnings():
        # That a splitter ignores the groups is what the report is asked about.
        warnings.filterwarnings("ignore", "The groups parameter is ignored", UserWarning)
        return check_folds(check_cv(cv).split(X, y, groups), len(X))


def _place(stacks, train, test, groups):
    """Return what the order of the sections tells of a fold."""
    distances = [_distances(stack, train, test) for _, stack in stacks]
    found = np.concatenate(distances)
    shared = [
        group for (group, _), d in zip(stacks, distances, strict=True) if np.isfinite(d).any()
    ]
    return {
        "shared_groups": [] if groups is None else shared,
        "n_neighbours": int(np.sum(found <= 1)),
        "distance": float(found.min(initial=np.inf)),
    }


def _distances(stack, train, test):
    """Return the distance of each test section of a stack to its nearest training section."""
    trained = np.flatnonzero(np.isin(stack, train))
    tested = np.flatnonzero(np.isin(stack, test))
    if not trained.size:
        return np.full(tested.size, np.inf)
    return np.abs(tested[:, np.newaxis] - trained).min(axis=1).astype(float)


def _content(hashes, likeness, train, test, threshold):
    """Return what the images and masks of a fold tell."""
    identical = np.isin(hashes[test], hashes[train]) & (hashes[test] != "")
    highest = [_highest(correlations, train, test) for correlations in likeness]
    of_images, of_masks = (float(values.max(initial=-np.inf)) for values in highest)
    return {
        "n_identical": int(identical.sum()),
        "n_alike": int(np.sum(np.maximum(*highest) >= threshold)),
        "image_correlation": of_images if np.isfinite(of_images) else np.nan,
        "mask_correlation": of_masks if np.isfinite(of_masks) else np.nan,
    }


def _highest(correlations, train, test):
    """Return the highest correlation of each test image with a training image, -inf without."""
    if correlations is None:
        return np.full(len(test), -np.inf)
    across = np.nan_to_num(correlations[np.ix_(test, train)], nan=-np.inf)
    return across.max(axis=1, initial=-np.inf)


def _warn(report, threshold, with_places):
    n_identical, n_alike, n_neighbours = report[["n_identical", "n_alike", "n_neighbours"]].sum()
    found = []
    if n_identical:
        found.append(f"{n_identical} test images are identical to a training image")
    if n_alike:
        image, mask = report[["image_correlation", "mask_correlation"]].max()
        highest = f"{image:.2f}" + ("" if np.isnan(mask) else f", of masks {mask:.2f}")
        limit = f"correlation of {threshold:g} or more"
        found.append(f"{n_alike} are like one ({limit}; of images up to {highest})")
    if n_neighbours and with_places:
        found.append(f"{n_neighbours} stand next to one of their group")
    if found:
        warnings.warn(
            f"Training images know of test images: over all folds, {'; '.join(found)}. Scores will "
            "be too high. Keep groups on one side (LeaveOneGroupOut, GroupKFold), or leave a gap "
            "between blocks of sections (BlockKFold with purge).",
            stacklevel=3,
        )
