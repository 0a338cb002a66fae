"""V_Rand and V_Info, the scores of the ISBI-2012 challenge, with and without border thinning."""

import numpy as np

from emstellar.constraints import check_option
from emstellar.metrics._doc import shared_doc
from emstellar.metrics.confusion import average_images
from emstellar.metrics.entries import entries_of
from emstellar.metrics.threshold_sweep import DEFAULT_THRESHOLDS, ScoreCurve, ThresholdSweep

AVERAGES = ("macro", "micro", None)


@shared_doc
def v_rand_score(
    y_true,
    y_prob,
    *,
    thresholds=DEFAULT_THRESHOLDS,
    thinning=True,
    labels=None,
    pos_label=None,
    sample_weight=None,
    average="macro",
):
    """Return the foreground-restricted Rand score after border thinning.

    Two pixels of the foreground belong to one object in the truth, in the prediction or in
    both; the score is the F1 score of these decisions over all pairs of pixels.

    Parameters
    ----------
    %(maps)s
    %(sweep)s
    %(image_meaning)s
    average : {"macro", "micro"} or None, default="macro"
        The mean over images; or the score of the pairs of pixels of all images, undefined at
        thresholds at which objects were found in an image that has none. If None, the images'
        scores at the best threshold.

    Returns
    -------
    score : float or ndarray of shape (n_images,)
        In [0, 1], the best is 1.

    Raises
    ------
    ValueError
        If sizes, labels or values do not fit, or there are more than two classes and no
        `pos_label`.

    See Also
    --------
    v_rand_curve : The score at each threshold.
    v_scores : This score and `v_info_score` from one pass.

    Notes
    -----
    Each image is scored for itself. With a_i, b_j and p_ij the pixels of true object i, of
    predicted object j and of both, within the foreground of the truth, the score is
    2 S(p) / (S(a) + S(b)), S being the sum of squares and each pixel on a line an object of its
    own. It equals Fiji's ``getMaximalVRandAfterThinning`` for the same thresholds, but for
    images without true objects: these score 0 if the prediction has objects there, as in Fiji,
    and are left out, being NaN, if it has none. Elsewhere false objects in the background do
    not count at all. Pixels of ``-1`` are as if cut out of the image: objects end there, and
    nothing grows through them.

    References
    ----------
    Arganda-Carreras et al., "Crowdsourcing the creation of image segmentation algorithms for
    connectomics", Frontiers in Neuroanatomy 9 (2015).

    Examples
    --------
    The prediction finds an end of each of two cells; grown, they meet inside the second:

    >>> import numpy as np
    >>> from emstellar.metrics import v_rand_score
    >>> y_true = np.array([[[1, 1, 0, 1, 1, 1]]])
    >>> y_prob = np.array([[[0.9, 0.0, 0.0, 0.0, 0.0, 0.8]]])
    >>> v_rand_score(y_true, y_prob)
    0.818...
    """
    meaning = {"labels": labels, "pos_label": pos_label, "sample_weight": sample_weight}
    sweep = ThresholdSweep(y_true, y_prob, thresholds=thresholds, thinning=thinning, **meaning)
    return sweep.score(rand_curve, average)


@shared_doc
def v_info_score(
    y_true,
    y_prob,
    *,
    thresholds=DEFAULT_THRESHOLDS,
    thinning=True,
    labels=None,
    pos_label=None,
    sample_weight=None,
    average="macro",
):
    """Return the foreground-restricted information score after border thinning.

    It is the information that truth and prediction share about the object of a pixel of the
    foreground, relative to the mean of what either tells.

    Parameters
    ----------
    %(maps)s
    %(sweep)s
    %(image_meaning)s
    average : {"macro"} or None, default="macro"
        The mean over images. If None, the images' scores at the best threshold.

    Returns
    -------
    score : float or ndarray of shape (n_images,)
        In [0, 1], the best is 1.

    Raises
    ------
    ValueError
        If sizes, labels or values do not fit, or there are more than two classes and no
        `pos_label`.

    See Also
    --------
    v_info_curve : The score at each threshold.
    v_scores : This score and `v_rand_score` from one pass.

    Notes
    -----
    Each image is scored for itself, by 2 I / (H(truth) + H(prediction)) with entropies over the
    pixels of the foreground of the truth, each pixel on a line being an object of its own. It
    equals Fiji's ``getMaximalVInfoAfterThinning`` for the same thresholds. As there, **the
    score is 0 where the truth has a single object, even for a perfect prediction**: there is no
    information to share. Images without true objects and pixels of ``-1`` are treated as by
    `v_rand_score`.

    References
    ----------
    Arganda-Carreras et al., "Crowdsourcing the creation of image segmentation algorithms for
    connectomics", Frontiers in Neuroanatomy 9 (2015).

    Examples
    --------
    >>> import numpy as np
    >>> from emstellar.metrics import v_info_score
    >>> y_true = np.array([[[1, 1, 0, 1, 1, 1]]])
    >>> y_prob = np.array([[[0.9, 0.0, 0.0, 0.0, 0.0, 0.8]]])
    >>> v_info_score(y_true, y_prob)
    0.778...
    """
    meaning = {"labels": labels, "pos_label": pos_label, "sample_weight": sample_weight}
    sweep = ThresholdSweep(y_true, y_prob, thresholds=thresholds, thinning=thinning, **meaning)
    return sweep.score(info_curve, average)


