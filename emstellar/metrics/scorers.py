"""Metrics by name, and the scorers that scikit-learn's tools take for ``scoring=``.

All scorers ask for ``predict_proba``, which scikit-learn remembers while it scores one fold, so
a network runs once per fold however many scorers there are. They tell the metric the classes of
the estimator, so that masks of any encoding are understood.
"""

from functools import partial
from inspect import signature
from typing import NamedTuple

from sklearn.base import BaseEstimator
from sklearn.metrics import make_scorer

from emstellar.constraints import did_you_mean
from emstellar.metrics import (
    boundary,
    component_partition,
    instance,
    partition,
    pixel,
    probability,
    rates,
    warping,
)
from emstellar.metrics.boundary import BoundaryDistances
from emstellar.metrics.component_partition import ComponentErrors
from emstellar.metrics.confusion import PixelCounts
from emstellar.metrics.instance import Instances
from emstellar.metrics.probability import CalibrationCounts, RankCounts
from emstellar.metrics.threshold_sweep import ThresholdSweep
from emstellar.metrics.unseen_classes import add_unseen_classes
from emstellar.metrics.warping import PixelErrors, WarpingErrors


class _Metric(NamedTuple):
    """A metric, its sign (-1 where lower is better) and how to share work with its like.

    `family` makes an object of masks and predictions; ``take(object, **average)`` takes the
    score from it. `by_class` tells whether ``class_average=None`` gives one score per class.
    """

    function: object
    sign: int = 1
    family: object = None
    take: object = None
    by_class: bool = False


def _in_family(family):
    """Return a function that makes a `_Metric` of a function and its form for the family."""

    def make(function, from_family, sign=1, **options):
        def take(shared, **average):
            return shared.score(from_family, **average, **options)

        by_class = "class_average" in signature(function).parameters
        return _Metric(function, sign, family, take, by_class)

    return make


_pixels = _in_family(PixelCounts)
_ranks = _in_family(RankCounts)
_calibration = _in_family(CalibrationCounts)
_sweep = _in_family(ThresholdSweep)
_components = _in_family(ComponentErrors)
_outlines = _in_family(BoundaryDistances)
_objects = _in_family(Instances)
_differences = _in_family(PixelErrors)
_warpings = _in_family(WarpingErrors)

_METRICS = {
    "f1": _pixels(pixel.f1_score, pixel.from_f1),
    "jaccard": _pixels(pixel.jaccard_score, pixel.from_jaccard),
    "accuracy": _pixels(pixel.accuracy_score, pixel.from_accuracy),
    "balanced_accuracy": _pixels(pixel.balanced_accuracy_score, pixel.from_balanced_accuracy),
    "matthews": _pixels(pixel.matthews_corrcoef, pixel.from_matthews),
    "cohen_kappa": _pixels(pixel.cohen_kappa_score, pixel.from_cohen_kappa),
    "sensitivity": _pixels(rates.sensitivity_score, rates.from_sensitivity),
    "specificity": _pixels(rates.specificity_score, rates.from_specificity),
    "ppv": _pixels(rates.ppv_score, rates.from_ppv),
    "npv": _pixels(rates.npv_score, rates.from_npv),
    "roc_auc": _ranks(probability.roc_auc_score, probability.from_roc_auc),
    "average_precision": _ranks(
        probability.average_precision_score, probability.from_average_precision
    ),
    "neg_brier": _calibration(
        probability.brier_score_loss, probability.from_brier, -1, class_average="sum"
    ),
    "neg_ece": _calibration(
        probability.expected_calibration_error, probability.from_calibration, -1
    ),
    "v_rand": _sweep(partition.v_rand_score, partition.rand_curve),
    "v_info": _sweep(partition.v_info_score, partition.info_curve),
    "neg_adapted_rand_error": _components(
        component_partition.component_rand_error, component_partition.from_rand, -1
    ),
    "neg_voi": _components(component_partition.component_voi, component_partition.from_voi, -1),
    "neg_warping_error": _warpings(warping.warping_error, warping.lowest, -1),
    "neg_pixel_error": _differences(warping.pixel_error, warping.lowest, -1),
    "boundary_f1": _outlines(boundary.boundary_f1_score, boundary.from_boundary_f1),
    "neg_hausdorff": _outlines(boundary.hausdorff_distance, boundary.from_hausdorff, -1),
    "neg_hausdorff95": _outlines(
        partial(boundary.hausdorff_distance, percentile=95.0),
        boundary.from_hausdorff,
        -1,
        percentile=95.0,
    ),
    "neg_surface_distance": _outlines(
        boundary.average_surface_distance, boundary.from_surface_distance, -1
    ),
    "instance_ap": _objects(instance.instance_ap_score, instance.from_instance_ap),
    "panoptic_quality": _objects(instance.panoptic_quality_score, instance.from_panoptic_quality),
}


