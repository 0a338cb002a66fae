"""Ready-made benchmarks: methods by short names, images by name or folder."""

import re
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.model_selection import GroupKFold, LeaveOneGroupOut

from .. import datasets, segmenters
from ..io import pair_by_name, read_images, read_masks
from ..model_selection import BlockKFold
from .reproduction import describe_study
from .splitters import default_splitter, make_splitter

# Short name: the name in tables, the class, and the parameters that make the variant.
NETWORKS = {
    "unet": ("U-Net", "UNetSegmenter", {"batch_norm": False}),
    "unet-bn": ("U-Net BN", "UNetSegmenter", {"batch_norm": True}),
    "vgg16": ("VGG-16", "VGG16Segmenter", {}),
    "resnet": ("ResNet", "ResNetSegmenter", {}),
    "segnet": ("SegNet", "SegNetSegmenter", {}),
    "prelu-net": ("PReLU-net", "PReLUNetSegmenter", {}),
    "cdeep3m": ("CDeep3M", "CDeep3MSegmenter", {}),
    "emnet-v1-bn": ("EM-net V1 BN", "EMNetSegmenter", {"variant": "v1-bn"}),
    "emnet-v1-bn-2x": ("EM-net V1 BN 2X", "EMNetSegmenter", {"variant": "v1-bn-2x"}),
    "emnet-v1-2x": ("EM-net V1 2X", "EMNetSegmenter", {"variant": "v1-2x"}),
    "emnet-v1-4x": ("EM-net V1 4X", "EMNetSegmenter", {"variant": "v1-4x"}),
    "emnet-v2": ("EM-net V2", "EMNetSegmenter", {"variant": "v2"}),
    "emnet-v2-2x": ("EM-net V2 2X", "EMNetSegmenter", {"variant": "v2-2x"}),
    "emnet-v2-4x": ("EM-net V2 4X", "EMNetSegmenter", {"variant": "v2-4x"}),
    "efficientnet": ("EfficientNet", "EfficientNetSegmenter", {}),
}
# Short name: the name in tables, and the filters that the random forest sees.
FORESTS = {
    "forest": ("Random forest", "multiscale"),
    "ilastik": ("Random forest, ilastik", "ilastik"),
    "weka": ("Random forest, Weka", "weka"),
}
DEFAULT_METHODS = ("unet", "unet-bn", "emnet-v1-bn", "forest")
DATA_SETS = ("synthetic", "cardiac", "isbi2012", "neuronal")


# Of `benchmark`, which a study decides.
_ARGUMENTS = (
    *("X", "y", "groups", "cv", "X_test", "y_test", "groups_test"),
    *("names", "names_test", "description", "loading"),
)


@dataclass(frozen=True)
class Study:
    """The images of a benchmark and how to split them.

    Attributes
    ----------
    X, y : images and masks of the cross-validation
    groups : ndarray of shape (n_images,) or None
    cv : splitter
    X_test, y_test : held-out images and masks, or None
    title, description : str
    loading : str
        The Python code that loads them.
    groups_test : ndarray of shape (n_test_images,) or None
    names, names_test : list of str or None
        The files of the images.
    """

    X: Any
    y: Any
    groups: Any
    cv: Any
    X_test: Any
    y_test: Any
    title: str
    description: str
    loading: str = ""
    groups_test: Any = None
    names: Any = None
    names_test: Any = None

    def arguments(self):
        """Return the keyword arguments of `benchmark` that this study decides."""
        return {name: getattr(self, name) for name in _ARGUMENTS}

    def with_folds(self, n_folds):
        """Return the study with its first folds only."""
        folds = islice(self.cv.split(self.X, groups=self.groups), n_folds)
        # Lists, because the report shows them as code.
        return replace(self, cv=[(train.tolist(), test.tolist()) for train, test in folds])


def method_names():
    """Return the short names of all methods."""
    return [*NETWORKS, *FORESTS]


