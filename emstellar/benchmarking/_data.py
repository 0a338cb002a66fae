"""The images of a benchmark and how they are split."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.model_selection import check_cv

from ..fingerprints import fingerprint_arrays
from ..image_ranges import ImageRange
from ..model_selection.folds import check_folds
from ..validation import check_groups, check_images, check_masks, find_classes, unmask_labels


@dataclass(frozen=True)
class ImageSet:
    """Images with their masks and groups.

    Attributes
    ----------
    images, masks : array-like or sequence of arrays, or None
    groups : ndarray of shape (n_images,) or None
    """

    images: Any
    masks: Any
    groups: Any = None

    def __getitem__(self, indices):
        return ImageSet(*(take(part, indices) for part in self.parts))

    @property
    def parts(self):
        """Images, masks and groups, in this order."""
        return self.images, self.masks, self.groups


@dataclass(frozen=True)
class BenchmarkData:
    """The images, masks and groups of a benchmark.

    Attributes
    ----------
    X, y : array-like or sequence of arrays, or None
        The images and masks of the cross-validation; None when there was none.
    groups : ndarray of shape (n_images,) or None
        The field, specimen or block of each image.
    X_test, y_test : array-like or sequence of arrays, or None
        The held-out images and masks.
    groups_test : ndarray of shape (n_test_images,) or None
        The field, specimen or stack of each held-out image.
    description : str
        What the images are, for the report.
    """

    X: Any = None
    y: Any = None
    groups: Any = None
    X_test: Any = None
    y_test: Any = None
    description: str = ""
    groups_test: Any = None

    @property
    def development(self):
        """The images of the cross-validation: each fold trains on some and validates on others."""
        return ImageSet(self.X, self.y, self.groups)

    @property
    def test(self):
        """The held-out images, on which nothing is trained or chosen."""
        return ImageSet(self.X_test, self.y_test, self.groups_test)

    def scored_on(self, subset):
        """Return the images that the scores of the subset "validation" or "test" are about."""
        return {"validation": self.development, "test": self.test}[subset]

    def __sizeof__(self):
        # Dask sends what is large to its workers once, and not with every job.
        values = (self.X, self.y, self.groups, self.X_test, self.y_test)
        return object.__sizeof__(self) + sum(_count_bytes(value) for value in values)

    @property
    def fingerprint(self):
        """The SHA-256 of all images, masks and groups."""
        if self.groups_test is None:
            return self.job_fingerprint
        return fingerprint_arrays([self.job_fingerprint], [np.asarray(self.groups_test)])

    @property
    def job_fingerprint(self):
        """The SHA-256 of what a job depends on: all but the groups of the test images."""
        groups = None if self.groups is None else [np.asarray(self.groups)]
        return fingerprint_arrays(self.X, self.y, groups, self.X_test, self.y_test)


def check_data(X, y, groups, X_test, y_test, description="", groups_test=None):
    """Judge all inputs of a benchmark before the first job starts.

    Returns
    -------
    BenchmarkData
        Arrays as given; lists stay lists.

    Raises
    ------
    ValueError
        As `emstellar.validation` has it, and if `y_test` or `groups_test` come without `X_test`,
        or the test images have another number of channels or unknown labels.
    """
    who = "benchmark"
    y, y_test = unmask_labels(y), unmask_labels(y_test)
    images = check_images(X, name=who)
    classes = find_classes(check_masks(y, images, name=who), name=who)
    groups = check_groups(groups, images)
    if X_test is None:
        for name, value in {"y_test": y_test, "groups_test": groups_test}.items():
            if value is not None:
                raise ValueError(f"{name} was passed without X_test.")
    if X_test is not None:
        test_images = check_images(X_test, n_channels=images[0].shape[-1], name=who)
        ImageRange.of(images).warn_of_others(test_images, name="each method", where="X_test")
        if y_test is not None:
            _check_test_labels(check_masks(y_test, test_images, name=who), classes)
        groups_test = check_groups(groups_test, test_images, "groups_test")
    return BenchmarkData(
        *map(_as_stored, (X, y)),
        groups,
        *map(_as_stored, (X_test, y_test)),
        description,
        groups_test,
    )


def check_names(data, names, names_test):
    """Return the names of the images by subset, as the plan holds them.

    Parameters
    ----------
    data : BenchmarkData
    names, names_test : sequence of str or None

    Returns
    -------
    dict of str to list of str
        Only of the subsets whose names are known.

    Raises
    ------
    ValueError
        If there are not as many names as images.
    """
    found = {}
    for subset, given in {"validation": names, "test": names_test}.items():
        if given is None:
            continue
        images = next(
            (values for values in data.scored_on(subset).parts[:2] if values is not None), ()
        )
        if len(given) != len(images):
            raise ValueError(f"Found {len(given)} names for {len(images)} {subset} images.")
        found[subset] = [str(name) for name in given]
    return found


def _as_stored(images):
    return images if images is None or isinstance(images, (list, tuple)) else np.asarray(images)


def _count_bytes(images):
    if isinstance(images, (list, tuple)):
        return sum(np.asarray(image).nbytes for image in images)
    return 0 if images is None else np.asarray(images).nbytes


def _check_test_labels(masks, classes):
    found = np.unique(np.concatenate([np.unique(mask) for mask in masks]))
    unknown = [label for label in found.tolist() if label != -1 and label not in classes.tolist()]
    if unknown:
        raise ValueError(
            f"y_test contains labels that are not among the classes {classes.tolist()} of y: "
            f"{unknown}"
        )


def take(images, indices):
    """Return the images at `indices`, as an array or a list like `images`; None for None."""
    if images is None:
        return None
    if isinstance(images, np.ndarray):
        return images[indices]
    return [images[index] for index in indices]


def make_splits(cv, data):
    """Return the folds as a list of (train, validation) index arrays.

    Parameters
    ----------
    cv : int, splitter or iterable of (train, test) indices
        As in scikit-learn; an int means contiguous folds without shuffling.
    data : BenchmarkData

    Raises
    ------
    ValueError
        If the splitter makes no fold, or a fold in which an image is on both sides or that is
        none of the images.
    """
    splitter = check_cv(cv)
    # Splitters index y but must not look into it: scikit-learn cannot stratify by 3-D masks.
    positions = np.arange(len(data.X))
    splits = check_folds(splitter.split(positions, positions, data.groups), len(positions))
    if not splits:
        raise ValueError(f"cv={cv!r} makes no fold.")
    return splits