# scikit-learn's scorer class has no public name, but only its instances share predictions.
class SegmentationScorer(type(make_scorer(pixel.f1_score))):
    """A scorer that tells the metric the classes of the estimator.

    It is made by `get_scorer`, called as ``scorer(segmenter, X, y)``, and is one of
    scikit-learn's scorers in all else.
    """

    def _score(self, method_caller, estimator, X, y_true, **options):
        y_prob = method_caller(_Probabilities(estimator), "predict_proba", X)
        if "labels" not in self._kwargs and "labels" not in options:
            y_prob, options["labels"] = add_unseen_classes(y_true, y_prob, estimator.classes_)
        return super()._score(lambda *_, **__: y_prob, estimator, X, y_true, **options)


class _Probabilities(BaseEstimator):
    """A segmenter as an estimator of a kind that scikit-learn before 1.9 asks for probabilities.

    Classifiers' probabilities are searched for a column, a regressor is asked for ``predict``
    only; an outlier detector's method is called as it is.
    """

    def __init__(self, segmenter):
        self.segmenter = segmenter

    def predict_proba(self, X):
        return self.segmenter.predict_proba(X)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.estimator_type = "outlier_detector"
        return tags


def get_scorer(scoring):
    """Return the scorer of a name.

    Parameters
    ----------
    scoring : str or callable
        One of `get_scorer_names`; a callable is returned as it is.

    Returns
    -------
    scorer : callable
        ``scorer(segmenter, X, y)`` returns a float; higher is better. A copy, so that
        ``set_score_request`` on it changes no other.

    Raises
    ------
    ValueError
        If there is no such name; the nearest names are told.

    See Also
    --------
    get_scorers : Several scorers, for ``scoring=``.
    register_scorer : Add a scorer of your own.

    Examples
    --------
    >>> from emstellar.metrics import get_scorer
    >>> get_scorer("f1")
    make_scorer(f1_score, response_method='predict_proba')
    >>> get_scorer("v_rnd")
    Traceback (most recent call last):
        ...
    ValueError: 'v_rnd' is not a valid scoring value. Did you mean 'v_rand'? Use \
emstellar.metrics.get_scorer_names() to get valid options.
    """
    if callable(scoring):
        return scoring
    metric = find_metric(scoring)
    return SegmentationScorer(metric.function, metric.sign, {}, "predict_proba")


def get_scorers(*names):
    """Return the scorers of several names, as ``scoring=`` takes them.

    Parameters
    ----------
    *names : str
        Some of `get_scorer_names`.

    Returns
    -------
    dict of str to scorer

    Raises
    ------
    ValueError
        If a name is unknown.

    Notes
    -----
    The segmenter's ``predict_proba`` runs once per fold for all of them. What the metrics
    themselves could share is computed by each; `multi_scorer` does that once too.

    Examples
    --------
    >>> from emstellar.metrics import get_scorers
    >>> list(get_scorers("f1", "v_rand"))
    ['f1', 'v_rand']
    """
    return {name: get_scorer(name) for name in names}


def get_scorer_names():
    """Return the sorted names that `get_scorer` knows.

    Returns
    -------
    list of str
        Those that begin with ``neg_`` are errors with a minus, so that higher is better.

    Examples
    --------
    >>> from emstellar.metrics import get_scorer_names
    >>> {"f1", "v_info", "neg_brier"} <= set(get_scorer_names())
    True
    """
    return sorted(_METRICS)


def register_scorer(name, metric, *, greater_is_better=True):
    """Make a metric of your own known to `get_scorer` under a name.

    Parameters
    ----------
    name : str
        The new name; a name registered before is replaced, one of this package is not.
    metric : callable
        ``metric(y_true, y_prob, *, labels, ...)`` of masks, probabilities of shape
        (n_images, height, width, n_classes) and the segmenter's classes.
    greater_is_better : bool, default=True
        If False, the scorer returns minus the metric.

    Raises
    ------
    ValueError
        If the name is one of this package's, or "loss".
    TypeError
        If `metric` cannot be called or has no parameter `labels`.

    Examples
    --------
    >>> import numpy as np
    >>> from emstellar.metrics import get_scorer, register_scorer
    >>> def foreground_share(y_true, y_prob, *, labels=None):
    ...     return float(np.mean(y_prob[..., -1] > 0.5))
    >>> register_scorer("foreground_share", foreground_share)
    >>> get_scorer("foreground_share")
    make_scorer(foreground_share, response_method='predict_proba')
    """
    if name == "loss":
        raise ValueError("A scorer cannot be called 'loss': monitor='val_loss' means the loss.")
    if name in _BUILT_IN:
        raise ValueError(f"{name!r} is a scorer of emstellar and cannot be replaced.")
    if not callable(metric) or "labels" not in signature(metric).parameters:
        raise TypeError(
            "metric must be a function metric(y_true, y_prob, *, labels, ...) that takes the "
            f"segmenter's classes as labels. Got {metric!r}."
        )
    _METRICS[name] = _Metric(metric, 1 if greater_is_better else -1)