def demo_methods():
    """Return the methods of the demonstration: small, and quick to learn.

    Returns
    -------
    dict of str to segmenter
    """
    # With ReLU, a small network in two or three starts with a dead head and never learns.
    training = {
        "width": 1 / 8,
        "activation": "prelu",
        "optimizer": "adam",
        "patch_size": 64,
        "steps_per_epoch": 20,
    }
    unet = {"dropout": 0.0, **training}
    return {
        "U-Net": segmenters.UNetSegmenter(
            batch_norm=False, epochs=10, batch_size=4, learning_rate=3e-3, **unet
        ),
        "U-Net BN": segmenters.UNetSegmenter(epochs=12, batch_size=2, learning_rate=5e-3, **unet),
        "VGG-16": segmenters.VGG16Segmenter(epochs=8, batch_size=4, learning_rate=3e-3, **training),
        "Random forest": segmenters.RandomForestSegmenter(50, max_samples=10_000),
    }


def network_table(size=512):
    """Return parameters and operations of all networks at full width.

    Parameters
    ----------
    size : int, default=512
        Height and width of the image.

    Returns
    -------
    DataFrame of str
        Indexed by the name for ``--methods``.
    """
    from ..inspection import complexity

    rows = {}
    for name, (title, kind, variant) in NETWORKS.items():
        found = complexity(getattr(segmenters, kind)(**variant), (size, size, 1))
        rows[name] = (
            title,
            f"{found.trainable_parameters:,}",
            f"{found.non_trainable_parameters:,}",
            f"{found.flops / 1e9:.3f}",
        )
    columns = ["network", "trainable parameters", "other parameters", "GFLOPs"]
    return pd.DataFrame.from_dict(rows, orient="index", columns=columns)


def make_methods(names, *, width=1.0, head="paper", n_estimators=100, **training):
    """Return segmenters by their names in tables.

    Parameters
    ----------
    names : list of str
        Some of `method_names`.
    width : float, default=1.0
        Factor of the filters of all networks.
    head : {"paper", "direct"}, default="paper"
        Of the networks that have the choice.
    n_estimators : int, default=100
        The trees of a forest.
    **training
        Training parameters of all networks.

    Returns
    -------
    dict of str to segmenter

    Raises
    ------
    ValueError
        For an unknown name, with the valid ones.

    Examples
    --------
    >>> from emstellar.benchmarking.studies import make_methods
    >>> make_methods(["unet-bn", "forest"], width=0.5, epochs=3)
    {'U-Net BN': UNetSegmenter(epochs=3, width=0.5), 'Random forest': RandomForestSegmenter()}
    """
    unknown = [name for name in names if name not in method_names()]
    if unknown:
        raise ValueError(f"Unknown methods {unknown}; choose among {method_names()}.")
    methods = {}
    for name in names:
        if name in FORESTS:
            title, features = FORESTS[name]
            methods[title] = segmenters.RandomForestSegmenter(n_estimators, features=features)
        else:
            title, kind, variant = NETWORKS[name]
            segmenter = getattr(segmenters, kind)(width=width, **variant, **training)
            if hasattr(segmenter, "head"):
                segmenter.set_params(head=head)
            methods[title] = segmenter
    return methods


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
        As in `emstellar.benchmarking.splitters.make_splitter`; by default the data set's own
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


def find_groups(pattern, names):
    """Return the group of each file, found in its name.

    Parameters
    ----------
    pattern : str or None
        A regular expression; what it, or its first bracket, finds is the group.
    names : list of str

    Returns
    -------
    ndarray of str or None

    Raises
    ------
    ValueError
        If it is no regular expression, or finds nothing in a name.

    Examples
    --------
    >>> from emstellar.benchmarking.studies import find_groups
    >>> find_groups("field.", ["field1_a.png", "field1_b.png", "field2_a.png"])
    array(['field1', 'field1', 'field2'], dtype='<U6')
    """
    return None if pattern is None else np.array([_group(pattern, name) for name in names])


def _group(pattern, name):
    try:
        found = re.search(pattern, name)
    except re.error as error:
        raise ValueError(
            f"The pattern {pattern!r} of the groups is no regular expression: {error}."
        ) from error
    if found is None:
        raise ValueError(f"The pattern {pattern!r} of the groups finds nothing in {name!r}.")
    return found[found.re.groups and 1]


def _select(images, chosen):
    if isinstance(images, np.ndarray):
        return images[chosen]
    return [image for image, wanted in zip(images, chosen, strict=True) if wanted]