@shared_doc
def v_rand_curve(
    y_true,
    y_prob,
    *,
    thresholds=DEFAULT_THRESHOLDS,
    thinning=True,
    labels=None,
    pos_label=None,
    sample_weight=None,
    average="macro",
):
    """Return the score of `v_rand_score` at each threshold.

    The score at one threshold chosen beforehand is honest; that at the best threshold of the
    same images is not.

    Parameters
    ----------
    %(maps)s
    %(sweep)s
    %(image_meaning)s
    average : {"macro", "micro"}, default="macro"
        The mean over images; or the score of the pairs of pixels of all images, undefined at
        thresholds at which objects were found in an image that has none.

    Returns
    -------
    ScoreCurve
        With `thresholds`, `scores`, `image_scores`, `precision`, `recall`, `best_threshold`
        and `best_score`.

    Raises
    ------
    ValueError
        If sizes, labels or values do not fit, or there are more than two classes and no
        `pos_label`.

    References
    ----------
    Arganda-Carreras et al., "Crowdsourcing the creation of image segmentation algorithms for
    connectomics", Frontiers in Neuroanatomy 9 (2015).

    Examples
    --------
    >>> import numpy as np
    >>> from emstellar.metrics import v_rand_curve
    >>> y_true = np.array([[[1, 1, 0, 1, 1, 1]]])
    >>> y_prob = np.array([[[0.9, 0.6, 0.3, 0.4, 0.7, 0.8]]])
    >>> curve = v_rand_curve(y_true, y_prob)
    >>> curve.scores.shape, round(curve.best_threshold, 1), curve.best_score
    ((11,), 0.4, 1.0)
    """
    meaning = {"labels": labels, "pos_label": pos_label, "sample_weight": sample_weight}
    sweep = ThresholdSweep(y_true, y_prob, thresholds=thresholds, thinning=thinning, **meaning)
    return rand_curve(sweep, average)


@shared_doc
def v_info_curve(
    y_true,
    y_prob,
    *,
    thresholds=DEFAULT_THRESHOLDS,
    thinning=True,
    labels=None,
    pos_label=None,
    sample_weight=None,
):
    """Return the score of `v_info_score` at each threshold.

    The score at one threshold chosen beforehand is honest; that at the best threshold of the
    same images is not.

    Parameters
    ----------
    %(maps)s
    %(sweep)s
    %(image_meaning)s

    Returns
    -------
    ScoreCurve
        With `thresholds`, `scores`, `image_scores`, `precision`, `recall`, `best_threshold`
        and `best_score`.

    Raises
    ------
    ValueError
        If sizes, labels or values do not fit, or there are more than two classes and no
        `pos_label`.

    References
    ----------
    Arganda-Carreras et al., "Crowdsourcing the creation of image segmentation algorithms for
    connectomics", Frontiers in Neuroanatomy 9 (2015).

    Examples
    --------
    >>> import numpy as np
    >>> from emstellar.metrics import v_info_curve
    >>> y_true = np.array([[[1, 1, 0, 1, 1, 1]]])
    >>> y_prob = np.array([[[0.9, 0.6, 0.3, 0.4, 0.7, 0.8]]])
    >>> curve = v_info_curve(y_true, y_prob)
    >>> curve.scores.shape, round(curve.best_threshold, 1), curve.best_score
    ((11,), 0.4, 1.0)
    """
    meaning = {"labels": labels, "pos_label": pos_label, "sample_weight": sample_weight}
    sweep = ThresholdSweep(y_true, y_prob, thresholds=thresholds, thinning=thinning, **meaning)
    return info_curve(sweep)


