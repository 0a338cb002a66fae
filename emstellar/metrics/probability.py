"""Scores of the probabilities themselves: ranking (ROC, precision-recall) and calibration.

None needs a threshold. The probabilities of an image are first counted: an 8-bit map has 256
different values however many pixels it has. scikit-learn scores the counts as weighted samples.
"""

import warnings
from typing import NamedTuple

import numpy as np
from sklearn import metrics
from sklearn.exceptions import UndefinedMetricWarning

from emstellar.metrics._doc import shared_doc
from emstellar.metrics.confusion import AVERAGES, average_images, check_option
from emstellar.metrics.inputs import Comparison

CLASS_AVERAGES = ("macro", "weighted", "sum", None)


class ValueCounts(NamedTuple):
    """How often each foreground probability occurs in the background and in the foreground."""

    values: np.ndarray
    negatives: np.ndarray
    positives: np.ndarray

    def as_samples(self):
        """Return (true codes, probabilities, weights), two samples for each value."""
        truth = np.repeat([0, 1], len(self.values))
        weights = np.concatenate([self.negatives, self.positives])
        return truth, np.concatenate([self.values, self.values]), weights


def count_values(values, is_positive, weights):
    """Return the `ValueCounts` of flat arrays; `weights` may be None."""
    values, position = np.unique(values, return_inverse=True)
    weights = 1.0 if weights is None else weights
    negatives = np.bincount(position, weights * ~is_positive, minlength=len(values))
    positives = np.bincount(position, weights * is_positive, minlength=len(values))
    return ValueCounts(values, negatives, positives)


def pool_counts(counts):
    """Return the sum of several `ValueCounts`."""
    values, position = np.unique(np.concatenate([c.values for c in counts]), return_inverse=True)
    negatives = np.bincount(position, np.concatenate([c.negatives for c in counts]), len(values))
    positives = np.bincount(position, np.concatenate([c.positives for c in counts]), len(values))
    return ValueCounts(values, negatives, positives)


class ProbabilityCounts:
    """The counted probabilities of a comparison, from which several scores are taken.

    Parameters
    ----------
    y_true, y_prob, labels, pos_label, sample_weight
        As for `Comparison`.

    Attributes
    ----------
    counts : list of list of ValueCounts
        For each class that is scored against all others (with two classes, the foreground),
        those of the images.
    """

    def __init__(self, y_true, y_prob, *, labels=None, pos_label=None, sample_weight=None):
        meaning = {"labels": labels, "pos_label": pos_label, "sample_weight": sample_weight}
        comparison = Comparison(y_true, y_prob, **meaning)
        self.image_weights = comparison.image_weights
        images = [self._count(comparison, i) for i in range(comparison.n_images)]
        self.counts = [list(of_class) for of_class in zip(*images, strict=True)]

    def _count(self, comparison, index):
        labelled = comparison.labelled(index)
        truth = comparison.truth_codes(index)[labelled]
        weights = None if comparison.weights is None else comparison.weights[index][labelled]
        if comparison.is_binary:
            columns = [(1, comparison.foreground(index))]
        else:
            columns = enumerate(np.moveaxis(comparison.probabilities(index), -1, 0))
        return [count_values(p[labelled], truth == code, weights) for code, p in columns]

    def score(self, function, average="pooled", class_average="macro", **options):
        """Return `function` of all counts pooled or of those of the images."""
        check_option("average", average, AVERAGES)
        check_option("class_average", class_average, CLASS_AVERAGES)
        if average == "pooled":
            return _average_classes(
                function, [pool_counts(c) for c in self.counts], class_average, **options
            )
        scores = [
            _average_classes(function, counts, class_average, **options)
            for counts in zip(*self.counts, strict=True)
        ]
        return average_images(scores, self.image_weights, average)


def _average_classes(function, counts, class_average, **options):
    """Return the mean of the classes' scores, without those that are undefined."""
    scores = np.array([function(c, **options) for c in counts])
    if len(counts) == 1:
        return float(scores[0])
    if class_average == "weighted":
        return average_images(scores, np.array([c.positives.sum() for c in counts]), "image")
    if class_average == "sum":
        return float(scores.sum())
    return average_images(scores, None, class_average and "image")


class ConfidenceCounts(ProbabilityCounts):
    """The counted probabilities of the class predicted, which is right or not."""

    def _count(self, comparison, index):
        labelled = comparison.labelled(index)
        weights = None if comparison.weights is None else comparison.weights[index][labelled]
        probabilities = comparison.probabilities(index)[labelled]
        right = probabilities.argmax(axis=-1) == comparison.truth_codes(index)[labelled]
        return [count_values(probabilities.max(axis=-1), right, weights)]


@shared_doc
def roc_auc_score(
    y_true,
    y_prob,
    *,
    labels=None,
    pos_label=None,
    sample_weight=None,
    average="pooled",
    class_average="macro",
):
    """Return the area under the receiver operating characteristic.

    Parameters
    ----------
    %(images)s
    %(meaning)s
    %(average)s
    %(class_mean)s

    Returns
    -------
    score : float or ndarray
        In [0, 1], the best is 1 and chance is 0.5; an array of one per image where `average`
        is None. NaN, with a warning, where the masks hold one class only.

    Raises
    ------
    ValueError
        If sizes, labels or probabilities do not fit.

    References
    ----------
    Hanley and McNeil, "The meaning and use of the area under a receiver operating
    characteristic (ROC) curve", Radiology 143 (1982).

    Examples
    --------
    >>> from emstellar.metrics import roc_auc_score
    >>> roc_auc_score([[[0, 0, 1, 1]]], [[[0.1, 0.4, 0.35, 0.8]]])
    0.75
    """
    meaning = {"labels": labels, "pos_label": pos_label, "sample_weight": sample_weight}
    return ProbabilityCounts(y_true, y_prob, **meaning).score(from_roc_auc, average, class_average)


