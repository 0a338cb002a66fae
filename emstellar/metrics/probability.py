"""Scores of the probabilities themselves: ranking (ROC, precision-recall) and calibration.

None needs a threshold. All are sums over pixels, taken image by image or range by range of the
probabilities, so that memory does not grow with the number of images.
"""

from functools import partial
from numbers import Integral
from typing import NamedTuple

import numpy as np

from emstellar.constraints import check_option
from emstellar.metrics._doc import shared_doc
from emstellar.metrics.confusion import AVERAGES, average_images
from emstellar.metrics.entries import entries_of
from emstellar.metrics.inputs import TruthAndPrediction
from emstellar.metrics.options import check_number, warn_of_undefined
from emstellar.metrics.value_counts import iterate_counts

CLASS_AVERAGES = ("macro", "weighted", "sum", None)


class RankSums(NamedTuple):
    """What the order of the probabilities of pixels amounts to.

    Attributes
    ----------
    positives, negatives : float
        The weights of foreground and background.
    ordered : float
        The weight of the pairs of which the foreground pixel has the higher probability, ties
        counting half.
    precision : float
        The sum over foreground pixels of the precision at their probability.
    """

    positives: float
    negatives: float
    ordered: float
    precision: float


def sum_ranks(images):
    """Return the `RankSums` of images, as `iterate_counts` takes them."""
    positives, negatives = (float(total) for total in _totals(images))
    below_positive = below_negative = ordered = precision = 0.0
    for _, negative, positive in iterate_counts(images):
        lower = below_negative + np.cumsum(negative) - negative
        ordered += float((positive * (lower + negative / 2)).sum())
        hits = positives - (below_positive + np.cumsum(positive) - positive)
        found = hits + negatives - lower
        shares = np.divide(hits, found, out=np.zeros_like(hits), where=found > 0)
        precision += float((positive * shares).sum())
        below_positive += float(positive.sum())
        below_negative += float(negative.sum())
    return RankSums(positives, negatives, ordered, precision)


def _totals(images):
    """Return the weights of all foreground and background pixels."""
    totals = np.zeros(2)
    for image in images:
        _, is_positive, weights = image()
        weights = np.ones(is_positive.size) if weights is None else weights.astype(np.float64)
        totals += weights[is_positive].sum(), weights[~is_positive].sum()
    return totals


class CalibrationSums(NamedTuple):
    """What the probabilities of pixels say of how often they are foreground.

    Attributes
    ----------
    positives, total : float
        The weights of the foreground and of all pixels.
    squares : float
        The sum of the squared differences of probability and truth.
    expected, observed : ndarray of shape (n_bins,)
        In each bin of probabilities their sum, and the weight of the foreground.
    """

    positives: float
    total: float
    squares: float
    expected: np.ndarray
    observed: np.ndarray


def sum_calibration(images, n_bins=15):
    """Return the `CalibrationSums` of images, as `iterate_counts` takes them."""
    inner_edges = np.linspace(0, 1, n_bins + 1)[1:-1]
    positives, total, squares = 0.0, 0.0, 0.0
    expected, observed = np.zeros(n_bins), np.zeros(n_bins)
    for image in images:
        values, is_positive, weights = image()
        values = np.asarray(values, dtype=np.float64)
        weights = np.ones(values.size) if weights is None else weights.astype(np.float64)
        positives += weights[is_positive].sum()
        total += weights.sum()
        squares += (weights * (values - is_positive) ** 2).sum()
        bins = np.searchsorted(inner_edges, values)
        expected += np.bincount(bins, weights * values, n_bins)
        observed += np.bincount(bins, weights * is_positive, n_bins)
    return CalibrationSums(positives, total, squares, expected, observed)


class ProbabilitySums:
    """The sums over the pixels of a comparison, from which several scores are taken.

    Parameters
    ----------
    y_true, y_prob, labels, pos_label, sample_weight
        As for `TruthAndPrediction`.
    """

    def __init__(self, y_true, y_prob, *, labels=None, pos_label=None, sample_weight=None):
        meaning = {"labels": labels, "pos_label": pos_label, "sample_weight": sample_weight}
        self._comparison = TruthAndPrediction(y_true, y_prob, **meaning)
        self.image_weights = self._comparison.image_weights
        # With two classes the foreground; else each class against all others.
        self._codes = [1] if self._comparison.is_binary else range(self._comparison.n_classes)
        self._sums = {}

    def _sum(self, images):
        """Return the sums of images together."""
        raise NotImplementedError

    def _sums_of(self, indices):
        """Return the sums of some images together, for each class; each is computed once."""
        if indices not in self._sums:
            self._sums[indices] = [
                self._sum([partial(_flat_pixels, self._comparison, i, code) for i in indices])
                for code in self._codes
            ]
        return self._sums[indices]

    def score(self, function, average="pooled", class_average="macro", **options):
        """Return `function` of the sums of all images pooled or of those of the images."""
        check_option("average", average, AVERAGES)
        check_option("class_average", class_average, CLASS_AVERAGES)
        options["class_average"] = class_average
        indices = range(self._comparison.n_images)
        if average == "pooled":
            return _average_classes(function, self._sums_of(tuple(indices)), **options)
        scores = [_average_classes(function, self._sums_of((i,)), **options) for i in indices]
        return average_images(scores, self.image_weights, average)