@shared_doc
def v_scores(
    y_true,
    y_prob,
    *,
    thresholds=DEFAULT_THRESHOLDS,
    thinning=True,
    labels=None,
    pos_label=None,
    sample_weight=None,
):
    """Return `v_rand_score` and `v_info_score` from one pass over the images.

    Each score is that at its own best threshold.

    Parameters
    ----------
    %(maps)s
    %(sweep)s
    %(image_meaning)s

    Returns
    -------
    dict of str to float
        With the keys "v_rand" and "v_info".

    Raises
    ------
    ValueError
        If sizes, labels or values do not fit, or there are more than two classes and no
        `pos_label`.

    References
    ----------
    Arganda-Carreras et al., "Crowdsourcing the creation of image segmentation algorithms for
    connectomics", Frontiers in Neuroanatomy 9 (2015).

    Examples
    --------
    >>> import numpy as np
    >>> from emstellar.metrics import v_scores
    >>> v_scores(np.array([[[1, 1, 0, 1]]]), np.array([[[1.0, 0.0, 0.0, 1.0]]]))
    {'v_rand': 1.0, 'v_info': 1.0}
    """
    meaning = {"labels": labels, "pos_label": pos_label, "sample_weight": sample_weight}
    sweep = ThresholdSweep(y_true, y_prob, thresholds=thresholds, thinning=thinning, **meaning)
    return {"v_rand": sweep.score(rand_curve), "v_info": sweep.score(info_curve)}


def rand_curve(sweep, average="macro"):
    """Return the V_Rand curve of a `ThresholdSweep`."""
    check_option("average", average, AVERAGES)
    truth, prediction, both = sweep.rand_counts
    with np.errstate(invalid="ignore"):
        precision, recall = both / prediction, both / truth
        image_scores = np.nan_to_num(2 * both / (truth + prediction))
    image_scores = np.where(sweep.is_empty, np.nan, image_scores)
    if average == "micro":
        scores = _micro_rand(sweep.rand_counts, sweep.is_empty)
    else:
        scores = _mean(image_scores, sweep)
    return ScoreCurve(sweep.thresholds, scores, image_scores, precision, recall)


def _mean(image_scores, sweep):
    """Return the mean over images at each threshold, without images that have no object."""
    return np.atleast_1d(average_images(image_scores.T, sweep.image_weights, "image"))


def _micro_rand(rand_counts, is_empty):
    """Return V_Rand of summed pairs; NaN where there is no foreground to find, as in Fiji."""
    truth, prediction, both = rand_counts
    scores = 2 * both.sum(axis=1) / np.maximum(truth.sum(axis=1) + prediction.sum(axis=1), 1)
    alarmed = (truth == 0) & ~is_empty
    return np.where(alarmed.any(axis=1) | is_empty.all(axis=1), np.nan, scores)


def info_curve(sweep, average="macro"):
    """Return the V_Info curve of a `ThresholdSweep`."""
    check_option("average", average, ("macro", None))
    truth, prediction, both = sweep.entropies
    shared = truth + prediction - both
    with np.errstate(invalid="ignore", divide="ignore"):
        precision, recall = shared / truth, shared / prediction
        # The order matters: one region of the prediction overrules one region of the truth.
        precision, recall = _replace(truth == 0, precision, recall, 0.0, 1.0)
        precision, recall = _replace(prediction == 0, precision, recall, 1.0, 0.0)
        image_scores = np.nan_to_num(2 * precision * recall / (precision + recall))
    image_scores = np.where(sweep.is_empty, np.nan, image_scores)
    scores = _mean(image_scores, sweep)
    return ScoreCurve(sweep.thresholds, scores, image_scores, precision, recall)


def _replace(where, precision, recall, new_precision, new_recall):
    return np.where(where, new_precision, precision), np.where(where, new_recall, recall)


_entry = entries_of(ThresholdSweep, takes_grey_truth=True)
METRICS = {
    "v_rand": _entry(v_rand_score, rand_curve, label="V_Rand"),
    "v_info": _entry(v_info_score, info_curve, label="V_Info"),
}
