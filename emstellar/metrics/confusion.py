"""Count which class was taken for which, and score the counts by scikit-learn.

All metrics of single pixels are functions of the confusion matrix, which is counted one image
at a time. scikit-learn scores it: each cell stands for one sample, whose weight is the count.
"""

import numpy as np

from emstellar.constraints import check_option
from emstellar.metrics.inputs import TruthAndPrediction
from emstellar.metrics.options import check_threshold, undefined

AVERAGES = ("pooled", "image", None)
CLASS_AVERAGES = ("macro", "micro", "weighted", None)


def confusion_matrices(comparison, threshold=0.5):
    """Return the weighted numbers of pixels per image, true class and predicted class.

    Parameters
    ----------
    comparison : TruthAndPrediction
        Masks and predictions.
    threshold : float, default=0.5
        What a foreground probability must exceed.

    Returns
    -------
    ndarray of shape (n_images, n_classes, n_classes), float64
        True classes along axis 1, predicted ones along axis 2.

    Examples
    --------
    >>> from emstellar.metrics.confusion import confusion_matrices
    >>> from emstellar.metrics.inputs import TruthAndPrediction
    >>> confusion_matrices(TruthAndPrediction([[[0, 1, -1]]], [[[0.2, 0.4, 0.9]]]))
    array([[[1., 0.],
            [1., 0.]]])
    """
    shape = (comparison.n_classes, comparison.n_classes)
    matrices = np.empty((comparison.n_images, *shape))
    for i in range(comparison.n_images):
        labelled = comparison.labelled(i)
        truth = comparison.truth_codes(i)[labelled].astype(np.intp)
        cells = truth * shape[0] + comparison.predicted_codes(i, threshold)[labelled]
        weights = None if comparison.weights is None else comparison.weights[i][labelled]
        counts = np.bincount(cells, weights=weights, minlength=shape[0] * shape[1])
        matrices[i] = counts.reshape(shape)
    return matrices


class PixelCounts:
    """The confusion matrices of a comparison, from which any number of scores are taken.

    Parameters
    ----------
    y_true, y_prob, labels, pos_label, sample_weight
        As for `TruthAndPrediction`.
    threshold : float, default=0.5
        What a foreground probability must exceed.
    """

    def __init__(
        self,
        y_true,
        y_prob,
        *,
        threshold=0.5,
        labels=None,
        pos_label=None,
        sample_weight=None,
    ):
        meaning = {"labels": labels, "pos_label": pos_label, "sample_weight": sample_weight}
        comparison = TruthAndPrediction(y_true, y_prob, **meaning)
        self.is_binary = comparison.is_binary
        self.image_weights = comparison.image_weights
        self.matrices = confusion_matrices(comparison, check_threshold(threshold))

    def score(self, function, average="pooled", **options):
        """Return `function` of the pooled confusion matrix or of those of the images.

        Parameters
        ----------
        function : callable
            ``function(matrix, is_binary, **options)`` of a matrix of shape
            (n_classes, n_classes).
        average : {"pooled", "image"} or None, default="pooled"
            All pixels pooled; the mean over images; or the scores of the images.
        **options
            Of `function`.
        """
        check_option("average", average, AVERAGES)
        if not self.matrices.any():
            raise ValueError("y_true has no labelled pixel of positive weight to score.")
        if average == "pooled":
            return function(self.matrices.sum(axis=0), self.is_binary, **options)
        scores = [
            function(m, self.is_binary, **options) if m.any() else np.nan for m in self.matrices
        ]
        return average_images(scores, self.image_weights, average)


def average_images(scores, image_weights, average):
    """Return the mean of the images' scores, or all of them if `average` is None.

    Images whose score is NaN are left out of the mean, class by class. One infinite score makes
    the mean infinite.
    """
    scores = np.array(np.broadcast_arrays(*scores), dtype=float)
    if average is None:
        return scores
    weights = np.ones(len(scores)) if image_weights is None else image_weights
    # Zero times infinity would be NaN.
    scores, weights = scores[weights > 0], weights[weights > 0]
    defined = ~np.isnan(scores)
    with np.errstate(invalid="ignore"):
        mean = np.divide(weights @ np.where(defined, scores, 0), weights @ defined)
    return float(mean) if np.ndim(mean) == 0 else mean


def as_samples(matrix):
    """Return (true codes, predicted codes, weights): one sample for each cell of `matrix`."""
    truth, predicted = np.indices(matrix.shape).reshape(2, -1)
    return truth, predicted, matrix.ravel()


def score_classes(score, matrix, is_binary, class_average, zero_division, **words):
    """Return a score of scikit-learn's for a confusion matrix.

    Parameters
    ----------
    score : callable
        One of scikit-learn's functions with the parameters `average` and `sample_weight`.
    matrix : ndarray of shape (n_classes, n_classes)
        True classes along axis 0.
    is_binary : bool
        Whether to score the second class only.
    class_average : {"macro", "micro", "weighted"} or None
        How to average over classes otherwise. Classes that occur neither in the masks nor in
        the predictions are left out, as in scikit-learn, and so are those whose score is 0 / 0.
    zero_division : {"warn", 0, 1, nan}
        As in `undefined`.
    **words
        `metric` and `reason` of `undefined`.
    """
    check_option("class_average", class_average, CLASS_AVERAGES)
    known = zero_division in (0, 1)
    options = {"zero_division": zero_division if known else np.nan}
    if is_binary:
        truth, predicted, counts = as_samples(matrix)
        result = score(truth, predicted, sample_weight=counts, **options)
    else:
        present = (matrix.sum(axis=0) + matrix.sum(axis=1)) > 0
        if class_average is None:
            present[:] = True
        truth, predicted, counts = as_samples(matrix[np.ix_(present, present)])
        result = score(truth, predicted, sample_weight=counts, average=class_average, **options)
    if not known and np.isnan(result).any():
        undefined(zero_division, **words)
    return np.asarray(result, dtype=float) if np.ndim(result) else float(result)


def swap_roles(matrix):
    """Return the one-against-rest matrices in which the rest is class 1, stacked.

    The sensitivity of "not this class" is the specificity of the class, and the positive
    predictive value of "not this class" is its negative predictive value.
    """
    hits = np.diag(matrix)
    missed, added = matrix.sum(axis=1) - hits, matrix.sum(axis=0) - hits
    rest = matrix.sum() - hits - missed - added
    return np.array([[hits, missed], [added, rest]]).transpose(2, 0, 1)
