"""A study: the images of a benchmark and how they are split, with the code that loads them."""

from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

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

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.model_selection import KFold
    >>> from emstellar.studies import Study
    >>> X = y = np.eye(4, dtype=int)[np.newaxis].repeat(4, axis=0)
    >>> study = Study(X, y, None, KFold(2), None, None, "Diagonals", "Four equal images.")
    >>> study.with_folds(1).cv
    [([2, 3], [0, 1])]
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
        """Return the keyword arguments of `benchmark` that this study decides.

        Returns
        -------
        dict of str to object
        """
        return {name: getattr(self, name) for name in _ARGUMENTS}

    def with_folds(self, n_folds):
        """Return the study with its first folds only.

        Parameters
        ----------
        n_folds : int

        Returns
        -------
        Study
        """
        folds = islice(self.cv.split(self.X, groups=self.groups), n_folds)
        # Lists, because the report shows them as code.
        return replace(self, cv=[(train.tolist(), test.tolist()) for train, test in folds])


def describe_study(function, arguments, study):
    """Return Python code that loads the images of a ready-made study.

    Parameters
    ----------
    function : str
        Of `emstellar.studies`.
    arguments : dict of str to object
        Of the function.
    study : Study
        What it returned.

    Returns
    -------
    str

    Examples
    --------
    >>> from emstellar.studies import load_study
    >>> print(load_study("synthetic", random_state=0).loading)
    from emstellar.studies import load_study
    <BLANKLINE>
    study = load_study(source='synthetic', random_state=0)
    X, y = study.X, study.y
    groups = study.groups
    X_test, y_test = study.X_test, study.y_test
    groups_test = study.groups_test
    """
    given = ", ".join(f"{name}={value!r}" for name, value in arguments.items())
    lines = [f"from emstellar.studies import {function}", ""]
    lines += [f"study = {function}({given})", "X, y = study.X, study.y"]
    if study.groups is not None:
        lines.append("groups = study.groups")
    if study.X_test is not None:
        lines.append("X_test, y_test = study.X_test, study.y_test")
    if study.groups_test is not None:
        lines.append("groups_test = study.groups_test")
    for name in ("names", "names_test"):
        if getattr(study, name) is not None:
            lines.append(f"{name} = study.{name}")
    return "\n".join(lines)
