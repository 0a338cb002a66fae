"""Metrics by name, and the scorers that scikit-learn's tools take for ``scoring=``.

All scorers ask for ``predict_proba``, which scikit-learn remembers while it scores one fold, so
a network runs once per fold however many scorers there are. They tell the metric the classes of
the estimator, so that masks of any encoding are understood.
"""

from inspect import signature

from emstellar._sklearn_compat import ProbabilityScorer
from emstellar.constraints import did_you_mean
from emstellar.metrics.entries import Metric, built_in_metrics
from emstellar.metrics.unseen_classes import add_unseen_classes

# Of the user's own.
_REGISTERED = {}


class SegmentationScorer(ProbabilityScorer):
    """A scorer that tells the metric the classes of the estimator.

    It is made by `get_scorer`, called as ``scorer(segmenter, X, y)``, and is one of
    scikit-learn's scorers in all else.
    """

    def prepare(self, estimator, y_true, y_prob, options):
        """Add the estimator's classes to the options, and columns of classes it has not seen."""
        if "labels" in self.fixed_options or "labels" in options:
            return y_prob, options
        y_prob, labels = add_unseen_classes(y_true, y_prob, estimator.classes_)
        return y_prob, {**options, "labels": labels}


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
    return sorted({**built_in_metrics(), **_REGISTERED})


def register_scorer(name, metric, *, greater_is_better=True, label=None):
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
    label : str, optional
        How figures and tables write it; by default its name with spaces.

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
    if name in built_in_metrics():
        raise ValueError(f"{name!r} is a scorer of emstellar and cannot be replaced.")
    if not callable(metric) or "labels" not in signature(metric).parameters:
        raise TypeError(
            "metric must be a function metric(y_true, y_prob, *, labels, ...) that takes the "
            f"segmenter's classes as labels. Got {metric!r}."
        )
    sign = 1 if greater_is_better else -1
    # Who weighs pixels is not known, so it is trusted to.
    _REGISTERED[name] = Metric(metric, sign, label=label, weighs_pixels=True)


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


def find_metric(name):
    """Return the `Metric` of a name.

    Raises
    ------
    ValueError
        If there is none; the nearest names are told.
    """
    known = {**built_in_metrics(), **_REGISTERED}
    if name in known:
        return known[name]
    raise ValueError(
        f"{name!r} is not a valid scoring value.{did_you_mean(name, known)} Use "
        "emstellar.metrics.get_scorer_names() to get valid options."
    )


def is_known(name):
    """Tell whether `find_metric` has a metric of that name."""
    return name in built_in_metrics() or name in _REGISTERED
