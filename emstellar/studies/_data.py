"""Studies by the name of a data set, or of a folder."""

from dataclasses import replace
from pathlib import Path

import numpy as np
from sklearn.model_selection import GroupKFold, LeaveOneGroupOut

from .. import datasets
from ..io import find_groups, pair_by_name, read_images, read_masks
from ..model_selection import BlockKFold
from ._splitters import default_splitter, make_splitter
from ._study import Study, describe_study

DATA_SETS = ("synthetic", "cardiac", "isbi2012", "neuronal")


def load_study(source, *, groups=None, test_groups=(), cv=None, n_folds=None, random_state=None):
    """Return the images of a data set or folder, ready to be split.

    Parameters
    ----------
    source : str or path-like
        One of "synthetic", "cardiac", "isbi2012" and "neuronal", or a folder that holds the
        folders ``images`` and ``masks`` with files of equal names.
    groups : str, optional
        For a folder: a regular expression; what it (or its first bracket) finds in the name of
        an image is its group.
    test_groups : sequence of str, default=()
        For a folder: the groups that are held out as test images.
    cv : int or str, optional
        As in `emstellar.studies.make_splitter`; by default the data set's own
        splitter, and for a folder one that keeps groups together where they are known.
    n_folds : int, optional
        Use only the first folds.
    random_state : int, optional
        For "synthetic".

    Returns
    -------
    Study

    Raises
    ------
    ValueError, FileNotFoundError
        If there is no such data set or folder, images and masks do not match, `cv` does not fit
        the images, or groups are asked of a data set that has its own.

    Examples
    --------
    >>> from emstellar.studies import load_study
    >>> study = load_study("synthetic", n_folds=2, random_state=0)
    >>> study.title, len(study.cv), study.X.shape, study.X_test.shape
    ('Synthetic electron-microscopy images', 2, (24, 96, 96), (8, 96, 96))
    """
    options = {"groups": groups, "test_groups": list(test_groups), "cv": cv, "n_folds": n_folds}
    given = {name: value for name, value in options.items() if value not in (None, [])}
    if source in DATA_SETS and (groups is not None or test_groups):
        raise ValueError(f"groups and test_groups are for folders; {source!r} has its own.")
    loaders = {"cardiac": _cardiac, "isbi2012": _isbi2012, "neuronal": _neuronal}
    if source == "synthetic":
        study = make_synthetic_study(random_state=random_state)
        given["random_state"] = random_state
    elif source in loaders:
        study = loaders[source]()
    else:
        study = _folder(Path(source), groups, test_groups)
    if cv is not None:
        study = replace(study, cv=make_splitter(cv, study.groups, len(study.X)))
    if n_folds is not None:
        study = study.with_folds(n_folds)
    code = describe_study("load_study", {"source": str(source), **given}, study)
    return replace(study, loading=code)


def make_synthetic_study(n_groups=8, shape=(96, 96), *, n_test_groups=2, random_state=None):
    """Return synthetic images: one fold per two pieces of tissue, the last pieces for the test.

    Parameters
    ----------
    n_groups : int, default=8
        Pieces of tissue, of four sections each.
    shape : tuple of int, default=(96, 96)
    n_test_groups : int, default=2
    random_state : int, optional

    Returns
    -------
    Study

    Examples
    --------
    >>> from emstellar.studies import make_synthetic_study
    >>> study = make_synthetic_study(3, (32, 32), n_test_groups=1, random_state=0)
    >>> study.X.shape, study.cv.get_n_splits(), study.X_test.shape
    ((8, 32, 32), 2, (4, 32, 32))
    """
    arguments = {"n_groups": n_groups, "shape": shape, "n_test_groups": n_test_groups}
    arguments["random_state"] = random_state
    X, y, groups = datasets.make_em_images(
        4 * n_groups,
        shape,
        n_groups=n_groups,
        distractors=0.5,
        return_groups=True,
        random_state=random_state,
    )
    test = groups >= n_groups - n_test_groups
    study = Study(
        X[~test],
        y[~test],
        groups[~test],
        GroupKFold(max(2, (n_groups - n_test_groups) // 2)),
        X[test],
        y[test],
        "Synthetic electron-microscopy images",
        f"emstellar.datasets.make_em_images: {n_groups} pieces of synthetic tissue with "
        f"mitochondria, four sections each, {n_test_groups} pieces held out for the test.",
        groups_test=groups[test],
    )
    return replace(study, loading=describe_study("make_synthetic_study", arguments, study))


def _cardiac():
    train, test = (datasets.fetch_cardiac(subset=subset) for subset in ("train", "test"))
    return Study(
        train.data,
        train.target,
        train.groups,
        LeaveOneGroupOut(),
        test.data,
        test.target,
        "Mitochondria in heart muscle",
        train.DESCR,
        groups_test=test.groups,
        names=_file_names(train),
        names_test=_file_names(test),
    )


def _isbi2012():
    bunch = datasets.fetch_isbi2012()
    blocks = BlockKFold(6, purge=1)
    return Study(
        bunch.data,
        bunch.target,
        None,
        blocks,
        None,
        None,
        "ISBI 2012",
        bunch.DESCR,
        names=_file_names(bunch),
    )


def _neuronal():
    train, test = (datasets.fetch_neuronal(subset=subset) for subset in ("train", "test"))
    return Study(
        train.data,
        train.target,
        None,
        # Sections two apart still correlate by .66, their masks by .76; four apart by .42 and .45.
        BlockKFold(5, purge=3),
        test.data,
        test.target,
        "Mitochondria in brain",
        train.DESCR,
        # Ten neighbouring sections of one stack, whichever blocks they are cut into.
        groups_test=np.zeros(len(test.data), dtype=int),
        names=_file_names(train),
        names_test=_file_names(test),
    )


def _file_names(bunch):
    return [Path(name).name for name in bunch.filenames]


def _folder(folder, pattern, test_groups):
    if not folder.is_dir():
        raise FileNotFoundError(
            f"{str(folder)!r} is neither a data set ({', '.join(DATA_SETS)}) nor a folder."
        )
    X, y, names = pair_by_name(
        read_images(folder / "images"), read_masks(folder / "masks"), remedy="rename the files"
    )
    groups = find_groups(pattern, names)
    if test_groups and groups is None:
        raise ValueError("test_groups needs groups: a pattern that finds the group in a name.")
    unknown = [group for group in test_groups if group not in groups]
    if unknown:
        raise ValueError(f"No images of test groups {unknown}; groups are {sorted(set(groups))}.")
    test = np.isin(groups, test_groups) if test_groups else np.zeros(len(names), dtype=bool)
    train_groups = None if groups is None else groups[~test]
    return Study(
        _select(X, ~test),
        _select(y, ~test),
        train_groups,
        default_splitter(train_groups),
        _select(X, test) if test.any() else None,
        _select(y, test) if test.any() else None,
        folder.resolve().name,
        f"{len(names)} images and masks of a folder, matched by name.",
        groups_test=groups[test] if test.any() else None,
        names=_select(names, ~test),
        names_test=_select(names, test) if test.any() else None,
    )


def _select(images, chosen):
    if isinstance(images, np.ndarray):
        return images[chosen]
    return [image for image, wanted in zip(images, chosen, strict=True) if wanted]
