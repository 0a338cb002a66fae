"""Gradients of several batches as those of a large one, however the labels are spread."""

from itertools import islice

import numpy as np

from emstellar._keras import ops
from emstellar.losses import CompoundLoss, SegmentationLoss


class SharedLoss(SegmentationLoss):
    """A loss of batches whose weights add up to 1 on average, times what the weights add up to.

    Keras averages the gradients of the batches that it accumulates. The mean over the pixels of
    each would count a pixel more where fewer are labelled; times its share of the labels, the
    losses of the batches average to the mean over all pixels of all of them.

    Parameters
    ----------
    loss : SegmentationLoss
        The loss.

    Examples
    --------
    One batch of three labelled pixels and one of one, in weights of a mean sum of 1:

    >>> import numpy as np
    >>> from emstellar.losses import CrossEntropy
    >>> from emstellar.training.accumulation import SharedLoss
    >>> codes = np.ones((1, 1, 3, 1))
    >>> foreground = np.array([0.9, 0.5, 0.8]).reshape(1, 1, 3, 1)
    >>> first, second = (np.array(w).reshape(1, 1, 3) / 2 for w in ([1, 1, 1], [0, 1, 0]))
    >>> loss = SharedLoss(CrossEntropy())
    >>> mean = (loss(codes, foreground, first) + loss(codes, foreground, second)) / 2
    >>> whole = CrossEntropy()(codes, foreground, np.array([1, 2, 1]).reshape(1, 1, 3))
    >>> bool(abs(mean - whole) < 1e-6)
    True
    """

    def __init__(self, loss):
        super().__init__(name=loss.name)
        self.loss = loss

    def __call__(self, y_true, y_pred, sample_weight=None):
        """Return the batch's share of the loss."""
        if isinstance(self.loss, CompoundLoss):
            terms = zip(self.loss.weights, self.loss.losses, strict=True)
            return sum(w * SharedLoss(t)(y_true, y_pred, sample_weight) for w, t in terms)
        _, weight = self.loss.prepare(y_true, y_pred, sample_weight)
        return self.loss(y_true, y_pred, sample_weight) * ops.sum(weight)


def share_weights(batches, n_batches, n_before, class_weight):
    """Yield batches with weights that add up to 1 on average over those that are accumulated.

    Parameters
    ----------
    batches : iterable of (images, codes, weights)
        The batches.
    n_batches : int
        How many are accumulated.
    n_before : int
        How many of the first group have been before.
    class_weight : sequence of float or None
        What the loss multiplies the weights by, class by class.

    Yields
    ------
    tuple
        Images, codes, weights.
    """
    batches, n_wanted = iter(batches), n_batches - n_before
    while group := list(islice(batches, n_wanted)):
        mean = np.mean([_total(codes, weights, class_weight) for _, codes, weights in group])
        for images, codes, weights in group:
            yield images, codes, weights / np.float32(mean or 1)
        n_wanted = n_batches


def _total(codes, weights, class_weight):
    weights = weights.astype("float64")
    return (weights if class_weight is None else weights * np.asarray(class_weight)[codes]).sum()


def class_weight_of(loss):
    """Return the weights of the classes in a loss, of a sum those in its first term."""
    return loss.losses[0].class_weight if isinstance(loss, CompoundLoss) else loss.class_weight
