"""Adapted Rand error and variation of information of the connected objects of masks."""

from emstellar.constraints import check_option
from emstellar.metrics._doc import shared_doc
from emstellar.metrics.border_thinning import label_columns
from emstellar.metrics.confusion import average_images
from emstellar.metrics.contingency import count_pairs
from emstellar.metrics.entries import entries_of
from emstellar.metrics.inputs import exceeds, foreground_maps
from emstellar.metrics.label_partition import PartitionErrors, errors_of_pairs
from emstellar.metrics.options import check_threshold
from emstellar.metrics.threshold_sweep import segment

AVERAGES = ("macro", None)
NO_OBJECT = PartitionErrors(*[float("nan")] * 5)
# Objects where there are none are as wrong as can be; the variation of information has no worst.
FALSE_ALARM = NO_OBJECT._replace(adapted_rand_error=1.0)


class ComponentErrors:
    """The `PartitionErrors` of the 4-connected objects of each image.

    Parameters
    ----------
    y_true, y_prob, labels, pos_label, sample_weight
        As for `v_rand_score`.
    threshold : float, default=0.5
        What a foreground value must exceed, in the masks and the prediction.
    thinning : bool, default=False
        Whether predicted objects grow until lines of one pixel are between them.
    """

    def __init__(
        self,
        y_true,
        y_prob,
        *,
        threshold=0.5,
        thinning=False,
        labels=None,
        pos_label=None,
        sample_weight=None,
    ):
        meaning = {"labels": labels, "pos_label": pos_label, "sample_weight": sample_weight}
        comparison, maps = foreground_maps(y_true, y_prob, **meaning)
        if comparison.weights is not None and comparison.image_weights is None:
            raise ValueError(
                "Partitions cannot weight pixels: sample_weight must have shape "
                f"({comparison.n_images},), one weight per image."
            )
        check_threshold(threshold)
        self.image_weights = comparison.image_weights
        self.errors = [
            _errors(*(exceeds(values, threshold) for values in pair), comparison.known(i), thinning)
            for i, pair in enumerate(maps)
        ]

    def score(self, function, average="macro"):
        """Return the mean of ``function(errors)`` over images, or all values."""
        check_option("average", average, AVERAGES)
        scores = [function(errors) for errors in self.errors]
        return average_images(scores, self.image_weights, average and "image")


def _errors(foreground, objects, labelled, thinning):
    """Compare the objects of a prediction with those of the truth, within its foreground."""
    foreground, objects = foreground.T, objects.T
    labelled = None if labelled is None else labelled.T
    segments = segment(objects, foreground, labelled, thinning)
    pairs = count_pairs(label_columns(foreground)[0], segments)
    pairs = pairs.select(pairs.first > 0)
    if pairs.counts.size:
        return errors_of_pairs(pairs, single=True)
    found = objects if labelled is None else objects & labelled
    return FALSE_ALARM if found.any() else NO_OBJECT


@shared_doc
def component_rand_error(
    y_true,
    y_prob,
    *,
    threshold=0.5,
    thinning=False,
    labels=None,
    pos_label=None,
    sample_weight=None,
    average="macro",
):
    """Return the adapted Rand error of the connected objects of masks and predictions.

    Parameters
    ----------
    %(maps)s
    threshold : float, default=0.5
        What a foreground value must exceed, in the masks and the prediction.
    thinning : bool, default=False
        Whether predicted objects grow until lines of one pixel are between them.
    %(image_meaning)s
    %(components)s

    Returns
    -------
    error : float or ndarray of shape (n_images,)
        In [0, 1], the best is 0. Where the truth has no object: 1 if the prediction has one,
        else NaN.

    Raises
    ------
    ValueError
        If sizes, labels or values do not fit.

    See Also
    --------
    adapted_rand_error : The same of labels, for images and volumes.

    References
    ----------
    Arganda-Carreras et al., "Crowdsourcing the creation of image segmentation algorithms for
    connectomics", Frontiers in Neuroanatomy 9 (2015).

    Examples
    --------
    >>> import numpy as np
    >>> from emstellar.metrics import component_rand_error
    >>> y_true = np.array([[[1, 1, 0, 1, 1]]])
    >>> component_rand_error(y_true, np.ones_like(y_true))
    0.5
    """
    meaning = {"labels": labels, "pos_label": pos_label, "sample_weight": sample_weight}
    errors = ComponentErrors(y_true, y_prob, threshold=threshold, thinning=thinning, **meaning)
    return errors.score(from_rand, average)


@shared_doc
def component_voi(
    y_true,
    y_prob,
    *,
    threshold=0.5,
    thinning=False,
    labels=None,
    pos_label=None,
    sample_weight=None,
    average="macro",
):
    """Return the variation of information of the connected objects of masks and predictions.

    Parameters
    ----------
    %(maps)s
    threshold : float, default=0.5
        What a foreground value must exceed, in the masks and the prediction.
    thinning : bool, default=False
        Whether predicted objects grow until lines of one pixel are between them.
    %(image_meaning)s
    %(components)s

    Returns
    -------
    voi : float or ndarray of shape (n_images,)
        In bits, at least 0; the best is 0. NaN where the truth has no object.

    Raises
    ------
    ValueError
        If sizes, labels or values do not fit.

    See Also
    --------
    variation_of_information : The same of labels, for images and volumes, in two parts.

    References
    ----------
    Meila, "Comparing clusterings: an information based distance", Journal of Multivariate
    Analysis 98 (2007).

    Examples
    --------
    >>> import numpy as np
    >>> from emstellar.metrics import component_voi
    >>> y_true = np.array([[[1, 1, 0, 1, 1]]])
    >>> component_voi(y_true, np.ones_like(y_true))
    1.0
    """
    meaning = {"labels": labels, "pos_label": pos_label, "sample_weight": sample_weight}
    errors = ComponentErrors(y_true, y_prob, threshold=threshold, thinning=thinning, **meaning)
    return errors.score(from_voi, average)


def from_rand(errors):
    """Return the adapted Rand error of `PartitionErrors`."""
    return errors.adapted_rand_error


def from_voi(errors):
    """Return the variation of information of `PartitionErrors`."""
    return errors.voi_split + errors.voi_merge


_entry = entries_of(ComponentErrors, lower_is_better=True)
METRICS = {
    "neg_adapted_rand_error": _entry(component_rand_error, from_rand, label="−adapted Rand error"),
    "neg_voi": _entry(component_voi, from_voi, label="−variation of information"),
}
