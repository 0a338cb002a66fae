"""Predictions for every image by segmenters that never saw it: `cross_val_predict`."""

import numpy as np
from sklearn import get_config
from sklearn.base import clone
from sklearn.model_selection import check_cv
from sklearn.utils import indexable
from sklearn.utils.metadata_routing import MetadataRouter, MethodMapping, process_routing
from sklearn.utils.parallel import Parallel, delayed

from ..validation import UNLABELLED, as_list_of_series, is_sequence_of_arrays
from .folds import check_folds

# What a segmenter says of a class that its fold did not have, as in scikit-learn.
_ABSENT = {"predict_proba": 0, "predict_log_proba": np.finfo("float32").min}


def cross_val_predict(
    estimator,
    X,
    y=None,
    *,
    groups=None,
    cv=None,
    n_jobs=None,
    verbose=0,
    params=None,
    pre_dispatch="2*n_jobs",
    method="predict",
):
    """Generate cross-validated predictions for each image.

    It does for masks and probability maps what `sklearn.model_selection.cross_val_predict` does
    for labels, which cannot take them: it reads the height of the masks as a number of classes.

    Parameters
    ----------
    estimator : estimator
        Any segmenter, or a pipeline or search around one.
    X : array-like of shape (n_images, height, width[, channels]) or sequence of images
        The images; images of different sizes in a list.
    y : array-like of shape (n_images, height, width) or sequence of masks, default=None
        The masks.
    groups : array-like of shape (n_images,), default=None
        The group of each image, for the splitter.
    cv : int, cross-validation generator or iterable, default=None
        How to split; None means 5 contiguous folds. Each image must be tested exactly once.
    n_jobs : int, default=None
        Number of folds fitted in parallel; None means 1 unless in a `joblib.parallel_config`.
    verbose : int, default=0
        The verbosity of joblib.
    params : dict, default=None
        Parameters for ``fit``, such as `sample_weight`. Arrays and lists with one item for each
        image are split as X is.
    pre_dispatch : int or str, default="2*n_jobs"
        The number of jobs that joblib dispatches ahead.
    method : {"predict", "predict_proba", "predict_log_proba"}, default="predict"
        The method that is called.

    Returns
    -------
    ndarray of shape (n_images, ...) or list of ndarray
        The predictions in the order of X; a list if X is a sequence. The last axis of
        probabilities stands for the sorted labels of the whole y, with 0 for a class that the
        training images of a fold did not have.

    Raises
    ------
    ValueError
        If the folds do not test each image exactly once.

    Examples
    --------
    >>> from sklearn.model_selection import LeaveOneGroupOut
    >>> from emstellar import RandomForestSegmenter
    >>> from emstellar.datasets import make_em_images
    >>> from emstellar.model_selection import cross_val_predict
    >>> X, y, groups = make_em_images(4, (32, 32), n_groups=2, return_groups=True, random_state=0)
    >>> segmenter = RandomForestSegmenter(n_estimators=5, random_state=0)
    >>> cross_val_predict(segmenter, X, y, groups=groups, cv=LeaveOneGroupOut(),
    ...                   method="predict_proba").shape
    (4, 32, 32, 2)
    """
    X, y, groups = indexable(as_list_of_series(X), as_list_of_series(y), groups)
    cv = check_cv(cv)
    fit_params, split_params = _route(estimator, cv, groups, params or {})
    parallel = Parallel(n_jobs=n_jobs, verbose=verbose, pre_dispatch=pre_dispatch)
    return predict_folds(parallel, estimator, X, y, cv, fit_params, split_params, method)


def predict_folds(parallel, estimator, X, y, cv, fit_params, split_params, method):
    """Generate the predictions of `cross_val_predict`, whose metadata are routed already.

    Parameters
    ----------
    parallel : sklearn.utils.parallel.Parallel
        What fits the folds.
    estimator, X, y, method : object
        As in `cross_val_predict`.
    cv : cross-validation generator
        How to split.
    fit_params, split_params : dict
        What ``fit`` and ``cv.split`` are given.

    Returns
    -------
    ndarray of shape (n_images, ...) or list of ndarray
    """
    folds = check_folds(cv.split(X, y, **split_params), len(X))
    order = _inverse_permutation([test for _, test in folds], len(X))
    results = parallel(
        delayed(_fit_and_predict)(clone(estimator), X, y, train, test, fit_params, method)
        for train, test in folds
    )
    if method in _ABSENT and y is not None:
        classes = _labels(y)
        predictions = [_align(p, found, classes, _ABSENT[method]) for p, found in results]
    else:
        predictions = [p for p, _ in results]
    if any(isinstance(p, list) for p in predictions):
        flat = [image for p in predictions for image in p]
        return [flat[i] for i in order]
    return np.concatenate(predictions)[order]


def _route(estimator, cv, groups, params):
    """Return the parameters of ``fit`` and those of ``split``."""
    split_params = {"groups": groups}
    if not get_config()["enable_metadata_routing"]:
        return params, split_params
    router = (
        MetadataRouter(owner="cross_val_predict")
        .add(splitter=cv, method_mapping=MethodMapping().add(caller="fit", callee="split"))
        .add(estimator=estimator, method_mapping=MethodMapping().add(caller="fit", callee="fit"))
    )
    routed = process_routing(router, "fit", **params)
    return routed.estimator.fit, {**split_params, **routed.splitter.split}


def _inverse_permutation(tests, n_images):
    """Return where the prediction of each image stands when those of the folds are joined."""
    joined = np.concatenate(tests)
    if not np.array_equal(np.sort(joined), np.arange(n_images)):
        raise ValueError(
            "cross_val_predict only works for partitions: the test sets of cv must hold each of "
            f"the {n_images} images exactly once, but they hold {len(joined)} images, "
            f"{len(np.unique(joined))} of them different."
        )
    return np.argsort(joined)


def _fit_and_predict(estimator, X, y, train, test, fit_params, method):
    """Return what an estimator fitted on `train` says of `test`, and the classes it knows."""
    own = {
        name: _take(value, train) if _is_per_image(value, len(X)) else value
        for name, value in fit_params.items()
    }
    estimator.fit(_take(X, train), *(() if y is None else (_take(y, train),)), **own)
    prediction = getattr(estimator, method)(_take(X, test))
    return prediction, getattr(estimator, "classes_", None)


def _is_per_image(value, n_images):
    return (
        hasattr(value, "__len__")
        and not isinstance(value, (str, dict, tuple))
        and (len(value) == n_images)
    )


def _take(values, indices):
    """Return the items at `indices`: a list of a list or of an object array, else an array."""
    if isinstance(values, (list, tuple)) or is_sequence_of_arrays(values):
        return [values[i] for i in indices]
    return values[indices]


def _labels(y):
    labels = np.unique(np.concatenate([np.unique(mask) for mask in y]))
    return labels[labels != UNLABELLED]


def _align(prediction, found, classes, absent):
    """Return `prediction` with one column for each of `classes`, `absent` where it had none."""
    if found is None or np.array_equal(found, classes):
        return prediction
    if isinstance(prediction, list):
        return [_align(image, found, classes, absent) for image in prediction]
    aligned = np.full((*prediction.shape[:-1], len(classes)), absent, dtype=prediction.dtype)
    aligned[..., np.searchsorted(classes, found)] = prediction
    return aligned
