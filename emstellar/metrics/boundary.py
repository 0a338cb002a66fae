"""How far the outlines of prediction and truth are from each other, in pixels or nanometres."""

from functools import partial

import numpy as np
from scipy import ndimage
from skimage.segmentation import find_boundaries

from emstellar.constraints import check_option
from emstellar.metrics._doc import shared_doc
from emstellar.metrics.confusion import average_images
from emstellar.metrics.entries import entries_of
from emstellar.metrics.inputs import TruthAndPrediction
from emstellar.metrics.options import (
    check_number,
    check_pixel_size,
    check_threshold,
    undefined,
)

AVERAGES = ("image", None)
NO_OUTLINE = "no mask has an outline"


class BoundaryDistances:
    """The distances between the outlines of each image, from which several scores are taken.

    Parameters
    ----------
    y_true, y_prob, labels, pos_label, sample_weight
        As for `TruthAndPrediction`.
    threshold : float, default=0.5
        What a foreground probability must exceed.
    pixel_size : float or (float, float), default=1.0
        Height and width of a pixel.

    Attributes
    ----------
    distances : list of (ndarray, ndarray)
        For each image, from each outline pixel of the prediction to the nearest of the truth,
        and the other way round; infinite where there is none, and one infinite distance each
        way where just one of the masks is empty.
    """

    def __init__(
        self,
        y_true,
        y_prob,
        *,
        threshold=0.5,
        pixel_size=1.0,
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
                "Outlines cannot weight pixels: sample_weight must have shape "
                f"({comparison.n_images},), one weight per image."
            )
        self.image_weights = comparison.image_weights
        self.distances = [
            _distances(comparison, i, check_threshold(threshold), check_pixel_size(pixel_size))
            for i in range(comparison.n_images)
        ]

    def score(self, function, average="image", **options):
        """Return the mean of ``function(to_truth, to_prediction)`` over images, or all values."""
        check_option("average", average, AVERAGES)
        scores = [function(*pair, **options) for pair in self.distances]
        return average_images(scores, self.image_weights, average)


def _distances(comparison, index, threshold, pixel_size):
    labelled = comparison.labelled(index)
    truth = comparison.truth_codes(index) == 1
    predicted = comparison.predicted_codes(index, threshold) == 1
    masks = [mask & labelled for mask in (predicted, truth)]
    if masks[0].any() != masks[1].any():
        # Also where the other mask fills the image and so has no outline.
        return np.array([np.inf]), np.array([np.inf])
    # Beside unlabelled pixels nobody knows whether there is an outline.
    known = ndimage.binary_erosion(labelled, border_value=1)
    outlines = [find_boundaries(mask, connectivity=1, mode="inner") & known for mask in masks]
    return _to_nearest(*outlines, pixel_size), _to_nearest(*outlines[::-1], pixel_size)


def _to_nearest(outline, other, pixel_size):
    if not other.any():
        return np.full(np.count_nonzero(outline), np.inf)
    return ndimage.distance_transform_edt(~other, sampling=pixel_size)[outline]


@shared_doc
def boundary_f1_score(
    y_true,
    y_prob,
    *,
    tolerance=2.0,
    pixel_size=1.0,
    threshold=0.5,
    labels=None,
    pos_label=None,
    sample_weight=None,
    average="image",
    zero_division="warn",
):
    """Return the F1 score of outline pixels that are near an outline of the other mask.

    Parameters
    ----------
    %(images)s
    tolerance : float, default=2.0
        How far a matching outline may be, in the unit of `pixel_size`.
    %(pixel_size)s
    %(threshold)s
    %(image_meaning)s
    %(image_average)s
    zero_division : {"warn", 0, 1, nan}, default="warn"
        The score where neither mask has an outline; "warn" is NaN and a warning. Where just one
        of the masks is empty the score is 0.

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
    The outline of a mask are its pixels with a background pixel above, below or beside them.
    The rim of the image is none. Precision is the share of predicted outline pixels within
    `tolerance` of a true one, recall the share of true ones within it of a predicted one.

    References
    ----------
    Csurka et al., "What is a good evaluation measure for semantic segmentation?", BMVC (2013).

    Examples
    --------
    The same shift of two pixels, with two tolerances in nanometres:

    >>> from functools import partial

    import numpy as np
    >>> from emstellar.metrics import boundary_f1_score
    >>> y_true = np.zeros((1, 12, 12), dtype=bool)
    >>> y_true[0, 2:7, 2:7] = True
    >>> shifted = np.roll(y_true, 2, axis=2)
    >>> boundary_f1_score(y_true, shifted, tolerance=8, pixel_size=4)
    1.0
    >>> boundary_f1_score(y_true, shifted, tolerance=3, pixel_size=4)
    0.375
    """
    meaning = {"labels": labels, "pos_label": pos_label, "sample_weight": sample_weight}
    check_number("tolerance", tolerance)
    outlines = BoundaryDistances(
        y_true, y_prob, threshold=threshold, pixel_size=pixel_size, **meaning
    )
    return outlines.score(
        from_boundary_f1, average, tolerance=tolerance, zero_division=zero_division
    )


