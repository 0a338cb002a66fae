"""V_Rand and V_Info of image stacks at several thresholds, both from one pass.

At each threshold both the truth and the prediction are cut into objects, borders of the latter
are thinned, and the labels are compared within the foreground of the truth. One flood and one
table of pairs serve both scores, and they are reused while the cut images stay the same.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from emstellar.metrics.border_thinning import label_columns, thin_columns
from emstellar.metrics.contingency import count_pairs
from emstellar.metrics.inputs import exceeds, foreground_maps
from emstellar.metrics.options import warn_of_undefined

DEFAULT_THRESHOLDS = (0.0, 1.0, 0.1)


class RandCounts(NamedTuple):
    """Sums of squared numbers of pixels in the regions of one image, within its foreground."""

    truth: float
    prediction: float
    both: float


class Entropies(NamedTuple):
    """Entropies of the regions of one image, within its foreground, in nats."""

    truth: float
    prediction: float
    both: float


@dataclass(frozen=True)
class ScoreCurve:
    """A score at each of several thresholds.

    Attributes
    ----------
    thresholds : ndarray of shape (n_thresholds,)
    scores : ndarray of shape (n_thresholds,)
        The score of the stack at each threshold.
    image_scores : ndarray of shape (n_thresholds, n_images)
        The scores of the images; NaN where neither truth nor prediction has an object.
    precision, recall : ndarray of shape (n_thresholds, n_images)
        Low precision tells of merged regions, low recall of split ones.
    """

    thresholds: np.ndarray
    scores: np.ndarray
    image_scores: np.ndarray
    precision: np.ndarray
    recall: np.ndarray

    @property
    def best_index(self):
        """The position of the best threshold, the first of equally good ones."""
        return int(np.argmax(np.nan_to_num(self.scores, nan=-1.0)))

    @property
    def best_threshold(self):
        """The threshold with the highest score."""
        return float(self.thresholds[self.best_index])

    @property
    def best_score(self):
        """The highest score of the stack; NaN where no image has an object."""
        score = self.scores[self.best_index]
        some = not np.isnan(self.image_scores).all()
        return 0.0 if np.isnan(score) and some else float(score)


def threshold_values(thresholds):
    """Return the thresholds that a number, a tuple or an array stands for.

    Parameters
    ----------
    thresholds : float, tuple (low, high, step) or ndarray of shape (n_thresholds,)
        A tuple is counted up from `low` by adding `step` while `high` is not exceeded.

    Returns
    -------
    ndarray of shape (n_thresholds,), float64

    Raises
    ------
    ValueError
        If they are not in [0, 1] or the step is not positive.

    Examples
    --------
    Repeated addition ends just below 1, so that pixels of 1 are always foreground:

    >>> from emstellar.metrics.threshold_sweep import threshold_values
    >>> values = threshold_values((0.0, 1.0, 0.1))
    >>> len(values), float(values[-1])
    (11, 0.9999999999999999)
    """
    if isinstance(thresholds, tuple):
        values = _count_up(*thresholds)
    else:
        values = np.atleast_1d(np.asarray(thresholds, dtype=np.float64))
    if values.ndim != 1 or not values.size or not ((values >= 0) & (values <= 1)).all():
        raise ValueError(f"thresholds must be one or more numbers in [0, 1]. Got {thresholds!r}.")
    return values


def _count_up(low, high, step):
    if not (0 <= low <= high <= 1 and step > 0):
        raise ValueError(
            "thresholds must be a tuple (low, high, step) with 0 <= low <= high <= 1 and "
            f"step > 0. Got {(low, high, step)!r}."
        )
    values = [np.float64(low)]
    while values[-1] + step <= high:
        values.append(values[-1] + step)
    return np.array(values)


class ThresholdSweep:
    """What both scores need of every image at every threshold.

    Parameters
    ----------
    y_true, y_prob, labels, pos_label, sample_weight
        As for `v_rand_score`.
    thresholds : float, tuple (low, high, step) or ndarray, default=(0.0, 1.0, 0.1)
        As for `threshold_values`.
    thinning : bool, default=True
        Whether predicted objects grow until lines of one pixel are between them.

    Attributes
    ----------
    thresholds : ndarray of shape (n_thresholds,)
    rand_counts : ndarray of shape (3, n_thresholds, n_images)
        The fields of `RandCounts`.
    entropies : ndarray of shape (3, n_thresholds, n_images)
        The fields of `Entropies`.
    is_empty : ndarray of shape (n_thresholds, n_images), bool
        Whether neither the truth nor the prediction has an object.
    image_weights : ndarray of shape (n_images,), or None
    """

    def __init__(
        self,
        y_true,
        y_prob,
        *,
        thresholds=DEFAULT_THRESHOLDS,
        thinning=True,
        labels=None,
        pos_label=None,
        sample_weight=None,
    ):
        meaning = {"labels": labels, "pos_label": pos_label, "sample_weight": sample_weight}
        comparison, maps = foreground_maps(y_true, y_prob, **meaning)
        if comparison.weights is not None and comparison.image_weights is None:
            raise ValueError(
                "V_Rand and V_Info compare regions and cannot weight pixels: sample_weight must "
                f"have shape ({comparison.n_images},), one weight per image. Mark pixels to be "
                "ignored by -1 in y_true."
            )
        self.image_weights = comparison.image_weights
        self.thresholds = threshold_values(thresholds)
        images = [
            _sweep_image(*pair, comparison.known(i), self.thresholds, thinning)
            for i, pair in enumerate(maps)
        ]
        rand_counts, entropies, is_empty = zip(*images, strict=True)
        self.is_empty = np.array(is_empty).T
        self.rand_counts = np.array(rand_counts).transpose(2, 1, 0)
        self.entropies = np.array(entropies).transpose(2, 1, 0)

    def score(self, make_curve, average="macro"):
        """Return the best score of ``make_curve(sweep, average)``, or the images' scores there."""
        curve = make_curve(self, average)
        score = curve.image_scores[curve.best_index] if average is None else curve.best_score
        if np.isnan(score).any():
            warn_of_undefined("The score", "neither the truth nor the prediction has an object")
        return score