class RankCounts(ProbabilitySums):
    """The `RankSums` of a comparison."""

    def _sum(self, images):
        return sum_ranks(images)


class CalibrationCounts(ProbabilitySums):
    """The `CalibrationSums` of a comparison, in `n_bins` bins of equal width."""

    def __init__(
        self, y_true, y_prob, *, n_bins=15, labels=None, pos_label=None, sample_weight=None
    ):
        self.n_bins = check_number("n_bins", n_bins, 1, kind=Integral)
        meaning = {"labels": labels, "pos_label": pos_label, "sample_weight": sample_weight}
        super().__init__(y_true, y_prob, **meaning)

    def _sum(self, images):
        return sum_calibration(images, self.n_bins)


def _flat_pixels(comparison, index, code):
    """Return (probabilities, truth, weights) of the labelled pixels of an image and a class."""
    labelled = comparison.labelled(index)
    is_positive = (comparison.truth_codes(index) == code)[labelled]
    weights = None if comparison.weights is None else comparison.weights[index][labelled]
    return comparison.class_probabilities(index, code)[labelled], is_positive, weights


def _average_classes(function, sums, class_average):
    """Return the mean of the classes' scores, without those that are undefined."""
    scores = np.array([function(s) for s in sums])
    if len(sums) == 1:
        return float(scores[0])
    if class_average == "weighted":
        return average_images(scores, np.array([s.positives for s in sums]), "image")
    if class_average == "sum":
        return float(scores.sum())
    return average_images(scores, None, class_average and "image")


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
    return RankCounts(y_true, y_prob, **meaning).score(from_roc_auc, average, class_average)


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
    return RankCounts(y_true, y_prob, **meaning).score(
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
    return CalibrationCounts(y_true, y_prob, **meaning).score(from_brier, average, "sum")


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
    class_average="macro",
):
    """Return by how much the probability of the foreground differs from how often it is there.

    Pixels are put in `n_bins` bins of equal width by their probability of the foreground; the
    error is the difference of the mean probability and the share of foreground in each bin,
    averaged by the pixels in the bins.

    Parameters
    ----------
    %(images)s
    n_bins : int, default=15
        Bins [0, a], (a, b], ..., (c, 1].
    %(meaning)s
    %(average)s
    %(class_mean)s

    Returns
    -------
    error : float or ndarray
        In [0, 1], the best is 0; an array of one per image where `average` is None.

    Raises
    ------
    ValueError
        If sizes, labels or probabilities do not fit, or `n_bins` is no positive integer.

    Notes
    -----
    It is the error of the probability itself, not of the confidence in the class predicted
    (Guo et al. 2017), which background dominates and which does not see that foreground is
    predicted too often. With more than two classes it is the classwise error of Kull et al.

    References
    ----------
    Naeini, Cooper and Hauskrecht, "Obtaining well calibrated probabilities using Bayesian
    binning", AAAI (2015). Kull et al., "Beyond temperature scaling", NeurIPS (2019), section 2.
    Guo et al., "On calibration of modern neural networks", ICML (2017).

    Examples
    --------
    Half of the pixels at 0.9 are foreground, and none at 0.1:

    >>> from emstellar.metrics import expected_calibration_error
    >>> error = expected_calibration_error([[[0, 0, 0, 1]]], [[[0.1, 0.1, 0.9, 0.9]]])
    >>> round(error, 3)
    0.25
    """
    meaning = {"labels": labels, "pos_label": pos_label, "sample_weight": sample_weight}
    sums = CalibrationCounts(y_true, y_prob, n_bins=n_bins, **meaning)
    return sums.score(from_calibration, average, class_average)


def from_roc_auc(sums):
    """Return the area under the ROC curve of `RankSums`."""
    if not sums.positives or not sums.negatives:
        return _undefined("ROC AUC", "only one class is present in y_true")
    return sums.ordered / sums.positives / sums.negatives


def from_average_precision(sums):
    """Return the average precision of `RankSums`."""
    if not sums.positives:
        return _undefined("Average precision", "there is no foreground in y_true")
    return sums.precision / sums.positives


def from_brier(sums):
    """Return the Brier score of `CalibrationSums`."""
    if not sums.total:
        return _undefined("The Brier score", "there is no labelled pixel in y_true")
    return float(sums.squares / sums.total)


def from_calibration(sums):
    """Return the expected calibration error of `CalibrationSums`."""
    if not sums.total:
        return _undefined("The calibration error", "there is no labelled pixel in y_true")
    return float(np.abs(sums.expected - sums.observed).sum() / sums.total)


def _undefined(metric, reason):
    warn_of_undefined(metric, reason, stacklevel=5)
    return np.nan


_facts = {"weighs_pixels": True, "threshold_free": True}
_of_ranks = entries_of(RankCounts, **_facts)
_of_errors = entries_of(CalibrationCounts, lower_is_better=True, **_facts)
METRICS = {
    "roc_auc": _of_ranks(roc_auc_score, from_roc_auc, label="ROC AUC"),
    "average_precision": _of_ranks(average_precision_score, from_average_precision),
    "neg_brier": _of_errors(
        brier_score_loss, from_brier, label="−Brier score", options={"class_average": "sum"}
    ),
    "neg_ece": _of_errors(expected_calibration_error, from_calibration, label="−ECE"),
}
