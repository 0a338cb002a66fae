"""Label the objects of masks and find which of them overlap."""

from typing import NamedTuple

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import maximum_bipartite_matching
from skimage.measure import label

from emstellar.metrics.contingency import count_pairs
from emstellar.validation import UNLABELLED


class InstanceOverlaps(NamedTuple):
    """The overlaps of the true and the predicted objects of one image or of several.

    Attributes
    ----------
    n_true, n_pred : int
        Numbers of objects.
    true, pred : ndarray of shape (n_overlaps,)
        Positions of the objects of each overlapping pair, counted from 0.
    iou : ndarray of shape (n_overlaps,)
        Intersection over union of the pairs.
    """

    n_true: int
    n_pred: int
    true: np.ndarray
    pred: np.ndarray
    iou: np.ndarray

    def n_matched(self, iou_threshold=0.5):
        """Return how many objects can be matched one to one with at least this overlap."""
        good = self.iou >= iou_threshold
        if not good.any():
            return 0
        shape = self.n_true, self.n_pred
        links = np.ones(np.count_nonzero(good), dtype=bool)
        graph = sparse.csr_array((links, (self.true[good], self.pred[good])), shape=shape)
        return int(np.count_nonzero(maximum_bipartite_matching(graph) >= 0))


class InstanceCounts(NamedTuple):
    """How many objects were found, made up and missed.

    Attributes
    ----------
    n_true, n_pred : int
    true_positives, false_positives, false_negatives : int
    """

    n_true: int
    n_pred: int
    true_positives: int
    false_positives: int
    false_negatives: int


def match_instances(labels_true, labels_pred):
    """Return the overlaps of the objects of two label images or volumes.

    Parameters
    ----------
    labels_true, labels_pred : ndarray of int, of the same shape
        Labels of objects; 0 is background. Pixels of ``-1`` in `labels_true` are unlabelled
        and count for no object.

    Returns
    -------
    InstanceOverlaps

    Raises
    ------
    ValueError
        If the shapes differ.

    Examples
    --------
    >>> import numpy as np
    >>> from emstellar.metrics import match_instances
    >>> overlaps = match_instances(np.array([1, 1, 1, 0, 2]), np.array([5, 5, 0, 0, 0]))
    >>> overlaps.n_true, overlaps.n_pred, overlaps.iou
    (2, 1, array([0.66666667]))
    """
    pairs = count_pairs(labels_true, labels_pred)
    pairs = pairs.select(pairs.first != UNLABELLED)
    true_labels, true = np.unique(pairs.first, return_inverse=True)
    pred_labels, pred = np.unique(pairs.second, return_inverse=True)
    union = pairs.totals("first")[true] + pairs.totals("second")[pred] - pairs.counts
    kept = (pairs.first != 0) & (pairs.second != 0)
    true_rank, pred_rank = np.cumsum(true_labels != 0) - 1, np.cumsum(pred_labels != 0) - 1
    return InstanceOverlaps(
        n_true=int(np.count_nonzero(true_labels)),
        n_pred=int(np.count_nonzero(pred_labels)),
        true=true_rank[true[kept]],
        pred=pred_rank[pred[kept]],
        iou=(pairs.counts / union)[kept],
    )


def count_matches(overlaps, iou_threshold=0.5):
    """Return the `InstanceCounts` of `InstanceOverlaps`."""
    found = overlaps.n_matched(iou_threshold)
    n_true, n_pred = overlaps.n_true, overlaps.n_pred
    return InstanceCounts(n_true, n_pred, found, n_pred - found, n_true - found)


def label_instances(mask, *, connectivity=1, min_size=0):
    """Return the connected objects of a mask as labels.

    Parameters
    ----------
    mask : ndarray of bool
        An image or a volume.
    connectivity : int, default=1
        1 joins pixels that share a side, 2 those that share a corner too.
    min_size : int, default=0
        Objects of fewer pixels are left out.

    Returns
    -------
    ndarray of int, of the same shape
        0 is background.

    Examples
    --------
    >>> import numpy as np
    >>> from emstellar.metrics import label_instances
    >>> label_instances(np.array([[1, 0, 1, 1]], dtype=bool), min_size=2).tolist()
    [[0, 0, 2, 2]]
    """
    labels = label(np.asarray(mask, dtype=bool), connectivity=connectivity)
    if min_size > 1:
        small = np.bincount(labels.ravel()) < min_size
        labels[small[labels]] = 0
    return labels
