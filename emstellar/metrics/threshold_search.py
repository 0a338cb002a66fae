"""Find the threshold at which a metric is best: `find_threshold`."""

import warnings
from functools import partial
from inspect import signature
from typing import NamedTuple

import numpy as np
from sklearn.exceptions import UndefinedMetricWarning

from emstellar.metrics.confusion import PixelCounts
from emstellar.metrics.inputs import TruthAndPrediction
from emstellar.metrics.scorers import find_metric

SEARCHED_THRESHOLDS = np.linspace(0.01, 0.99, 99).round(2)
# The metrics that mostly choose, in one step for all thresholds: scikit-learn takes milliseconds
# for each matrix. Of true negatives, false positives, false negatives and true positives.
FORMULAS = {
    "f1": lambda tn, fp, fn, tp: 2 * tp / np.where(tp + fn, 2 * tp + fp + fn, np.nan),
    "jaccard": lambda tn, fp, fn, tp: tp / np.where(tp + fn, tp + fp + fn, np.nan),
    "accuracy": lambda tn, fp, fn, tp: (tn + tp) / (tn + fp + fn + tp),
}


class ThresholdSearch(NamedTuple):
    """The result of `find_threshold`.

    Attributes
    ----------
    threshold : float
        The best threshold; of equally good ones, the one nearest to their middle.
    score : float
        The score there; higher is better.
    thresholds, scores : ndarray of shape (n_thresholds,)
        All thresholds that were tried, with their scores.
    """

    threshold: float
    score: float
    thresholds: np.ndarray
    scores: np.ndarray


def find_threshold(
    segmenter_or_probabilities,
    X,
    y,
    metric="f1",
    *,
    thresholds=None,
    labels=None,
    pos_label=None,
    sample_weight=None,
):
    """Return the threshold of the foreground probability at which a metric is best.

    Use images that are not used for training, nor for the score that is reported: the best
    threshold of the test images is not an honest one. `ThresholdedSegmenter` sees to that.

    Parameters
    ----------
    segmenter_or_probabilities : segmenter, ndarray or list of ndarray
        A fitted segmenter; or probabilities of shape (n_images, height, width[, n_classes]),
        with X None.
    X : array-like of shape (n_images, height, width[, channels]), sequence of images or None
        The images to segment.
    y : array-like of shape (n_images, height, width) or sequence of masks
        The true masks.
    metric : str or callable, default="f1"
        A name of `get_scorer_names`, or a function ``metric(y_true, y_prob, *, threshold)`` of
        which higher values are better.
    thresholds : array-like of shape (n_thresholds,), optional
        In [0, 1]; by default 0.01, 0.02, ..., 0.99.
    labels : array-like of shape (2,), optional
        The classes; by default those of the segmenter.
    pos_label : int or bool, optional
        The foreground class.
    sample_weight : array-like of shape (n_images,) or (n_images, height, width), optional
        Weights of images or pixels.

    Returns
    -------
    ThresholdSearch
        With the fields `threshold`, `score`, `thresholds` and `scores`.

    Raises
    ------
    ValueError
        If the metric does not depend on a threshold, or is undefined at all of them.

    Examples
    --------
    >>> import numpy as np
    >>> from emstellar.metrics import find_threshold
    >>> y, probabilities = np.array([[[0, 0, 1, 1]]]), np.array([[[0.1, 0.2, 0.3, 0.9]]])
    >>> search = find_threshold(probabilities, None, y, "f1")
    >>> search.threshold, search.score
    (0.24, 1.0)
    """
    if hasattr(segmenter_or_probabilities, "predict_proba"):
        labels = segmenter_or_probabilities.classes_ if labels is None else labels
        y_prob = segmenter_or_probabilities.predict_proba(X)
    else:
        y_prob = segmenter_or_probabilities
    thresholds = SEARCHED_THRESHOLDS if thresholds is None else np.asarray(thresholds, dtype=float)
    meaning = {"labels": labels, "pos_label": pos_label, "sample_weight": sample_weight}
    scores = scores_at(metric, y, y_prob, thresholds, **meaning)
    if np.isnan(scores).all():
        raise ValueError(f"The metric {metric!r} is undefined at all thresholds.")
    best = middle_of_best(scores)
    return ThresholdSearch(float(thresholds[best]), float(scores[best]), thresholds, scores)


