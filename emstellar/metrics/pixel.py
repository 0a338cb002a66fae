"""Scores of single pixels: F1, Jaccard, accuracy and other functions of the confusion matrix.

The arithmetic is scikit-learn's; what is added is the meaning of images, masks and maps.
"""

import numpy as np
from sklearn import metrics

from emstellar.metrics._doc import shared_doc
from emstellar.metrics.confusion import PixelCounts, as_samples, score_classes
from emstellar.metrics.entries import entries_of
from emstellar.metrics.options import undefined

NOWHERE = "the class is neither in the masks nor in the prediction"
ONE_CLASS = "the masks and the prediction hold the same class only"


@shared_doc
def f1_score(
    y_true,
    y_prob,
    *,
    threshold=0.5,
    labels=None,
    pos_label=None,
    sample_weight=None,
    average="pooled",
    class_average="macro",
    zero_division="warn",
):
    """Return the F1 score, also called Dice coefficient: 2 TP / (2 TP + FP + FN).

    Parameters
    ----------
    %(images)s
    %(threshold)s
    %(meaning)s
    %(average)s
    %(classes)s
    %(zero)s

    Returns
    -------
    %(score)s

    Raises
    ------
    ValueError
        If sizes, labels or probabilities do not fit.

    References
    ----------
    Dice, "Measures of the amount of ecologic association between species", Ecology 26 (1945).

    Examples
    --------
    >>> from emstellar.metrics import f1_score
    >>> f1_score([[[0, 255, 255]]], [[[0.6, 0.8, 0.1]]])
    0.5
    >>> f1_score([[[0, 255, 255]]], [[[0.6, 0.8, 0.1]]], threshold=0.7)
    0.666...
    """
    meaning = {"labels": labels, "pos_label": pos_label, "sample_weight": sample_weight}
    return PixelCounts(y_true, y_prob, threshold=threshold, **meaning).score(
        from_f1, average, class_average=class_average, zero_division=zero_division
    )


@shared_doc
def jaccard_score(
    y_true,
    y_prob,
    *,
    threshold=0.5,
    labels=None,
    pos_label=None,
    sample_weight=None,
    average="pooled",
    class_average="macro",
    zero_division="warn",
):
    """Return the Jaccard index, intersection over union: TP / (TP + FP + FN).

    Parameters
    ----------
    %(images)s
    %(threshold)s
    %(meaning)s
    %(average)s
    %(classes)s
    %(zero)s

    Returns
    -------
    %(score)s

    Raises
    ------
    ValueError
        If sizes, labels or probabilities do not fit.

    References
    ----------
    Jaccard, "The distribution of the flora in the alpine zone", New Phytologist 11 (1912).

    Examples
    --------
    >>> from emstellar.metrics import jaccard_score
    >>> jaccard_score([[[0, 1, 1]]], [[[0.6, 0.8, 0.1]]])
    0.333...
    """
    meaning = {"labels": labels, "pos_label": pos_label, "sample_weight": sample_weight}
    return PixelCounts(y_true, y_prob, threshold=threshold, **meaning).score(
        from_jaccard, average, class_average=class_average, zero_division=zero_division
    )


@shared_doc
def accuracy_score(
    y_true,
    y_prob,
    *,
    threshold=0.5,
    labels=None,
    pos_label=None,
    sample_weight=None,
    average="pooled",
):
    """Return the share of pixels that have the right class.

    Parameters
    ----------
    %(images)s
    %(threshold)s
    %(meaning)s
    %(average)s

    Returns
    -------
    score : float or ndarray
        In [0, 1], the best is 1; an array of one per image where `average` is None.

    Raises
    ------
    ValueError
        If sizes, labels or probabilities do not fit.

    References
    ----------
    Fawcett, "An introduction to ROC analysis", Pattern Recognition Letters 27 (2006).

    Examples
    --------
    >>> from emstellar.metrics import accuracy_score
    >>> accuracy_score([[[0, 1, 1]]], [[[0.6, 0.8, 0.1]]])
    0.333...
    """
    meaning = {"labels": labels, "pos_label": pos_label, "sample_weight": sample_weight}
    return PixelCounts(y_true, y_prob, threshold=threshold, **meaning).score(from_accuracy, average)


@shared_doc
def balanced_accuracy_score(
    y_true,
    y_prob,
    *,
    threshold=0.5,
    labels=None,
    pos_label=None,
    sample_weight=None,
    average="pooled",
):
    """Return the mean of the shares of each true class that are found.

    Parameters
    ----------
    %(images)s
    %(threshold)s
    %(meaning)s
    %(average)s

    Returns
    -------
    score : float or ndarray
        In [0, 1], the best is 1; an array of one per image where `average` is None.

    Raises
    ------
    ValueError
        If sizes, labels or probabilities do not fit.

    Notes
    -----
    Classes that do not occur in the masks are left out of the mean.

    References
    ----------
    Brodersen et al., "The balanced accuracy and its posterior distribution", ICPR (2010).

    Examples
    --------
    >>> from emstellar.metrics import balanced_accuracy_score
    >>> balanced_accuracy_score([[[0, 1, 1]]], [[[0.1, 0.8, 0.1]]])
    0.75
    """
    meaning = {"labels": labels, "pos_label": pos_label, "sample_weight": sample_weight}
    return PixelCounts(y_true, y_prob, threshold=threshold, **meaning).score(
        from_balanced_accuracy, average
    )


