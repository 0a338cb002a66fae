"""Score objects instead of pixels: which objects were found, and how well they overlap."""

import numpy as np

from emstellar.constraints import check_option
from emstellar.metrics._doc import shared_doc
from emstellar.metrics.confusion import average_images
from emstellar.metrics.entries import entries_of
from emstellar.metrics.inputs import TruthAndPrediction
from emstellar.metrics.instance_matching import (
    InstanceOverlaps,
    count_matches,
    label_instances,
    match_instances,
)
from emstellar.metrics.options import check_number, check_threshold, undefined

AVERAGES = ("pooled", "image", None)
IOU_THRESHOLDS = tuple(0.5 + 0.05 * step for step in range(10))


class Instances:
    """The overlaps of the connected objects of each image, from which scores are taken.

    Parameters
    ----------
    y_true, y_prob, labels, pos_label, sample_weight
        As for `TruthAndPrediction`.
    threshold : float, default=0.5
        What a foreground probability must exceed.
    connectivity : {1, 2}, default=1
        Whether pixels that touch by their corners are of one object (2) or not (1).
    min_size : int, default=0
        Objects of fewer pixels are left out.
    """

    def __init__(
        self,
        y_true,
        y_prob,
        *,
        threshold=0.5,
        connectivity=1,
        min_size=0,
        labels=None,
        pos_label=None,
        sample_weight=None,
    ):
        meaning = {"labels": labels, "pos_label": pos_label, "sample_weight": sample_weight}
        comparison = TruthAndPrediction(y_true, y_prob, **meaning)
        if not comparison.is_binary:
            comparison.foreground(0)
        if comparison.weights is not None and comparison.image_weights is None:
            raise ValueError(
                "Objects cannot weight pixels: sample_weight must have shape "
                f"({comparison.n_images},), one weight per image."
            )
        check_threshold(threshold)
        check_option("connectivity", connectivity, (1, 2))
        check_number("min_size", min_size)
        self.image_weights = comparison.image_weights
        self.overlaps = [
            match_instances(
                label_instances(truth, connectivity=connectivity, min_size=min_size),
                label_instances(predicted, connectivity=connectivity, min_size=min_size),
            )
            for truth, predicted in _masks(comparison, threshold)
        ]

    def score(self, function, average="pooled", **options):
        """Return `function` of all objects pooled or of those of the images."""
        check_option("average", average, AVERAGES)
        if average == "pooled":
            return function(_pool(self.overlaps), **options)
        scores = [function(overlaps, **options) for overlaps in self.overlaps]
        return average_images(scores, self.image_weights, average)


def _masks(comparison, threshold):
    for i in range(comparison.n_images):
        predicted = (comparison.predicted_codes(i, threshold) == 1) & comparison.labelled(i)
        yield comparison.truth_codes(i) == 1, predicted


def _pool(overlaps):
    """Return the overlaps of several images as those of one."""
    starts_true = np.cumsum([0] + [o.n_true for o in overlaps])
    starts_pred = np.cumsum([0] + [o.n_pred for o in overlaps])
    return InstanceOverlaps(
        n_true=int(starts_true[-1]),
        n_pred=int(starts_pred[-1]),
        true=np.concatenate([o.true + s for o, s in zip(overlaps, starts_true, strict=False)]),
        pred=np.concatenate([o.pred + s for o, s in zip(overlaps, starts_pred, strict=False)]),
        iou=np.concatenate([o.iou for o in overlaps]),
    )


@shared_doc
def instance_ap_score(
    y_true,
    y_prob,
    *,
    iou_thresholds=IOU_THRESHOLDS,
    threshold=0.5,
    connectivity=1,
    min_size=0,
    labels=None,
    pos_label=None,
    sample_weight=None,
    average="pooled",
    zero_division="warn",
):
    """Return the average precision of objects over thresholds of their overlap.

    At one threshold it is TP / (TP + FP + FN) of objects matched one to one; the score is the
    mean over thresholds.

    Parameters
    ----------
    %(images)s
    iou_thresholds : float or sequence of float, default=(0.5, 0.55, ..., 0.95)
        The intersection over union that a match needs at least.
    %(objects)s
    %(image_meaning)s
    %(object_average)s

    Returns
    -------
    score : float or ndarray of shape (n_images,)
        In [0, 1], the best is 1.

    Raises
    ------
    ValueError
        If sizes, labels or probabilities do not fit, or there are more than two classes and no
        `pos_label`.

    References
    ----------
    Caicedo et al., "Nucleus segmentation across imaging experiments: the 2018 Data Science
    Bowl", Nature Methods 16 (2019).

    Examples
    --------
    >>> import numpy as np
    >>> from emstellar.metrics import instance_ap_score
    >>> y_true, y_pred = np.array([[[1, 1, 1, 0, 1]]]), np.array([[[1, 1, 0, 0, 1]]])
    >>> instance_ap_score(y_true, y_pred, iou_thresholds=[0.5, 0.8])
    0.666...
    """
    meaning = {"labels": labels, "pos_label": pos_label, "sample_weight": sample_weight}
    for iou_threshold in np.atleast_1d(iou_thresholds):
        check_number("iou_thresholds", iou_threshold, 0, 1, above=True)
    shape = {"threshold": threshold, "connectivity": connectivity, "min_size": min_size}
    return Instances(y_true, y_prob, **shape, **meaning).score(
        from_instance_ap, average, iou_thresholds=iou_thresholds, zero_division=zero_division
    )


