"""The pixel error and the warping error of the ISBI-2012 challenge.

The warping error forgives shifted borders: the truth is bent towards the prediction as long as
no object is split, merged, lost or made, and what then still differs is an error.
"""

import numpy as np

from emstellar.constraints import check_option
from emstellar.metrics._doc import shared_doc
from emstellar.metrics.confusion import average_images
from emstellar.metrics.entries import entry
from emstellar.metrics.inputs import exceeds, foreground_maps
from emstellar.metrics.options import warn_of_undefined
from emstellar.metrics.threshold_sweep import DEFAULT_THRESHOLDS, threshold_values

AVERAGES = ("macro", None)


@shared_doc
def pixel_error(
    y_true,
    y_prob,
    *,
    thresholds=DEFAULT_THRESHOLDS,
    labels=None,
    pos_label=None,
    sample_weight=None,
    average="macro",
):
    """Return the share of pixels that differ, at the threshold at which it is lowest.

    Parameters
    ----------
    %(maps)s
    %(lowest)s
    %(image_meaning)s
    %(macro)s

    Returns
    -------
    error : float or ndarray of shape (n_images,)
        In [0, 1], the best is 0.

    Raises
    ------
    ValueError
        If sizes, labels or values do not fit.

    References
    ----------
    Arganda-Carreras et al., "Crowdsourcing the creation of image segmentation algorithms for
    connectomics", Frontiers in Neuroanatomy 9 (2015).

    Examples
    --------
    >>> import numpy as np
    >>> from emstellar.metrics import pixel_error
    >>> pixel_error(np.array([[[1, 1, 0, 1]]]), np.array([[[0.9, 0.4, 0.1, 0.2]]]))
    0.0
    >>> pixel_error(np.array([[[1, 1, 0, 1]]]), np.array([[[0.9, 0.4, 0.1, 0.2]]]), thresholds=0.5)
    0.5
    """
    meaning = {"labels": labels, "pos_label": pos_label, "sample_weight": sample_weight}
    return PixelErrors(y_true, y_prob, thresholds=thresholds, **meaning).score(lowest, average)


@shared_doc
def warping_error(
    y_true,
    y_prob,
    *,
    thresholds=0.5,
    labels=None,
    pos_label=None,
    sample_weight=None,
    average="macro",
):
    """Return the share of pixels that differ when borders may be moved but not topology.

    Parameters
    ----------
    %(maps)s
    %(lowest)s
        The truth is what is greater than 0, at any threshold.
    %(image_meaning)s
    %(macro)s

    Returns
    -------
    error : float or ndarray of shape (n_images,)
        In [0, 1], the best is 0.

    Raises
    ------
    ValueError
        If sizes, labels or values do not fit.

    Notes
    -----
    The differing pixels are walked in the order of their distance from the threshold, surest
    first, and flipped in the truth if they are simple, that is if their 4-connectivity (Yokoi)
    number is 1; this is repeated until nothing changes.

    References
    ----------
    Jain et al., "Boundary learning by optimization with topological constraints", CVPR (2010).
    Yokoi, Toriwaki and Fukumura, "An analysis of topological properties of digitized binary
    pictures using local features", Computer Graphics and Image Processing 4 (1975).

    Examples
    --------
    A border that has moved is no error; a gap that is closed is one:

    >>> import numpy as np
    >>> from emstellar.metrics import warping_error
    >>> warping_error(np.array([[[1, 1, 0, 1, 1]]]), np.array([[[1.0, 0.0, 0.0, 1.0, 1.0]]]))
    0.0
    >>> warping_error(np.array([[[1, 1, 0, 1, 1]]]), np.array([[[1.0, 1.0, 1.0, 1.0, 1.0]]]))
    0.2
    """
    meaning = {"labels": labels, "pos_label": pos_label, "sample_weight": sample_weight}
    return WarpingErrors(y_true, y_prob, thresholds=thresholds, **meaning).score(lowest, average)