@shared_doc
def hausdorff_distance(
    y_true,
    y_prob,
    *,
    percentile=100.0,
    pixel_size=1.0,
    threshold=0.5,
    labels=None,
    pos_label=None,
    sample_weight=None,
    average="image",
):
    """Return the Hausdorff distance of the outlines: how far they are apart at worst.

    Parameters
    ----------
    %(images)s
    percentile : float, default=100.0
        100 is the Hausdorff distance, 95 the usual robust form, that leaves out the farthest
        5 %% of the outline pixels of either mask.
    %(pixel_size)s
    %(threshold)s
    %(image_meaning)s
    %(image_average)s

    Returns
    -------
    distance : float or ndarray of shape (n_images,)
        In the unit of `pixel_size`; the best is 0. Infinite where just one mask is empty or has
        an outline, and so is then the mean; NaN, and left out of the mean, where neither has an
        outline.

    Raises
    ------
    ValueError
        If sizes, labels or probabilities do not fit, or there are more than two classes and no
        `pos_label`.

    References
    ----------
    Huttenlocher, Klanderman and Rucklidge, "Comparing images using the Hausdorff distance",
    IEEE PAMI 15 (1993).

    Examples
    --------
    >>> from functools import partial

    import numpy as np
    >>> from emstellar.metrics import hausdorff_distance
    >>> y_true = np.zeros((1, 12, 12), dtype=bool)
    >>> y_true[0, 2:7, 2:7] = True
    >>> hausdorff_distance(y_true, np.roll(y_true, 2, axis=2), pixel_size=4.0)
    8.0
    """
    meaning = {"labels": labels, "pos_label": pos_label, "sample_weight": sample_weight}
    check_number("percentile", percentile, 0, 100)
    outlines = BoundaryDistances(
        y_true, y_prob, threshold=threshold, pixel_size=pixel_size, **meaning
    )
    return outlines.score(from_hausdorff, average, percentile=percentile)


@shared_doc
def average_surface_distance(
    y_true,
    y_prob,
    *,
    pixel_size=1.0,
    threshold=0.5,
    labels=None,
    pos_label=None,
    sample_weight=None,
    average="image",
):
    """Return the average symmetric distance of the outlines.

    Parameters
    ----------
    %(images)s
    %(pixel_size)s
    %(threshold)s
    %(image_meaning)s
    %(image_average)s

    Returns
    -------
    distance : float or ndarray of shape (n_images,)
        In the unit of `pixel_size`; the best is 0. Infinite where just one mask is empty or has
        an outline, and so is then the mean; NaN, and left out of the mean, where neither has an
        outline.

    Raises
    ------
    ValueError
        If sizes, labels or probabilities do not fit, or there are more than two classes and no
        `pos_label`.

    References
    ----------
    Heimann et al., "Comparison and evaluation of methods for liver segmentation from CT
    datasets", IEEE Transactions on Medical Imaging 28 (2009).

    Examples
    --------
    >>> from functools import partial

    import numpy as np
    >>> from emstellar.metrics import average_surface_distance
    >>> y_true = np.array([[[1, 1, 1, 0, 0]]])
    >>> average_surface_distance(y_true, np.array([[[1, 1, 1, 1, 0]]]), pixel_size=5.0)
    5.0
    """
    meaning = {"labels": labels, "pos_label": pos_label, "sample_weight": sample_weight}
    outlines = BoundaryDistances(
        y_true, y_prob, threshold=threshold, pixel_size=pixel_size, **meaning
    )
    return outlines.score(from_surface_distance, average)


def from_boundary_f1(to_truth, to_prediction, tolerance=2.0, zero_division="warn"):
    """Return the boundary F1 score of the distances of one image."""
    if not to_truth.size and not to_prediction.size:
        return undefined(zero_division, "The boundary F1 score", NO_OUTLINE)
    if not to_truth.size or not to_prediction.size:
        return 0.0
    precision, recall = np.mean(to_truth <= tolerance), np.mean(to_prediction <= tolerance)
    return float(2 * precision * recall / (precision + recall)) if precision + recall else 0.0


def from_hausdorff(to_truth, to_prediction, percentile=100.0):
    """Return the Hausdorff distance of the distances of one image."""
    if np.isinf(to_truth).any() or np.isinf(to_prediction).any():
        return np.inf
    both = [np.percentile(d, percentile) for d in (to_truth, to_prediction) if d.size]
    return float(max(both)) if both else undefined("warn", "The Hausdorff distance", NO_OUTLINE)


def from_surface_distance(to_truth, to_prediction):
    """Return the average symmetric surface distance of the distances of one image."""
    distances = np.concatenate([to_truth, to_prediction])
    if distances.size:
        return float(distances.mean())
    return undefined("warn", "The average surface distance", NO_OUTLINE)


_entry = entries_of(BoundaryDistances)
_error = entries_of(BoundaryDistances, lower_is_better=True)
METRICS = {
    "boundary_f1": _entry(boundary_f1_score, from_boundary_f1, label="boundary F1"),
    "neg_hausdorff": _error(hausdorff_distance, from_hausdorff, label="−Hausdorff distance"),
    "neg_hausdorff95": _error(
        partial(hausdorff_distance, percentile=95.0),
        from_hausdorff,
        label="−Hausdorff distance, 95 %",
        options={"percentile": 95.0},
    ),
    "neg_surface_distance": _error(
        average_surface_distance, from_surface_distance, label="−surface distance"
    ),
}
