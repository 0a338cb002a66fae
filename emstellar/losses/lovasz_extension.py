"""The Lovasz extension of the Jaccard loss."""

from functools import partial

from emstellar._keras import keras, ops
from emstellar.losses.base import SegmentationLoss, weighted_mean
from emstellar.losses.pixelwise import SMALLEST


@keras.saving.register_keras_serializable(package="emstellar")
class Lovasz(SegmentationLoss):
    r"""Lovasz loss: the convex extension of one minus the Jaccard index.

    Parameters
    ----------
    class_weight : sequence of float of length n_classes, optional
        Weights of the classes in the order of their codes.
    hinge : bool, default=False
        For one channel: measure errors by the hinge of the logit, :math:`\max(0, 1 - s x)` with
        the sign s of the class, instead of by the distance of the probability to its target.
    name : str, optional
        The name of the loss.

    Notes
    -----
    The errors of the pixels, sorted from the largest, times the growth of the Jaccard loss as
    one pixel after the other is counted wrong (equations 8 and 9 of [1]_); pooled over the batch;
    mean over the classes that are present. A pixel of weight w counts as w pixels.

    References
    ----------
    .. [1] Berman, Rannen Triki, Blaschko (2018), The Lovasz-Softmax loss: a tractable surrogate
       for the optimization of the intersection-over-union measure in neural networks, CVPR,
       4413-4421.

    Examples
    --------
    With errors of 0 and 1 it is one minus the Jaccard index:

    >>> import numpy as np
    >>> from emstellar.losses import Lovasz
    >>> codes = np.array([1, 1, 1, 0]).reshape(1, 2, 2, 1)
    >>> foreground = np.array([1, 1, 0, 1]).reshape(1, 2, 2, 1)
    >>> float(Lovasz()(codes, foreground))
    0.5
    """

    def __init__(self, class_weight=None, *, hinge=False, name=None):
        super().__init__(class_weight, name=name)
        self.hinge = hinge

    def compute(self, target, probability, weight):
        """Return the mean extension over the classes that are present."""
        if self.hinge:
            self._check_one_channel(probability)
            probability = ops.clip(probability, SMALLEST, 1 - SMALLEST)
            return self._hinge(target, ops.log(probability) - ops.log(1 - probability), weight)
        return self._of_errors(ops.abs(target - probability), target, weight)

    def compute_from_logits(self, target, logit, weight):
        """Return the same, given logits."""
        if self.hinge:
            self._check_one_channel(logit)
            return self._hinge(target, logit, weight)
        probability = ops.sigmoid(logit) if logit.shape[-1] == 1 else ops.softmax(logit, axis=-1)
        return self.compute(target, probability, weight)

    def _hinge(self, target, logit, weight):
        return self._of_errors(ops.relu(1 - (2 * target - 1) * logit), target, weight)

    def _of_errors(self, errors, target, weight):
        n_channels = errors.shape[-1]
        target = ops.reshape(target, (-1, n_channels))
        weight = ops.reshape(weight, (-1, 1))
        errors = ops.reshape(errors, (-1, n_channels))
        extension = _extension(errors, target, weight)
        if n_channels == 1:
            return extension[0]
        present = ops.cast(ops.sum(weight * target, axis=0) > 0, "float32")
        return weighted_mean(extension, present)

    @staticmethod
    def _check_one_channel(channels):
        if channels.shape[-1] != 1:
            raise ValueError(
                "Lovasz(hinge=True) needs a network with one output channel, "
                f"got {channels.shape[-1]}: use hinge=False."
            )

    def get_config(self):
        """Return the parameters."""
        return {**super().get_config(), "hinge": self.hinge}


def _extension(errors, target, weight):
    """Return the Lovasz extension of each column, a tensor of shape (n_channels,)."""
    # Pixels without weight go last, where their growth is multiplied by an error of 0.
    errors = ops.where(weight > 0, errors, 0.0)
    order = ops.argsort(-errors, axis=0)
    target_weight = ops.take_along_axis(weight * target, order, axis=0)
    other_weight = ops.take_along_axis(weight * (1 - target), order, axis=0)
    true = ops.sum(target_weight, axis=0, keepdims=True)
    intersection = true - ops.cumsum(target_weight, axis=0)
    union = true + ops.cumsum(other_weight, axis=0)
    jaccard_loss = 1 - ops.divide_no_nan(intersection, union)
    growth = ops.diff(jaccard_loss, axis=0)
    growth = ops.concatenate([jaccard_loss[:1], growth], axis=0)
    return ops.sum(ops.take_along_axis(errors, order, axis=0) * growth, axis=0)


LOSSES = {"lovasz": Lovasz, "lovasz_hinge": partial(Lovasz, hinge=True)}