@shared_doc
def panoptic_quality_score(
    y_true,
    y_prob,
    *,
    threshold=0.5,
    connectivity=1,
    min_size=0,
    labels=None,
    pos_label=None,
    sample_weight=None,
    average="pooled",
    zero_division="warn",
):
    """Return the panoptic quality: how many objects were found times how well they overlap.

    Parameters
    ----------
    %(images)s
    %(objects)s
    %(image_meaning)s
    %(object_average)s

    Returns
    -------
    score : float or ndarray of shape (n_images,)
        In [0, 1], the best is 1.

    Raises
    ------
    ValueError
        If sizes, labels or probabilities do not fit, or there are more than two classes and no
        `pos_label`.

    Notes
    -----
    The sum of the intersections over union of matched objects, those that exceed 0.5, over
    TP + FP / 2 + FN / 2.

    References
    ----------
    Kirillov et al., "Panoptic segmentation", CVPR (2019).

    Examples
    --------
    >>> import numpy as np
    >>> from emstellar.metrics import panoptic_quality_score
    >>> y_true, y_pred = np.array([[[1, 1, 1, 0, 1]]]), np.array([[[1, 1, 0, 0, 0]]])
    >>> panoptic_quality_score(y_true, y_pred)
    0.444...
    """
    meaning = {"labels": labels, "pos_label": pos_label, "sample_weight": sample_weight}
    shape = {"threshold": threshold, "connectivity": connectivity, "min_size": min_size}
    return Instances(y_true, y_prob, **shape, **meaning).score(
        from_panoptic_quality, average, zero_division=zero_division
    )


@shared_doc
def instance_counts(
    y_true,
    y_prob,
    *,
    iou_threshold=0.5,
    threshold=0.5,
    connectivity=1,
    min_size=0,
    labels=None,
    pos_label=None,
):
    """Return how many objects were found, made up and missed in all images.

    Parameters
    ----------
    %(images)s
    iou_threshold : float, default=0.5
        The intersection over union that a match needs at least.
    %(objects)s
    %(column_meaning)s

    Returns
    -------
    InstanceCounts
        With the fields `n_true`, `n_pred`, `true_positives`, `false_positives` and
        `false_negatives`.

    Raises
    ------
    ValueError
        If sizes, labels or probabilities do not fit, or there are more than two classes and no
        `pos_label`.

    Examples
    --------
    >>> import numpy as np
    >>> from emstellar.metrics import instance_counts
    >>> counts = instance_counts(np.array([[[1, 1, 1, 0, 1]]]), np.array([[[1, 1, 0, 0, 0]]]))
    >>> counts.true_positives, counts.false_positives, counts.false_negatives
    (1, 0, 1)
    """
    check_number("iou_threshold", iou_threshold, 0, 1, above=True)
    shape = {"threshold": threshold, "connectivity": connectivity, "min_size": min_size}
    instances = Instances(y_true, y_prob, **shape, labels=labels, pos_label=pos_label)
    return instances.score(count_matches, iou_threshold=iou_threshold)


def from_instance_ap(overlaps, iou_thresholds=IOU_THRESHOLDS, zero_division="warn"):
    """Return the average precision of `InstanceOverlaps`."""
    n_all = overlaps.n_true + overlaps.n_pred
    if not n_all:
        return undefined(zero_division, "Average precision of objects", "there is no object")
    found = np.array([overlaps.n_matched(t) for t in np.atleast_1d(iou_thresholds)])
    return float(np.mean(found / (n_all - found)))


def from_panoptic_quality(overlaps, zero_division="warn"):
    """Return the panoptic quality of `InstanceOverlaps`."""
    n_all = overlaps.n_true + overlaps.n_pred
    if not n_all:
        return undefined(zero_division, "The panoptic quality", "there is no object")
    return float(overlaps.iou[overlaps.iou > 0.5].sum() / (n_all / 2))


_entry = entries_of(Instances)
METRICS = {
    "instance_ap": _entry(instance_ap_score, from_instance_ap, label="instance AP"),
    "panoptic_quality": _entry(panoptic_quality_score, from_panoptic_quality),
}