def compute_scores(
    names,
    y_true,
    y_prob,
    *,
    threshold=0.5,
    labels=None,
    pos_label=None,
    sample_weight=None,
    per_image=False,
):
    """Return several scores of the same predictions, sharing the work.

    Parameters
    ----------
    names : sequence of str
        Some of `get_scorer_names`.
    y_true : array-like of shape (n_images, height, width) or sequence of masks
        The true masks.
    y_prob : array-like or sequence of arrays
        Probabilities, foreground maps or label maps.
    threshold : float, default=0.5
        What a foreground probability must exceed, in metrics of one threshold.
    labels : array-like of shape (n_classes,), optional
        The classes in the order of the columns of `y_prob`.
    pos_label : int or bool, optional
        The foreground class.
    sample_weight : array-like of shape (n_images,) or (n_images, height, width), optional
        Weights, for those metrics that take them.
    per_image : bool, default=False
        Whether to return the scores of the images instead of that of all together.

    Returns
    -------
    dict of str to float, or to ndarray of shape (n_images,)
        In the order of `names`; higher is better.

    Raises
    ------
    ValueError
        If a name is unknown or the arrays do not fit.

    Examples
    --------
    >>> import numpy as np
    >>> from emstellar.metrics import compute_scores
    >>> y_true, y_prob = np.array([[[1, 1, 0, 1]]]), np.array([[[0.9, 0.2, 0.1, 0.8]]])
    >>> compute_scores(["sensitivity", "v_rand", "v_info"], y_true, y_prob)
    {'sensitivity': 0.666..., 'v_rand': 1.0, 'v_info': 1.0}
    """
    options = {
        "threshold": threshold,
        "labels": labels,
        "pos_label": pos_label,
        "sample_weight": sample_weight,
    }
    average = {"average": None} if per_image else {}
    metrics = {name: find_metric(name) for name in names}
    families = {metric.family for metric in metrics.values() if metric.family is not None}
    shared = {
        family: family(y_true, y_prob, **accepted_options(family, options)) for family in families
    }
    scores = {}
    for name, metric in metrics.items():
        if metric.family is None:
            accepted = accepted_options(metric.function, {**options, **average})
            score = metric.function(y_true, y_prob, **accepted)
        else:
            score = metric.take(shared[metric.family], **average)
        scores[name] = metric.sign * score
    return scores


def accepted_options(function, options):
    """Return those of the options that a function has parameters for."""
    parameters = signature(function).parameters
    return {name: value for name, value in options.items() if name in parameters}


class MultiScorer:
    """A scorer that returns several scores from one pass; see `multi_scorer`."""

    def __init__(self, names):
        self.names = names

    def __call__(self, estimator, X, y, sample_weight=None):
        """Return a dict of the scores of `estimator` on the images `X` with the masks `y`."""
        y_prob, labels = add_unseen_classes(y, estimator.predict_proba(X), estimator.classes_)
        return compute_scores(self.names, y, y_prob, labels=labels, sample_weight=sample_weight)

    def __repr__(self):
        return f"multi_scorer({list(self.names)})"


def multi_scorer(names):
    """Return one callable that computes several scores from one pass.

    Images are predicted, masks read, pixels counted and borders thinned once, whichever of the
    scores need it.

    Parameters
    ----------
    names : sequence of str
        Some of `get_scorer_names`.

    Returns
    -------
    scorer : callable
        ``scorer(segmenter, X, y)`` returns a dict of str to float. ``scoring=`` takes it, with
        ``refit="name"`` in a search.

    Raises
    ------
    ValueError
        If a name is unknown.

    Examples
    --------
    >>> from emstellar.metrics import multi_scorer
    >>> multi_scorer(["v_rand", "v_info"])
    multi_scorer(['v_rand', 'v_info'])
    """
    names = tuple(names)
    for name in names:
        find_metric(name)
    return MultiScorer(names)


def weighs_pixels(name):
    """Tell whether a metric takes weights of pixels; all others take weights of images.

    Parameters
    ----------
    name : str
        One of `get_scorer_names`.

    Returns
    -------
    bool
        True of a registered metric too.

    Examples
    --------
    >>> from emstellar.metrics.scorers import weighs_pixels
    >>> weighs_pixels("f1"), weighs_pixels("v_rand")
    (True, False)
    """
    of_pixels = (PixelCounts, RankCounts, CalibrationCounts)
    return name not in _BUILT_IN or find_metric(name).family in of_pixels


def find_metric(name):
    """Return the metric of a name, its sign and its family."""
    if name in _METRICS:
        return _METRICS[name]
    raise ValueError(
        f"{name!r} is not a valid scoring value.{did_you_mean(name, _METRICS)} Use "
        "emstellar.metrics.get_scorer_names() to get valid options."
    )


_BUILT_IN = frozenset(_METRICS)