def middle_of_best(scores):
    """Return the position in the middle of the best scores: the farthest from worse ones."""
    best = np.flatnonzero(scores >= np.nanmax(scores) - 1e-12)
    return best[np.argmin(np.abs(best - best.mean()))]


def scores_at(metric, y, y_prob, thresholds, **meaning):
    """Return the score at each threshold.

    Parameters
    ----------
    metric : str or callable
    y : array-like of shape (n_images, height, width) or sequence of masks
    y_prob : ndarray of shape (n_images, height, width[, n_classes]) or list of ndarray
    thresholds : array-like of shape (n_thresholds,)
    **meaning
        `labels`, `pos_label` and `sample_weight`, as in `find_threshold`.

    Returns
    -------
    ndarray of shape (n_thresholds,)
        Higher is better; NaN where the metric is undefined.
    """
    return np.array(list(_scores(metric, y, y_prob, thresholds, meaning)))


def count_exceeded(y, y_prob, thresholds, **meaning):
    """Return how many pixels of either class exceed how many thresholds, image by image.

    All that pixel metrics need to know of a map at these thresholds, in little space.

    Parameters
    ----------
    y, y_prob, **meaning
        As in `scores_at`.
    thresholds : array-like of shape (n_thresholds,)
        Rising.

    Returns
    -------
    list of ndarray of shape (2, n_thresholds + 1)
    """
    comparison = TruthAndPrediction(y, y_prob, **meaning)
    return [_count(comparison, i, np.asarray(thresholds)) for i in range(comparison.n_images)]


def scores_of_counts(metric, counts):
    """Return the score of a pixel metric at each threshold of the counts.

    Parameters
    ----------
    metric : str
    counts : list of ndarray of shape (2, n_thresholds + 1)
        Of `count_exceeded`; all images are pooled.

    Returns
    -------
    ndarray of shape (n_thresholds,)
        NaN for F1 and Jaccard where the truth has no foreground: no threshold is better there.
    """
    # How many pixels exceed at most so many thresholds: they are background from there on.
    background = np.sum(counts, axis=0).cumsum(axis=1)
    foreground = background[:, -1:] - background
    matrices = np.stack([background, foreground], axis=-1)[:, :-1].swapaxes(0, 1)
    if metric in FORMULAS:
        with np.errstate(divide="ignore", invalid="ignore"):
            return FORMULAS[metric](*matrices.reshape(len(matrices), 4).T)
    found = find_metric(metric)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UndefinedMetricWarning)
        return found.sign * np.array([found.take(PooledCounts(matrix)) for matrix in matrices])


def _scores(metric, y, y_prob, thresholds, meaning):
    """Yield the score at each threshold."""
    if callable(metric):
        function, sign = metric, 1
    else:
        found = find_metric(metric)
        if found.threshold_free:
            raise ValueError(f"The metric {metric!r} does not depend on a threshold.")
        if found.family is PixelCounts:
            rising, positions = np.unique(thresholds, return_inverse=True)
            counts = count_exceeded(y, y_prob, rising, **meaning)
            return iter(scores_of_counts(metric, counts)[positions])
        function, sign = found.function, found.sign
    return _function_scores(function, sign, y, y_prob, thresholds, meaning)


def _function_scores(function, sign, y, y_prob, thresholds, meaning):
    parameters = signature(function).parameters
    accepted = {name: value for name, value in meaning.items() if name in parameters}
    name = "thresholds" if "thresholds" in parameters else "threshold"
    if name not in parameters:
        raise ValueError(f"metric has no parameter threshold: {function!r}.")
    score = partial(function, y, y_prob, **accepted)
    for threshold in thresholds:
        yield sign * score(**{name: float(threshold)})


def _count(comparison, index, rising):
    """Return the weights of pixels by true class and by the number of thresholds they exceed."""
    labelled = comparison.labelled(index)
    weights = None if comparison.weights is None else comparison.weights[index][labelled]
    n_exceeded = np.searchsorted(rising, comparison.foreground(index)[labelled])
    n_cells = len(rising) + 1
    cells = (comparison.truth_codes(index)[labelled] == 1) * n_cells + n_exceeded
    return np.bincount(cells, weights, minlength=2 * n_cells).reshape(2, n_cells)


class PooledCounts(PixelCounts):
    """The confusion matrix of all images together, from which pixel scores are taken."""

    def __init__(self, matrix):
        self.is_binary = True
        self.image_weights = None
        self.matrices = matrix[np.newaxis]
