"""Find the threshold at which a metric is best: `find_threshold`."""

from functools import partial
from inspect import signature
from typing import NamedTuple

import numpy as np

from emstellar.metrics.confusion import PixelCounts
from emstellar.metrics.inputs import Comparison
from emstellar.metrics.scorers import find_metric

DEFAULT_THRESHOLDS = np.linspace(0.01, 0.99, 99).round(2)
THRESHOLD_FREE = ("roc_auc", "average_precision", "neg_brier", "neg_ece")


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
    thresholds = DEFAULT_THRESHOLDS if thresholds is None else np.asarray(thresholds, dtype=float)
    meaning = {"labels": labels, "pos_label": pos_label, "sample_weight": sample_weight}
    scores = np.array(list(_scores(metric, y, y_prob, thresholds, meaning)))
    if np.isnan(scores).all():
        raise ValueError(f"The metric {metric!r} is undefined at all thresholds.")
    best = _middle_of_best(scores)
    return ThresholdSearch(float(thresholds[best]), float(scores[best]), thresholds, scores)


def _middle_of_best(scores):
    """Return the position in the middle of the best scores: the farthest from worse ones."""
    best = np.flatnonzero(scores >= np.nanmax(scores) - 1e-12)
    return best[np.argmin(np.abs(best - best.mean()))]


def _scores(metric, y, y_prob, thresholds, meaning):
    """Yield the score at each threshold."""
    if callable(metric):
        function, sign = metric, 1
    elif metric in THRESHOLD_FREE:
        raise ValueError(f"The metric {metric!r} does not depend on a threshold.")
    else:
        found = find_metric(metric)
        if found.family is PixelCounts:
            return _pixel_scores(found.take, y, y_prob, thresholds, meaning)
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


def _pixel_scores(take, y, y_prob, thresholds, meaning):
    """Yield the scores of single pixels: probabilities are counted once for all thresholds."""
    comparison = Comparison(y, y_prob, **meaning)
    rising = np.unique(thresholds)
    counts = sum(_count(comparison, i, rising) for i in range(comparison.n_images))
    # How many pixels exceed at most so many thresholds: they are background from there on.
    below = counts.cumsum(axis=1)
    for position in np.searchsorted(rising, thresholds):
        matrix = np.stack([below[:, position], below[:, -1] - below[:, position]], axis=1)
        yield take(PooledCounts(matrix))


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
