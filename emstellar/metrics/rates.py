"""The four rates of a prediction: sensitivity, specificity and the two predictive values.

The arithmetic is scikit-learn's recall and precision; those of "not this class" are the
specificity and the negative predictive value of the class.
"""

import numpy as np
from sklearn import metrics

from emstellar.constraints import check_option
from emstellar.metrics._doc import shared_doc
from emstellar.metrics.confusion import (
    CLASS_AVERAGES,
    PixelCounts,
    average_images,
    score_classes,
    swap_roles,
)
from emstellar.metrics.entries import entries_of


@shared_doc
def sensitivity_score(
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
    """Return the sensitivity, also called recall: TP / (TP + FN).

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
    Fawcett, "An introduction to ROC analysis", Pattern Recognition Letters 27 (2006).

    Examples
    --------
    >>> from emstellar.metrics import sensitivity_score
    >>> sensitivity_score([[[0, 1, 1]]], [[[0.6, 0.8, 0.1]]])
    0.5
    """
    meaning = {"labels": labels, "pos_label": pos_label, "sample_weight": sample_weight}
    return PixelCounts(y_true, y_prob, threshold=threshold, **meaning).score(
        from_sensitivity, average, class_average=class_average, zero_division=zero_division
    )


@shared_doc
def specificity_score(
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
    """Return the specificity: TN / (TN + FP).

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
    Fawcett, "An introduction to ROC analysis", Pattern Recognition Letters 27 (2006).

    Examples
    --------
    >>> from emstellar.metrics import specificity_score
    >>> specificity_score([[[0, 0, 1]]], [[[0.6, 0.3, 0.1]]])
    0.5
    """
    meaning = {"labels": labels, "pos_label": pos_label, "sample_weight": sample_weight}
    return PixelCounts(y_true, y_prob, threshold=threshold, **meaning).score(
        from_specificity, average, class_average=class_average, zero_division=zero_division
    )


@shared_doc
def ppv_score(
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
    """Return the positive predictive value, also called precision: TP / (TP + FP).

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
    Fawcett, "An introduction to ROC analysis", Pattern Recognition Letters 27 (2006).

    Examples
    --------
    >>> from emstellar.metrics import ppv_score
    >>> ppv_score([[[0, 1, 1]]], [[[0.6, 0.8, 0.1]]])
    0.5
    """
    meaning = {"labels": labels, "pos_label": pos_label, "sample_weight": sample_weight}
    return PixelCounts(y_true, y_prob, threshold=threshold, **meaning).score(
        from_ppv, average, class_average=class_average, zero_division=zero_division
    )


@shared_doc
def npv_score(
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
    """Return the negative predictive value: TN / (TN + FN).

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
    Fawcett, "An introduction to ROC analysis", Pattern Recognition Letters 27 (2006).

    Examples
    --------
    >>> from emstellar.metrics import npv_score
    >>> npv_score([[[0, 0, 1]]], [[[0.6, 0.3, 0.1]]])
    0.5
    """
    meaning = {"labels": labels, "pos_label": pos_label, "sample_weight": sample_weight}
    return PixelCounts(y_true, y_prob, threshold=threshold, **meaning).score(
        from_npv, average, class_average=class_average, zero_division=zero_division
    )


def from_sensitivity(matrix, is_binary, class_average="macro", zero_division="warn"):
    """Return the sensitivity of a confusion matrix."""
    words = {"metric": "The sensitivity", "reason": "the class is not in the masks"}
    return score_classes(
        metrics.recall_score, matrix, is_binary, class_average, zero_division, **words
    )


def from_ppv(matrix, is_binary, class_average="macro", zero_division="warn"):
    """Return the positive predictive value of a confusion matrix."""
    words = {"metric": "The PPV", "reason": "the class is not in the prediction"}
    return score_classes(
        metrics.precision_score, matrix, is_binary, class_average, zero_division, **words
    )


def from_specificity(matrix, is_binary, class_average="macro", zero_division="warn"):
    """Return the specificity of a confusion matrix."""
    words = {"metric": "The specificity", "reason": "the masks hold nothing but the class"}
    return _score_rest(
        metrics.recall_score, matrix, is_binary, class_average, zero_division, **words
    )


def from_npv(matrix, is_binary, class_average="macro", zero_division="warn"):
    """Return the negative predictive value of a confusion matrix."""
    words = {"metric": "The NPV", "reason": "the prediction holds nothing but the class"}
    return _score_rest(
        metrics.precision_score, matrix, is_binary, class_average, zero_division, **words
    )


def _score_rest(score, matrix, is_binary, class_average, zero_division, **words):
    """Return a score of "not this class", averaged over classes as scikit-learn does."""
    check_option("class_average", class_average, CLASS_AVERAGES)
    rest = swap_roles(matrix)
    options = {"class_average": None, "zero_division": zero_division, **words}
    if is_binary:
        return score_classes(score, rest[1], True, **options)
    if class_average == "micro":
        return score_classes(score, rest.sum(axis=0), True, **options)
    scores = np.array([score_classes(score, m, True, **options) for m in rest])
    if class_average is None:
        return scores
    support, predicted = matrix.sum(axis=1), matrix.sum(axis=0)
    weights = support if class_average == "weighted" else (support + predicted > 0).astype(float)
    return average_images(scores, weights, "image")


_entry = entries_of(PixelCounts, weighs_pixels=True)
METRICS = {
    "sensitivity": _entry(sensitivity_score, from_sensitivity),
    "specificity": _entry(specificity_score, from_specificity),
    "ppv": _entry(ppv_score, from_ppv, label="PPV"),
    "npv": _entry(npv_score, from_npv, label="NPV"),
}
