"""Losses that are a weighted mean over pixels: cross-entropy and focal loss."""

from emstellar._keras import keras, ops
from emstellar.losses.base import SegmentationLoss, weighted_mean

# Smallest distance from 1 that float32 tells, more or less.
SMALLEST = 1e-7
# Smallest probability whose logarithm is taken; the slope of the logarithm, its inverse, is finite
# even where weights are large.
SMALLEST_PROBABILITY = 1e-30


def _all_classes(channels):
    """Return the channels with the background's in front where only the foreground's is given."""
    if channels.shape[-1] > 1:
        return channels
    return ops.concatenate([1 - channels, channels], axis=-1)


def _logarithm(probability):
    return ops.log(ops.maximum(probability, SMALLEST_PROBABILITY))


def _log_probabilities(logit):
    """Return the logarithms of the probabilities of all classes."""
    if logit.shape[-1] > 1:
        return ops.log_softmax(logit, axis=-1)
    return ops.concatenate([ops.log_sigmoid(-logit), ops.log_sigmoid(logit)], axis=-1)


@keras.saving.register_keras_serializable(package="emstellar")
class CrossEntropy(SegmentationLoss):
    r"""Cross-entropy of class codes, for two classes (one or two channels) or more.

    Parameters
    ----------
    class_weight : sequence of float of length n_classes, optional
        Weights of the classes in the order of their codes.
    label_smoothing : float in [0, 1), default=0.0
        Share of each target that is spread evenly over the classes.
    name : str, optional
        The name of the loss.

    Notes
    -----
    :math:`-\sum_i w_i \sum_c t_{ic} \log p_{ic} / \sum_i w_i` over pixels i and classes c, with
    the target t and the probability p. It equals :func:`sklearn.metrics.log_loss` of the pixels.
    In a segmenter's `fit` it is computed from logits, which corrects a pixel however sure the
    network is; given probabilities, pixels whose probability is exactly 1 have no gradient.

    Examples
    --------
    >>> import numpy as np
    >>> from emstellar.losses import CrossEntropy
    >>> codes = np.array([1, 0]).reshape(1, 1, 2, 1)
    >>> foreground = np.array([0.5, 0.5]).reshape(1, 1, 2, 1)
    >>> round(float(CrossEntropy()(codes, foreground)), 4)
    0.6931
    """

    def __init__(self, class_weight=None, *, label_smoothing=0.0, name=None):
        super().__init__(class_weight, name=name)
        self.label_smoothing = label_smoothing

    def compute(self, target, probability, weight):
        """Return the weighted mean of the cross-entropies of the pixels."""
        return self._mean(target, _logarithm(_all_classes(probability)), weight)

    def compute_from_logits(self, target, logit, weight):
        """Return the same, given logits."""
        return self._mean(target, _log_probabilities(logit), weight)

    def _mean(self, target, logarithm, weight):
        target = _all_classes(target)
        if self.label_smoothing:
            spread = self.label_smoothing / target.shape[-1]
            target = target * (1 - self.label_smoothing) + spread
        return weighted_mean(-ops.sum(target * logarithm, axis=-1, keepdims=True), weight)

    def get_config(self):
        """Return the parameters."""
        return {**super().get_config(), "label_smoothing": self.label_smoothing}


@keras.saving.register_keras_serializable(package="emstellar")
class Focal(SegmentationLoss):
    r"""Focal loss: cross-entropy in which pixels that are already right count little.

    Parameters
    ----------
    class_weight : sequence of float of length n_classes, optional
        Weights of the classes in the order of their codes: the balance alpha of the paper,
        which uses (0.75, 0.25).
    gamma : float, default=2.0
        How much right pixels are discounted; 0 gives the cross-entropy.
    name : str, optional
        The name of the loss.

    Notes
    -----
    :math:`-\sum_i w_i (1 - p_i)^\gamma \log p_i / \sum_i w_i` where :math:`p_i` is the probability
    of the true class of pixel i (equation 4 of [1]_).

    References
    ----------
    .. [1] Lin et al. (2017), Focal loss for dense object detection, ICCV, 2999-3007.

    Examples
    --------
    >>> import numpy as np
    >>> from emstellar.losses import Focal
    >>> codes = np.array([1, 0]).reshape(1, 1, 2, 1)
    >>> foreground = np.array([0.5, 0.5]).reshape(1, 1, 2, 1)
    >>> round(float(Focal(gamma=2)(codes, foreground)), 4)
    0.1733
    """

    def __init__(self, class_weight=None, *, gamma=2.0, name=None):
        super().__init__(class_weight, name=name)
        self.gamma = gamma

    def compute(self, target, probability, weight):
        """Return the weighted mean of the focal losses of the pixels."""
        target, probability = _all_classes(target), _all_classes(probability)
        true = ops.sum(target * probability, axis=-1, keepdims=True)
        return self._mean(_logarithm(true), 1 - true, weight)

    def compute_from_logits(self, target, logit, weight):
        """Return the same, given logits."""
        logarithm = _log_probabilities(logit)
        logarithm = ops.sum(_all_classes(target) * logarithm, axis=-1, keepdims=True)
        return self._mean(logarithm, -ops.expm1(logarithm), weight)

    def _mean(self, logarithm, missing, weight):
        # A power below 1 has an infinite slope at 0.
        missing = ops.maximum(missing, SMALLEST)
        return weighted_mean(-ops.power(missing, self.gamma) * logarithm, weight)

    def get_config(self):
        """Return the parameters."""
        return {**super().get_config(), "gamma": self.gamma}


LOSSES = {
    "auto": CrossEntropy,
    "bce": CrossEntropy,
    "cross_entropy": CrossEntropy,
    "focal": Focal,
}
# Keras' names of what we have: same formulas, but any number of classes and every backend.
KERAS_LOSSES = {
    "binary_crossentropy": CrossEntropy,
    "binary_focal_crossentropy": Focal,
    "categorical_crossentropy": CrossEntropy,
    "categorical_focal_crossentropy": Focal,
    "sparse_categorical_crossentropy": CrossEntropy,
}