class PixelErrors:
    """The share of differing pixels of each image at each threshold.

    Parameters
    ----------
    y_true, y_prob, labels, pos_label, sample_weight
        As for `pixel_error`.
    thresholds : float, tuple (low, high, step) or ndarray, default=(0.0, 1.0, 0.1)
        As for `threshold_values`.

    Attributes
    ----------
    errors : ndarray of shape (n_images, n_thresholds)
        NaN where no pixel is labelled.
    image_weights : ndarray of shape (n_images,), or None
    """

    def __init__(
        self,
        y_true,
        y_prob,
        *,
        thresholds=DEFAULT_THRESHOLDS,
        labels=None,
        pos_label=None,
        sample_weight=None,
    ):
        meaning = {"labels": labels, "pos_label": pos_label, "sample_weight": sample_weight}
        comparison, maps = foreground_maps(y_true, y_prob, **meaning)
        if comparison.weights is not None and comparison.image_weights is None:
            raise ValueError(
                "This error cannot weight pixels: sample_weight must have shape "
                f"({comparison.n_images},), one weight per image."
            )
        self.image_weights = comparison.image_weights
        values = threshold_values(thresholds)
        self.errors = np.array(
            [
                [self._error(*pair, threshold, comparison.labelled(i)) for threshold in values]
                for i, pair in enumerate(maps)
            ]
        )

    def _error(self, truth, prediction, threshold, labelled):
        wrong = exceeds(truth, threshold) != exceeds(prediction, threshold)
        return _share(np.count_nonzero(wrong & labelled), labelled)

    def score(self, function, average="macro"):
        """Return ``function(errors, image_weights, average)``."""
        check_option("average", average, AVERAGES)
        return function(self.errors, self.image_weights, average)


class WarpingErrors(PixelErrors):
    """The share of pixels of each image that still differ when the truth is warped."""

    def __init__(
        self, y_true, y_prob, *, thresholds=0.5, labels=None, pos_label=None, sample_weight=None
    ):
        meaning = {"labels": labels, "pos_label": pos_label, "sample_weight": sample_weight}
        super().__init__(y_true, y_prob, thresholds=thresholds, **meaning)

    def _error(self, truth, prediction, threshold, labelled):
        return _left_after_warping(truth, prediction, threshold, labelled)


def lowest(errors, image_weights, average="macro"):
    """Return the mean error at the threshold where it is lowest, or the images' errors there."""
    means = np.atleast_1d(average_images(errors, image_weights, "image"))
    if np.isnan(means).all():
        warn_of_undefined("The error", "there is no labelled pixel in y_true")
    best = int(np.argmin(np.nan_to_num(means, nan=np.inf)))
    return errors[:, best] if average is None else float(means[best])


def _share(n_wrong, labelled):
    n_labelled = np.count_nonzero(labelled)
    return n_wrong / n_labelled if n_labelled else np.nan


def _left_after_warping(truth, prediction, threshold, labelled):
    warped = np.pad(exceeds(truth, 0), 1)
    target = np.pad(exceeds(prediction, threshold), 1)
    # Pixels without a label may be anything, and so are never wrong.
    allowed = np.pad(labelled, 1)
    sureness = np.pad(np.abs(prediction - np.float32(threshold)), 1)
    return _share(_warp(warped, target, allowed, sureness), labelled)


def _warp(warped, target, allowed, sureness):
    """Flip simple pixels of `warped` in place until as many differ as before; return these."""
    stride, flat = warped.shape[0], warped.T.ravel().tolist()
    n_before = -1
    while True:
        now = np.array(flat, dtype=bool)
        differing = np.flatnonzero((now != target.T.ravel()) & allowed.T.ravel())
        if len(differing) == n_before:
            return n_before
        n_before = len(differing)
        order = np.argsort(-sureness.T.ravel()[differing], kind="stable")
        for pixel in differing[order].tolist():
            if _is_simple(flat, pixel, stride):
                flat[pixel] = not flat[pixel]


def _is_simple(flat, pixel, stride):
    """Tell whether the 4-connectivity number of a pixel is 1."""
    above, below = pixel - stride, pixel + stride
    ring = (
        flat[pixel + 1],
        flat[above + 1],
        flat[above],
        flat[above - 1],
        flat[pixel - 1],
        flat[below - 1],
        flat[below],
        flat[below + 1],
        flat[pixel + 1],
    )
    crossings = sum(ring[side] and not (ring[side + 1] and ring[side + 2]) for side in (0, 2, 4, 6))
    return crossings == 1


METRICS = {
    "neg_warping_error": entry(
        warping_error, lowest, WarpingErrors, label="−warping error", lower_is_better=True
    ),
    "neg_pixel_error": entry(
        pixel_error, lowest, PixelErrors, label="−pixel error", lower_is_better=True
    ),
}