def _sweep_image(truth, prediction, labelled, thresholds, thinning):
    """Return lists of `RandCounts`, `Entropies` and whether all is empty, one per threshold."""
    truth, prediction = np.ascontiguousarray(truth.T), np.ascontiguousarray(prediction.T)
    labelled = None if labelled is None else np.ascontiguousarray(labelled.T)
    results, last = [], (None, None)
    for threshold in thresholds:
        foreground, objects = exceeds(truth, threshold), exceeds(prediction, threshold)
        # Rising thresholds cut nested masks: equally many pixels are the same pixels.
        sizes = np.count_nonzero(foreground), np.count_nonzero(objects)
        if sizes[0] != last[0]:
            regions = label_columns(foreground)[0]
        if sizes == last:
            results.append(results[-1])
        else:
            segments = segment(objects, foreground, labelled, thinning)
            found = objects if labelled is None else objects & labelled
            is_empty = not (sizes[0] or found.any())
            results.append((*_compare(regions, segments), is_empty))
        last = sizes
    return tuple(zip(*results, strict=True))


def segment(objects, foreground, labelled, thinning):
    """Return the labels of predicted objects where the truth has foreground."""
    if not thinning:
        return label_columns(objects, labelled)[0]
    if labelled is None:
        return thin_columns(objects, foreground)
    return thin_columns(objects, foreground, labelled)


def _compare(regions, segments):
    """Compare two label images within the regions of the first.

    A pixel on a line between segments counts as a segment of its own.
    """
    pairs = count_pairs(regions, segments)
    pairs = pairs.select(pairs.first > 0)
    in_segments = pairs.select(pairs.second > 0)
    n_single = int(pairs.counts.sum() - in_segments.counts.sum())
    a, b, both = pairs.totals("first"), in_segments.totals("second"), in_segments.counts
    rand = RandCounts((a**2).sum(), (b**2).sum() + n_single, (both**2).sum() + n_single)
    entropies = Entropies(_entropy(a), _entropy(b, n_single), _entropy(both, n_single))
    return rand, entropies


def _entropy(counts, n_single=0):
    """Return the entropy of regions of these sizes and of `n_single` single pixels."""
    n = counts.sum() + n_single
    if n == 0:
        return 0.0
    shares = counts / n
    return float(n_single / n * np.log(n) - (shares * np.log(shares)).sum())