@shared_doc
def average_precision_score(
    y_true,
    y_prob,
    *,
    labels=None,
    pos_label=None,
    sample_weight=None,
    average="pooled",
    class_average="macro",
):
    """Return the average precision over all recalls.

    Parameters
    ----------
    %(images)s
    %(meaning)s
    %(average)s
    %(class_mean)s

    Returns
    -------
    score : float or ndarray
        In [0, 1], the best is 1 and chance is the share of foreground; an array of one per
        image where `average` is None. NaN, with a warning, where there is no foreground.

    Raises
    ------
    ValueError
        If sizes, labels or probabilities do not fit.

    References
    ----------
    Zhu, "Recall, precision and average precision", University of Waterloo (2004).

    Examples
    --------
    >>> from emstellar.metrics import average_precision_score
    >>> average_precision_score([[[0, 0, 1, 1]]], [[[0.1, 0.4, 0.35, 0.8]]])
    0.83...
    """
    meaning = {"labels": labels, "pos_label": pos_label, "sample_weight": sample_weight}
    return ProbabilityCounts(y_true, y_prob, **meaning).score(
        from_average_precision, average, class_average
    )


@shared_doc
def brier_score_loss(
    y_true, y_prob, *, labels=None, pos_label=None, sample_weight=None, average="pooled"
):
    """Return the Brier score: the mean squared error of the foreground probability.

    Parameters
    ----------
    %(images)s
    %(meaning)s
    %(average)s

    Returns
    -------
    loss : float or ndarray
        In [0, 1], the best is 0; an array of one per image where `average` is None. With more
        than two classes the sum over classes, in [0, 2].

    Raises
    ------
    ValueError
        If sizes, labels or probabilities do not fit.

    References
    ----------
    Brier, "Verification of forecasts expressed in terms of probability", Monthly Weather
    Review 78 (1950).

    Examples
    --------
    >>> from emstellar.metrics import brier_score_loss
    >>> brier_score_loss([[[0, 1]]], [[[0.5, 1.0]]])
    0.125
    """
    meaning = {"labels": labels, "pos_label": pos_label, "sample_weight": sample_weight}
    return ProbabilityCounts(y_true, y_prob, **meaning).score(from_brier, average, "sum")


@shared_doc
def expected_calibration_error(
    y_true,
    y_prob,
    *,
    n_bins=15,
    labels=None,
    pos_label=None,
    sample_weight=None,
    average="pooled",
):
    """Return by how much confidence differs from accuracy, on average over all pixels.

    The confidence of a pixel is the probability of the class predicted, that is at least 0.5.
    Pixels are put in `n_bins` bins of equal width over [0, 1]; the error is the difference of
    mean confidence and accuracy in each bin, averaged by the pixels in the bins.

    Parameters
    ----------
    %(images)s
    n_bins : int, default=15
        Bins (a, b] over [0, 1].
    %(meaning)s
    %(average)s

    Returns
    -------
    error : float or ndarray
        In [0, 1], the best is 0; an array of one per image where `average` is None.

    Raises
    ------
    ValueError
        If sizes, labels or probabilities do not fit.

    References
    ----------
    Guo et al., "On calibration of modern neural networks", ICML (2017), equation 3.

    Examples
    --------
    Three of four pixels are right where the segmenter is sure by 0.9:

    >>> from emstellar.metrics import expected_calibration_error
    >>> error = expected_calibration_error([[[0, 0, 1, 1]]], [[[0.1, 0.1, 0.9, 0.1]]])
    >>> round(error, 3)
    0.15
    """
    meaning = {"labels": labels, "pos_label": pos_label, "sample_weight": sample_weight}
    counts = ConfidenceCounts(y_true, y_prob, **meaning)
    return counts.score(from_calibration, average, n_bins=n_bins)


def from_roc_auc(counts):
    """Return the area under the ROC curve of `ValueCounts`."""
    if not counts.positives.any() or not counts.negatives.any():
        return _undefined("ROC AUC", "only one class is present in y_true")
    truth, values, weights = counts.as_samples()
    return float(metrics.roc_auc_score(truth, values, sample_weight=weights))


def from_average_precision(counts):
    """Return the average precision of `ValueCounts`."""
    if not counts.positives.any():
        return _undefined("Average precision", "there is no foreground in y_true")
    truth, values, weights = counts.as_samples()
    return float(metrics.average_precision_score(truth, values, sample_weight=weights))


def from_brier(counts):
    """Return the Brier score of `ValueCounts`."""
    truth, values, weights = counts.as_samples()
    if not weights.any():
        return _undefined("The Brier score", "there is no labelled pixel in y_true")
    return float(metrics.mean_squared_error(truth, values, sample_weight=weights))


def from_calibration(counts, n_bins=15):
    """Return the expected calibration error of confidences, counted as wrong and right."""
    total = counts.positives + counts.negatives
    if not total.any():
        return _undefined("The calibration error", "there is no labelled pixel in y_true")
    bins = np.ceil(counts.values.astype(np.float64) * n_bins).astype(int)
    gaps = np.bincount(bins, total * counts.values) - np.bincount(bins, counts.positives)
    return float(np.abs(gaps).sum() / total.sum())


def _undefined(metric, reason):
    warnings.warn(f"{metric} is undefined: {reason}.", UndefinedMetricWarning, stacklevel=4)
    return np.nan