@shared_doc
def matthews_corrcoef(
    y_true,
    y_prob,
    *,
    threshold=0.5,
    labels=None,
    pos_label=None,
    sample_weight=None,
    average="pooled",
    zero_division="warn",
):
    """Return the Matthews correlation coefficient of the masks and the prediction.

    Parameters
    ----------
    %(images)s
    %(threshold)s
    %(meaning)s
    %(average)s
    %(zero)s

    Returns
    -------
    score : float or ndarray
        In [-1, 1], the best is 1 and chance is 0; an array of one per image where `average`
        is None.

    Raises
    ------
    ValueError
        If sizes, labels or probabilities do not fit.

    Notes
    -----
    It is 0 / 0 where the masks or the prediction hold one class only.

    References
    ----------
    Matthews, "Comparison of the predicted and observed secondary structure of T4 phage lysozyme",
    Biochimica et Biophysica Acta 405 (1975). Gorodkin, "Comparing two K-category assignments by a
    K-category correlation coefficient", Computational Biology and Chemistry 28 (2004).

    Examples
    --------
    >>> from emstellar.metrics import matthews_corrcoef
    >>> matthews_corrcoef([[[0, 0, 1, 1]]], [[[0.1, 0.2, 0.8, 0.1]]])
    0.577...
    """
    meaning = {"labels": labels, "pos_label": pos_label, "sample_weight": sample_weight}
    return PixelCounts(y_true, y_prob, threshold=threshold, **meaning).score(
        from_matthews, average, zero_division=zero_division
    )


@shared_doc
def cohen_kappa_score(
    y_true,
    y_prob,
    *,
    threshold=0.5,
    labels=None,
    pos_label=None,
    sample_weight=None,
    average="pooled",
    zero_division="warn",
):
    """Return Cohen's kappa: the agreement beyond that expected by chance.

    Parameters
    ----------
    %(images)s
    %(threshold)s
    %(meaning)s
    %(average)s
    %(zero)s

    Returns
    -------
    score : float or ndarray
        In [-1, 1], the best is 1 and chance is 0; an array of one per image where `average`
        is None.

    Raises
    ------
    ValueError
        If sizes, labels or probabilities do not fit.

    Notes
    -----
    It is 0 / 0 where the masks and the prediction hold the same class only.

    References
    ----------
    Cohen, "A coefficient of agreement for nominal scales", Educational and Psychological
    Measurement 20 (1960).

    Examples
    --------
    >>> from emstellar.metrics import cohen_kappa_score
    >>> cohen_kappa_score([[[0, 0, 1, 1]]], [[[0.1, 0.2, 0.8, 0.1]]])
    0.5
    """
    meaning = {"labels": labels, "pos_label": pos_label, "sample_weight": sample_weight}
    return PixelCounts(y_true, y_prob, threshold=threshold, **meaning).score(
        from_cohen_kappa, average, zero_division=zero_division
    )


def from_f1(matrix, is_binary, class_average="macro", zero_division="warn"):
    """Return the F1 score of a confusion matrix."""
    words = {"metric": "The F1 score", "reason": NOWHERE}
    return score_classes(metrics.f1_score, matrix, is_binary, class_average, zero_division, **words)


def from_jaccard(matrix, is_binary, class_average="macro", zero_division="warn"):
    """Return the Jaccard index of a confusion matrix."""
    words = {"metric": "The Jaccard index", "reason": NOWHERE}
    return score_classes(_jaccard, matrix, is_binary, class_average, zero_division, **words)


def _jaccard(*samples, zero_division, **options):
    """Do what scikit-learn does, and return NaN, which it does not know here, if so asked."""
    known = 0 if np.isnan(zero_division) else zero_division
    scores = metrics.jaccard_score(*samples, zero_division=known, **options)
    # Both are 0 / 0 where the class is nowhere.
    f1 = metrics.f1_score(*samples, zero_division=zero_division, **options)
    return np.where(np.isnan(f1), np.nan, scores)


def from_accuracy(matrix, is_binary):
    """Return the accuracy of a confusion matrix."""
    truth, predicted, counts = as_samples(matrix)
    return float(metrics.accuracy_score(truth, predicted, sample_weight=counts))


def from_balanced_accuracy(matrix, is_binary):
    """Return the balanced accuracy of a confusion matrix."""
    occurs = matrix.sum(axis=1) > 0
    truth, predicted, counts = as_samples(matrix)
    recalls = metrics.recall_score(
        truth, predicted, sample_weight=counts, average=None, zero_division=0
    )
    return float(recalls[occurs].mean())


def from_matthews(matrix, is_binary, zero_division="warn"):
    """Return the Matthews correlation coefficient of a confusion matrix."""
    if _n_occurring(matrix + matrix.T, axis=0) < 2:
        return undefined(zero_division, "The Matthews correlation coefficient", ONE_CLASS)
    truth, predicted, counts = as_samples(matrix)
    return float(metrics.matthews_corrcoef(truth, predicted, sample_weight=counts))


def from_cohen_kappa(matrix, is_binary, zero_division="warn"):
    """Return Cohen's kappa of a confusion matrix."""
    if _n_occurring(matrix + matrix.T, axis=0) < 2:
        return undefined(zero_division, "Cohen's kappa", ONE_CLASS)
    truth, predicted, counts = as_samples(matrix)
    return float(metrics.cohen_kappa_score(truth, predicted, sample_weight=counts))


def _n_occurring(matrix, axis):
    return np.count_nonzero(matrix.sum(axis=axis))


_entry = entries_of(PixelCounts, weighs_pixels=True)
METRICS = {
    "f1": _entry(f1_score, from_f1, label="F1"),
    "jaccard": _entry(jaccard_score, from_jaccard, label="Jaccard"),
    "accuracy": _entry(accuracy_score, from_accuracy),
    "balanced_accuracy": _entry(balanced_accuracy_score, from_balanced_accuracy),
    "matthews": _entry(matthews_corrcoef, from_matthews, label="Matthews correlation"),
    "cohen_kappa": _entry(cohen_kappa_score, from_cohen_kappa, label="Cohen's kappa"),
}
